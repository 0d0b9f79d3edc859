/* Which algorithm does a convolution if somebody has chosen one: a table on the backend, looked up
 * by the geometry of one picture. cv->n must not count: a picture has the same bits in any
 * batch. */
#include "core/backend.h"

#include "base/log.h"
#include "base/require.h"

#include <limner/bench.h>

#include <stdlib.h>

static bool same_geometry(const struct lim_conv *a, const struct lim_conv *b)
{
    return a->h == b->h && a->w == b->w && a->c == b->c && a->k == b->k && a->r == b->r &&
           a->s == b->s && a->stride == b->stride && a->pad_top == b->pad_top &&
           a->pad_left == b->pad_left && a->pad_bottom == b->pad_bottom &&
           a->pad_right == b->pad_right;
}

const struct lim_conv_choice *lim_conv_choice_find(const struct lim_backend *be,
                                                   const struct lim_conv *cv)
{
    for (int i = 0; i < be->conv_choice_count; i++)
        if (same_geometry(&be->choices[i].cv, cv))
            return &be->choices[i];
    return NULL;
}

bool lim_conv_choice_set(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                         int algorithm, int gemm)
{
    int at = 0;

    while (at < be->conv_choice_count && !same_geometry(&be->choices[at].cv, cv))
        at++;
    if (at == be->conv_choice_count) {
        struct lim_conv_choice *grown =
            realloc(be->choices, ((size_t)at + 1) * sizeof *be->choices);

        if (!grown) {
            lim_error("no memory for the choice of an algorithm");
            return false;
        }
        be->choices = grown;
        be->choices[at] = (struct lim_conv_choice){
            .cv = *cv, .algorithm = {LIM_CONV_AUTO, LIM_CONV_AUTO, LIM_CONV_AUTO}};
        be->conv_choice_count++;
    }
    be->choices[at].algorithm[pass] = (signed char)algorithm;
    be->choices[at].gemm[pass] = (signed char)gemm;
    return true;
}

void lim_conv_choices_clear(struct lim_backend *be)
{
    free(be->choices);
    be->choices = NULL;
    be->conv_choice_count = 0;
}

/* The choice for a pass, unless one algorithm is requested everywhere; or NULL. */
static const struct lim_conv_choice *choice_of(const struct lim_backend *be,
                                               const struct lim_conv *cv, enum lim_conv_pass pass)
{
    const struct lim_conv_choice *choice =
        be->conv == LIM_CONV_AUTO ? lim_conv_choice_find(be, cv) : NULL;

    return choice && choice->algorithm[pass] != LIM_CONV_AUTO ? choice : NULL;
}

const struct lim_conv_algorithm *lim_conv_choice_algorithm(const struct lim_backend *be,
                                                           const struct lim_conv *cv,
                                                           enum lim_conv_pass pass)
{
    const struct lim_conv_algorithm *best = NULL, *all = be->convs;
    const struct lim_conv_choice *choice = choice_of(be, cv, pass);

    if (choice && choice->algorithm[pass] == LIM_CONV_LOWERING)
        return NULL;
    if (choice && all[choice->algorithm[pass] - 1].runs(be, cv, pass))
        return &all[choice->algorithm[pass] - 1];
    for (int i = 1; all && all->name; i++, all++) {
        bool asked = be->conv == i ||
                     (be->conv == LIM_CONV_AUTO && (!all->gains || all->gains(be, cv, pass)));

        if (asked && all->runs(be, cv, pass))
            best = all;
    }
    return best;
}

int lim_conv_choice_gemm(const struct lim_backend *be, const struct lim_conv *cv,
                         enum lim_conv_pass pass)
{
    const struct lim_conv_choice *choice = choice_of(be, cv, pass);

    return choice && choice->algorithm[pass] == LIM_CONV_LOWERING ? choice->gemm[pass] : be->gemm;
}

/* Is the request valid: a pass of a possible convolution? */
static bool is_pass(const struct lim_conv *cv, enum lim_conv_pass pass)
{
    struct lim_conv again;

    if (!cv || (unsigned)pass > LIM_CONV_BACKWARD_WEIGHTS)
        return false;
    again = *cv;
    return lim_conv_init(&again);
}

const char *lim_conv_algorithm(const struct lim_backend *be, const struct lim_conv *cv,
                               enum lim_conv_pass pass)
{
    const struct lim_conv_algorithm *best;

    REQUIRE(be && is_pass(cv, pass), "");
    best = lim_conv_choice_algorithm(be, cv, pass);
    return best ? best->name : be->conv_names[LIM_CONV_LOWERING];
}

const char *lim_conv_gemm(const struct lim_backend *be, const struct lim_conv *cv,
                          enum lim_conv_pass pass)
{
    REQUIRE(be && is_pass(cv, pass), "");
    return lim_conv_choice_algorithm(be, cv, pass) ? ""
                                                   : be->gemms[lim_conv_choice_gemm(be, cv, pass)];
}
