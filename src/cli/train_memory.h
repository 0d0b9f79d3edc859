/* The memory of a training: what --dry-run reports, and the batch that --batch auto chooses. */
#ifndef LIMNER_CLI_TRAIN_MEMORY_H
#define LIMNER_CLI_TRAIN_MEMORY_H

#include <cjson/cJSON.h>
#include <limner/train.h>

/* For --batch auto: config->gan.batch becomes the largest power of two, up to its value and up to
 * the number of pictures, that memory allows. False after one line on stderr. */
bool train_fit_batch(struct lim_backend *be, struct lim_train_config *config, int pictures);

/* Prints, by part, the memory that the training takes and how much is available; the pictures take
 * `pictures` bytes. LIM_OK, or LIM_ERROR after one line on stderr if there is not enough. */
enum lim_status train_print_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                                   double pictures);

/* The same as members of `object`. */
enum lim_status train_add_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                                 cJSON *object);

#endif
