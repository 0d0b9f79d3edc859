/* Convolutions as matrix products whose columns are never written to global memory: a group of
 * work-items gathers each piece of them from the picture into local memory (tiles.cl). For GPUs;
 * any kernel, stride and pads.
 *
 * The data gradient is done by phases: pixels of dx whose y + pad_top and x + pad_left have the
 * same remainders by the stride use the same taps, so each is written once, and no product is with
 * a zero between pixels. */

#include "tiles.cl"

/* Outside of every picture, even with a tap added. */
#define NOWHERE (-(1 << 29))

/* An axis of the pixels that a phase writes: their number, the first one, and the position that the
 * first tap reads for it. */
struct line {
    int count, first, from;
};

static inline struct line line_of(int size, int pad, int stride, int phase)
{
    struct line line;
    int before = (pad - phase + stride - 1) / stride; /* those that lie in the padding */

    if (pad <= phase)
        before = 0;
    line.first = phase - pad + before * stride;
    line.count = line.first < size ? (size - line.first + stride - 1) / stride : 0;
    line.from = before;
    return line;
}

/* An element of the reduction: a channel of a tap; taps are counted within the phase. */
struct tap {
    int y, x, channel;
};

static inline struct tap tap_at(int element, int channels, int taps_x)
{
    int over = element / channels, y = over / taps_x;
    struct tap tap = {y, over - y * taps_x, element - over * channels};

    return tap;
}

/* The next element. By counting: an array of four taps would not stay in registers. */
static inline void next_tap(struct tap *tap, int channels, int taps_x)
{
    tap->channel++;
    if (tap->channel == channels) {
        tap->channel = 0;
        tap->x++;
    }
    if (tap->x == taps_x) {
        tap->x = 0;
        tap->y++;
    }
}

/* The input of a pass, besides the weights. */
struct source {
    int height, width, channels;
    int step;   /* from tap to tap: 1, or -1 backward */
    int taps_x; /* of the phase */
};

/* Four elements of the columns, from `tap` on, into one column of a piece, for the output whose
 * first tap reads (y, x) of the picture that begins with pixel `image`; zeros from `left` on, and
 * outside of the picture. */
static inline void put_columns(__local float *to, int lead, __global const float *in,
                               const struct source *from, int image, int y, int x,
                               const struct tap *begin, int left)
{
    struct tap tap = *begin;
    int one = (from->channels & 3) == 0; /* within the tap, and a whole vector of it */

    for (int e = 0; e < (one ? 1 : 4); e++) {
        int yy = y + from->step * tap.y, xx = x + from->step * tap.x;
        float4 v = (float4)(0.0f);

        if (e < left && yy >= 0 && yy < from->height && xx >= 0 && xx < from->width) {
            __global const float *at =
                in + (ulong)(image + yy * from->width + xx) * (ulong)from->channels + tap.channel;

            if (one)
                v = vload4(0, at);
            else
                v.x = *at;
        }
        if (one)
            put_down(to, lead, v);
        else
            to[e * lead] = v.x;
        next_tap(&tap, from->channels, from->taps_x);
    }
}

/* The same for four elements of the weights of one output channel of the data gradient. Weights
 * begin with the phase's first tap, `row` and `column` are the steps between two taps of the
 * phase. */
static inline void put_weights(__local float *to, int lead, __global const float *weights,
                               ulong row, ulong column, const struct source *from,
                               const struct tap *begin, int left)
{
    struct tap tap = *begin;
    int one = (from->channels & 3) == 0;

    for (int e = 0; e < (one ? 1 : 4); e++) {
        float4 v = (float4)(0.0f);

        if (e < left) {
            __global const float *at =
                weights + (ulong)tap.y * row + (ulong)tap.x * column + tap.channel;

            if (one)
                v = vload4(0, at);
            else
                v.x = *at;
        }
        if (one)
            put_down(to, lead, v);
        else
            to[e * lead] = v.x;
        next_tap(&tap, from->channels, from->taps_x);
    }
}

/* y from x and w, or dx from dy and w (backward): out[pixel][out_c]. Each phase of it (third
 * dimension of the groups) is a product [rows][depth] by [depth][out_c]. A phase's pixels are
 * `spacing` apart, and so are its taps; the positions that the first tap reads are in_step apart
 * and begin at in_top and in_left. Forward there is one phase, with spacing 1, no pads and in_step
 * the stride. Does the reduction from `first` to `last`, and adds to what is there unless `first`
 * is 0. */
__kernel __attribute__((reqd_work_group_size(GROUP_X, GROUP_Y, 1))) void implicit_pictures(
    int n, int in_h, int in_w, int in_c, int out_h, int out_w, int out_c, int r, int s, int spacing,
    int pad_top, int pad_left, int in_step, int in_top, int in_left, int backward, int first,
    int last, __global const float *in, ulong in_at, __global const float *weights, ulong w_at,
    __global float *out, ulong out_at)
{
    __local float tile_a[TILE_K * LEAD_ROWS], tile_b[TILE_K * LEAD_COLUMNS];
    __local int row_in[TILE_ROWS], row_y[TILE_ROWS], row_x[TILE_ROWS], row_out[TILE_ROWS];
    int x = (int)get_local_id(0), y = (int)get_local_id(1), id = y * GROUP_X + x;
    int column0 = (int)get_group_id(0) * TILE_COLUMNS, row0 = (int)get_group_id(1) * TILE_ROWS;
    int phase = (int)get_group_id(2);
    int phase_y = phase / spacing, phase_x = phase - phase_y * spacing;
    int taps_y = (r - phase_y + spacing - 1) / spacing;
    int taps_x = (s - phase_x + spacing - 1) / spacing;
    struct source from = {in_h, in_w, in_c, 1 - 2 * backward, taps_x};
    struct line down = line_of(out_h, pad_top, spacing, phase_y);
    struct line across = line_of(out_w, pad_left, spacing, phase_x);
    ulong tap_row = (ulong)(spacing * s) * (ulong)out_c * (ulong)in_c;
    ulong tap_column = (ulong)spacing * (ulong)out_c * (ulong)in_c;
    int rows = n * down.count * across.count, quad, start;
    float4 sum[ITEM_ROWS][ITEM_COLUMNS / 4];

    last = min(last, max(taps_y, 0) * max(taps_x, 0) * in_c);
    in += in_at;
    weights += w_at + (ulong)column0;
    if (backward)
        weights += ((ulong)(phase_y * s + phase_x) * (ulong)out_c + (ulong)column0) * (ulong)in_c -
                   (ulong)column0;
    for (int i = id; i < TILE_ROWS; i += GROUP) {
        int row = row0 + i;

        row_in[i] = row_x[i] = 0;
        row_y[i] = NOWHERE;
        row_out[i] = -1;
        if (row < rows) {
            int over = row / across.count, image = over / down.count;
            int yy = over - image * down.count, xx = row - over * across.count;

            row_in[i] = image * in_h * in_w;
            row_y[i] = in_top + down.from + yy * in_step;
            row_x[i] = in_left + across.from + xx * in_step;
            row_out[i] =
                (image * out_h + down.first + yy * spacing) * out_w + across.first + xx * spacing;
        }
    }
    /* A work-item loads the same four steps of each piece. */
    start = id / QUADS;
    quad = (id - start * QUADS) * 4;
    clear_sums(sum);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k0 = first; k0 < last; k0 += TILE_K) {
        int left = last - k0 - quad; /* of the reduction, from this work-item's steps on */
        struct tap tap = tap_at(k0 + quad, in_c, taps_x);

        for (int i = start; i < TILE_ROWS; i += GROUP / QUADS)
            put_columns(tile_a + quad * LEAD_ROWS + i, LEAD_ROWS, in, &from, row_in[i], row_y[i],
                        row_x[i], &tap, left);
        if (!backward)
            fetch_piece(tile_b, LEAD_COLUMNS, TILE_COLUMNS, weights + (ulong)k0 * (ulong)out_c,
                        out_c, 0, out_c - column0, last - k0, id);
        for (int j = start; backward && j < TILE_COLUMNS; j += GROUP / QUADS)
            put_weights(tile_b + quad * LEAD_COLUMNS + j, LEAD_COLUMNS,
                        weights + (ulong)j * (ulong)in_c, tap_row, tap_column, &from, &tap,
                        column0 + j < out_c ? left : 0);
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply_pieces(tile_a, tile_b, x, y, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++) {
        int row = row_out[ITEM_ROW(i, y)];

#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS / 4; j++) {
            int column = column0 + ITEM_COLUMN(j, x);

            if (row >= 0 && column < out_c) {
                __global float *to = out + out_at + (ulong)row * (ulong)out_c + column;
                float4 v = sum[i][j];

                if (first > 0)
                    v += load_four(to, out_c - column);
                store_four(v, to, out_c - column);
            }
        }
    }
}

/* The positions that the first taps of a piece's pixels read, from `first` on; outside from `last`
 * on. */
static inline void place_pixels(__local int *image, __local int *y, __local int *x, int first,
                                int last, int id, int picture, int p, int q, int stride,
                                int pad_top, int pad_left)
{
    for (int i = id; i < TILE_K; i += GROUP) {
        int pixel = first + i, over = pixel / q, n = over / p;

        image[i] = n * picture;
        y[i] = pixel < last ? (over - n * p) * stride - pad_top : NOWHERE;
        x[i] = (pixel - over * q) * stride - pad_left;
    }
}

/* dw += the columns of x, transposed, by dy: [r*s*c][pixels] by [pixels][k], for the pixels of y
 * from `first` to `last`. Cut into planes of `plane_pixels` (third dimension of the groups): each
 * writes its own part of dw, and gemm_planes adds them in their order. Then old values are
 * overwritten unless `keep`. */
__kernel __attribute__((reqd_work_group_size(GROUP_X, GROUP_Y, 1))) void implicit_weights(
    int h, int w, int c, int k, int p, int q, int r, int s, int stride, int pad_top, int pad_left,
    int first, int last, int plane_pixels, int keep, __global const float *in, ulong in_at,
    __global const float *dy, ulong dy_at, __global float *dw, ulong dw_at)
{
    __local float tile_a[TILE_K * LEAD_ROWS], tile_b[TILE_K * LEAD_COLUMNS];
    __local int row_y[TILE_ROWS], row_x[TILE_ROWS], row_channel[TILE_ROWS];
    __local int pixel_in[TILE_K], pixel_y[TILE_K], pixel_x[TILE_K];
    int x = (int)get_local_id(0), y = (int)get_local_id(1), id = y * GROUP_X + x;
    int column0 = (int)get_group_id(0) * TILE_COLUMNS, row0 = (int)get_group_id(1) * TILE_ROWS;
    int plane = (int)get_group_id(2), rows = r * s * c, fours = (c & 3) == 0;
    float4 sum[ITEM_ROWS][ITEM_COLUMNS / 4];

    first += plane * plane_pixels;
    last = min(last, first + plane_pixels);
    in += in_at;
    dy += dy_at;
    dw += dw_at + (ulong)plane * (ulong)rows * (ulong)k;
    for (int i = id; i < TILE_ROWS; i += GROUP) {
        int row = row0 + i, over = row / c, yy = over / s;

        row_y[i] = row < rows ? yy : NOWHERE;
        row_x[i] = over - yy * s;
        row_channel[i] = row - over * c;
    }
    place_pixels(pixel_in, pixel_y, pixel_x, first, last, id, h * w, p, q, stride, pad_top,
                 pad_left);
    clear_sums(sum);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k0 = first; k0 < last; k0 += TILE_K) {
        for (int e = id; e < TILE_K * (TILE_ROWS / 4); e += GROUP) {
            int kk = e / (TILE_ROWS / 4), i = (e - kk * (TILE_ROWS / 4)) * 4;
            __local float *to = tile_a + kk * LEAD_ROWS + i;
            float4 all = (float4)(0.0f);

            if (fours) {
                int yy = pixel_y[kk] + row_y[i], xx = pixel_x[kk] + row_x[i];

                if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                    all = vload4(0, in + (ulong)(pixel_in[kk] + yy * w + xx) * (ulong)c +
                                        row_channel[i]);
                vstore4(all, 0, to);
            }
            for (int f = 0; !fours && f < 4; f++) {
                int yy = pixel_y[kk] + row_y[i + f], xx = pixel_x[kk] + row_x[i + f];

                to[f] = 0.0f;
                if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                    to[f] = in[(ulong)(pixel_in[kk] + yy * w + xx) * (ulong)c + row_channel[i + f]];
            }
        }
        fetch_piece(tile_b, LEAD_COLUMNS, TILE_COLUMNS, dy + (ulong)k0 * (ulong)k + column0, k, 0,
                    k - column0, last - k0, id);
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply_pieces(tile_a, tile_b, x, y, sum);
        /* They are read only before the barrier above. */
        place_pixels(pixel_in, pixel_y, pixel_x, k0 + TILE_K, last, id, h * w, p, q, stride,
                     pad_top, pad_left);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++) {
        int row = row0 + ITEM_ROW(i, y);

#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS / 4; j++) {
            int column = column0 + ITEM_COLUMN(j, x);

            if (row < rows && column < k) {
                __global float *to = dw + (ulong)row * (ulong)k + column;
                float4 v = sum[i][j];

                if (keep)
                    v += load_four(to, k - column);
                store_four(v, to, k - column);
            }
        }
    }
}
