/* What a training writes into its run folder, and reads from it to resume. */
#ifndef LIMNER_SRC_GAN_TRAIN_RUN_H
#define LIMNER_SRC_GAN_TRAIN_RUN_H

#include "io/run.h"

#include <limner/train.h>

/* A training under way. */
struct trainer {
    struct lim_backend *be;
    const struct lim_dataset *ds;
    const struct lim_train_config *config;
    struct lim_run run;
    struct lim_dcgan *gan;
    struct lim_progress progress;
    int grid;              /* pictures along an edge of a grid */
    uint64_t saved_step;   /* of the checkpoint that is in the folder */
    uint64_t sampled_step; /* of the last grid; UINT64_MAX: none yet */
};

/* These return false after one log line. */
bool train_write_description(const struct trainer *t); /* config.json README.txt skipped.txt */
bool train_write_reals(const struct trainer *t);
bool train_write_log(struct trainer *t, const struct lim_train_status *status);
bool train_sample(struct trainer *t);
bool train_save(struct trainer *t); /* the checkpoint and the model to share */
bool train_write_gif(const struct trainer *t);

#endif
