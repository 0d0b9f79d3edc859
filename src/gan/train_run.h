/* What a training writes into its run folder, and reads from it to resume. */
#ifndef LIMNER_SRC_GAN_TRAIN_RUN_H
#define LIMNER_SRC_GAN_TRAIN_RUN_H

#include "gan/health.h"
#include "gan/run.h"
#include "gan/train_score.h"

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
    bool shared;           /* generator.safetensors is of saved_step */
    int keep;              /* checkpoints */
    double retry_seconds;  /* as in the configuration */
    int retries;
    int failed_saves; /* since the last good one */
    int rollbacks;
    bool stopped; /* config->stop has said so */
    struct health health;
    struct train_scores scores;
    cJSON *description; /* what config.json says; NULL: of a new run, or unreadable */
};

/* A caller's configuration as this limner has it. False after one log line. */
bool gan_take_config(struct lim_train_config *full, const struct lim_train_config *config);

/* lim_train's arguments. False after one log line that names the one that is wrong. */
bool gan_check_training(const struct lim_dataset *ds, const struct lim_train_config *config);

/* Are the pictures of the size, the channels and the number that a network trains on? False after
 * one log line. */
bool gan_check_pictures(const struct lim_dataset *ds, const struct lim_dcgan_config *gan);

/* These return false after one log line. */
bool gan_train_write_description(struct trainer *t); /* config.json README.txt skipped.txt */
bool gan_train_write_reals(struct trainer *t);       /* and measures their variety */
bool gan_train_write_log(struct trainer *t, const struct lim_train_status *status);
bool gan_train_sample(struct trainer *t);
bool gan_train_save(struct trainer *t);  /* the checkpoint; the one of before is kept */
bool gan_train_share(struct trainer *t); /* the model of the last checkpoint, to share */
bool gan_train_write_gif(const struct trainer *t);

/* The sets of pictures that a run may remember. */
enum { TRAIN_SETS = 64 };

/* run->foreign, with the run's description (may be NULL) as `of`. */
const char *gan_train_foreign(const void *of, const char *path, uint64_t step);

/* Finds the newest checkpoint of the run that is whole, and makes it the newest of all. Logs those
 * that it skips. */
bool gan_train_find_checkpoint(const struct lim_run *run, struct lim_model_info *info);

#endif
