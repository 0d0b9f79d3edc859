/* Convolutions of pictures with a few channels, for CPUs: the first layer of a discriminator, the
 * last of a generator. A group is one work-item; any kernel, stride and pads.
 *
 * A line of the output and the R lines of the picture that it reads stay in the first-level cache,
 * the latter with their padding around them: so the S taps of a kernel's row are one run of S*C
 * floats, sums need no checks of borders, and there are no columns. Register tiles are those of
 * gemm.cl. */

#ifndef GEMM_VECTOR
#define GEMM_VECTOR 4
#endif
#ifndef GEMM_ROWS
#define GEMM_ROWS 4
#endif
#define COLUMNS (2 * GEMM_VECTOR)
#define narrow_v LIM_JOIN(float, GEMM_VECTOR)
#define narrow_load(i, p) LIM_JOIN(vload, GEMM_VECTOR)(i, p)
#define narrow_store(v, i, p) LIM_JOIN(vstore, GEMM_VECTOR)(v, i, p)

#define GEOMETRY                                                                            \
    int n, int h, int w, int c, int k, int p, int q, int r, int s, int stride, int pad_top, \
        int pad_left

static inline void fill_zeros(__local float *to, int count)
{
    int i = 0;

    for (; i + GEMM_VECTOR <= count; i += GEMM_VECTOR)
        narrow_store((narrow_v)(0.0f), 0, to + i);
    for (; i < count; i++)
        to[i] = 0.0f;
}

/* A panel's columns of a matrix with `columns` left, zeros beyond. */
static inline void load_columns(__local float *to, __global const float *from, int columns)
{
    if (columns >= COLUMNS) {
        narrow_store(narrow_load(0, from), 0, to);
        narrow_store(narrow_load(1, from), 1, to);
    } else {
        for (int i = 0; i < COLUMNS; i++)
            to[i] = i < columns ? from[i] : 0.0f;
    }
}

static inline void store_columns(narrow_v left, narrow_v right, __global float *to, int columns)
{
    if (columns >= COLUMNS) {
        narrow_store(left, 0, to);
        narrow_store(right, 1, to);
    } else {
        float some[COLUMNS];

        narrow_store(left, 0, some);
        narrow_store(right, 1, some);
        for (int i = 0; i < columns; i++)
            to[i] = some[i];
    }
}

/* Line y of a picture between its pads, `width` floats in all. */
static inline void pad_line(__local float *to, __global const float *picture, int y, int h, int w,
                            int c, int pad_left, int width)
{
    int before = min(pad_left * c, width), count = min(w * c, width - before), i = 0;
    __global const float *from = picture + (ulong)(max(y, 0)) * (ulong)(w * c);

    if (y < 0 || y >= h)
        count = 0;
    fill_zeros(to, before);
    to += before;
    for (; i + GEMM_VECTOR <= count; i += GEMM_VECTOR)
        narrow_store(narrow_load(0, from + i), 0, to + i);
    for (; i < count; i++)
        to[i] = from[i];
    fill_zeros(to + count, width - before - count);
}

/* The r lines that a line of the output reads. */
static inline void pad_lines(__local float *to, __global const float *in, int line, int h, int w,
                             int c, int p, int r, int stride, int pad_top, int pad_left, int width)
{
    int picture = line / p, y = (line - picture * p) * stride - pad_top;

    in += (ulong)picture * (ulong)h * (ulong)(w * c);
    for (int i = 0; i < r; i++)
        pad_line(to + i * width, in, y + i, h, w, c, pad_left, width);
}

/* y = x by w. A work-item does `lines` lines of y, for a few panels of channels at a time. `padded`
 * holds r lines and GEMM_ROWS outputs more, `panels` [panel][r*s*c][COLUMNS]. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void narrow_forward(
    GEOMETRY, int lines, int at_once, int width, __global const float *in, ulong in_at,
    __global const float *weights, ulong w_at, __global float *out, ulong out_at,
    __local float *padded, __local float *panels)
{
    int first = (int)get_group_id(0) * lines, last = min(n * p, first + lines);
    int depth = r * s * c, step = stride * c;

    in += in_at;
    weights += w_at;
    out += out_at;
    fill_zeros(padded + r * width, GEMM_ROWS * step);
    for (int k0 = 0; k0 < k; k0 += at_once * COLUMNS) {
        int count = min(at_once, (k - k0 + COLUMNS - 1) / COLUMNS);

        for (int panel = 0; panel < count; panel++)
            for (int e = 0; e < depth; e++) {
                int column = k0 + panel * COLUMNS;

                load_columns(panels + (panel * depth + e) * COLUMNS,
                             weights + (ulong)e * (ulong)k + column, k - column);
            }
        for (int line = first; line < last; line++) {
            pad_lines(padded, in, line, h, w, c, p, r, stride, pad_top, pad_left, width);
            for (int q0 = 0; q0 < q; q0 += GEMM_ROWS)
                for (int panel = 0; panel < count; panel++) {
                    __local const float *u = panels + panel * depth * COLUMNS;
                    narrow_v left[GEMM_ROWS], right[GEMM_ROWS];
                    int column = k0 + panel * COLUMNS;

#pragma unroll
                    for (int i = 0; i < GEMM_ROWS; i++)
                        left[i] = right[i] = (narrow_v)(0.0f);
                    for (int y = 0; y < r; y++) {
                        __local const float *a = padded + y * width + q0 * step;

                        for (int j = 0; j < s * c; j++, u += COLUMNS) {
                            narrow_v b0 = narrow_load(0, u), b1 = narrow_load(1, u);

#pragma unroll
                            for (int i = 0; i < GEMM_ROWS; i++) {
                                narrow_v v = (narrow_v)(a[i * step + j]);

                                left[i] = fma(v, b0, left[i]);
                                right[i] = fma(v, b1, right[i]);
                            }
                        }
                    }
#pragma unroll
                    for (int i = 0; i < GEMM_ROWS; i++)
                        if (q0 + i < q)
                            store_columns(
                                left[i], right[i],
                                out + ((ulong)line * (ulong)q + (ulong)(q0 + i)) * (ulong)k +
                                    column,
                                k - column);
                }
        }
    }
}

/* Adds `count` floats. */
static inline void add_run(__local float *to, __local const float *from, int count)
{
    int i = 0;

    for (; i + 4 <= count; i += 4)
        vstore4(vload4(0, to + i) + vload4(0, from + i), 0, to + i);
    for (; i < count; i++)
        to[i] += from[i];
}

/* Writes a finished line of dx and clears its sums. */
static inline void leave_line(__local float *from, __global float *picture, int y, int h, int w,
                              int c, int pad_left, int width)
{
    if (y >= 0 && y < h) {
        __global float *to = picture + (ulong)y * (ulong)(w * c);
        int i = 0;

        for (; i + GEMM_VECTOR <= w * c; i += GEMM_VECTOR)
            narrow_store(narrow_load(0, from + pad_left * c + i), 0, to + i);
        for (; i < w * c; i++)
            to[i] = from[pad_left * c + i];
    }
    fill_zeros(from, width);
}

/* dx = dy by w: a work-item does a picture. The products of a pixel of dy with all taps are columns
 * (col2im's), which are added to the lines of dx while these are in a ring of max(r, stride) lines.
 * `taps` is [panel][k][COLUMNS] over r*s*c, `columns` GEMM_ROWS rows of all panels. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void narrow_data(
    GEOMETRY, int width, __global const float *dy, ulong dy_at, __global const float *weights,
    ulong w_at, __global float *dx, ulong dx_at, __local float *ring, __local float *taps,
    __local float *columns)
{
    int depth = r * s * c, panels = (depth + COLUMNS - 1) / COLUMNS, run = s * c;
    int slots = max(r, stride), picture = (int)get_group_id(0), slot = 0;

    dy += dy_at + (ulong)picture * (ulong)(p * q) * (ulong)k;
    weights += w_at;
    dx += dx_at + (ulong)picture * (ulong)h * (ulong)(w * c);
    for (int panel = 0; panel < panels; panel++)
        for (int i = 0; i < COLUMNS; i++)
            for (int kk = 0; kk < k; kk++) {
                int e = panel * COLUMNS + i;

                taps[(panel * k + kk) * COLUMNS + i] =
                    e < depth ? weights[(ulong)e * (ulong)k + kk] : 0.0f;
            }
    fill_zeros(ring, slots * width);
    for (int line = 0; line < p; line++) {
        for (int q0 = 0; q0 < q; q0 += GEMM_ROWS) {
            for (int panel = 0; panel < panels; panel++) {
                __local const float *u = taps + panel * k * COLUMNS;
                __global const float *a[GEMM_ROWS];
                narrow_v left[GEMM_ROWS], right[GEMM_ROWS];

#pragma unroll
                for (int i = 0; i < GEMM_ROWS; i++) {
                    a[i] = dy + ((ulong)line * (ulong)q + (ulong)min(q0 + i, q - 1)) * (ulong)k;
                    left[i] = right[i] = (narrow_v)(0.0f);
                }
                for (int kk = 0; kk < k; kk++, u += COLUMNS) {
                    narrow_v b0 = narrow_load(0, u), b1 = narrow_load(1, u);

#pragma unroll
                    for (int i = 0; i < GEMM_ROWS; i++) {
                        narrow_v v = (narrow_v)(a[i][kk]);

                        left[i] = fma(v, b0, left[i]);
                        right[i] = fma(v, b1, right[i]);
                    }
                }
#pragma unroll
                for (int i = 0; i < GEMM_ROWS; i++) {
                    __local float *to = columns + (i * panels + panel) * COLUMNS;

                    narrow_store(left[i], 0, to);
                    narrow_store(right[i], 1, to);
                }
            }
            for (int i = 0; i < min(GEMM_ROWS, q - q0); i++)
                for (int y = 0; y < r; y++) {
                    int at = slot + y < slots ? slot + y : slot + y - slots;

                    add_run(ring + at * width + (q0 + i) * stride * c,
                            columns + i * panels * COLUMNS + y * run, run);
                }
        }
        for (int y = 0; y < stride; y++) {
            leave_line(ring + slot * width, dx, line * stride + y - pad_top, h, w, c, pad_left,
                       width);
            slot = slot + 1 < slots ? slot + 1 : 0;
        }
    }
    for (int y = p * stride - pad_top; y < h; y++) {
        leave_line(ring + slot * width, dx, y, h, w, c, pad_left, width);
        slot = slot + 1 < slots ? slot + 1 : 0;
    }
    (void)n;
}

/* dw of `lines` lines into the work-item's own plane, for a few panels of channels at a time.
 * `padded` as above, `gradients` is [q][COLUMNS], `sums` [panel][r][s*c in GEMM_ROWS][COLUMNS]. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void narrow_weights(
    GEOMETRY, int lines, int at_once, int width, __global const float *in, ulong in_at,
    __global const float *dy, ulong dy_at, __global float *planes, ulong planes_at,
    __local float *padded, __local float *gradients, __local float *sums)
{
    int first = (int)get_group_id(0) * lines, last = min(n * p, first + lines);
    int step = stride * c, run = s * c;
    int tiles = (run + GEMM_ROWS - 1) / GEMM_ROWS, rows = tiles * GEMM_ROWS;

    in += in_at;
    dy += dy_at;
    planes += planes_at + (ulong)get_group_id(0) * (ulong)(r * run) * (ulong)k;
    fill_zeros(padded + r * width, GEMM_ROWS * step);
    for (int k0 = 0; k0 < k; k0 += at_once * COLUMNS) {
        int count = min(at_once, (k - k0 + COLUMNS - 1) / COLUMNS);

        fill_zeros(sums, count * r * rows * COLUMNS);
        for (int line = first; line < last; line++) {
            pad_lines(padded, in, line, h, w, c, p, r, stride, pad_top, pad_left, width);
            for (int panel = 0; panel < count; panel++) {
                int column = k0 + panel * COLUMNS;

                for (int i = 0; i < q; i++)
                    load_columns(gradients + i * COLUMNS,
                                 dy + ((ulong)line * (ulong)q + (ulong)i) * (ulong)k + column,
                                 k - column);
                for (int tile = 0; tile < r * tiles; tile++) {
                    int y = tile / tiles;
                    __local const float *a = padded + y * width + (tile - y * tiles) * GEMM_ROWS;
                    __local const float *b = gradients;
                    __local float *to = sums + (panel * r * tiles + tile) * GEMM_ROWS * COLUMNS;
                    narrow_v left[GEMM_ROWS], right[GEMM_ROWS];

#pragma unroll
                    for (int i = 0; i < GEMM_ROWS; i++) {
                        left[i] = narrow_load(2 * i, to);
                        right[i] = narrow_load(2 * i + 1, to);
                    }
                    for (int j = 0; j < q; j++, a += step, b += COLUMNS) {
                        narrow_v b0 = narrow_load(0, b), b1 = narrow_load(1, b);

#pragma unroll
                        for (int i = 0; i < GEMM_ROWS; i++) {
                            narrow_v v = (narrow_v)(a[i]);

                            left[i] = fma(v, b0, left[i]);
                            right[i] = fma(v, b1, right[i]);
                        }
                    }
#pragma unroll
                    for (int i = 0; i < GEMM_ROWS; i++) {
                        narrow_store(left[i], 2 * i, to);
                        narrow_store(right[i], 2 * i + 1, to);
                    }
                }
            }
        }
        for (int panel = 0; panel < count; panel++)
            for (int e = 0; e < r * run; e++) {
                int y = e / run, column = k0 + panel * COLUMNS;
                __local const float *from =
                    sums + (panel * r * rows + y * rows + (e - y * run)) * COLUMNS;

                store_columns(narrow_load(0, from), narrow_load(1, from),
                              planes + (ulong)e * (ulong)k + column, k - column);
            }
    }
}
