/* Sums over the rows of x[rows][c], and batch normalization. Sums have two stages: a work-item adds
 * up a block of rows for one vector of channels, another adds up the blocks. The blocks depend on
 * the shape alone, so the order of additions, and thus every bit, is the same for all group sizes.
 * No stage shares memory, so none needs a barrier. */

#include "activations.cl"

/* The rows of a block. */
#define FIRST_ROW(block) ((ulong)(block) * (ulong)block_rows)
#define LAST_ROW(block) min(rows, FIRST_ROW(block) + (ulong)block_rows)

/* sums[block][c] = the sum over the block of dx = dy f'(y), which is written (dx may be dy);
 * without an activation, of dy alone. Work-items: vectors of channels, blocks. */
__kernel void bias_blocks(int kind, float slope, __global const float *y, ulong y_at,
                          __global const float *dy, ulong dy_at, ulong rows, int c, int block_rows,
                          __global float *dx, ulong dx_at, __global float *sums, ulong sums_at)
{
    ulong block = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (FIRST_ROW(block) < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        ulong last = LAST_ROW(block);
        real_v sum = (real_v)(0.0f);

        for (ulong row = FIRST_ROW(block); row < last; row++) {
            ulong at = row * (ulong)c + c0;
            real_v d = load_part(dy + dy_at + at, n);

            if (kind != NO_ACTIVATION) {
                d = activated_back(kind, slope, load_part(y + y_at + at, n), d);
                store_part(d, dx + dx_at + at, n);
            }
            sum += d;
        }
        store_part(sum, sums + sums_at + block * (ulong)c + c0, n);
    }
}

/* dbias[c] += the sum of the blocks. Work-items: vectors of channels. */
__kernel void bias_sum(__global const float *sums, ulong sums_at, int blocks, int c,
                       __global float *dbias, ulong dbias_at)
{
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (c0 < c) {
        ulong n = (ulong)(c - c0);
        real_v sum = (real_v)(0.0f);
        __global float *to = dbias + dbias_at + c0;

        for (int block = 0; block < blocks; block++)
            sum += load_part(sums + sums_at + (ulong)block * (ulong)c + c0, n);
        store_part(load_part(to, n) + sum, to, n);
    }
}

/* For each block: its mean, and the sum of squared differences from it. The second pass over the
 * block keeps the variance exact if the mean is large; its rows are in the cache.
 * parts[block][2][c]. Work-items: vectors of channels, blocks. */
__kernel void batchnorm_blocks(__global const float *x, ulong x_at, ulong rows, int c,
                               int block_rows, __global float *parts, ulong parts_at)
{
    ulong block = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (FIRST_ROW(block) < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        ulong first = FIRST_ROW(block), last = LAST_ROW(block);
        float count = (float)(last - first);
        real_v pivot = load_part(x + x_at + first * (ulong)c + c0, n);
        real_v sum = (real_v)(0.0f), squares = (real_v)(0.0f), left = (real_v)(0.0f);
        real_v mean;
        __global float *to = parts + parts_at + 2 * block * (ulong)c + c0;

        for (ulong row = first; row < last; row++)
            sum += load_part(x + x_at + row * (ulong)c + c0, n) - pivot;
        mean = pivot + sum / count;
        for (ulong row = first; row < last; row++) {
            real_v d = load_part(x + x_at + row * (ulong)c + c0, n) - mean;

            left += d;
            squares += d * d;
        }
        store_part(mean, to, n);
        store_part(squares - left * left / count, to + c, n);
    }
}

/* Merges the blocks (Chan, Golub and LeVeque 1979): batch mean and 1/sqrt(variance + eps), and the
 * running statistics. Work-items: vectors of channels. */
__kernel void batchnorm_merge(__global const float *parts, ulong parts_at, ulong rows, int c,
                              int block_rows, int blocks, float eps, float momentum,
                              __global float *running_mean, ulong running_mean_at,
                              __global float *running_var, ulong running_var_at,
                              __global float *mean, ulong mean_at, __global float *inv_std,
                              ulong inv_std_at)
{
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (c0 < c) {
        ulong n = (ulong)(c - c0);
        __global const float *from = parts + parts_at + c0;
        real_v center = load_part(from, n), squares = load_part(from + c, n), var;
        __global float *old_mean = running_mean + running_mean_at + c0;
        __global float *old_var = running_var + running_var_at + c0;

        for (int block = 1; block < blocks; block++) {
            ulong before = FIRST_ROW(block), after = LAST_ROW(block);
            float share = (float)(after - before) / (float)after;
            real_v d;

            from += 2 * (ulong)c;
            d = load_part(from, n) - center;
            center += d * share;
            squares += load_part(from + c, n) + d * d * ((float)before * share);
        }
        var = squares / (float)rows;
        store_part(center, mean + mean_at + c0, n);
        store_part(1.0f / sqrt(var + eps), inv_std + inv_std_at + c0, n);
        store_part((1.0f - momentum) * load_part(old_mean, n) + momentum * center, old_mean, n);
        store_part((1.0f - momentum) * load_part(old_var, n) +
                       momentum * (squares / (float)(rows - 1)),
                   old_var, n);
    }
}

/* y = f(gamma (x - mean) spread + beta), where spread is 1/sqrt(var + eps), given directly (eps <
 * 0) or as var. Work-items: vectors of channels, blocks of rows. */
__kernel void batchnorm_apply(int kind, float slope, __global const float *x, ulong x_at,
                              ulong rows, int c, int block_rows, __global const float *gamma,
                              ulong gamma_at, __global const float *beta, ulong beta_at,
                              __global const float *mean, ulong mean_at,
                              __global const float *spread, ulong spread_at, float eps,
                              __global float *y, ulong y_at)
{
    ulong block = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (FIRST_ROW(block) < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        ulong last = LAST_ROW(block);
        real_v scale = load_part(spread + spread_at + c0, n);
        real_v center = load_part(mean + mean_at + c0, n);
        real_v shift = load_part(beta + beta_at + c0, n);

        if (eps >= 0.0f)
            scale = 1.0f / sqrt(scale + eps);
        scale *= load_part(gamma + gamma_at + c0, n);
        for (ulong row = FIRST_ROW(block); row < last; row++) {
            ulong at = row * (ulong)c + c0;

            real_v v = (load_part(x + x_at + at, n) - center) * scale + shift;

            store_part(rectified(kind, slope, v), y + y_at + at, n);
        }
    }
}

/* parts[block][2][c] = sums over the block of d and of d xhat, where d is dy before the activation.
 * The sign of the activation's input is recomputed exactly as in batchnorm_apply. Work-items:
 * vectors of channels, blocks. */
__kernel void batchnorm_backward_blocks(int kind, float slope, __global const float *x, ulong x_at,
                                        __global const float *dy, ulong dy_at, ulong rows, int c,
                                        int block_rows, __global const float *gamma, ulong gamma_at,
                                        __global const float *beta, ulong beta_at,
                                        __global const float *mean, ulong mean_at,
                                        __global const float *inv_std, ulong inv_std_at,
                                        __global float *parts, ulong parts_at)
{
    ulong block = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (FIRST_ROW(block) < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        ulong last = LAST_ROW(block);
        real_v center = load_part(mean + mean_at + c0, n);
        real_v spread = load_part(inv_std + inv_std_at + c0, n);
        real_v scale = spread * load_part(gamma + gamma_at + c0, n);
        real_v shift = load_part(beta + beta_at + c0, n);
        real_v sum = (real_v)(0.0f), sum_xhat = (real_v)(0.0f);
        __global float *to = parts + parts_at + 2 * block * (ulong)c + c0;

        for (ulong row = FIRST_ROW(block); row < last; row++) {
            ulong at = row * (ulong)c + c0;
            real_v from = load_part(x + x_at + at, n) - center;
            real_v d = load_part(dy + dy_at + at, n);

            d = rectified_back(kind, slope, from * scale + shift, d);
            sum += d;
            sum_xhat += d * (from * spread);
        }
        store_part(sum, to, n);
        store_part(sum_xhat, to + c, n);
    }
}

/* Adds the blocks into totals[2][c] and, if `accumulate`, into dbeta and dgamma. Work-items:
 * vectors of channels. */
__kernel void batchnorm_backward_sum(__global const float *parts, ulong parts_at, int blocks, int c,
                                     __global float *totals, ulong totals_at, int accumulate,
                                     __global float *dgamma, ulong dgamma_at, __global float *dbeta,
                                     ulong dbeta_at)
{
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (c0 < c) {
        ulong n = (ulong)(c - c0);
        real_v sum = (real_v)(0.0f), sum_xhat = (real_v)(0.0f);
        __global const float *from = parts + parts_at + c0;
        __global float *to = totals + totals_at + c0;

        for (int block = 0; block < blocks; block++) {
            sum += load_part(from, n);
            sum_xhat += load_part(from + c, n);
            from += 2 * (ulong)c;
        }
        store_part(sum, to, n);
        store_part(sum_xhat, to + c, n);
        if (accumulate) {
            __global float *b = dbeta + dbeta_at + c0;
            __global float *g = dgamma + dgamma_at + c0;

            store_part(load_part(b, n) + sum, b, n);
            store_part(load_part(g, n) + sum_xhat, g, n);
        }
    }
}

/* dx = gamma inv_std (d - totals[0]/rows - xhat totals[1]/rows), d as above; dx may be dy.
 * Work-items: vectors of channels, blocks of rows. */
__kernel void batchnorm_backward_apply(int kind, float slope, __global const float *x, ulong x_at,
                                       __global const float *dy, ulong dy_at, ulong rows, int c,
                                       int block_rows, __global const float *gamma, ulong gamma_at,
                                       __global const float *beta, ulong beta_at,
                                       __global const float *mean, ulong mean_at,
                                       __global const float *inv_std, ulong inv_std_at,
                                       __global const float *totals, ulong totals_at,
                                       __global float *dx, ulong dx_at)
{
    ulong block = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (FIRST_ROW(block) < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        ulong last = LAST_ROW(block);
        real_v center = load_part(mean + mean_at + c0, n);
        real_v spread = load_part(inv_std + inv_std_at + c0, n);
        real_v scale = spread * load_part(gamma + gamma_at + c0, n);
        real_v shift = load_part(beta + beta_at + c0, n);
        real_v mean_dy = load_part(totals + totals_at + c0, n) / (float)rows;
        real_v mean_dy_xhat = load_part(totals + totals_at + c + c0, n) / (float)rows;

        for (ulong row = FIRST_ROW(block); row < last; row++) {
            ulong at = row * (ulong)c + c0;
            real_v from = load_part(x + x_at + at, n) - center;
            real_v d = load_part(dy + dy_at + at, n);

            d = rectified_back(kind, slope, from * scale + shift, d);
            store_part(scale * (d - mean_dy - from * spread * mean_dy_xhat), dx + dx_at + at, n);
        }
    }
}
