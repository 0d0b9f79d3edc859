/* Batch normalization forward, with the activation after it if that depends on the sign only.
 *
 * One pass over memory suffices even for the variance: while a block is in the cache, its own mean
 * and its sum of squares about that mean are computed, and blocks merge as in Chan, Golub and
 * LeVeque (1979). */
#include "cpu/norm.h"

#include "base/parallel.h"

#include <math.h>

ALWAYS_INLINE void square_block(int rows, size_t c, int lanes, const float *x, const float *mean,
                                float *sum)
{
    float s[LANES] = {0}, about[LANES];

    memcpy(about, mean, sizeof about);
    for (int i = 0; i < rows; i++) {
        for (int l = 0; l < lanes; l++) {
            float d = x[(size_t)i * c + (size_t)l] - about[l];

            s[l] += d * d;
        }
    }
    memcpy(sum, s, sizeof s);
}

/* sum[c], mean[c] and the sum of squares about it, m2[c], of one unit. */
CPU_CLONES static void moments_unit(int rows, int c, const float *x, double *sum, double *mean,
                                    double *m2)
{
    float s[LANES], q[LANES], about[LANES];

    memset(sum, 0, (size_t)c * sizeof *sum);
    memset(mean, 0, (size_t)c * sizeof *mean);
    memset(m2, 0, (size_t)c * sizeof *m2);
    for (int first = 0; first < rows; first += BLOCK) {
        int n = cpu_min(BLOCK, rows - first);
        double share = (double)n / (double)(first + n);

        for (int at = 0; at < c; at += LANES) {
            int lanes = cpu_min(LANES, c - at);
            const float *from = x + (size_t)first * (size_t)c + at;

            if (lanes == LANES)
                sum_block(n, (size_t)c, LANES, from, s);
            else
                sum_block(n, (size_t)c, lanes, from, s);
            for (int l = 0; l < LANES; l++)
                about[l] = s[l] / (float)n;
            if (lanes == LANES)
                square_block(n, (size_t)c, LANES, from, about, q);
            else
                square_block(n, (size_t)c, lanes, from, about, q);
            for (int l = 0; l < lanes; l++) {
                double delta = (double)about[l] - mean[at + l];

                sum[at + l] += (double)s[l];
                mean[at + l] += delta * share;
                m2[at + l] += (double)q[l] + delta * delta * (double)first * share;
            }
        }
    }
}

ALWAYS_INLINE void normalize_as(enum lim_activation kind, float slope, int rows, int c,
                                const float *x, const float *mean, const float *scale,
                                const float *shift, float *y)
{
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)c;

#pragma omp simd
        for (int j = 0; j < c; j++)
            y[at + (size_t)j] =
                rectified(kind, slope, (x[at + (size_t)j] - mean[j]) * scale[j] + shift[j]);
    }
}

/* y = f((x - mean) scale + shift) */
CPU_CLONES static void normalize(enum lim_activation kind, float slope, int rows, int c,
                                 const float *x, const float *mean, const float *scale,
                                 const float *shift, float *y)
{
    if (kind == LIM_RELU)
        normalize_as(LIM_RELU, slope, rows, c, x, mean, scale, shift, y);
    else if (kind == LIM_LEAKY_RELU)
        normalize_as(LIM_LEAKY_RELU, slope, rows, c, x, mean, scale, shift, y);
    else
        normalize_as(LIM_NO_ACTIVATION, slope, rows, c, x, mean, scale, shift, y);
}

void cpu_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    int rows = cpu_rows(x), c = x.c, step = unit_rows(c);
    int units = cpu_pieces((size_t)rows, (size_t)step), threads = cpu_of(be)->threads;
    size_t plane = (size_t)units * (size_t)c; /* of one kind of partial sums */
    const float *in = cpu_data(x), *g = cpu_data(gamma), *shift = cpu_data(beta);
    float *average = cpu_data(mean), *inverse = cpu_data(inv_std), *out = cpu_data(y), *scale;
    float *old_mean = cpu_data(running_mean), *old_var = cpu_data(running_var);
    double *sums = partials(be, units, c, 3, 1, &scale), m = (double)rows;
    double keep = 1.0 - (double)bn->momentum, take = (double)bn->momentum;

    if (!sums)
        return;
    PARALLEL(threads, u, units) {
        double *sum = sums + (size_t)u * (size_t)c;

        moments_unit(cpu_min(step, rows - u * step), c, in + (size_t)u * (size_t)step * (size_t)c,
                     sum, sum + plane, sum + 2 * plane);
    }
    for (int j = 0; j < c; j++) {
        double sum = 0.0, about = 0.0, m2 = 0.0, var;

        for (int u = 0; u < units; u++) {
            const double *part = sums + (size_t)u * (size_t)c + (size_t)j;
            double before = (double)u * (double)step;
            double share = (double)cpu_min(step, rows - u * step);
            double delta = part[plane] - about;

            share /= before + share;
            sum += part[0];
            about += delta * share;
            m2 += part[2 * plane] + delta * delta * before * share;
        }
        var = m2 / m;
        average[j] = (float)(sum / m);
        inverse[j] = (float)(1.0 / sqrt(var + (double)bn->eps));
        scale[j] = g[j] * inverse[j];
        old_mean[j] = (float)(keep * (double)old_mean[j] + take * (sum / m));
        old_var[j] = (float)(keep * (double)old_var[j] + take * (m2 / (m - 1.0)));
    }
    PARALLEL(threads, u, units) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        normalize(kind, slope, cpu_min(step, rows - u * step), c, in + at, average, scale, shift,
                  out + at);
    }
    be->launches++;
}

void cpu_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    cpu_batchnorm_act_train(be, bn, LIM_NO_ACTIVATION, 0.0f, x, gamma, beta, running_mean,
                            running_var, mean, inv_std, y);
}

void cpu_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    int rows = cpu_rows(x), c = x.c, step = unit_rows(c), threads = cpu_of(be)->threads;
    const float *in = cpu_data(x), *g = cpu_data(gamma), *shift = cpu_data(beta);
    const float *average = cpu_data(mean), *v = cpu_data(var);
    float *out = cpu_data(y), *scale = cpu_scratch(be, (size_t)c * sizeof *scale);

    if (!scale)
        return;
    for (int j = 0; j < c; j++)
        scale[j] = (float)((double)g[j] / sqrt((double)v[j] + (double)bn->eps));
    PARALLEL(threads, u, cpu_pieces((size_t)rows, (size_t)step)) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        normalize(kind, slope, cpu_min(step, rows - u * step), c, in + at, average, scale, shift,
                  out + at);
    }
    be->launches++;
}

void cpu_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    cpu_batchnorm_act_infer(be, bn, LIM_NO_ACTIVATION, 0.0f, x, gamma, beta, mean, var, y);
}
