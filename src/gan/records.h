/* The tensors of a DCGAN's file: their names, groups and places. Groups after the first two are
 * optional, and files may hold others. */
#ifndef LIMNER_SRC_GAN_RECORDS_H
#define LIMNER_SRC_GAN_RECORDS_H

#include "gan/dcgan.h"
#include "io/safetensors.h"

/* A tensor of the file and where it lives on the device; moments may lie there in several chunks,
 * which do not appear in the file. */
struct record {
    char name[LIM_ST_NAME];
    struct lim_tensor tensor;
    const struct lim_optimizer *opt; /* or NULL, and */
    struct lim_tensor (*moment)(const struct lim_optimizer *opt, int chunk);
};

struct records {
    struct record *list;
    int count;
    int shared, end; /* from this one to before that, the model to share */
};

/* The groups: prefixes of tensor names. */
enum { GROUP_GENERATOR, GROUP_DISCRIMINATOR, GROUP_EMA, GROUPS };

/* Returns GROUPS if the group is unknown. */
int gan_group_of(const char *name);

/* Tensors of the group in a file. */
int gan_group_count(const struct lim_st_reader *reader, int group);

/* One warning names the groups that this limner does not know. */
void gan_records_tell_unknown(const struct lim_st_reader *reader,
                              const struct lim_model_info *info);

/* The model to share; what a checkpoint holds of G; or all that it holds. */
enum extent { SHARED, PAINTED, WHOLE };

/* The caller frees the list; `averages`: in a checkpoint with averaged weights. False after one log
 * line (no memory). */
bool gan_records_list(struct lim_dcgan *gan, enum extent extent, bool averages,
                      struct records *records);

size_t gan_record_length(const struct record *record); /* in floats */

/* Copies between the device and `host`, in either direction. */
void gan_record_move(const struct record *record, float *host, bool to_device);

/* Its name and shape in a file. */
void gan_record_describe(const struct record *record, struct lim_st_tensor *t);

#endif
