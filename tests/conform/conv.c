/* Convolutions: im2col, col2im, the three passes, and the identities that tie them. */
#include "conform.h"
#include "oracle.h"

#include <limner/bench.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct geometry {
    int n, h, w, c, k, r, s, stride;
    int top, left, bottom, right;
    unsigned flags;
};

/* The strided layers of DCGAN-64 at width w: a convolution in D, run backwards in G. `head` is the
 * padding at the top and left, `tail` that at the bottom and right ('same', as in Keras). */
#define STRIDED(n, w, size, head, tail, flags)                                   \
    {n, 64, 64, 3, w, size, size, 2, head, head, tail, tail, flags},             \
        {n, 32, 32, w, 2 * w, size, size, 2, head, head, tail, tail, flags},     \
        {n, 16, 16, 2 * w, 4 * w, size, size, 2, head, head, tail, tail, flags}, \
    {                                                                            \
        n, 8, 8, 4 * w, 8 * w, size, size, 2, head, head, tail, tail, flags      \
    }
/* The first and last layers: the logit of D, the projection of G's latent. */
#define ENDS(n, w, flags)                               \
    {n, 4, 4, 8 * w, 1, 4, 4, 1, 0, 0, 0, 0, flags},    \
    {                                                   \
        n, 4, 4, 8 * w, 100, 4, 4, 1, 0, 0, 0, 0, flags \
    }

static const struct geometry table[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, CASE_SMALL},
    {2, 3, 3, 1, 1, 3, 3, 1, 1, 1, 1, 1, CASE_SMALL},
    {3, 5, 4, 2, 3, 3, 2, 1, 0, 0, 0, 0, CASE_SMALL},     /* r and s, h and w differ */
    {2, 6, 7, 3, 2, 2, 5, 2, 1, 2, 0, 1, CASE_SMALL},     /* four different pads */
    {1, 7, 5, 5, 4, 1, 1, 1, 0, 0, 0, 0, CASE_SMALL},     /* the picture is the columns */
    {1, 7, 5, 3, 4, 1, 1, 2, 0, 0, 0, 0, CASE_SMALL},     /* pixels that no output reads */
    {2, 8, 8, 2, 3, 2, 2, 3, 0, 0, 0, 0, CASE_SMALL},     /* the same, between the windows */
    {1, 5, 5, 2, 2, 4, 4, 2, 0, 0, 0, 0, CASE_SMALL},     /* the last row and column unread */
    {2, 4, 4, 3, 2, 2, 2, 1, 2, 2, 2, 2, CASE_SMALL},     /* windows wholly in the padding */
    {2, 4, 4, 4, 8, 4, 4, 1, 0, 0, 0, 0, CASE_SMALL},     /* one output per picture */
    {1, 2, 2, 3, 2, 5, 5, 1, 2, 2, 2, 2, CASE_SMALL},     /* a kernel larger than the picture */
    {2, 8, 8, 3, 4, 4, 4, 2, 1, 1, 1, 1, CASE_SMALL},     /* the DCGAN's, */
    {2, 8, 8, 3, 4, 5, 5, 2, 1, 1, 2, 2, CASE_SMALL},     /* kernel 5, as Keras pads it, */
    {2, 8, 8, 3, 4, 3, 3, 2, 0, 0, 1, 1, CASE_SMALL},     /* kernel 3 */
    {2, 8, 8, 17, 33, 4, 4, 2, 1, 1, 1, 1, CASE_SMALL},   /* Winograd: m = 4, ragged channels, */
    {1, 10, 14, 16, 16, 4, 4, 2, 1, 1, 1, 1, CASE_SMALL}, /* ragged tiles, */
    {2, 6, 6, 16, 18, 4, 4, 2, 1, 1, 1, 1, CASE_SMALL},   /* m = 3 */
    {2, 4, 4, 16, 16, 4, 4, 2, 1, 1, 1, 1, CASE_SMALL},   /* and m = 2 */
    {2, 8, 8, 17, 33, 5, 5, 2, 1, 1, 2, 2, CASE_SMALL},   /* phases of three taps and of two, */
    {1, 9, 14, 16, 18, 5, 5, 2, 2, 0, 1, 3, CASE_SMALL},  /* ragged tiles, four different pads, */
    {2, 8, 8, 17, 18, 3, 3, 2, 0, 0, 1, 1, CASE_SMALL},   /* of two taps and of one, */
    {1, 15, 8, 16, 33, 3, 3, 2, 1, 0, 1, 1, CASE_SMALL},  /* an odd size */
    {5, 11, 13, 17, 19, 3, 5, 3, 2, 1, 0, 3, 0},          /* primes */
    {2, 9, 9, 63, 65, 3, 3, 1, 1, 1, 1, 1, 0},            /* channels around a group */
    {1, 9, 7, 64, 63, 3, 3, 2, 1, 1, 1, 1, 0},            /* */
    {1, 9, 7, 65, 64, 2, 2, 1, 0, 1, 1, 0, 0},            /* */
    {1, 5, 5, 257, 3, 3, 3, 1, 1, 1, 1, 1, 0},            /* */
    {1, 257, 257, 1, 2, 3, 3, 1, 1, 1, 1, 1, CASE_LONG},  /* more than 2^16 pixels */
    {66000, 2, 1, 1, 1, 2, 1, 1, 1, 0, 0, 0, 0},          /* and pictures */
    {1, 3, 2, 65537, 1, 2, 2, 1, 0, 0, 0, 0, 0},          /* and channels */
    STRIDED(2, 16, 3, 0, 1, 0),
    STRIDED(2, 16, 4, 1, 1, 0),
    STRIDED(2, 16, 5, 1, 2, 0),
    ENDS(3, 16, 0),
    STRIDED(2, 64, 3, 0, 1, 0),
    STRIDED(2, 64, 4, 1, 1, 0),
    STRIDED(2, 64, 5, 1, 2, 0),
    ENDS(3, 64, 0),
    STRIDED(64, 64, 4, 1, 1, CASE_BENCH),
    ENDS(64, 64, CASE_BENCH),
};

static unsigned flags(int i)
{
    return table[i].flags;
}

static void label(int i, char *text, size_t size)
{
    const struct geometry *g = &table[i];

    snprintf(text, size, "%dx%dx%dx%d to %d, %dx%d/%d, pads %d %d %d %d", g->n, g->h, g->w, g->c,
             g->k, g->r, g->s, g->stride, g->top, g->left, g->bottom, g->right);
}

/* Every second case works on fewer images than the convolution says, as a range of them would. */
static struct lim_conv conv_of(int i)
{
    const struct geometry *g = &table[i];
    struct lim_conv cv = {.n = g->n + i % 2 * 2,
                          .h = g->h,
                          .w = g->w,
                          .c = g->c,
                          .k = g->k,
                          .r = g->r,
                          .s = g->s,
                          .stride = g->stride,
                          .pad_top = g->top,
                          .pad_left = g->left,
                          .pad_bottom = g->bottom,
                          .pad_right = g->right};

    lim_conv_init(&cv);
    return cv;
}

static struct operand *add_x(struct problem *pb, int i, const struct lim_conv *cv, const char *name,
                             enum role role)
{
    return operand_add(pb, name, role, table[i].n, cv->h, cv->w, cv->c);
}

static struct operand *add_y(struct problem *pb, int i, const struct lim_conv *cv, const char *name,
                             enum role role)
{
    return operand_add(pb, name, role, table[i].n, cv->p, cv->q, cv->k);
}

static struct operand *add_w(struct problem *pb, const struct lim_conv *cv, const char *name,
                             enum role role)
{
    return operand_add(pb, name, role, cv->r, cv->s, cv->c, cv->k);
}

static struct operand *add_col(struct problem *pb, int i, const struct lim_conv *cv, enum role role)
{
    return operand_add(pb, "col", role, table[i].n, cv->p, cv->q, cv->r * cv->s * cv->c);
}

/* The most times that one pixel is read: how many windows cover it. */
static double windows(const struct lim_conv *cv)
{
    int down = (cv->r + cv->stride - 1) / cv->stride,
        across = (cv->s + cv->stride - 1) / cv->stride;

    return (double)(down < cv->p ? down : cv->p) * (double)(across < cv->q ? across : cv->q);
}

static double products(int i, const struct lim_conv *cv)
{
    return (double)table[i].n * cv->p * cv->q * cv->r * cv->s * cv->c * cv->k;
}

static void build_im2col(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_x(pb, i, &cv, "x", ROLE_IN), 1000, 1.0);
    add_col(pb, i, &cv, ROLE_OUT);
    if (pb->pass == PASS_FLOATS) {
        pb->o[0].init[0] = INFINITY;
        pb->o[0].init[pb->o[0].count - 1] = NAN;
    }
}

static void refer_im2col(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_want(&pb->o[1]);
    pb->o[1].exact = true;
    oracle_im2col(&cv, table[i].n, pb->o[0].init, pb->o[1].want);
}

static void call_im2col(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_im2col(be, &cv, o[0].t, o[1].t);
}

static void build_col2im(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_col(pb, i, &cv, ROLE_IN), 1000, 1.0);
    add_x(pb, i, &cv, "x", ROLE_OUT);
}

/* n terms: n u sum |x|. */
static void refer_col2im(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);
    struct operand *x = &pb->o[1];
    int *terms = conform_alloc(x->count / (size_t)x->c, sizeof *terms);

    operand_want(x);
    oracle_col2im(&cv, table[i].n, pb->o[0].init, x->want, x->bound, terms);
    for (size_t j = 0; j < x->count; j++)
        x->bound[j] *= U * terms[j / (size_t)x->c];
    x->exact = pb->pass == PASS_INTEGERS;
    x->certain = true;
    x->norm = x->exact ? 0.0 : 2.0 * sqrt(windows(&cv)) * U;
    free(terms);
}

static void call_col2im(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_col2im(be, &cv, o[0].t, o[1].t);
}

/* The bounds of an output that is a sum of `terms` products; `bound` holds the sum of sizes.
 * Winograd multiplies sums of inputs, with coefficients that need not be exact. */
static void allow_products(struct problem *pb, struct operand *o, double terms)
{
    if (pb->conv && strcmp(pb->conv, "winograd") == 0) {
        for (size_t j = 0; j < o->count; j++)
            o->bound[j] *= 16.0 * fmax(sqrt(terms), 8.0) * U;
        o->norm = 8.0 * fmax(sqrt(terms), 8.0) * U;
        return;
    }
    for (size_t j = 0; j < o->count; j++)
        o->bound[j] = bound_products(terms, o->bound[j]);
    o->exact = pb->pass == PASS_INTEGERS;
    o->certain = certain_products(terms);
    o->norm = o->exact ? 0.0 : norm_products(terms);
}

static void build_forward(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_x(pb, i, &cv, "x", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_w(pb, &cv, "w", ROLE_IN), 4, 0.02);
    add_y(pb, i, &cv, "y", ROLE_OUT);
    pb->flops = 2.0 * products(i, &cv);
}

static void refer_forward(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);
    struct operand *y = &pb->o[2];

    operand_want(y);
    oracle_conv_forward(&cv, table[i].n, pb->o[0].init, pb->o[1].init, y->want, y->bound);
    allow_products(pb, y, (double)cv.r * cv.s * cv.c);
}

static void call_forward(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_conv_forward(be, &cv, o[0].t, o[1].t, o[2].t);
}

static void build_data(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_y(pb, i, &cv, "dy", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_w(pb, &cv, "w", ROLE_IN), 4, 0.02);
    add_x(pb, i, &cv, "dx", ROLE_OUT);
    pb->flops = 2.0 * products(i, &cv);
}

static void refer_data(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);
    struct operand *dx = &pb->o[2];

    operand_want(dx);
    oracle_conv_backward_data(&cv, table[i].n, pb->o[0].init, pb->o[1].init, dx->want, dx->bound);
    allow_products(pb, dx, windows(&cv) * cv.k);
}

static void call_data(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_conv_backward_data(be, &cv, o[0].t, o[1].t, o[2].t);
}

/* dw accumulates, so it starts from values that add one more term to each sum. */
static void build_weights(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_x(pb, i, &cv, "x", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_y(pb, i, &cv, "dy", ROLE_IN), 4, 0.1);
    operand_fill(pb, add_w(pb, &cv, "dw", ROLE_INOUT), 50, 1.0);
    pb->flops = 2.0 * products(i, &cv);
}

static void refer_weights(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);
    struct operand *dw = &pb->o[2];

    operand_want(dw);
    for (size_t j = 0; j < dw->count; j++) {
        dw->want[j] = (double)dw->init[j];
        dw->bound[j] = fabs(dw->want[j]);
    }
    oracle_conv_backward_weights(&cv, table[i].n, pb->o[0].init, pb->o[1].init, dw->want,
                                 dw->bound);
    allow_products(pb, dw, 1.0 + (double)table[i].n * cv.p * cv.q);
}

static void call_weights(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_conv_backward_weights(be, &cv, o[0].t, o[1].t, o[2].t);
}

/* Adjoints, without any reference, on integers, for which every product and sum is exact:
 *   <im2col(x), col> = <x, col2im(col)>,   <forward(x, w), dy> = <x, data(dy, w)> = <w, dw>. */
enum { X, W, DY, COL, Y, DX, DW, X_COL, COL_X, ADJOINT_OPERANDS };

static void build_adjoint(int i, struct problem *pb)
{
    struct lim_conv cv = conv_of(i);

    operand_fill(pb, add_x(pb, i, &cv, "x", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_w(pb, &cv, "w", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_y(pb, i, &cv, "dy", ROLE_IN), 4, 1.0);
    operand_fill(pb, add_col(pb, i, &cv, ROLE_IN), 4, 1.0);
    add_y(pb, i, &cv, "y", ROLE_OUT);
    add_x(pb, i, &cv, "dx", ROLE_OUT);
    add_w(pb, &cv, "dw", ROLE_INOUT);
    for (size_t j = 0; j < pb->o[DW].count; j++)
        pb->o[DW].init[j] = 0.0f;
    add_col(pb, i, &cv, ROLE_OUT);
    add_x(pb, i, &cv, "col2im(col)", ROLE_OUT);
}

static void call_adjoint(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_conv cv = conv_of(i);

    lim_conv_forward(be, &cv, o[X].t, o[W].t, o[Y].t);
    lim_conv_backward_data(be, &cv, o[DY].t, o[W].t, o[DX].t);
    lim_conv_backward_weights(be, &cv, o[X].t, o[DY].t, o[DW].t);
    lim_im2col(be, &cv, o[X].t, o[X_COL].t);
    lim_col2im(be, &cv, o[COL].t, o[COL_X].t);
}

static double inner(const struct operand *a, const float *b)
{
    double sum = 0.0;

    for (size_t j = 0; j < a->count; j++)
        sum += (double)a->init[j] * (double)b[j];
    return sum;
}

static bool relate_adjoint(int i, const struct problem *pb, char *text, size_t size)
{
    const struct operand *o = pb->o;
    double columns = inner(&o[COL], o[X_COL].got), picture = inner(&o[X], o[COL_X].got);
    double y = inner(&o[DY], o[Y].got), x = inner(&o[X], o[DX].got), w = inner(&o[W], o[DW].got);

    (void)i;
    if (columns != picture)
        snprintf(text, size, "<im2col(x), col> = %.17g, but <x, col2im(col)> = %.17g", columns,
                 picture);
    else if (y != x)
        snprintf(text, size, "<forward(x), dy> = %.17g, but <x, data(dy)> = %.17g", y, x);
    else if (y != w)
        snprintf(text, size, "<forward(x), dy> = %.17g, but <w, weights(x, dy)> = %.17g", y, w);
    else
        return true;
    return false;
}

static void refer_adjoint(int i, struct problem *pb)
{
    (void)i;
    (void)pb;
}

static const char *conv_forward(int i, const struct lim_backend *be)
{
    struct lim_conv cv = conv_of(i);

    return lim_conv_algorithm(be, &cv, LIM_CONV_FORWARD);
}

static const char *conv_data(int i, const struct lim_backend *be)
{
    struct lim_conv cv = conv_of(i);

    return lim_conv_algorithm(be, &cv, LIM_CONV_BACKWARD_DATA);
}

static const char *conv_weights(int i, const struct lim_backend *be)
{
    struct lim_conv cv = conv_of(i);

    return lim_conv_algorithm(be, &cv, LIM_CONV_BACKWARD_WEIGHTS);
}

/* Cases in which integers are exact. */
static const char *conv_adjoint(int i, const struct lim_backend *be)
{
    const char *name = conv_forward(i, be);

    return strcmp(name, "winograd") == 0 ? NULL : name;
}

enum { SPLIT = 512 }; /* bytes */

#define CONV(text, x) CONFORM_OP(text, COUNT_OF(table), x), .flags = flags, .label = label

const struct conform_op conform_conv[] = {
    {CONV("im2col", im2col), .passes = BOTH_PASSES},
    {CONV("col2im", col2im), .passes = BOTH_PASSES},
    {CONV("conv_forward", forward), .conv = conv_forward, .passes = BOTH_PASSES},
    {CONV("conv_backward_data", data), .conv = conv_data, .passes = BOTH_PASSES},
    {CONV("conv_backward_weights", weights), .conv = conv_weights, .passes = BOTH_PASSES},
    /* With room for the columns of few images: ranges of one or more. */
    {CONV("split_forward", forward), .conv = conv_forward, .passes = 1u << PASS_INTEGERS,
     .workspace = SPLIT},
    {CONV("split_backward_data", data), .conv = conv_data, .passes = 1u << PASS_INTEGERS,
     .workspace = SPLIT},
    {CONV("split_backward_weights", weights), .conv = conv_weights, .passes = 1u << PASS_INTEGERS,
     .workspace = SPLIT},
    {CONV("conv_adjoint", adjoint), .conv = conv_adjoint, .passes = 1u << PASS_INTEGERS,
     .relate = relate_adjoint},
};
const int conform_conv_count = COUNT_OF(conform_conv);
