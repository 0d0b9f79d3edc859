/* Batch normalization: training, inference and the backward pass. */
#include "norm.h"

#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const struct norm_case norm_cases[NORM_CASES] = {
    {2, 1, 1, 1, 1e-5f, 0.1f, 0, 1, CASE_SMALL},
    {2, 1, 1, 5, 1e-5f, 0.1f, 0.5, 1, CASE_SMALL},
    {3, 1, 2, 17, 1e-3f, 0.01f, 0, 1, CASE_SMALL},
    {1, 9, 7, 3, 1e-5f, 0.1f, 1, 3, CASE_SMALL},    /* 63, */
    {1, 8, 8, 16, 1e-5f, 0.1f, 0, 1, CASE_SMALL},   /* 64, */
    {5, 1, 13, 2, 1e-5f, 0.1f, 0, 1, CASE_SMALL},   /* 65 values a channel */
    {7, 3, 3, 4, 1e-3f, 0.1f, 0, 0.01, CASE_SMALL}, /* variances below eps */
    {4, 3, 3, 3, 1e-5f, 0.1f, 7, 0, CASE_SMALL},    /* no variance at all */
    {3, 5, 17, 1, 1e-5f, 0.1f, 0, 1, 0},            /* 255, */
    {4, 8, 8, 2, 1e-5f, 0.1f, 0, 1, 0},             /* 256, */
    {257, 1, 1, 3, 1e-5f, 0.1f, -0.5, 2, 0},        /* 257 */
    {1, 1, 1009, 13, 1e-5f, 0.1f, 0, 1, 0},
    {2, 3, 5, 63, 1e-5f, 0.1f, 0, 1, 0},
    {2, 3, 5, 65, 1e-5f, 0.1f, 0, 1, 0},
    {2, 2, 3, 255, 1e-5f, 0.1f, 0, 1, 0},
    {2, 2, 3, 257, 1e-5f, 0.1f, 0, 1, 0},
    {65537, 1, 1, 3, 1e-5f, 0.1f, 0, 1, CASE_LONG},
    {3, 1, 1, 65537, 1e-5f, 0.1f, 0, 1, 0},
    {16, 8, 8, 4, 1e-5f, 0.1f, 1000, 1, 0}, /* E[x^2] - E[x]^2 would lose all digits */
    {3, 31, 11, 5, 1e-5f, 0.1f, -1000, 0.5, 0},
    {2, 16, 16, 32, 1e-5f, 0.1f, 0, 1, 0}, /* DCGAN-64, width 16 and 64 */
    {2, 8, 8, 64, 1e-5f, 0.1f, 0, 1, 0},
    {2, 4, 4, 128, 1e-5f, 0.1f, 0, 1, 0},
    {2, 32, 32, 64, 1e-5f, 0.1f, 0, 1, 0},
    {2, 16, 16, 128, 1e-3f, 0.01f, 0, 1, 0},
    {2, 8, 8, 256, 1e-5f, 0.1f, 0, 1, 0},
    {2, 4, 4, 512, 1e-5f, 0.1f, 0, 1, 0},
    {64, 32, 32, 64, 1e-5f, 0.1f, 0, 1, CASE_BENCH},
    {64, 16, 16, 128, 1e-5f, 0.1f, 0, 1, CASE_BENCH},
    {64, 8, 8, 256, 1e-5f, 0.1f, 0, 1, CASE_BENCH},
    {64, 4, 4, 512, 1e-5f, 0.1f, 0, 1, CASE_BENCH},
};

unsigned norm_flags(int i)
{
    return norm_cases[i].flags;
}

void norm_label(int i, char *text, size_t size)
{
    const struct norm_case *b = &norm_cases[i];

    snprintf(text, size, "%dx%dx%dx%d eps %g mean %g sigma of %g", b->n, b->h, b->w, b->c,
             (double)b->eps, b->shift, b->sigma);
}

bool norm_in_place(int i)
{
    return i % 2 == 1;
}

bool norm_frozen(int i)
{
    return i % 3 == 2;
}

void norm_label_backward(int i, char *text, size_t size)
{
    const struct norm_case *b = &norm_cases[i];

    snprintf(text, size, "%dx%dx%dx%d mean %g sigma of %g%s%s", b->n, b->h, b->w, b->c, b->shift,
             b->sigma, norm_in_place(i) ? " in place" : "", norm_frozen(i) ? " dx only" : "");
}

static size_t rows_of(int i)
{
    return (size_t)norm_cases[i].n * (size_t)norm_cases[i].h * (size_t)norm_cases[i].w;
}

struct operand *norm_add_picture(struct problem *pb, int i, const char *name, enum role role)
{
    return operand_add(pb, name, role, norm_cases[i].n, norm_cases[i].h, norm_cases[i].w,
                       norm_cases[i].c);
}

struct operand *norm_add_vector(struct problem *pb, int i, const char *name, enum role role)
{
    return operand_add(pb, name, role, 1, 1, 1, norm_cases[i].c);
}

static void fill_data(struct problem *pb, int i, struct operand *x)
{
    const struct norm_case *b = &norm_cases[i];

    for (size_t j = 0; j < x->count; j++)
        x->init[j] =
            pb->pass == PASS_INTEGERS
                ? (float)(rng_below(&pb->rng, 17) - 8)
                : (float)(b->sigma > 0.0 ? b->sigma * (b->shift + rng_normal(&pb->rng)) : b->shift);
}

static void fill_positive(struct problem *pb, struct operand *o, double scale)
{
    for (size_t j = 0; j < o->count; j++)
        o->init[j] = pb->pass == PASS_INTEGERS ? (float)(1 + rng_below(&pb->rng, 8))
                                               : (float)(scale * (0.1 + rng_uniform(&pb->rng)));
}

void norm_build_train(int i, struct problem *pb)
{
    fill_data(pb, i, norm_add_picture(pb, i, "x", ROLE_IN));
    operand_fill(pb, norm_add_vector(pb, i, "gamma", ROLE_IN), 4, 1.0);
    operand_fill(pb, norm_add_vector(pb, i, "beta", ROLE_IN), 4, 1.0);
    operand_fill(pb, norm_add_vector(pb, i, "running_mean", ROLE_INOUT), 4, 1.0);
    fill_positive(pb, norm_add_vector(pb, i, "running_var", ROLE_INOUT), 1.0);
    norm_add_vector(pb, i, "mean", ROLE_OUT);
    norm_add_vector(pb, i, "inv_std", ROLE_OUT);
    norm_add_picture(pb, i, "y", ROLE_OUT);
}

/* The bound of a blend (1 - momentum) old + momentum * batch: the batch's own error, and two
 * roundings of each term. */
static double blend_bound(double momentum, double old, double batch, double error)
{
    return momentum * error + 4.0 * U * (fabs((1.0 - momentum) * old) + fabs(momentum * batch));
}

void norm_refer_train(int i, struct problem *pb)
{
    const struct norm_case *b = &norm_cases[i];
    size_t rows = rows_of(i), channels = (size_t)b->c;
    double n = (double)rows, momentum = (double)b->momentum, eps = (double)b->eps;
    double *size = conform_alloc(channels, sizeof *size);
    double *var = conform_alloc(channels, sizeof *var);
    struct operand *o = pb->o;

    for (int k = RUNNING_MEAN; k <= Y; k++)
        operand_want(&o[k]);
    oracle_moments(rows, b->c, o[X].init, o[MEAN].want, size, var);
    for (size_t j = 0; j < channels; j++) {
        double mean = o[MEAN].want[j], old_mean = (double)o[RUNNING_MEAN].init[j];
        double old_var = (double)o[RUNNING_VAR].init[j], unbiased = var[j] * n / (n - 1.0);
        double mean_error = bound_sum(n, size[j]);
        double var_error = 2.0 * bound_sum(n, var[j]) + mean_error * mean_error;

        /* If the mean is 1000 sigma, this error is too large for any use of the variance. */
        if (pb->pass == PASS_FLOATS && fabs(b->shift) >= 1000.0)
            var_error = 1e-4 * var[j];
        o[MEAN].bound[j] = mean_error;
        o[INV_STD].want[j] = 1.0 / sqrt(var[j] + eps);
        /* Half the relative error of the variance; square root and division, 3 and 2.5 ulp. */
        o[INV_STD].bound[j] = o[INV_STD].want[j] * (0.5 * var_error / (var[j] + eps) + 12.0 * U);
        o[RUNNING_MEAN].want[j] = (1.0 - momentum) * old_mean + momentum * mean;
        o[RUNNING_MEAN].bound[j] = blend_bound(momentum, old_mean, mean, mean_error);
        o[RUNNING_VAR].want[j] = (1.0 - momentum) * old_var + momentum * unbiased;
        o[RUNNING_VAR].bound[j] =
            blend_bound(momentum, old_var, unbiased, var_error * n / (n - 1.0));
    }
    o[RUNNING_MEAN].certain = o[RUNNING_VAR].certain = true;
    oracle_normalize(rows, b->c, o[X].init, o[MEAN].want, o[INV_STD].want, o[GAMMA].init,
                     o[BETA].init, o[Y].want);
    for (size_t j = 0; j < o[Y].count; j++) {
        size_t c = j % channels;
        double scale = fabs((double)o[GAMMA].init[c]) * o[INV_STD].want[c];

        o[Y].bound[j] = scale * (bound_sum(n, size[c]) + 4.0 * U * fabs((double)o[X].init[j])) +
                        8.0 * U * fabs(o[Y].want[j]) + 4.0 * U * fabs((double)o[BETA].init[c]);
    }
    /* The bound on the norm requires centered data, and enough values for that. */
    if (pb->pass == PASS_FLOATS && fabs(b->shift) <= 1.0 && rows >= 8)
        o[Y].norm = 4.0 * fmax(sqrt(n), 8.0) * U;
    free(size);
    free(var);
}

static void call_train(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_batchnorm bn = {.eps = norm_cases[i].eps, .momentum = norm_cases[i].momentum};

    lim_batchnorm_train(be, &bn, o[X].t, o[GAMMA].t, o[BETA].t, o[RUNNING_MEAN].t, o[RUNNING_VAR].t,
                        o[MEAN].t, o[INV_STD].t, o[Y].t);
}

void norm_build_infer(int i, struct problem *pb)
{
    const struct norm_case *b = &norm_cases[i];
    struct operand *mean;

    fill_data(pb, i, norm_add_picture(pb, i, "x", ROLE_IN));
    operand_fill(pb, norm_add_vector(pb, i, "gamma", ROLE_IN), 4, 1.0);
    operand_fill(pb, norm_add_vector(pb, i, "beta", ROLE_IN), 4, 1.0);
    mean = norm_add_vector(pb, i, "mean", ROLE_IN);
    operand_fill(pb, mean, 4, 1.0);
    if (pb->pass == PASS_FLOATS)
        for (size_t j = 0; j < mean->count; j++)
            mean->init[j] += (float)(b->sigma * b->shift);
    fill_positive(pb, norm_add_vector(pb, i, "var", ROLE_IN), b->sigma * b->sigma);
    norm_add_picture(pb, i, "y", ROLE_OUT);
}

/* As in training, but the mean is not summed here. */
void norm_refer_infer(int i, struct problem *pb)
{
    const struct norm_case *b = &norm_cases[i];
    size_t channels = (size_t)b->c;
    double *mean = conform_alloc(channels, sizeof *mean);
    double *inv_std = conform_alloc(channels, sizeof *inv_std);
    struct operand *o = pb->o, *y = &pb->o[Y_INFER];

    operand_want(y);
    for (size_t j = 0; j < channels; j++) {
        mean[j] = (double)o[GIVEN_MEAN].init[j];
        inv_std[j] = 1.0 / sqrt((double)o[GIVEN_VAR].init[j] + (double)b->eps);
    }
    oracle_normalize(rows_of(i), b->c, o[X].init, mean, inv_std, o[GAMMA].init, o[BETA].init,
                     y->want);
    for (size_t j = 0; j < y->count; j++) {
        size_t c = j % channels;
        double scale = fabs((double)o[GAMMA].init[c]) * inv_std[c];

        y->bound[j] =
            scale * (bound_sum(1.0, fabs(mean[c])) + 4.0 * U * fabs((double)o[X].init[j])) +
            8.0 * U * fabs(y->want[j]) + 4.0 * U * fabs((double)o[BETA].init[c]);
    }
    free(mean);
    free(inv_std);
}

static void call_infer(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_batchnorm bn = {.eps = norm_cases[i].eps, .momentum = norm_cases[i].momentum};

    lim_batchnorm_infer(be, &bn, o[X].t, o[GAMMA].t, o[BETA].t, o[GIVEN_MEAN].t, o[GIVEN_VAR].t,
                        o[Y_INFER].t);
}

/* The statistics are the data's own, as training leaves them; for integers, powers of two that keep
 * xhat exact. */
static void fill_statistics(struct problem *pb, int i)
{
    const struct norm_case *b = &norm_cases[i];
    size_t channels = (size_t)b->c;
    double *moments = conform_alloc(3 * channels, sizeof *moments);
    struct operand *mean = norm_add_vector(pb, i, "mean", ROLE_IN);
    struct operand *inv_std = norm_add_vector(pb, i, "inv_std", ROLE_IN);

    oracle_moments(rows_of(i), b->c, pb->o[B_X].init, moments, moments + channels,
                   moments + 2 * channels);
    for (size_t j = 0; j < channels; j++) {
        bool integers = pb->pass == PASS_INTEGERS;
        double var = moments[2 * channels + j];

        mean->init[j] = integers ? (float)(rng_below(&pb->rng, 5) - 2) : (float)moments[j];
        inv_std->init[j] = integers ? (float)(1 << rng_below(&pb->rng, 2))
                                    : (float)(1.0 / sqrt(var + (double)b->eps));
    }
    free(moments);
}

void norm_build_backward(int i, struct problem *pb)
{
    fill_data(pb, i, norm_add_picture(pb, i, "x", ROLE_IN));
    operand_fill(pb, norm_add_picture(pb, i, "dy", norm_in_place(i) ? ROLE_INOUT : ROLE_IN), 4,
                 1.0);
    operand_fill(pb, norm_add_vector(pb, i, "gamma", ROLE_IN), 4, 1.0);
    fill_statistics(pb, i);
    if (!norm_frozen(i)) {
        operand_fill(pb, norm_add_vector(pb, i, "dgamma", ROLE_INOUT), 9, 1.0);
        operand_fill(pb, norm_add_vector(pb, i, "dbeta", ROLE_INOUT), 9, 1.0);
    }
    if (!norm_in_place(i))
        norm_add_picture(pb, i, "dx", ROLE_OUT);
}

struct operand *norm_dx_of(int i, struct problem *pb)
{
    return &pb->o[norm_in_place(i) ? B_DY : B_REST + (norm_frozen(i) ? 0 : 2)];
}

/* The gradients accumulate: their starting values are one more term. */
static void refer_parameters(int i, struct problem *pb, const struct oracle_sums *sums)
{
    struct operand *dgamma = &pb->o[B_REST], *dbeta = &pb->o[B_REST + 1];
    double terms = (double)rows_of(i) + 1.0;

    operand_want(dgamma);
    operand_want(dbeta);
    dbeta->exact = pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < dgamma->count; j++) {
        double old_gamma = (double)dgamma->init[j], old_beta = (double)dbeta->init[j];

        dgamma->want[j] = old_gamma + sums[j].dy_xhat;
        dgamma->bound[j] = bound_sum(terms, fabs(old_gamma) + sums[j].abs_dy_xhat);
        dbeta->want[j] = old_beta + sums[j].dy;
        dbeta->bound[j] = bound_sum(terms, fabs(old_beta) + sums[j].abs_dy);
    }
}

void norm_refer_backward(int i, struct problem *pb)
{
    size_t rows = rows_of(i), channels = (size_t)norm_cases[i].c;
    double n = (double)rows;
    struct oracle_sums *sums = conform_alloc(channels, sizeof *sums);
    struct operand *o = pb->o, *dx = norm_dx_of(i, pb);

    oracle_norm_sums(rows, norm_cases[i].c, o[B_X].init, o[B_DY].init, o[B_MEAN].init,
                     o[B_INV_STD].init, sums);
    operand_want(dx);
    for (size_t j = 0; j < dx->count; j++) {
        size_t c = j % channels;
        double inv_std = (double)o[B_INV_STD].init[c];
        double scale = (double)o[B_GAMMA].init[c] * inv_std, dy = (double)o[B_DY].init[j];
        double xhat = ((double)o[B_X].init[j] - (double)o[B_MEAN].init[c]) * inv_std;

        dx->want[j] = scale * (dy - sums[c].dy / n - xhat * sums[c].dy_xhat / n);
        dx->bound[j] = bound_sum(n, fabs(scale) * (fabs(dy) + sums[c].abs_dy / n +
                                                   fabs(xhat) * sums[c].abs_dy_xhat / n));
    }
    if (!norm_frozen(i))
        refer_parameters(i, pb, sums);
    free(sums);
}

static void call_backward(int i, struct lim_backend *be, const struct operand *o)
{
    struct lim_tensor none = {0};
    int last = B_REST + (norm_frozen(i) ? 0 : 2);

    lim_batchnorm_backward(be, o[B_X].t, o[B_DY].t, o[B_GAMMA].t, o[B_MEAN].t, o[B_INV_STD].t,
                           norm_frozen(i) ? none : o[B_REST].t,
                           norm_frozen(i) ? none : o[B_REST + 1].t,
                           norm_in_place(i) ? o[B_DY].t : o[last].t);
}

#define NORM(x)                                                            \
    .name = "batchnorm_" #x, .cases = NORM_CASES, .build = norm_build_##x, \
    .refer = norm_refer_##x, .call = call_##x, .passes = BOTH_PASSES, .flags = norm_flags

const struct conform_op conform_norm[] = {
    {NORM(train), .label = norm_label},
    {NORM(infer), .label = norm_label},
    {NORM(backward), .label = norm_label_backward},
};
const int conform_norm_count = COUNT_OF(conform_norm);
