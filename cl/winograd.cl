/* The three passes of a stride-2 convolution by Winograd, for CPUs: F(4x4, 2x2) for 4x4 and 3x3
 * kernels, F(4x4, 3x3) for 5x5 kernels, for which this file is compiled a second time (WINO_TAPS).
 * src/cpu/winograd.c has the mathematics and the bounds for 4x4, src/opencl/winograd.c the
 * differences for the other kernels. A group is one work-item.
 *
 * Rows and columns of each parity form a phase of their own: four, numbered 2 * row + column. Both
 * passes that write pictures do, for every point of the transform, a product of transformed input
 * and transformed weights over a block of tiles and a panel of outputs, and transform the sums back
 * while they are in the cache. Forward sums all phases in one set of products; the data gradient
 * writes each phase of dx from a set of its own. If there are many tiles, a work-item walks through
 * its blocks and transforms their input on the way (tiles); if there are many weights, it walks
 * through panels and transforms those (panels). */

#include "winograd_tiles.cl"

/* The group of input channels from `channel` on in one phase, for the panel of outputs from `first`
 * on: WINO_VECTOR rows of u. Weights are [r][r][c][k]. */
static inline void weights_group(const struct problem *pb, __global const float *w, int phase,
                                 int channel, int first, __global float *u, ulong point)
{
    ulong plane = (ulong)pb->c * (ulong)pb->k;
    int inputs = pb->backward ? pb->k : pb->c, outputs = pb->backward ? pb->c : pb->k;
    int down = taps_of(pb->r, phase / 2), across = taps_of(pb->r, phase & 1);

    for (int row = 0; row < WINO_VECTOR; row++, u += WINO_COLUMNS) {
        for (int side = 0; side < 2; side++) {
            int at = first + side * WINO_VECTOR, count = outputs - at;
            wino_v taps[WINO_TAPS * WINO_TAPS], t[WINO_TAPS * WINO_N], to[WINO_POINTS];

#pragma unroll
            for (int i = 0; i < WINO_TAPS * WINO_TAPS; i++) {
                int y = i / WINO_TAPS, x = i % WINO_TAPS;
                int r = phase / 2 + 2 * (pb->backward ? down - 1 - y : y);
                int s = (phase & 1) + 2 * (pb->backward ? across - 1 - x : x);

                taps[i] = (wino_v)(0.0f);
                if (channel + row < inputs && count > 0 && y < down && x < across) {
                    __global const float *from = w + (ulong)(r * pb->r + s) * plane;

                    if (pb->backward) {
                        float some[WINO_VECTOR];

                        for (int j = 0; j < WINO_VECTOR; j++)
                            some[j] =
                                j < count
                                    ? from[(ulong)(at + j) * (ulong)pb->k + (ulong)(channel + row)]
                                    : 0.0f;
                        taps[i] = wino_load(0, some);
                    } else {
                        taps[i] = wino_load_part(from + (ulong)(channel + row) * (ulong)pb->k + at,
                                                 count);
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < WINO_TAPS; j++)
                line_weights(taps + j, WINO_TAPS, t + j, WINO_TAPS);
#pragma unroll
            for (int i = 0; i < WINO_N; i++)
                line_weights(t + WINO_TAPS * i, 1, to + i * WINO_N, 1);
#pragma unroll
            for (int i = 0; i < WINO_POINTS; i++)
                wino_store(to[i], side, u + (ulong)i * point);
        }
    }
}

/* WINO_ROWS tiles by one panel, for one point: the phases whose bits are set, each of `groups`
 * groups of [WINO_ROWS][WINO_VECTOR] in v. */
static inline void product(__global const float *v, __global const float *u, int phases, int bits,
                           int groups, __local float *sums)
{
    wino_v left[WINO_ROWS], right[WINO_ROWS];

#pragma unroll
    for (int i = 0; i < WINO_ROWS; i++)
        left[i] = right[i] = (wino_v)(0.0f);
    for (int phase = 0; phase < phases; phase++) {
        int some = bits >> phase & 1 ? groups : 0;

        for (int g = 0; g < some; g++) {
            for (int l = 0; l < WINO_VECTOR; l++) {
                wino_v b0 = wino_load(0, u), b1 = wino_load(1, u);

#pragma unroll
                for (int i = 0; i < WINO_ROWS; i++) {
                    wino_v a = (wino_v)(v[i * WINO_VECTOR + l]);

                    left[i] = fma(a, b0, left[i]);
                    right[i] = fma(a, b1, right[i]);
                }
                u += WINO_COLUMNS;
            }
            v += WINO_ROWS * WINO_VECTOR;
        }
        u += (groups - some) * (WINO_VECTOR * WINO_COLUMNS);
        v += (groups - some) * (WINO_ROWS * WINO_VECTOR);
    }
#pragma unroll
    for (int i = 0; i < WINO_ROWS; i++) {
        wino_store(left[i], 2 * i, sums);
        wino_store(right[i], 2 * i + 1, sums);
    }
}

/* Transforms a vector of sums of one tile back into the picture. */
static inline void output_vector(const struct problem *pb, int tile, int phase,
                                 __local const float *sums, int channel, __global float *out)
{
    int line = tile / pb->across, n = line / pb->down;
    int ty = line - n * pb->down, tx = tile - line * pb->across;
    int h = pb->backward ? pb->h : pb->p, w = pb->backward ? pb->w : pb->q;
    int c = pb->backward ? pb->c : pb->k;
    struct axis ya = axis_of(pb->h, pb->p, pb->pad_top, pb->r, phase / 2, pb->backward);
    struct axis xa = axis_of(pb->w, pb->q, pb->pad_left, pb->r, phase & 1, pb->backward);
    wino_v s[WINO_POINTS], t[WINO_M * WINO_N], y[WINO_M * WINO_M];

#pragma unroll
    for (int i = 0; i < WINO_POINTS; i++)
        s[i] = wino_load(0, sums + i * WINO_BLOCK * WINO_COLUMNS);
#pragma unroll
    for (int j = 0; j < WINO_N; j++)
        line_output(s + j, WINO_N, t + j, WINO_N);
#pragma unroll
    for (int i = 0; i < WINO_M; i++)
        line_output(t + i * WINO_N, 1, y + i * WINO_M, 1);
    out += (ulong)n * (ulong)h * (ulong)w * (ulong)c + channel;
#pragma unroll 1
    for (int i = 0; i < WINO_M; i++) {
#pragma unroll 1
        for (int j = 0; j < WINO_M; j++) {
            int i0 = ty * WINO_M + i, j0 = tx * WINO_M + j;

            if (i0 < ya.count && j0 < xa.count)
                wino_store_part(y[i * WINO_M + j],
                                out + ((ulong)(ya.to + i0 * ya.to_step) * (ulong)w +
                                       (ulong)(xa.to + j0 * xa.to_step)) *
                                          (ulong)c,
                                c - channel);
        }
    }
}

/* Up to a block of tiles, by one panel: all points, then the transform back. `v` is the first
 * tile's input, its points v_point apart; `u` the panel; `groups` of a phase. Forward, `phase` is 0
 * and all phases are summed. */
static inline void multiply(const struct problem *pb, __global const float *v, ulong v_point,
                            ulong v_rows, __global const float *u, ulong u_point, int groups,
                            int tile, int tiles, int phase, int channel, __global float *out,
                            __local float *sums)
{
    int c = pb->backward ? pb->c : pb->k, phases = pb->backward ? 1 : WINO_PHASES;

    for (int p = 0; p < WINO_POINTS; p++) {
        int bits = 0;

        for (int i = 0; i < phases; i++)
            bits |= has_product(pb->r, phase + i, p) << i;
        for (int i = 0; i < tiles; i += WINO_ROWS)
            product(v + (ulong)p * v_point + (ulong)(i / WINO_ROWS) * v_rows,
                    u + (ulong)p * u_point, phases, bits, groups,
                    sums + (p * WINO_BLOCK + i) * WINO_COLUMNS);
    }
    for (int i = 0; i < tiles; i++)
        for (int side = 0; side < 2; side++)
            if (channel + side * WINO_VECTOR < c)
                output_vector(pb, tile + i, phase, sums + i * WINO_COLUMNS + side * WINO_VECTOR,
                              channel + side * WINO_VECTOR, out);
}

#define PROBLEM                                                                        \
    int n, int h, int w, int c, int k, int p, int q, int r, int pad_top, int pad_left, \
        int backward, int down, int across
#define TAKE_PROBLEM                                                                         \
    struct problem pb = {n, h, w, c, k, p, q, r, pad_top, pad_left, backward, down, across}; \
    int sets = backward ? WINO_PHASES : 1;                                                   \
    int groups = ((backward ? k : c) + WINO_VECTOR - 1) / WINO_VECTOR;                       \
    int depth = (backward ? 1 : WINO_PHASES) * groups; /* of a set */                        \
    int panels = ((backward ? c : k) + WINO_COLUMNS - 1) / WINO_COLUMNS;                     \
    int tiles = n * down * across;                                                           \
    /* One line more: points a power of two apart would compete for cache lines. */          \
    ulong u_point = ((ulong)depth * WINO_VECTOR + 1) * WINO_COLUMNS;                         \
    ulong v_rows = (ulong)depth * WINO_ROWS * WINO_VECTOR

/* u[set][panel][point][depth][column]: a work-item does one group of input channels in one phase,
 * for one panel. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_weights_all(
    PROBLEM, __global const float *weights, ulong w_at, __global float *u, ulong u_at)
{
    TAKE_PROBLEM;
    int item = (int)get_global_id(0), panel = (int)get_global_id(1);
    int phase = item / groups, g = item - phase * groups;
    ulong row = (ulong)(backward ? g : item) * WINO_VECTOR * WINO_COLUMNS;
    int set = backward ? phase : 0;

    weights_group(&pb, weights + w_at, phase, g * WINO_VECTOR, panel * WINO_COLUMNS,
                  u + u_at + ((ulong)set * panels + panel) * (WINO_POINTS * u_point) + row,
                  u_point);
    (void)tiles;
    (void)sets;
    (void)v_rows;
}

/* Blocks of tiles from this work-item's own on, `items` apart; v is its own memory for one block.
 */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_tiles(
    PROBLEM, __global const float *in, ulong in_at, __global const float *u, ulong u_at,
    __global float *v, ulong v_at, __global float *out, ulong out_at, __local float *sums)
{
    TAKE_PROBLEM;
    int items = (int)get_global_size(0);
    ulong v_point = (ulong)(WINO_BLOCK / WINO_ROWS) * v_rows + WINO_VECTOR;

    v += v_at + (ulong)get_global_id(0) * (WINO_POINTS * v_point);
    for (int first = (int)get_global_id(0) * WINO_BLOCK; first < tiles;
         first += items * WINO_BLOCK) {
        int some = min(WINO_BLOCK, tiles - first);

        for (int set = 0; set < sets; set++) {
            for (int i = 0; i < some; i++)
                input_tile(&pb, in + in_at, backward ? set : 0, backward ? set + 1 : WINO_PHASES,
                           first + i,
                           v + (ulong)(i / WINO_ROWS) * v_rows + (i % WINO_ROWS) * WINO_VECTOR,
                           WINO_ROWS * WINO_VECTOR, v_point);
            for (int panel = 0; panel < panels; panel++)
                multiply(&pb, v, v_point, v_rows,
                         u + u_at + ((ulong)set * panels + panel) * (WINO_POINTS * u_point),
                         u_point, groups, first, some, set, panel * WINO_COLUMNS, out + out_at,
                         sums);
        }
    }
}

/* v[set][point][tile / rows][group][tile % rows]: a work-item does one tile. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_input_all(
    PROBLEM, __global const float *in, ulong in_at, __global float *v, ulong v_at)
{
    TAKE_PROBLEM;
    int tile = (int)get_global_id(0);
    ulong v_point = (ulong)((tiles + WINO_ROWS - 1) / WINO_ROWS) * v_rows + WINO_VECTOR;

    v += v_at + (ulong)(tile / WINO_ROWS) * v_rows + (tile % WINO_ROWS) * WINO_VECTOR;
    for (int set = 0; set < sets; set++)
        input_tile(&pb, in + in_at, backward ? set : 0, backward ? set + 1 : WINO_PHASES, tile,
                   v + (ulong)set * (WINO_POINTS * v_point), WINO_ROWS * WINO_VECTOR, v_point);
    (void)panels;
    (void)u_point;
}

/* Panels from this work-item's own on, `items` apart; u is its own memory for one. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_panels(
    PROBLEM, __global const float *weights, ulong w_at, __global const float *v, ulong v_at,
    __global float *u, ulong u_at, __global float *out, ulong out_at, __local float *sums)
{
    TAKE_PROBLEM;
    int items = (int)get_global_size(0);
    ulong v_point = (ulong)((tiles + WINO_ROWS - 1) / WINO_ROWS) * v_rows + WINO_VECTOR;

    u += u_at + (ulong)get_global_id(0) * (WINO_POINTS * u_point);
    for (int job = (int)get_global_id(0); job < panels * sets; job += items) {
        int panel = job / sets, set = job - panel * sets;

        for (int i = 0; i < depth; i++)
            weights_group(&pb, weights + w_at, backward ? set : i / groups,
                          i % groups * WINO_VECTOR, panel * WINO_COLUMNS,
                          u + (ulong)i * (WINO_VECTOR * WINO_COLUMNS), u_point);
        for (int first = 0; first < tiles; first += WINO_BLOCK)
            multiply(&pb,
                     v + v_at + (ulong)set * (WINO_POINTS * v_point) +
                         (ulong)(first / WINO_ROWS) * v_rows,
                     v_point, v_rows, u, u_point, groups, first, min(WINO_BLOCK, tiles - first),
                     set, panel * WINO_COLUMNS, out + out_at, sums);
    }
}

/* A: m x m pixels of dy, some of which may lie outside, to points. */
static inline void gradient_vector(const struct problem *pb, __global const float *dy, int tile,
                                   int channel, __global float *to, ulong point)
{
    int line = tile / pb->across, n = line / pb->down;
    int ty = (line - n * pb->down) * WINO_M, tx = (tile - line * pb->across) * WINO_M;
    wino_v y[WINO_M * WINO_M], t[WINO_M * WINO_N], s[WINO_POINTS];

    dy += (ulong)n * (ulong)pb->p * (ulong)pb->q * (ulong)pb->k + channel;
#pragma unroll 1
    for (int i = 0; i < WINO_M; i++) {
#pragma unroll 1
        for (int j = 0; j < WINO_M; j++) {
            y[i * WINO_M + j] = (wino_v)(0.0f);
            if (ty + i < pb->p && tx + j < pb->q && channel < pb->k)
                y[i * WINO_M + j] = wino_load_part(
                    dy + ((ulong)(ty + i) * (ulong)pb->q + (ulong)(tx + j)) * (ulong)pb->k,
                    pb->k - channel);
        }
    }
#pragma unroll
    for (int j = 0; j < WINO_M; j++)
        line_gradient(y + j, WINO_M, t + j, WINO_M);
#pragma unroll
    for (int i = 0; i < WINO_N; i++)
        line_gradient(t + i * WINO_M, 1, s + i * WINO_N, 1);
#pragma unroll
    for (int i = 0; i < WINO_POINTS; i++)
        wino_store(s[i], 0, to + (ulong)i * point);
}

/* For the weight gradient: both pictures, a work-item for each tile. v[point][group][tile],
 * y[panel][point][tile]. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_pairs(
    PROBLEM, __global const float *x, ulong x_at, __global const float *dy, ulong dy_at,
    __global float *v, ulong v_at, __global float *y, ulong y_at)
{
    struct problem pb = {n, h, w, c, k, p, q, r, pad_top, pad_left, backward, down, across};
    int tile = (int)get_global_id(0), count = n * down * across;
    int groups = (c + WINO_VECTOR - 1) / WINO_VECTOR;
    ulong group = (ulong)count * WINO_VECTOR;
    ulong v_point = WINO_PHASES * (ulong)groups * group + WINO_VECTOR;
    ulong y_point = ((ulong)count + 1) * WINO_COLUMNS;

    input_tile(&pb, x + x_at, 0, WINO_PHASES, tile, v + v_at + (ulong)tile * WINO_VECTOR, group,
               v_point);
    y += y_at + (ulong)tile * WINO_COLUMNS;
    for (int channel = 0; channel < k; channel += WINO_COLUMNS, y += WINO_POINTS * y_point)
        for (int side = 0; side < 2; side++)
            gradient_vector(&pb, dy + dy_at, tile, channel + side * WINO_VECTOR,
                            y + side * WINO_VECTOR, y_point);
}

/* WINO_ROWS channels of x by a panel of dy: sums over tiles. */
static inline void product_across(__global const float *v, __global const float *y, int tiles,
                                  __local float *sums)
{
    wino_v left[WINO_ROWS], right[WINO_ROWS];

#pragma unroll
    for (int i = 0; i < WINO_ROWS; i++)
        left[i] = right[i] = (wino_v)(0.0f);
    for (int t = 0; t < tiles; t++) {
        wino_v b0 = wino_load(0, y), b1 = wino_load(1, y);

#pragma unroll
        for (int i = 0; i < WINO_ROWS; i++) {
            wino_v a = (wino_v)(v[i]);

            left[i] = fma(a, b0, left[i]);
            right[i] = fma(a, b1, right[i]);
        }
        v += WINO_VECTOR;
        y += WINO_COLUMNS;
    }
#pragma unroll
    for (int i = 0; i < WINO_ROWS; i++) {
        wino_store(left[i], 2 * i, sums);
        wino_store(right[i], 2 * i + 1, sums);
    }
}

/* G': the sums of one channel of x and a vector of outputs, to the phase's elements of
 * dw[r][r][c][k]. A point without a product has undefined sums; they only reach a tap that does not
 * exist. */
static inline void taps_vector(__local const float *sums, int r, int phase, int c, int k,
                               int channel, int column, __global float *dw)
{
    wino_v s[WINO_POINTS], t[WINO_TAPS * WINO_N], to[WINO_TAPS * WINO_TAPS];

#pragma unroll
    for (int i = 0; i < WINO_POINTS; i++)
        s[i] = wino_load(0, sums + i * WINO_VECTOR * WINO_COLUMNS);
#pragma unroll
    for (int j = 0; j < WINO_N; j++)
        line_taps(s + j, WINO_N, t + j, WINO_N);
#pragma unroll
    for (int i = 0; i < WINO_TAPS; i++)
        line_taps(t + i * WINO_N, 1, to + WINO_TAPS * i, 1);
#pragma unroll 1
    for (int i = 0; i < WINO_TAPS * WINO_TAPS; i++) {
        int y = phase / 2 + i / WINO_TAPS * 2, x = (phase & 1) + i % WINO_TAPS * 2;

        if (y < r && x < r) {
            __global float *at =
                dw + ((ulong)(y * r + x) * (ulong)c + (ulong)channel) * (ulong)k + column;

            wino_store_part(wino_load_part(at, k - column) + to[i], at, k - column);
        }
    }
}

/* dw += : a work-item does GROUPS groups of input channels, all phases one after the other, by one
 * panel of outputs; sums holds [point][WINO_VECTOR][WINO_COLUMNS]. */
#define GROUPS 4

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wino_taps_all(
    int c, int k, int r, int count, __global const float *v, ulong v_at, __global const float *y,
    ulong y_at, __global float *dw, ulong dw_at, __local float *sums)
{
    int panel = (int)get_global_id(0), groups = (c + WINO_VECTOR - 1) / WINO_VECTOR;
    int first = (int)get_global_id(1) * GROUPS;
    int last = min(first + GROUPS, WINO_PHASES * groups);
    ulong group = (ulong)count * WINO_VECTOR;
    ulong v_point = WINO_PHASES * (ulong)groups * group + WINO_VECTOR;
    ulong y_point = ((ulong)count + 1) * WINO_COLUMNS;

    v += v_at;
    y += y_at + (ulong)panel * (WINO_POINTS * y_point);
    dw += dw_at;
    for (int g = first; g < last; g++) {
        int phase = g / groups, channel = (g - phase * groups) * WINO_VECTOR;

        for (int point = 0; point < WINO_POINTS; point++) {
            int rows = has_product(r, phase, point) ? WINO_VECTOR : 0;
            __global const float *a = v + (ulong)point * v_point + (ulong)g * group;
            __global const float *b = y + (ulong)point * y_point;

            for (int row = 0; row < rows; row += WINO_ROWS)
                product_across(a + row, b, count,
                               sums + (point * WINO_VECTOR + row) * WINO_COLUMNS);
        }
        for (int row = 0; row < WINO_VECTOR && channel + row < c; row++)
            for (int side = 0; side < 2; side++) {
                int column = panel * WINO_COLUMNS + side * WINO_VECTOR;

                if (column < k)
                    taps_vector(sums + row * WINO_COLUMNS + side * WINO_VECTOR, r, phase, c, k,
                                channel + row, column, dw);
            }
    }
}
