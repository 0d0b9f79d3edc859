/* Sums over all pixels of each channel: batch normalisation and the gradient of a bias.
 *
 * The rows of a tensor (its pixels) are cut into units, which the threads share; a unit is summed
 * in blocks of BLOCK rows, in float and in registers, and the blocks' sums meet in double, in a
 * fixed order. One pass over memory suffices even for the variance: while a block is in the cache
 * its own mean and its sum of squares about that mean are taken, and blocks merge as Chan, Golub
 * and LeVeque (1979) do. */
#include "cpu.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 64, /* rows */
    LANES = 32, /* channels at once: two AVX-512 registers, four of AVX2 */
    UNIT_FLOATS = 65536
};

static int unit_rows(int c)
{
    int rows = UNIT_FLOATS / c / BLOCK * BLOCK;

    return rows > BLOCK ? rows : BLOCK;
}

/* Sums over `rows` rows of `lanes` channels. `x` points to the first of them. */
static inline void sum_block(int rows, size_t c, int lanes, const float *x, float *sum)
{
    float s[LANES] = {0};

    for (int i = 0; i < rows; i++)
        for (int l = 0; l < lanes; l++)
            s[l] += x[(size_t)i * c + (size_t)l];
    memcpy(sum, s, sizeof s);
}

static inline void square_block(int rows, size_t c, int lanes, const float *x, const float *mean,
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

static inline void dot_block(int rows, size_t c, int lanes, const float *dy, const float *x,
                             const float *mean, const float *inv_std, float *sum_dy, float *sum_dot)
{
    float s[LANES] = {0}, t[LANES] = {0}, m[LANES] = {0}, f[LANES] = {0};

    for (int l = 0; l < lanes; l++) {
        m[l] = mean[l];
        f[l] = inv_std[l];
    }
    for (int i = 0; i < rows; i++) {
        for (int l = 0; l < lanes; l++) {
            float d = dy[(size_t)i * c + (size_t)l];

            s[l] += d;
            t[l] += d * ((x[(size_t)i * c + (size_t)l] - m[l]) * f[l]);
        }
    }
    memcpy(sum_dy, s, sizeof s);
    memcpy(sum_dot, t, sizeof t);
}

/* sum[c] of one unit. Here and below the full width of LANES has its own copy of the inner loops,
 * unrolled and in registers. */
CPU_CLONES static void sum_unit(int rows, int c, const float *x, double *sum)
{
    float s[LANES];

    memset(sum, 0, (size_t)c * sizeof *sum);
    for (int first = 0; first < rows; first += BLOCK) {
        int n = cpu_min(BLOCK, rows - first);

        for (int at = 0; at < c; at += LANES) {
            int lanes = cpu_min(LANES, c - at);
            const float *from = x + (size_t)first * (size_t)c + at;

            if (lanes == LANES)
                sum_block(n, (size_t)c, LANES, from, s);
            else
                sum_block(n, (size_t)c, lanes, from, s);
            for (int l = 0; l < lanes; l++)
                sum[at + l] += (double)s[l];
        }
    }
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

/* sum dy [c] and sum dy xhat [c] of one unit. */
CPU_CLONES static void dot_unit(int rows, int c, const float *dy, const float *x, const float *mean,
                                const float *inv_std, double *sum_dy, double *sum_dot)
{
    float s[LANES], t[LANES];

    memset(sum_dy, 0, (size_t)c * sizeof *sum_dy);
    memset(sum_dot, 0, (size_t)c * sizeof *sum_dot);
    for (int first = 0; first < rows; first += BLOCK) {
        int n = cpu_min(BLOCK, rows - first);

        for (int at = 0; at < c; at += LANES) {
            int lanes = cpu_min(LANES, c - at);
            size_t from = (size_t)first * (size_t)c + (size_t)at;

            if (lanes == LANES)
                dot_block(n, (size_t)c, LANES, dy + from, x + from, mean + at, inv_std + at, s, t);
            else
                dot_block(n, (size_t)c, lanes, dy + from, x + from, mean + at, inv_std + at, s, t);
            for (int l = 0; l < lanes; l++) {
                sum_dy[at + l] += (double)s[l];
                sum_dot[at + l] += (double)t[l];
            }
        }
    }
}

/* y = (x - mean) scale + shift */
CPU_CLONES static void normalise(int rows, int c, const float *x, const float *mean,
                                 const float *scale, const float *shift, float *restrict y)
{
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)c;

        for (int j = 0; j < c; j++)
            y[at + (size_t)j] = (x[at + (size_t)j] - mean[j]) * scale[j] + shift[j];
    }
}

/* dx may be dy. */
CPU_CLONES static void gradient(int rows, int c, const float *x, const float *dy, const float *mean,
                                const float *inv_std, const float *scale, const float *mean_dy,
                                const float *mean_dot, float *dx)
{
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)c;

#pragma omp simd
        for (int j = 0; j < c; j++) {
            float xhat = (x[at + (size_t)j] - mean[j]) * inv_std[j];

            dx[at + (size_t)j] = scale[j] * (dy[at + (size_t)j] - mean_dy[j] - xhat * mean_dot[j]);
        }
    }
}

/* Scratch for `kinds` doubles per channel and unit, then `vectors` floats per channel. */
static double *partials(struct lim_backend *be, int units, int c, int kinds, int vectors,
                        float **floats)
{
    size_t doubles = (size_t)units * (size_t)c * (size_t)kinds;
    double *memory =
        cpu_scratch(be, doubles * sizeof(double) + (size_t)c * (size_t)vectors * sizeof(float));

    if (memory)
        *floats = (float *)(memory + doubles);
    return memory;
}

void cpu_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias)
{
    int rows = cpu_rows(dy), c = dy.c, step = unit_rows(c);
    int units = cpu_pieces((size_t)rows, (size_t)step), threads = cpu_of(be)->threads;
    const float *in = cpu_data(dy);
    float *out = cpu_data(dbias), *none;
    double *sum = partials(be, units, c, 1, 0, &none);

    if (!sum)
        return;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int u = 0; u < units; u++)
        sum_unit(cpu_min(step, rows - u * step), c, in + (size_t)u * (size_t)step * (size_t)c,
                 sum + (size_t)u * (size_t)c);
    for (int j = 0; j < c; j++) {
        double total = 0.0;

        for (int u = 0; u < units; u++)
            total += sum[(size_t)u * (size_t)c + (size_t)j];
        out[j] += (float)total;
    }
    be->launches++;
    (void)threads;
}

void cpu_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
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
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int u = 0; u < units; u++) {
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
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int u = 0; u < units; u++) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        normalise(cpu_min(step, rows - u * step), c, in + at, average, scale, shift, out + at);
    }
    be->launches++;
    (void)threads;
}

void cpu_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
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
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int first = 0; first < rows; first += step) {
        size_t at = (size_t)first * (size_t)c;

        normalise(cpu_min(step, rows - first), c, in + at, average, scale, shift, out + at);
    }
    be->launches++;
    (void)threads;
}

void cpu_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx)
{
    int rows = cpu_rows(x), c = x.c, step = unit_rows(c);
    int units = cpu_pieces((size_t)rows, (size_t)step), threads = cpu_of(be)->threads;
    size_t plane = (size_t)units * (size_t)c;
    const float *in = cpu_data(x), *dout = cpu_data(dy), *g = cpu_data(gamma);
    const float *average = cpu_data(mean), *inverse = cpu_data(inv_std);
    float *din = cpu_data(dx), *scale, *mean_dy, *mean_dot;
    double *sums = partials(be, units, c, 2, 3, &scale);

    if (!sums)
        return;
    mean_dy = scale + c;
    mean_dot = mean_dy + c;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int u = 0; u < units; u++) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;
        double *sum = sums + (size_t)u * (size_t)c;

        dot_unit(cpu_min(step, rows - u * step), c, dout + at, in + at, average, inverse, sum,
                 sum + plane);
    }
    for (int j = 0; j < c; j++) {
        double sum = 0.0, dot = 0.0;

        for (int u = 0; u < units; u++) {
            sum += sums[(size_t)u * (size_t)c + (size_t)j];
            dot += sums[plane + (size_t)u * (size_t)c + (size_t)j];
        }
        scale[j] = g[j] * inverse[j];
        mean_dy[j] = (float)(sum / (double)rows);
        mean_dot[j] = (float)(dot / (double)rows);
        if (dgamma.buf) {
            cpu_data(dgamma)[j] += (float)dot;
            cpu_data(dbeta)[j] += (float)sum;
        }
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int u = 0; u < units; u++) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        gradient(cpu_min(step, rows - u * step), c, in + at, dout + at, average, inverse, scale,
                 mean_dy, mean_dot, din + at);
    }
    be->launches++;
    (void)threads;
}
