/* Gradients of batch normalization and of a bias, combined with that of the activation after them:
 * sums over each channel, and for batch normalization a second pass over the summed data. */
#include "cpu/norm.h"

#include "base/parallel.h"

/* Adds to sum[c]. Here and below the full width of LANES has its own copy of the inner loops,
 * unrolled and in registers. */
CPU_CLONES static void sum_rows(int rows, int c, const float *x, double *sum)
{
    float s[LANES];

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

/* sum[c] over one unit of dx = dy f'(y), which is written; without an activation, of dy. */
static void bias_unit(enum lim_activation kind, float slope, int rows, int c, const float *y,
                      const float *dy, float *dx, double *sum)
{
    memset(sum, 0, (size_t)c * sizeof *sum);
    if (kind == LIM_NO_ACTIVATION) {
        sum_rows(rows, c, dy, sum);
        return;
    }
    for (int first = 0; first < rows; first += BLOCK) {
        int n = cpu_min(BLOCK, rows - first);
        size_t at = (size_t)first * (size_t)c;

        cpu_activate_back(kind, slope, (size_t)n * (size_t)c, y + at, dy + at, dx + at);
        sum_rows(n, c, dx + at, sum); /* from the cache */
    }
}

void cpu_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx)
{
    int rows = cpu_rows(dy), c = dy.c, step = unit_rows(c);
    int units = cpu_pieces((size_t)rows, (size_t)step), threads = cpu_of(be)->threads;
    const float *out = cpu_data(y), *dout = cpu_data(dy);
    float *din = cpu_data(dx), *sums = cpu_data(dbias), *none;
    double *sum = partials(be, units, c, 1, 0, &none);

    if (!sum)
        return;
    PARALLEL(threads, u, units) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        bias_unit(kind, slope, cpu_min(step, rows - u * step), c, out + at, dout + at, din + at,
                  sum + (size_t)u * (size_t)c);
    }
    for (int j = 0; j < c; j++) {
        double total = 0.0;

        for (int u = 0; u < units; u++)
            total += sum[(size_t)u * (size_t)c + (size_t)j];
        sums[j] += (float)total;
    }
    be->launches++;
}

void cpu_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias)
{
    cpu_bias_act_backward(be, LIM_NO_ACTIVATION, 0.0f, dy, dy, dbias, dy);
}

/* Per-channel values; arrays of c. `scale` is gamma inv_std: with it the sign of the activation's
 * input is the same as in norm.c. */
struct channels {
    const float *mean, *inv_std, *beta;
    float *scale, *mean_dy, *mean_dot;
};

/* Sums of one block over lanes from channel `at` on, of dy before the activation and of its product
 * with xhat. */
ALWAYS_INLINE void dot_block(enum lim_activation kind, float slope, int rows, size_t c, int lanes,
                             const float *x, const float *dy, const struct channels *ch, size_t at,
                             float *sum_dy, float *sum_dot)
{
    float s[LANES] = {0}, t[LANES] = {0}, m[LANES] = {0}, f[LANES] = {0};
    float g[LANES] = {0}, b[LANES] = {0};

    for (int l = 0; l < lanes; l++) {
        m[l] = ch->mean[at + (size_t)l];
        f[l] = ch->inv_std[at + (size_t)l];
        g[l] = ch->scale[at + (size_t)l];
        b[l] = ch->beta[at + (size_t)l];
    }
    for (int i = 0; i < rows; i++) {
        for (int l = 0; l < lanes; l++) {
            float from = x[(size_t)i * c + (size_t)l] - m[l];
            float d =
                rectified_back(kind, slope, from * g[l] + b[l], dy[(size_t)i * c + (size_t)l]);

            s[l] += d;
            t[l] += d * (from * f[l]);
        }
    }
    memcpy(sum_dy, s, sizeof s);
    memcpy(sum_dot, t, sizeof t);
}

ALWAYS_INLINE void dot_unit_as(enum lim_activation kind, float slope, int rows, int c,
                               const float *x, const float *dy, const struct channels *ch,
                               double *sum_dy, double *sum_dot)
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
                dot_block(kind, slope, n, (size_t)c, LANES, x + from, dy + from, ch, (size_t)at, s,
                          t);
            else
                dot_block(kind, slope, n, (size_t)c, lanes, x + from, dy + from, ch, (size_t)at, s,
                          t);
            for (int l = 0; l < lanes; l++) {
                sum_dy[at + l] += (double)s[l];
                sum_dot[at + l] += (double)t[l];
            }
        }
    }
}

/* sum dy [c] and sum dy xhat [c] of one unit. */
CPU_CLONES static void dot_unit(enum lim_activation kind, float slope, int rows, int c,
                                const float *x, const float *dy, const struct channels *ch,
                                double *sum_dy, double *sum_dot)
{
    if (kind == LIM_RELU)
        dot_unit_as(LIM_RELU, slope, rows, c, x, dy, ch, sum_dy, sum_dot);
    else if (kind == LIM_LEAKY_RELU)
        dot_unit_as(LIM_LEAKY_RELU, slope, rows, c, x, dy, ch, sum_dy, sum_dot);
    else
        dot_unit_as(LIM_NO_ACTIVATION, slope, rows, c, x, dy, ch, sum_dy, sum_dot);
}

/* dx may be dy. */
ALWAYS_INLINE void gradient_as(enum lim_activation kind, float slope, int rows, int c,
                               const float *x, const float *dy, const struct channels *ch,
                               float *dx)
{
    const float *mean = ch->mean, *inv_std = ch->inv_std, *beta = ch->beta;
    const float *scale = ch->scale, *mean_dy = ch->mean_dy, *mean_dot = ch->mean_dot;

    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)c;

#pragma omp simd
        for (int j = 0; j < c; j++) {
            float from = x[at + (size_t)j] - mean[j], xhat = from * inv_std[j];
            float d = rectified_back(kind, slope, from * scale[j] + beta[j], dy[at + (size_t)j]);

            dx[at + (size_t)j] = scale[j] * (d - mean_dy[j] - xhat * mean_dot[j]);
        }
    }
}

CPU_CLONES static void gradient(enum lim_activation kind, float slope, int rows, int c,
                                const float *x, const float *dy, const struct channels *ch,
                                float *dx)
{
    if (kind == LIM_RELU)
        gradient_as(LIM_RELU, slope, rows, c, x, dy, ch, dx);
    else if (kind == LIM_LEAKY_RELU)
        gradient_as(LIM_LEAKY_RELU, slope, rows, c, x, dy, ch, dx);
    else
        gradient_as(LIM_NO_ACTIVATION, slope, rows, c, x, dy, ch, dx);
}

void cpu_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor dy, struct lim_tensor gamma,
                                struct lim_tensor beta, struct lim_tensor mean,
                                struct lim_tensor inv_std, struct lim_tensor dgamma,
                                struct lim_tensor dbeta, struct lim_tensor dx)
{
    int rows = cpu_rows(x), c = x.c, step = unit_rows(c);
    int units = cpu_pieces((size_t)rows, (size_t)step), threads = cpu_of(be)->threads;
    size_t plane = (size_t)units * (size_t)c;
    const float *in = cpu_data(x), *dout = cpu_data(dy), *g = cpu_data(gamma);
    struct channels ch = {
        .mean = cpu_data(mean), .inv_std = cpu_data(inv_std), .beta = cpu_data(beta)};
    float *din = cpu_data(dx);
    double *sums = partials(be, units, c, 2, 3, &ch.scale);

    if (!sums)
        return;
    ch.mean_dy = ch.scale + c;
    ch.mean_dot = ch.mean_dy + c;
    for (int j = 0; j < c; j++)
        ch.scale[j] = g[j] * ch.inv_std[j];
    PARALLEL(threads, u, units) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;
        double *sum = sums + (size_t)u * (size_t)c;

        dot_unit(kind, slope, cpu_min(step, rows - u * step), c, in + at, dout + at, &ch, sum,
                 sum + plane);
    }
    for (int j = 0; j < c; j++) {
        double sum = 0.0, dot = 0.0;

        for (int u = 0; u < units; u++) {
            sum += sums[(size_t)u * (size_t)c + (size_t)j];
            dot += sums[plane + (size_t)u * (size_t)c + (size_t)j];
        }
        ch.mean_dy[j] = (float)(sum / (double)rows);
        ch.mean_dot[j] = (float)(dot / (double)rows);
        if (dgamma.buf) {
            cpu_data(dgamma)[j] += (float)dot;
            cpu_data(dbeta)[j] += (float)sum;
        }
    }
    PARALLEL(threads, u, units) {
        size_t at = (size_t)u * (size_t)step * (size_t)c;

        gradient(kind, slope, cpu_min(step, rows - u * step), c, in + at, dout + at, &ch, din + at);
    }
    be->launches++;
}

void cpu_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx)
{
    /* Without an activation beta has no effect: any c floats will do. */
    cpu_batchnorm_act_backward(be, LIM_NO_ACTIVATION, 0.0f, x, dy, gamma, gamma, mean, inv_std,
                               dgamma, dbeta, dx);
}
