/* What the kernels of winograd.cl share: sizes, how pictures are cut into tiles, and a tile's
 * transformed input. */

#ifndef WINO_VECTOR
#define WINO_VECTOR 4 /* floats in the device's registers: channels of a group */
#endif
#ifndef WINO_ROWS
#define WINO_ROWS 4 /* tiles of a register tile of products */
#endif
#ifndef WINO_BLOCK
#define WINO_BLOCK 64 /* tiles of a block, a multiple of WINO_ROWS */
#endif
#ifndef WINO_TAPS
#define WINO_TAPS 2 /* most taps of a phase along an axis; 3: kernel 5 */
#endif
#define WINO_COLUMNS (2 * WINO_VECTOR) /* outputs of a panel */
#define WINO_M 4
#define WINO_N (WINO_M + WINO_TAPS - 1)
#define WINO_INFINITY 4 /* the point that only the last tap contributes to */
#define WINO_POINTS (WINO_N * WINO_N)
#define WINO_PHASES 4

#define wino_v LIM_JOIN(float, WINO_VECTOR)
#define wino_load(i, p) LIM_JOIN(vload, WINO_VECTOR)(i, p)
#define wino_store(v, i, p) LIM_JOIN(vstore, WINO_VECTOR)(v, i, p)
#define WINO_INLINE static inline

#include "winograd_lines.cl"
#include "winograd_three.cl"

#if WINO_TAPS == 3
#define line_input(d, from, o, to) wino_input_six(d, from, o, to)
#define line_weights(w, from, o, to) wino_weights_three(w, from, o, to)
#define line_output(s, from, o, to) wino_output_six(s, from, o, to)
#define line_gradient(y, from, o, to) wino_gradient_six(y, from, o, to)
#define line_taps(s, from, o, to) wino_taps_three(s, from, o, to)
#else
#define line_input(d, from, o, to) wino_input(WINO_M, d, from, o, to)
#define line_weights(w, from, o, to) wino_weights(WINO_M, w, from, o, to)
#define line_output(s, from, o, to) wino_output(WINO_M, s, from, o, to)
#define line_gradient(y, from, o, to) wino_gradient(WINO_M, y, from, o, to)
#define line_taps(s, from, o, to) wino_taps(WINO_M, s, from, o, to)
#endif

/* Pictures, and the places of tiles in them along one axis: element e of tile t in phase a is the
 * row start + t * tile + e * step of the input; result i the row to + (t * 4 + i) * to_step of the
 * output, which exists if t * 4 + i < count. */
struct axis {
    int start, tile, step, to, to_step, count;
};

struct problem {
    int n, h, w, c, k, p, q, r, pad_top, pad_left, backward;
    int down, across; /* tiles */
};

/* Of r x r elements, the number along an axis in phase 0 or 1. */
static inline int taps_of(int r, int phase)
{
    return (r - phase + 1) / 2;
}

/* Does the phase have a product at the point? If the last tap is missing, infinity sees only
 * zeros. */
static inline int has_product(int r, int phase, int point)
{
    return (point / WINO_N != WINO_INFINITY || taps_of(r, phase / 2) == WINO_TAPS) &&
           (point % WINO_N != WINO_INFINITY || taps_of(r, phase & 1) == WINO_TAPS);
}

static inline struct axis axis_of(int size, int outputs, int pad, int r, int phase, int backward)
{
    struct axis to;

    if (backward) {
        int first = (pad - phase + 1) / 2; /* the first of the phase inside dx */

        to.start = first - taps_of(r, phase) + 1;
        to.tile = WINO_M;
        to.step = 1;
        to.to = 2 * first + phase - pad;
        to.to_step = 2;
        to.count = (size - to.to + 1) / 2;
    } else {
        to.start = phase - pad;
        to.tile = 2 * WINO_M;
        to.step = 2;
        to.to = 0;
        to.to_step = 1;
        to.count = outputs;
    }
    return to;
}

static inline wino_v wino_load_part(__global const float *p, int n)
{
    float some[WINO_VECTOR];

    if (n >= WINO_VECTOR)
        return wino_load(0, p);
    for (int i = 0; i < WINO_VECTOR; i++)
        some[i] = i < n ? p[i] : 0.0f;
    return wino_load(0, some);
}

static inline void wino_store_part(wino_v v, __global float *p, int n)
{
    float some[WINO_VECTOR];

    if (n >= WINO_VECTOR) {
        wino_store(v, 0, p);
    } else {
        wino_store(v, 0, some);
        for (int i = 0; i < n; i++)
            p[i] = some[i];
    }
}

/* One group of channels of one tile in one phase. */
static inline void input_group(__global const float *in, int h, int w, int c, int y, int x,
                               int step, int channel, __global float *v, ulong point)
{
    wino_v d[WINO_POINTS], t[WINO_POINTS];

    /* A loop, not unrolled: compilers would spend seconds on so many copies, and the loads wait for
     * memory. */
#pragma unroll 1
    for (int i = 0; i < WINO_N; i++) {
#pragma unroll 1
        for (int j = 0; j < WINO_N; j++) {
            int yy = y + i * step, xx = x + j * step;

            d[i * WINO_N + j] = (wino_v)(0.0f);
            if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                d[i * WINO_N + j] = wino_load_part(
                    in + ((ulong)yy * (ulong)w + (ulong)xx) * (ulong)c + channel, c - channel);
        }
    }
#pragma unroll
    for (int j = 0; j < WINO_N; j++)
        line_input(d + j, WINO_N, t + j, WINO_N);
#pragma unroll
    for (int i = 0; i < WINO_N; i++)
        line_input(t + i * WINO_N, 1, d + i * WINO_N, 1);
#pragma unroll
    for (int i = 0; i < WINO_POINTS; i++)
        wino_store(d[i], 0, v + (ulong)i * point);
}

/* All groups of phases first..last-1 of one tile: to v, one group every `group` floats. */
static inline void input_tile(const struct problem *pb, __global const float *in, int first,
                              int last, int tile, __global float *v, ulong group, ulong point)
{
    int line = tile / pb->across, n = line / pb->down;
    int ty = line - n * pb->down, tx = tile - line * pb->across;
    int h = pb->backward ? pb->p : pb->h, w = pb->backward ? pb->q : pb->w;
    int c = pb->backward ? pb->k : pb->c;

    in += (ulong)n * (ulong)h * (ulong)w * (ulong)c;
    for (int phase = first; phase < last; phase++) {
        struct axis ya = axis_of(pb->h, pb->p, pb->pad_top, pb->r, phase / 2, pb->backward);
        struct axis xa = axis_of(pb->w, pb->q, pb->pad_left, pb->r, phase & 1, pb->backward);
        int y = ya.start + ty * ya.tile, x = xa.start + tx * xa.tile;

        for (int channel = 0; channel < c; channel += WINO_VECTOR, v += group)
            input_group(in, h, w, c, y, x, ya.step, channel, v, point);
    }
}
