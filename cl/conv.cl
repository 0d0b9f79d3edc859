/* Columns of a convolution and back: col[n][p][q][r][s][c] <-> x[n][h][w][c]. Both are gathers:
 * each element is written once, and nothing is added up in memory. Remainders are written out,
 * because Oclgrind's check for uninitialized values does not know what compilers make of / beside
 * %. */

/* Copies n floats, or writes n zeros where from is NULL. */
static inline void copy_run(__global float *to, __global const float *from, int n)
{
    int i = 0;

    for (; i + LIM_VECTOR <= n; i += LIM_VECTOR)
        store_v(from ? load_v(from + i) : (real_v)(0.0f), to + i);
    for (; i + 4 <= n; i += 4)
        vstore4(from ? vload4(0, from + i) : (float4)(0.0f), 0, to + i);
    for (; i < n; i++)
        to[i] = from ? from[i] : 0.0f;
}

/* For CPUs: a work-item writes one whole row of col. Each of its r kernel rows is a run of s*c
 * floats that are also contiguous in x, except outside the picture. */
__kernel void im2col_rows(__global const float *x, ulong x_at, __global float *col, ulong col_at,
                          int rows, int h, int w, int c, int p, int q, int r, int s, int stride,
                          int pad_top, int pad_left)
{
    int row = (int)get_global_id(0);

    if (row < rows) {
        int line = row / q, n = line / p;
        int x0 = (row - line * q) * stride - pad_left;
        int y0 = (line - n * p) * stride - pad_top;
        int left = clamp(-x0, 0, s); /* taps before, and up to, the picture's edges */
        int right = clamp(w - x0, left, s);
        __global float *to = col + col_at + (ulong)row * (ulong)(r * s * c);
        __global const float *image = x + x_at + (ulong)n * (ulong)h * (ulong)w * (ulong)c;

        for (int i = 0; i < r; i++) {
            int y = y0 + i;

            if (y < 0 || y >= h || left == right) {
                copy_run(to, 0, s * c);
            } else {
                copy_run(to, 0, left * c);
                copy_run(to + left * c, image + ((ulong)y * (ulong)w + (x0 + left)) * (ulong)c,
                         (right - left) * c);
                copy_run(to + right * c, 0, (s - right) * c);
            }
            to += s * c;
        }
    }
}

/* For GPUs: a work-item writes one element of col. Work-items: r*s*c, rows. */
__kernel void im2col(__global const float *x, ulong x_at, __global float *col, ulong col_at,
                     int rows, int h, int w, int c, int p, int q, int r, int s, int stride,
                     int pad_top, int pad_left)
{
    int e = (int)get_global_id(0);
    int row = (int)get_global_id(1);

    if (row < rows && e < r * s * c) {
        int line = row / q, n = line / p, tap = e / c, i = tap / s;
        int yy = (line - n * p) * stride - pad_top + i;
        int xx = (row - line * q) * stride - pad_left + (tap - i * s);
        float v = 0.0f;

        if (yy >= 0 && yy < h && xx >= 0 && xx < w)
            v = x[x_at + (((ulong)n * h + yy) * w + xx) * (ulong)c + (e - tap * c)];
        col[col_at + (ulong)row * (ulong)(r * s * c) + e] = v;
    }
}

/* x[pixel][c] = the sum of the elements of col that were copied from it, in the order of r, s. A
 * work-item does `vectors` vectors of channels of one pixel. Work-items: pieces of c, pixels. */
__kernel void col2im(__global const float *col, ulong col_at, __global float *x, ulong x_at,
                     int pixels, int vectors, int h, int w, int c, int p, int q, int r, int s,
                     int stride, int pad_top, int pad_left)
{
    int pixel = (int)get_global_id(1);
    int first = (int)get_global_id(0) * vectors * LIM_VECTOR;

    if (pixel < pixels && first < c) {
        int last = min(c, first + vectors * LIM_VECTOR);
        int line = pixel / w, picture = line / h;
        int xx = pixel - line * w + pad_left, yy = line - picture * h + pad_top;
        ulong image = (ulong)picture * p;

        for (int c0 = first; c0 < last; c0 += LIM_VECTOR) {
            ulong n = (ulong)(c - c0);
            real_v sum = (real_v)(0.0f);

            for (int i = yy % stride; i < r && i <= yy; i += stride)
                for (int j = xx % stride; j < s && j <= xx; j += stride) {
                    int row = (yy - i) / stride, column = (xx - j) / stride;

                    if (row < p && column < q)
                        sum +=
                            load_part(col + col_at +
                                          ((((image + row) * q + column) * r + i) * s + j) * c + c0,
                                      n);
                }
            store_part(sum, x + x_at + (ulong)pixel * (ulong)c + c0, n);
        }
    }
}
