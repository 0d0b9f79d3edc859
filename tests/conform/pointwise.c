/* Operations on one element, or one channel, at a time: bias, activations, fill, copy, axpby,
 * multiply-adds. */
#include "conform.h"
#include "oracle.h"

#include <limner/bench.h>

#include <float.h>
#include <math.h>
#include <stdio.h>

/* ---- bias: x[n][h][w][c] */

static const struct {
    int n, h, w, c;
    unsigned flags;
} pictures[] = {
    {1, 1, 1, 1, CASE_SMALL},
    {3, 2, 2, 5, CASE_SMALL},
    {1, 9, 7, 3, CASE_SMALL},
    {1, 8, 8, 16, CASE_SMALL},
    {5, 1, 13, 2, CASE_SMALL},
    {2, 3, 5, 63, 0},
    {2, 3, 5, 64, 0},
    {2, 3, 5, 65, 0},
    {3, 1, 1, 255, 0},
    {3, 1, 1, 257, 0},
    {1, 1, 1009, 13, 0},
    {65537, 1, 1, 3, CASE_LONG},
    {3, 1, 1, 65537, 0},
    {2, 32, 32, 64, 0},
    {2, 64, 64, 3, 0},
    {2, 4, 4, 512, 0},
    {64, 32, 32, 64, CASE_BENCH},
};

static unsigned picture_flags(int i)
{
    return pictures[i].flags;
}

static void picture_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%dx%dx%dx%d", pictures[i].n, pictures[i].h, pictures[i].w, pictures[i].c);
}

static void build_bias_forward(int i, struct problem *pb)
{
    operand_fill(pb, operand_add(pb, "bias", ROLE_IN, 1, 1, 1, pictures[i].c), 100, 1.0);
    operand_fill(pb,
                 operand_add(pb, "y", ROLE_INOUT, pictures[i].n, pictures[i].h, pictures[i].w,
                             pictures[i].c),
                 100, 1.0);
}

static void refer_bias_forward(int i, struct problem *pb)
{
    struct operand *bias = &pb->o[0], *y = &pb->o[1];

    (void)i;
    operand_want(y);
    y->exact = true;
    for (size_t j = 0; j < y->count; j++)
        y->want[j] = (double)(y->init[j] + bias->init[j % bias->count]);
}

static void call_bias_forward(int i, struct lim_backend *be, const struct operand *o)
{
    (void)i;
    lim_bias_forward(be, o[0].t, o[1].t);
}

static void build_bias_backward(int i, struct problem *pb)
{
    operand_fill(
        pb,
        operand_add(pb, "dy", ROLE_IN, pictures[i].n, pictures[i].h, pictures[i].w, pictures[i].c),
        100, 1.0);
    operand_fill(pb, operand_add(pb, "dbias", ROLE_INOUT, 1, 1, 1, pictures[i].c), 100, 1.0);
}

/* The starting value of dbias is one more term. */
static void refer_bias_backward(int i, struct problem *pb)
{
    struct operand *dy = &pb->o[0], *dbias = &pb->o[1];
    double terms = (double)(dy->count / dbias->count) + 1.0;

    (void)i;
    operand_want(dbias);
    dbias->exact = pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < dbias->count; j++) {
        dbias->want[j] = (double)dbias->init[j];
        dbias->bound[j] = fabs(dbias->want[j]);
    }
    for (size_t j = 0; j < dy->count; j++) {
        dbias->want[j % dbias->count] += (double)dy->init[j];
        dbias->bound[j % dbias->count] += fabs((double)dy->init[j]);
    }
    for (size_t j = 0; j < dbias->count; j++)
        dbias->bound[j] = bound_sum(terms, dbias->bound[j]);
}

static void call_bias_backward(int i, struct lim_backend *be, const struct operand *o)
{
    (void)i;
    lim_bias_backward(be, o[0].t, o[1].t);
}

/* ---- activations: case = length * LIM_ACTIVATIONS + kind, every second one in place */

static enum lim_activation kind_of(int i)
{
    return (enum lim_activation)(i % LIM_ACTIVATIONS);
}

static bool in_place(int i)
{
    return (i / LIM_ACTIVATIONS + i) % 2 == 1;
}

static bool smooth(int i)
{
    return kind_of(i) != LIM_RELU && kind_of(i) != LIM_LEAKY_RELU;
}

static float slope_of(int i)
{
    return i / LIM_ACTIVATIONS % 2 ? 0.2f : 0.01f;
}

static unsigned activation_flags(int i)
{
    return conform_length_flags(i / LIM_ACTIVATIONS);
}

static void activation_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%s of %d%s", lim_activation_name(kind_of(i)),
             conform_lengths[i / LIM_ACTIVATIONS], in_place(i) ? " in place" : "");
}

/* Of smooth functions only the value at 0 is exact to the bit. */
static void build_forward(int i, struct problem *pb)
{
    static const float edges[] = {NAN,    0.0f,    -0.0f, INFINITY, -INFINITY, 50.0f, -50.0f,
                                  1e-30f, -1e-30f, 1e-4f, -1e-4f,   9.5f,      -9.5f, -87.0f};
    int length = i / LIM_ACTIVATIONS;
    struct operand *x = operand_add_line(pb, "x", in_place(i) ? ROLE_INOUT : ROLE_IN, length);

    operand_fill(pb, x, smooth(i) ? 0 : 1000, 3.0);
    if (pb->pass == PASS_FLOATS && x->count > 32)
        operand_plant(x, edges, COUNT_OF(edges));
    if (!in_place(i))
        operand_add_line(pb, "y", ROLE_OUT, length);
}

static void refer_forward(int i, struct problem *pb)
{
    struct operand *x = &pb->o[0], *y = &pb->o[pb->count - 1];
    double ulps = kind_of(i) == LIM_TANH ? 6.0 : 8.0;

    operand_want(y);
    y->exact = !smooth(i) || pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < y->count; j++) {
        y->want[j] = oracle_activation(kind_of(i), slope_of(i), x->init[j]);
        y->bound[j] = ulps * ulp(y->want[j]);
    }
}

static void call_forward(int i, struct lim_backend *be, const struct operand *o)
{
    lim_activation_forward(be, kind_of(i), slope_of(i), o[0].t, o[in_place(i) ? 0 : 1].t);
}

/* An input, or a possible output of the function; of integers, values whose derivative is exact. */
static float given_of(int i, struct problem *pb)
{
    float x = (float)(2.0 * rng_normal(&pb->rng));

    if (pb->pass == PASS_FLOATS && lim_activation_needs_input(kind_of(i)))
        return x;
    if (pb->pass == PASS_FLOATS)
        return (float)oracle_activation(kind_of(i), slope_of(i), x);
    switch (kind_of(i)) {
    case LIM_RELU:
        return (float)(rng_below(&pb->rng, 3));
    case LIM_SIGMOID:
        return 0.5f * (float)rng_below(&pb->rng, 3);
    case LIM_SILU:
        return 0.0f;
    default:
        return (float)(rng_below(&pb->rng, 3) - 1);
    }
}

static void build_backward(int i, struct problem *pb)
{
    int length = i / LIM_ACTIVATIONS;
    struct operand *from = operand_add_line(pb, "from", ROLE_IN, length);

    for (size_t j = 0; j < from->count; j++)
        from->init[j] = given_of(i, pb);
    operand_fill(pb, operand_add_line(pb, "dy", in_place(i) ? ROLE_INOUT : ROLE_IN, length), 100,
                 1.0);
    if (!in_place(i))
        operand_add_line(pb, "dx", ROLE_OUT, length);
}

/* tanh: 1 - y^2 rounds y^2 and the difference; sigmoid: y (1 - y), or y - y^2; then the product
 * with dy rounds. SiLU: the error of a sigmoid counts x times. */
static void refer_backward(int i, struct problem *pb)
{
    struct operand *dx = &pb->o[pb->count - 1];
    const float *from = pb->o[0].init, *dy = pb->o[1].init;

    operand_want(dx);
    dx->exact = !smooth(i) || pb->pass == PASS_INTEGERS;
    dx->certain = true;
    for (size_t j = 0; j < dx->count; j++) {
        double v = (double)from[j], size = v;

        if (kind_of(i) == LIM_TANH)
            size = fmax(v * v, 1.0 - v * v);
        else if (kind_of(i) == LIM_SILU)
            size = 4.0 * oracle_sigmoid(v) * (1.0 + fabs(v));
        dx->want[j] = oracle_activation_backward(kind_of(i), slope_of(i), from[j], dy[j]);
        dx->bound[j] = 4.0 * U * fabs((double)dy[j]) * size;
    }
}

static void call_backward(int i, struct lim_backend *be, const struct operand *o)
{
    lim_activation_backward(be, kind_of(i), slope_of(i), o[0].t, o[1].t, o[in_place(i) ? 1 : 2].t);
}

/* ---- fill, copy, axpby: NaN and infinities pass through */

static unsigned line_flags(int i)
{
    return conform_length_flags(i);
}

static void line_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d elements", conform_lengths[i]);
}

static float fill_value(int i)
{
    static const float values[] = {0.0f, -1.5f, 3.0f, INFINITY, NAN, 1e-30f};

    return values[i % COUNT_OF(values)];
}

static void build_fill(int i, struct problem *pb)
{
    operand_fill(pb, operand_add_line(pb, "y", ROLE_INOUT, i), 9, 1.0);
}

static void refer_fill(int i, struct problem *pb)
{
    operand_want(&pb->o[0]);
    pb->o[0].exact = true;
    for (size_t j = 0; j < pb->o[0].count; j++)
        pb->o[0].want[j] = (double)fill_value(i);
}

static void call_fill(int i, struct lim_backend *be, const struct operand *o)
{
    lim_fill(be, fill_value(i), o[0].t);
}

static void plant_specials(struct problem *pb, struct operand *o)
{
    static const float specials[] = {NAN, INFINITY, -INFINITY, FLT_MAX, FLT_MIN};

    if (pb->pass == PASS_FLOATS && o->count > 32)
        operand_plant(o, specials, COUNT_OF(specials));
}

static void build_copy(int i, struct problem *pb)
{
    struct operand *x = operand_add_line(pb, "x", ROLE_IN, i);

    operand_fill(pb, x, 1000, 1.0);
    plant_specials(pb, x);
    /* Lengths agree, shapes may differ. */
    operand_add(pb, "y", ROLE_OUT, conform_lengths[i], 1, 1, 1);
}

static void refer_copy(int i, struct problem *pb)
{
    (void)i;
    operand_want(&pb->o[1]);
    pb->o[1].exact = true;
    for (size_t j = 0; j < pb->o[1].count; j++)
        pb->o[1].want[j] = (double)pb->o[0].init[j];
}

static void call_copy(int i, struct lim_backend *be, const struct operand *o)
{
    (void)i;
    lim_copy(be, o[0].t, o[1].t);
}

static const float blends[][2] = {{1.0f, 1.0f}, {0.3f, 0.7f}, {-2.0f, 0.0f}, {0.0f, 3.0f}};

static void axpby_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d elements, a %g, b %g", conform_lengths[i], (double)blends[i % 4][0],
             (double)blends[i % 4][1]);
}

static void build_axpby(int i, struct problem *pb)
{
    struct operand *x = operand_add_line(pb, "x", ROLE_IN, i);

    operand_fill(pb, x, 1000, 1.0);
    plant_specials(pb, x);
    operand_fill(pb, operand_add(pb, "y", ROLE_INOUT, conform_lengths[i], 1, 1, 1), 1000, 1.0);
}

/* Two products and a sum, each rounded. */
static void refer_axpby(int i, struct problem *pb)
{
    struct operand *x = &pb->o[0], *y = &pb->o[1];

    operand_want(y);
    y->exact = true;
    for (size_t j = 0; j < y->count; j++) {
        float ax = blends[i % 4][0] * x->init[j], by = blends[i % 4][1] * y->init[j];

        y->want[j] = (double)(ax + by);
    }
}

static void call_axpby(int i, struct lim_backend *be, const struct operand *o)
{
    lim_axpby(be, blends[i % 4][0], o[0].t, blends[i % 4][1], o[1].t);
}

static int rounds_of(int i)
{
    static const int rounds[] = {0, 1, 7};

    return rounds[i % COUNT_OF(rounds)];
}

static void rounds_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d elements, %d rounds", conform_lengths[i], rounds_of(i));
}

static void build_rounds(int i, struct problem *pb)
{
    struct operand *y = operand_add_line(pb, "y", ROLE_INOUT, i);

    operand_fill(pb, y, 1000, 1.0);
    plant_specials(pb, y);
}

static void refer_rounds(int i, struct problem *pb)
{
    struct operand *y = &pb->o[0];

    operand_want(y);
    y->exact = true;
    for (size_t j = 0; j < y->count; j++) {
        float value = y->init[j];

        for (int round = 0; round < rounds_of(i); round++)
            value = value * 0.5f + 1.0f;
        y->want[j] = (double)value;
    }
}

static void call_rounds(int i, struct lim_backend *be, const struct operand *o)
{
    lim_multiply_add(be, rounds_of(i), o[0].t);
}

const struct conform_op conform_pointwise[] = {
    {CONFORM_OP("bias_forward", COUNT_OF(pictures), bias_forward), .passes = BOTH_PASSES,
     .flags = picture_flags, .label = picture_label},
    {CONFORM_OP("bias_backward", COUNT_OF(pictures), bias_backward), .passes = BOTH_PASSES,
     .flags = picture_flags, .label = picture_label},
    {CONFORM_OP("activation_forward", LENGTHS *LIM_ACTIVATIONS, forward), .passes = BOTH_PASSES,
     .flags = activation_flags, .label = activation_label},
    {CONFORM_OP("activation_backward", LENGTHS *LIM_ACTIVATIONS, backward), .passes = BOTH_PASSES,
     .flags = activation_flags, .label = activation_label},
    {CONFORM_OP("fill", LENGTHS, fill), .passes = BOTH_PASSES, .flags = line_flags,
     .label = line_label},
    {CONFORM_OP("copy", LENGTHS, copy), .passes = BOTH_PASSES, .flags = line_flags,
     .label = line_label},
    {CONFORM_OP("axpby", LENGTHS, axpby), .passes = BOTH_PASSES, .flags = line_flags,
     .label = axpby_label},
    {CONFORM_OP("multiply_add", LENGTHS, rounds), .passes = BOTH_PASSES, .flags = line_flags,
     .label = rounds_label},
};
const int conform_pointwise_count = COUNT_OF(conform_pointwise);
