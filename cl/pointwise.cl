/* One result per element: activations, bias, the loss on logits, Adam, fill, copy, axpby,
 * products and norms, multiply-adds. A work-item does one vector of them. */

#include "activations.cl"
#include "losses.cl"

/* Logits that one work-item sums up: fixed, so that the order of additions is fixed, too. */
#ifndef LOSS_BLOCK
#define LOSS_BLOCK 64
#endif

/* y = f(x), elementwise; y may be x. Propagates NaN. */
__kernel void activation_forward(int kind, float slope, __global const float *x, ulong x_at,
                                 __global float *y, ulong y_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;

        store_part(activated(kind, slope, load_part(x + x_at + i, n)), y + y_at + i, n);
    }
}

/* dx = dy f'(x), with f' from y = f(x), or from x, as the kind requires; dx may be dy. */
__kernel void activation_backward(int kind, float slope, __global const float *from, ulong from_at,
                                  __global const float *dy, ulong dy_at, __global float *dx,
                                  ulong dx_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;
        real_v v = load_part(from + from_at + i, n);

        store_part(activated_back(kind, slope, v, load_part(dy + dy_at + i, n)), dx + dx_at + i, n);
    }
}

/* y[rows][c] = f(y + bias[c]). Work-items: vectors of channels, rows. */
__kernel void bias_forward(int kind, float slope, __global const float *bias, ulong bias_at,
                           __global float *y, ulong y_at, ulong rows, int c)
{
    ulong row = get_global_id(1);
    int c0 = (int)get_global_id(0) * LIM_VECTOR;

    if (row < rows && c0 < c) {
        ulong n = (ulong)(c - c0);
        __global float *to = y + y_at + row * (ulong)c + c0;
        real_v sum = load_part(to, n) + load_part(bias + bias_at + c0, n);

        store_part(activated(kind, slope, sum), to, n);
    }
}

/* dlogits = f'(l) / count; sums[block][2] = sums over LOSS_BLOCK elements of the loss f(l) and of
 * how real they look. */
__kernel void loss_blocks(int kind, float target, __global const float *logits, ulong logits_at,
                          __global float *dlogits, ulong dlogits_at, __global float *sums,
                          ulong sums_at, ulong count)
{
    ulong block = get_global_id(0);
    ulong first = block * LOSS_BLOCK;

    if (first < count) {
        ulong last = min(first + LOSS_BLOCK, count);
        float losses = 0.0f, scores = 0.0f;

        for (ulong i = first; i < last; i++) {
            float slope, score;

            losses += loss_of(kind, target, logits[logits_at + i], &slope, &score);
            scores += score;
            dlogits[dlogits_at + i] = slope / (float)count;
        }
        sums[sums_at + 2 * block] = losses;
        sums[sums_at + 2 * block + 1] = scores;
    }
}

/* stats[2] = the two means. Work-items: 2. */
__kernel void loss_means(__global const float *sums, ulong sums_at, ulong blocks, ulong count,
                         __global float *stats, ulong stats_at)
{
    ulong which = get_global_id(0);

    if (which < 2) {
        float sum = 0.0f;

        for (ulong b = 0; b < blocks; b++)
            sum += sums[sums_at + 2 * b + which];
        stats[stats_at + which] = sum / (float)count;
    }
}

/* One step of Adam; correct1 = 1/(1 - beta1^t), rest1 = 1 - beta1, and likewise for beta2. */
__kernel void adam(float lr, float beta1, float rest1, float beta2, float rest2, float eps,
                   float correct1, float correct2, __global const float *g, ulong g_at,
                   __global float *m, ulong m_at, __global float *v, ulong v_at, __global float *p,
                   ulong p_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;
        real_v grad = load_part(g + g_at + i, n);
        real_v first = beta1 * load_part(m + m_at + i, n) + rest1 * grad;
        real_v second = beta2 * load_part(v + v_at + i, n) + rest2 * (grad * grad);
        real_v change = lr * (first * correct1) / (sqrt(second * correct2) + eps);

        store_part(first, m + m_at + i, n);
        store_part(second, v + v_at + i, n);
        store_part(load_part(p + p_at + i, n) - change, p + p_at + i, n);
    }
}

__kernel void fill(float value, __global float *y, ulong y_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count)
        store_part((real_v)(value), y + y_at + i, count - i);
}

__kernel void copy(__global const float *x, ulong x_at, __global float *y, ulong y_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count)
        store_part(load_part(x + x_at + i, count - i), y + y_at + i, count - i);
}

/* y = a x + b y */
__kernel void axpby(float a, __global const float *x, ulong x_at, float b, __global float *y,
                    ulong y_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;
        __global float *to = y + y_at + i;

        store_part(a * load_part(x + x_at + i, n) + b * load_part(to, n), to, n);
    }
}

/* sums[b] = the sum of a b over `block` elements from b * block on. Work-items: blocks. */
__kernel void dot_blocks(__global const float *a, ulong a_at, __global const float *b, ulong b_at,
                         __global float *sums, ulong sums_at, ulong block, ulong count)
{
    ulong first = get_global_id(0) * block;

    if (first < count) {
        ulong last = min(first + block, count);
        float sum = 0.0f;

        for (ulong i = first; i < last; i++)
            sum += a[a_at + i] * b[b_at + i];
        sums[sums_at + get_global_id(0)] = sum;
    }
}

/* s[0] = their sum, or its root, at least 1e-12; a NaN stays one. Work-items: 1. */
__kernel void dot_sum(__global const float *sums, ulong sums_at, ulong blocks, int root,
                      __global float *s, ulong s_at)
{
    if (get_global_id(0) == 0) {
        float sum = 0.0f;

        for (ulong i = 0; i < blocks; i++)
            sum += sums[sums_at + i];
        if (root)
            sum = sum < 1e-24f ? 1e-12f : sqrt(sum);
        s[s_at] = sum;
    }
}

/* y = alpha s[0] x + beta y, or alpha / s[0] x + beta y; beta = 0 never reads y. */
__kernel void scale(float alpha, __global const float *s, ulong s_at, int divide,
                    __global const float *x, ulong x_at, float beta, __global float *y, ulong y_at,
                    ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;
        float factor = divide ? alpha / s[s_at] : alpha * s[s_at];
        real_v sum = factor * load_part(x + x_at + i, n);
        __global float *to = y + y_at + i;

        if (beta != 0.0f)
            sum += beta * load_part(to, n);
        store_part(sum, to, n);
    }
}

#ifndef CHAINS
#define CHAINS 8
#endif

/* y = y / 2 + 1, repeated: CHAINS vectors of a work-item, enough to fill eight registers, whose
 * chains do not wait for each other. The product is exact: the numbers are the same with or without
 * fma. */
__kernel void multiply_add(int rounds, __global float *y, ulong y_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * CHAINS * LIM_VECTOR;

    if (i < count) {
        __global float *to = y + y_at + i;
        ulong n = count - i;
        real_v v[CHAINS];

#pragma unroll
        for (uint k = 0; k < CHAINS; k++) {
            v[k] = (real_v)(0.0f);
            if (k * LIM_VECTOR < n)
                v[k] = load_part(to + k * LIM_VECTOR, n - k * LIM_VECTOR);
        }
        for (int round = 0; round < rounds; round++) {
#pragma unroll
            for (uint k = 0; k < CHAINS; k++)
                v[k] = fma(v[k], (real_v)(0.5f), (real_v)(1.0f));
        }
#pragma unroll
        for (uint k = 0; k < CHAINS; k++)
            if (k * LIM_VECTOR < n)
                store_part(v[k], to + k * LIM_VECTOR, n - k * LIM_VECTOR);
    }
}
