/* A complete training, as `limner train` runs it: pictures in, a run folder out.
 *
 * Thread-safety: lim_train uses its backend as one thread does. Two threads may train at once, each
 * with its own backend and run; a data set may be shared. */
#ifndef LIMNER_TRAIN_H
#define LIMNER_TRAIN_H

#include <limner/api.h>
#include <limner/dataset.h>
#include <limner/dcgan.h>
#include <limner/status.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

/* A measure of the quality of the pictures; `name` is static text. */
struct lim_train_score {
    const char *name;
    double value;
};

enum { LIM_TRAIN_SCORES = 32 };

/* Reported after each step, from the training thread. */
struct lim_train_status {
    uint64_t step, total_steps; /* total: by the first limit that will be reached */
    uint64_t seen;              /* real pictures seen */
    double epoch;               /* passes over the pictures, with a fraction */
    double epochs;              /* those requested */
    double per_second;          /* pictures/s over the last seconds */
    double seconds, seconds_left;
    double waited;     /* share of the time spent waiting for pictures */
    uint64_t launches; /* kernels of the last step */
    struct lim_dcgan_stats stats;
    bool saved, sampled; /* a checkpoint, a grid was written after this step */
    /* The scores measured after this step; 0: none. And the share of the time that measuring
     * took. */
    int score_count;
    struct lim_train_score scores[LIM_TRAIN_SCORES];
    double eval_share;
};

struct lim_train_config {
    size_t struct_size; /* of lim_train_defaults, or 0: see limner/api.h */
    struct lim_dcgan_config gan;
    struct lim_dataset_config data; /* how the caller had the pictures prepared, for config.json */
    const char *cache;    /* where prepared pictures are kept: NULL: in the run, "": nowhere, or the
                           * folder; for config.json too */
    const char *pictures; /* as given by the user, for config.json and the line that resumes */
    const char *run;      /* the run folder */
    bool resume;          /* continue what is in `run` */
    /* Loaded: name and option of the device it was trained on; else unused. */
    const char *device, *device_option;
    double epochs;         /* stop after this many passes ... */
    double seconds;        /* ... or this much time training (0: no limit) ... */
    uint64_t images;       /* ... or this many real pictures (0: no limit) */
    uint64_t steps;        /* ... or this many steps in all (0: no limit) */
    uint64_t sample_every; /* steps between grids; 0: chosen so that a training has about 60 */
    uint64_t save_every;   /* steps between checkpoints; 0: every five minutes and at the end */
    int grid;              /* pictures along each edge of a grid; 0: 8 */
    int keep;              /* checkpoints that stay, the newest among them; 0: 2 */
    double retry_seconds;  /* from a checkpoint that failed to the next try; 0: 60 */
    int retries;           /* such tries before the training ends; 0: 60 */
    bool roll_back;        /* on NaN roll back to the checkpoint with half the lr, three times */
    /* Both are called from the training thread with `user`, and may be NULL. `stop` is called
     * before each step: true saves and ends the training, with LIM_INTERRUPTED. */
    bool (*stop)(void *user);
    void (*status)(void *user, const struct lim_train_status *status); /* after each step */
    void *user;
    /* May be NULL. Measures the pictures of `gan`, with which it may paint, every eval_every
     * seconds of the training (0: never), less often if it would take more than 1/50 of the time.
     * Fills `scores`, for log.jsonl, and returns their number; -1 after its log line: it failed and
     * is not called again. Called from the training thread. */
    int (*evaluate)(void *eval_user, struct lim_dcgan *gan, struct lim_train_score *scores);
    void *eval_user;
    double eval_every;
};

/* The defaults of the DCGAN and of its pictures, 50 epochs; everything else zero. */
LIM_API void lim_train_config_init(struct lim_train_config *config, size_t struct_size);
static inline struct lim_train_config lim_train_defaults(void)
{
    struct lim_train_config config;

    lim_train_config_init(&config, sizeof config);
    return config;
}

/* Takes the run folder's lock (LIM_ERROR if another training holds it). If the disk is full, a
 * grid, the animation or the log is skipped; a checkpoint is retried every minute, and after an
 * hour the training ends (retry_seconds, retries). If a checkpoint is damaged, the previous one is
 * used, with a warning.
 *
 * Creates the run folder (or checks it, with resume), trains, and always leaves the folder
 * consistent. The caller must fit the batch to the data set (batch <= count). Returns LIM_OK,
 * LIM_INTERRUPTED (saved), LIM_DIVERGED, LIM_DEVICE_FAILED, LIM_BAD_INPUT or LIM_ERROR, each after
 * its log line. Blocks until then. */
LIM_API enum lim_status lim_train(struct lim_backend *be, const struct lim_dataset *ds,
                                  const struct lim_train_config *config);

/* Loads the settings of an existing run, for resuming: fills all of `config`. Its `run`,
 * `pictures`, `cache`, `device` and `device_option` are strings of its own, which
 * lim_train_config_finish frees. LIM_BAD_INPUT, or LIM_ERROR if another training holds the run's
 * lock; after one log line. */
LIM_API enum lim_status lim_train_config_load_sized(const char *run,
                                                    struct lim_train_config *config,
                                                    size_t struct_size);
static inline enum lim_status lim_train_config_load(const char *run,
                                                    struct lim_train_config *config)
{
    return lim_train_config_load_sized(run, config, sizeof *config);
}
LIM_API void lim_train_config_finish(struct lim_train_config *config);

LIM_END

#endif
