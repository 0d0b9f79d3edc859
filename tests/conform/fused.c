/* Operations that pass over memory once where two operations would twice: bias or batch
 * normalization, and the activation after it. */
#include "norm.h"

#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Integers stay exact with it. */
static const float slope = 0.25f;

/* Those that do not need their input. */
static const enum lim_activation kinds[] = {LIM_RELU, LIM_LEAKY_RELU, LIM_TANH, LIM_SIGMOID};

enum { FUSED = COUNT_OF(kinds) };

/* ---- bias: case = picture * FUSED + kind */

static const struct {
    int n, h, w, c;
    unsigned flags;
} pictures[] = {
    {1, 1, 1, 1, CASE_SMALL},
    {1, 9, 7, 3, CASE_SMALL},
    {5, 1, 13, 17, CASE_SMALL},
    {2, 3, 5, 63, 0},
    {2, 3, 5, 65, 0},
    {1, 1, 1009, 13, 0},
    {65537, 1, 1, 3, CASE_LONG},
    {3, 1, 1, 65537, 0},
    {2, 64, 64, 3, 0},
    {2, 32, 32, 64, 0},
    {64, 32, 32, 64, CASE_BENCH},
};

static enum lim_activation kind_of(int i)
{
    return kinds[i % FUSED];
}

static bool smooth(int i)
{
    return kind_of(i) == LIM_TANH || kind_of(i) == LIM_SIGMOID;
}

static bool in_place(int i)
{
    return (i / FUSED + i) % 2 == 1;
}

static unsigned bias_flags(int i)
{
    return pictures[i / FUSED].flags;
}

static struct operand *add_picture(struct problem *pb, int i, const char *name, enum role role)
{
    i /= FUSED;
    return operand_add(pb, name, role, pictures[i].n, pictures[i].h, pictures[i].w, pictures[i].c);
}

static struct operand *add_vector(struct problem *pb, int i, const char *name, enum role role)
{
    return operand_add(pb, name, role, 1, 1, 1, pictures[i / FUSED].c);
}

static void label_forward(int i, char *text, size_t size)
{
    int j = i / FUSED;

    snprintf(text, size, "%s of %dx%dx%dx%d", lim_activation_name(kind_of(i)), pictures[j].n,
             pictures[j].h, pictures[j].w, pictures[j].c);
}

static void label_backward(int i, char *text, size_t size)
{
    size_t length;

    label_forward(i, text, size);
    for (length = 0; text[length]; length++)
        ;
    snprintf(text + length, size - length, "%s", in_place(i) ? " in place" : "");
}

/* Of smooth functions only the value at 0 is exact to the bit. */
static void build_bias_forward(int i, struct problem *pb)
{
    int most = smooth(i) ? 0 : 100;

    operand_fill(pb, add_vector(pb, i, "bias", ROLE_IN), most, 1.0);
    operand_fill(pb, add_picture(pb, i, "y", ROLE_INOUT), most, 2.0);
}

static void refer_bias_forward(int i, struct problem *pb)
{
    const struct operand *bias = &pb->o[0];
    struct operand *y = &pb->o[1];

    operand_want(y);
    y->exact = !smooth(i) || pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < y->count; j++) {
        float sum = y->init[j] + bias->init[j % bias->count];

        y->want[j] = oracle_activation(kind_of(i), slope, sum);
        y->bound[j] = (kind_of(i) == LIM_TANH ? 6.0 : 8.0) * ulp(y->want[j]);
    }
}

static void call_bias_forward(int i, struct lim_backend *be, const struct operand *o)
{
    lim_bias_act_forward(be, kind_of(i), slope, o[0].t, o[1].t);
}

/* Outputs in the pass of integers are values whose derivative is exact. */
static void build_bias_backward(int i, struct problem *pb)
{
    struct operand *y = add_picture(pb, i, "y", ROLE_IN);

    for (size_t j = 0; j < y->count; j++) {
        double any = 2.0 * rng_normal(&pb->rng);
        float whole = (float)(rng_below(&pb->rng, 3) - 1);

        if (pb->pass == PASS_FLOATS)
            y->init[j] = (float)oracle_activation(kind_of(i), slope, (float)any);
        else
            y->init[j] = kind_of(i) == LIM_RELU || kind_of(i) == LIM_SIGMOID ? fabsf(whole) : whole;
    }
    operand_fill(pb, add_picture(pb, i, "dy", in_place(i) ? ROLE_INOUT : ROLE_IN), 100, 1.0);
    operand_fill(pb, add_vector(pb, i, "dbias", ROLE_INOUT), 100, 1.0);
    if (!in_place(i))
        add_picture(pb, i, "dx", ROLE_OUT);
}

/* dx as for the activation alone (pointwise.c); its errors are part of the sum's, too. */
static void refer_bias_backward(int i, struct problem *pb)
{
    const float *y = pb->o[0].init, *dy = pb->o[1].init;
    struct operand *dbias = &pb->o[2], *dx = &pb->o[in_place(i) ? 1 : 3];
    double terms = (double)(dx->count / dbias->count) + 1.0;
    double *errors = conform_alloc(dbias->count, sizeof *errors);

    operand_want(dx);
    operand_want(dbias);
    dx->certain = true;
    dx->exact = !smooth(i) || pb->pass == PASS_INTEGERS;
    dbias->exact = pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < dbias->count; j++) {
        dbias->want[j] = (double)dbias->init[j];
        dbias->bound[j] = fabs(dbias->want[j]);
    }
    for (size_t j = 0; j < dx->count; j++) {
        double v = (double)y[j];
        double part = kind_of(i) == LIM_TANH ? fmax(v * v, 1.0 - v * v) : v;

        dx->want[j] = oracle_activation_backward(kind_of(i), slope, y[j], dy[j]);
        dx->bound[j] = 4.0 * U * fabs((double)dy[j]) * part;
        dbias->want[j % dbias->count] += dx->want[j];
        dbias->bound[j % dbias->count] += fabs(dx->want[j]);
        if (!dx->exact)
            errors[j % dbias->count] += dx->bound[j];
    }
    for (size_t j = 0; j < dbias->count; j++)
        dbias->bound[j] = bound_sum(terms, dbias->bound[j]) + errors[j];
    free(errors);
}

static void call_bias_backward(int i, struct lim_backend *be, const struct operand *o)
{
    lim_bias_act_backward(be, kind_of(i), slope, o[0].t, o[1].t, o[2].t, o[in_place(i) ? 1 : 3].t);
}

/* ---- batch normalization: the cases of norm.c */

/* Two of three kinds have kernels; backward, and in timed cases, all have. */
static enum lim_activation norm_kind(int i, bool backward)
{
    bool by_sign = backward || norm_cases[i].flags & CASE_BENCH;

    return by_sign ? kinds[i / 2 % 2] : kinds[i / 2 % 3];
}

static void add_name(enum lim_activation kind, char *text, size_t size)
{
    size_t length = 0;

    while (text[length])
        length++;
    snprintf(text + length, size - length, ", %s", lim_activation_name(kind));
}

static void norm_act_label(int i, char *text, size_t size)
{
    norm_label(i, text, size);
    add_name(norm_kind(i, false), text, size);
}

static void norm_act_label_backward(int i, char *text, size_t size)
{
    norm_label_backward(i, text, size);
    add_name(norm_kind(i, true), text, size);
}

/* No activation enlarges an error; it adds one rounding, or that of tanh. */
static void activate(enum lim_activation kind, struct operand *y)
{
    y->norm = 0.0;
    for (size_t j = 0; j < y->count; j++) {
        double v = y->want[j];

        if (kind == LIM_TANH)
            y->want[j] = tanh(v);
        else if (v < 0.0)
            y->want[j] = kind == LIM_RELU ? 0.0 : (double)slope * v;
        y->bound[j] += (kind == LIM_TANH ? 6.0 : 0.5) * ulp(y->want[j]);
    }
}

static void refer_train(int i, struct problem *pb)
{
    norm_refer_train(i, pb);
    activate(norm_kind(i, false), &pb->o[Y]);
}

static void call_train(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_batchnorm bn = {.eps = norm_cases[i].eps, .momentum = norm_cases[i].momentum};

    lim_batchnorm_act_train(be, &bn, norm_kind(i, false), slope, o[X].t, o[GAMMA].t, o[BETA].t,
                            o[RUNNING_MEAN].t, o[RUNNING_VAR].t, o[MEAN].t, o[INV_STD].t, o[Y].t);
}

static void refer_infer(int i, struct problem *pb)
{
    norm_refer_infer(i, pb);
    activate(norm_kind(i, false), &pb->o[Y_INFER]);
}

static void call_infer(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_batchnorm bn = {.eps = norm_cases[i].eps, .momentum = norm_cases[i].momentum};

    lim_batchnorm_act_infer(be, &bn, norm_kind(i, false), slope, o[X].t, o[GAMMA].t, o[BETA].t,
                            o[GIVEN_MEAN].t, o[GIVEN_VAR].t, o[Y_INFER].t);
}

/* Two more operands, after those of the backward pass without an activation. */
static struct operand *beta_of(struct problem *pb)
{
    return &pb->o[pb->count - 2];
}

/* The activation's input, at element j. */
static double before(const struct problem *pb, const struct operand *beta, size_t j)
{
    const struct operand *o = pb->o;
    size_t c = j % o[B_GAMMA].count;
    double xhat =
        ((double)o[B_X].init[j] - (double)o[B_MEAN].init[c]) * (double)o[B_INV_STD].init[c];

    return (double)o[B_GAMMA].init[c] * xhat + (double)beta->init[c];
}

/* No input of the activation is so near to 0 that rounding could change its sign: integers are
 * exact, and floats are moved away from 0. */
static void build_backward(int i, struct problem *pb)
{
    struct operand *o = pb->o, *beta, *y;

    norm_build_backward(i, pb);
    operand_fill(pb, norm_add_vector(pb, i, "beta", ROLE_IN), 4, 1.0);
    norm_add_picture(pb, i, "y", ROLE_IN);
    beta = beta_of(pb);
    y = beta + 1;
    for (size_t j = 0; pb->pass == PASS_FLOATS && j < beta->count; j++) {
        o[B_GAMMA].init[j] += o[B_GAMMA].init[j] < 0.0f ? -0.1f : 0.1f;
        beta->init[j] += beta->init[j] < 0.0f ? -0.1f : 0.1f;
    }
    for (size_t j = 0; j < y->count; j++) {
        size_t c = j % beta->count;
        double scale = (double)o[B_GAMMA].init[c] * (double)o[B_INV_STD].init[c];

        if (pb->pass == PASS_FLOATS && fabs(before(pb, beta, j)) < 0.02)
            o[B_X].init[j] += (float)((j % 2 ? 0.05 : -0.05) / scale);
        y->init[j] =
            (float)oracle_activation(norm_kind(i, true), slope, (float)before(pb, beta, j));
    }
}

/* The error of batch norm, for the gradient before the activation: exact, or rounded once. */
static void refer_backward(int i, struct problem *pb)
{
    struct operand *dy = &pb->o[B_DY];
    const struct operand *y = beta_of(pb) + 1;
    float *given = conform_alloc(dy->count, sizeof *given);

    for (size_t j = 0; j < dy->count; j++) {
        given[j] = dy->init[j];
        dy->init[j] =
            (float)oracle_activation_backward(norm_kind(i, true), slope, y->init[j], given[j]);
    }
    norm_refer_backward(i, pb);
    for (size_t j = 0; j < dy->count; j++)
        dy->init[j] = given[j];
    free(given);
}

static void call_backward(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_tensor none = {0};
    int last = B_REST + (norm_frozen(i) ? 0 : 2), beta = last + (norm_in_place(i) ? 0 : 1);

    lim_batchnorm_act_backward(
        be, norm_kind(i, true), slope, o[B_X].t, o[beta + 1].t, o[B_DY].t, o[B_GAMMA].t, o[beta].t,
        o[B_MEAN].t, o[B_INV_STD].t, norm_frozen(i) ? none : o[B_REST].t,
        norm_frozen(i) ? none : o[B_REST + 1].t, o[norm_in_place(i) ? B_DY : last].t);
}

#define BIAS(x)                                                                              \
    CONFORM_OP("bias_act_" #x, COUNT_OF(pictures) * FUSED, bias_##x), .passes = BOTH_PASSES, \
                                                                      .flags = bias_flags
#define NORM(x, building)                                                                    \
    .name = "batchnorm_act_" #x, .cases = NORM_CASES, .build = building, .refer = refer_##x, \
    .call = call_##x, .passes = BOTH_PASSES, .flags = norm_flags

const struct conform_op conform_fused[] = {
    {BIAS(forward), .label = label_forward},
    {BIAS(backward), .label = label_backward},
    {NORM(train, norm_build_train), .label = norm_act_label},
    {NORM(infer, norm_build_infer), .label = norm_act_label},
    {NORM(backward, build_backward), .label = norm_act_label_backward},
};
const int conform_fused_count = COUNT_OF(conform_fused);
