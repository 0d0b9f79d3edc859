/* An evaluation with its reals prepared. */
#ifndef LIMNER_EVAL_WHOLE_H
#define LIMNER_EVAL_WHOLE_H

#include "eval/eval.h"

/* A space of features with the reals in it. */
struct eval_reals {
    struct eval_space space;
    struct eval_cloud cloud;
    struct eval_moments moments;
};

struct lim_eval {
    struct eval_job job;
    int count, searched, nets;
    /* reals[searched]; the first `count` of them again, and then `count` others, in both[2 *
     * count]. The struct owns the arrays, the caller the pictures. */
    const uint8_t **reals, **both;
    struct eval_reals gist, conv[LIM_EVAL_MAX_NETS];
    struct eval_slices slices;
    struct eval_cloud search;       /* `searched` reals in the features of the first network */
    float same;                     /* two reals are rarely nearer than this (squared) */
    double other_median, other_low; /* of other reals' distances to the nearest searched one */
    struct lim_eval_result floor;
};

#endif
