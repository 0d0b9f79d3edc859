/* Measures the quality of painted pictures: painted pictures against real ones, in features that
 * need no download. `limner eval` prints them; docs/evaluation.md defines every number, with its
 * source and its limitations.
 *
 * All numbers are deterministic: the same pictures give the same bits on one machine, whatever the
 * number of threads. Thread-safety: one thread at a time for each struct lim_eval and its backend.
 */
#ifndef LIMNER_EVAL_H
#define LIMNER_EVAL_H

#include <limner/api.h>
#include <limner/backend.h>
#include <limner/dataset.h>
#include <limner/status.h>
#include <limner/train.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

/* The numbers of one space of features. */
enum lim_eval_number {
    LIM_EVAL_COVERAGE, /* share of the reals that have a painted picture near them */
    LIM_EVAL_DENSITY, /* how many reals a painted picture is near to, relative to the expectation */
    LIM_EVAL_PRECISION,  /* share of the painted pictures that are near to a real */
    LIM_EVAL_RECALL,     /* share of the reals that are near to a painted picture */
    LIM_EVAL_NN_REAL,    /* share of the reals whose nearest picture of all is a real */
    LIM_EVAL_NN_PAINTED, /* share of the painted pictures whose nearest of all is painted */
    LIM_EVAL_SPREAD,     /* mean distance of two painted pictures / that of two reals */
    LIM_EVAL_KID,        /* squared kernel distance, unbiased: about 0 for equal distributions */
    LIM_EVAL_KID_ERROR,  /* its standard error */
    LIM_EVAL_FRECHET,    /* of means and covariances, in the reals' total variance */
    LIM_EVAL_NUMBERS
};

enum { LIM_EVAL_MOST_NUMBERS = 16 }; /* capacity of the arrays */

/* "coverage", "density" ...: as --json spells them; static text. */
LIM_API const char *lim_eval_number_name(enum lim_eval_number number);

enum { LIM_EVAL_MAX_NETS = 8, LIM_EVAL_MAX_LEVELS = 9, LIM_EVAL_NEIGHBORS = 5 };

struct lim_eval_config {
    int size, channels; /* of all pictures: size at least 16; channels 1 or 3 */
    int count;          /* pictures on each side, at most; fewer if there are fewer */
    int nets;           /* random networks, 1 to LIM_EVAL_MAX_NETS */
    int searched;       /* training pictures that a nearest one is looked for in, at most; never
                         * fewer than `count` */
    int threads;        /* 0: one for each processor */
    uint64_t seed;      /* of the choice of pictures in lim_eval_open */
    uint64_t reserved[16];
};

/* 64, 3, 5000, 3, 20000, 0, 1. */
LIM_API struct lim_eval_config lim_eval_defaults(void);

struct lim_eval_result {
    /* In features of random networks: the mean over the networks, and the standard deviation over
     * them (0 with one network). */
    double value[LIM_EVAL_MOST_NUMBERS], deviation[LIM_EVAL_MOST_NUMBERS];
    double gist[LIM_EVAL_MOST_NUMBERS]; /* of 8 x 8 averaged pixels */
    /* By level of the Laplacian pyramid, the finest first: sliced Wasserstein distance x 1000, and
     * the level's contrast / that of the reals. Unused levels are 0. */
    double swd[LIM_EVAL_MAX_LEVELS], detail[LIM_EVAL_MAX_LEVELS];
    /* In features of the first network: */
    double nearest;   /* median distance to the nearest training picture / that of other reals */
    double memorized; /* share that is nearer than all but 1 % of other reals are */
    double distinct;  /* estimate of how many different pictures there are */
    bool distinct_at_least; /* no two were alike: there are at least this many */
    double reserved[16];
};

/* The training picture nearest to a painted one. */
struct lim_eval_pair {
    int painted;         /* index in what was measured */
    const uint8_t *real; /* as given to lim_eval_create */
    double distance;     /* 1: the root of the reals' total variance */
    bool memorized;
};

struct lim_eval;

/* Prepares reals[real_count] (the training's), which painted pictures are compared with, and
 * measures others[other_count] (further reals, no copies of the first where possible) in place of
 * painted ones: the floor. The first `count` of each are taken, where `count` is the least of
 * config->count and the two counts; the nearest one is looked for in the first config->searched of
 * `reals`. Pictures are [size][size][channels]; all must stay valid as long as the result lives.
 * Multiplies on `be`, which must outlive it; on the CPU path a number does not depend on the device
 * that painted. Blocks: seconds for some thousand pictures. NULL after one log line; `why` (may be
 * NULL) then says LIM_BAD_INPUT (fewer than 32 pictures on a side) or another status. */
LIM_API struct lim_eval *lim_eval_create(struct lim_backend *be,
                                         const struct lim_eval_config *config,
                                         const uint8_t *const *reals, int real_count,
                                         const uint8_t *const *others, int other_count,
                                         enum lim_status *why);

/* The same of a data set, which must outlive it: `reals` are its pictures and `others` those that
 * it holds out, both shuffled by config->seed. Where it holds out fewer than 32, half of its
 * pictures are `others`. config->size and config->channels are ignored. */
LIM_API struct lim_eval *lim_eval_open(struct lim_backend *be, const struct lim_eval_config *config,
                                       const struct lim_dataset *ds, enum lim_status *why);
LIM_API void lim_eval_destroy(struct lim_eval *ev);

/* Does the data set have enough pictures for that? */
LIM_API bool lim_eval_has_enough(const struct lim_dataset *ds);

/* Pictures on each side: what lim_eval_measure needs. And training pictures that are searched. */
LIM_API int lim_eval_count(const struct lim_eval *ev);
LIM_API int lim_eval_searched(const struct lim_eval *ev);

/* Levels of the pyramid for this size; the finest has the pictures' size, each next one half. */
LIM_API int lim_eval_levels(const struct lim_eval *ev);

/* The result of lim_eval_measure for other reals: the best that a model can reach. */
LIM_API const struct lim_eval_result *lim_eval_floor(const struct lim_eval *ev);

/* Measures pictures[count][size][size][channels]. `pairs` (may be NULL) receives `count` pairs, the
 * nearest first. False after one log line (no memory, the backend has failed). */
LIM_API bool lim_eval_measure(struct lim_eval *ev, const uint8_t *pictures,
                              struct lim_eval_result *result, struct lim_eval_pair *pairs);

/* Degraded copies of other reals, as references for the numbers. */
enum lim_eval_spoiled {
    LIM_EVAL_BLURRED,  /* by a binomial filter, about 1.4 pixels wide at size 64: no fine detail */
    LIM_EVAL_SHUFFLED, /* each quarter from another picture: every detail, no whole */
    LIM_EVAL_SPOILED
};

/* "blurred", "shuffled"; static text. */
LIM_API const char *lim_eval_spoiled_name(enum lim_eval_spoiled kind);

/* Writes pictures[count][size][size][channels]. False after one log line (no memory). */
LIM_API bool lim_eval_spoil(const struct lim_eval *ev, enum lim_eval_spoiled kind,
                            uint8_t *pictures);

/* Numbers during a training, of 512 pictures of fixed latents at most, by one network. The reals
 * are prepared at the first call (about as long as two more calls take), on a CPU path of its own.
 */
struct lim_eval_watch;

/* `ds` must outlive it, and have enough pictures (lim_eval_has_enough). `threads` of the CPU path,
 * 0: one for each processor. NULL after one log line (no memory). */
LIM_API struct lim_eval_watch *lim_eval_watch_create(const struct lim_dataset *ds, int threads);
LIM_API void lim_eval_watch_destroy(struct lim_eval_watch *watch);

/* As lim_train_config.evaluate, with the watch as its `user`. */
LIM_API int lim_eval_watch_score(void *watch, struct lim_dcgan *gan,
                                 struct lim_train_score *scores);

LIM_END

#endif
