/* Reals of a data set: those that others are compared with, and those whose numbers cannot be
 * bettered. */
#include "eval/eval.h"

#include "base/log.h"
#include "base/require.h"

#include <limner/random.h>
#include <stdlib.h>

enum { ENOUGH = 32 }; /* pictures held out: enough to serve as the others */

/* Shuffles list[count] in an order that depends only on the seed (Fisher and Yates). */
static void shuffle(const uint8_t **list, int count, uint64_t seed)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)lim_random_below(seed, LIM_RANDOM_EVAL, (uint64_t)i, (uint64_t)i + 1);
        const uint8_t *swap = list[i];

        list[i] = list[j];
        list[j] = swap;
    }
}

bool lim_eval_has_enough(const struct lim_dataset *ds)
{
    REQUIRE(ds, false);
    return lim_dataset_count(ds) >= (lim_dataset_held_out(ds) < ENOUGH ? 2 * ENOUGH : ENOUGH);
}

struct lim_eval *lim_eval_open(struct lim_backend *be, const struct lim_eval_config *config,
                               const struct lim_dataset *ds, enum lim_status *why)
{
    int count, held_out;
    bool split;
    const uint8_t **reals, **others;
    struct lim_eval_config whole;
    struct lim_eval *ev = NULL;

    if (why)
        *why = LIM_USAGE;
    REQUIRE(be && config && ds, NULL);
    count = lim_dataset_count(ds);
    held_out = lim_dataset_held_out(ds);
    split = held_out < ENOUGH;
    reals = malloc((size_t)(count + 1) * sizeof *reals);
    others = malloc((size_t)(held_out + 1) * sizeof *others);
    whole = *config;
    if (reals && others) {
        for (int i = 0; i < count; i++)
            reals[i] = lim_dataset_picture(ds, i);
        for (int i = 0; i < held_out; i++)
            others[i] = lim_dataset_held_out_picture(ds, i);
        shuffle(reals, count, config->seed);
        shuffle(others, held_out, config->seed);
        whole.size = lim_dataset_size(ds);
        whole.channels = lim_dataset_channels(ds);
        if (split)
            ev = lim_eval_create(be, &whole, reals + count / 2, count - count / 2, reals, count / 2,
                                 why);
        else
            ev = lim_eval_create(be, &whole, reals, count, others, held_out, why);
    } else {
        lim_error("evaluation: no memory for a list of %d pictures", count);
        if (why)
            *why = LIM_ERROR;
    }
    free(reals);
    free(others);
    return ev;
}
