/* The settings and progress in a model file's metadata. */
#ifndef LIMNER_SRC_GAN_MODEL_INFO_H
#define LIMNER_SRC_GAN_MODEL_INFO_H

#include "io/safetensors.h"

#include <limner/dcgan.h>

#define LIM_MODEL_FORMAT "limner-dcgan-1"

/* The largest step and picture counts a file may hold: far more than any training, far below
 * overflow. */
#define LIM_MODEL_MOST ((uint64_t)1 << 53)

/* Settings and progress of an open file, compared with each other and with its tensors: memory may
 * then be taken as the settings say. False after one log line. */
bool lim_model_info_parse(const struct lim_st_reader *reader, struct lim_model_info *info);

/* One log line; returns false. */
bool lim_model_refuse(const struct lim_st_reader *reader, const char *reason);

#endif
