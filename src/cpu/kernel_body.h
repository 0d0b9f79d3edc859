/* The text that kernel_SET.c compiles. Each defines wino_v, a vector of LANES floats, and its
 * operations; a register tile is ROWS x VECTORS vectors. */
#include "cpu/kernel.h"

#if defined(__GNUC__)
#define WINO_INLINE TARGET static inline __attribute__((always_inline))
#else
#define WINO_INLINE static inline
#endif

#include "cl/winograd_lines.cl"
#include "cl/winograd_three.cl"

enum { WIDTH = VECTORS * LANES }; /* columns of a register tile */

WINO_INLINE void step(int m, const float *const a[], size_t at, const float *b,
                      wino_v sums[][VECTORS])
{
    wino_v right[VECTORS];

    for (int j = 0; j < VECTORS; j++)
        right[j] = LOAD(b + j * LANES);
    for (int i = 0; i < m; i++) {
        wino_v left = SPLAT(a[i][at]);

        for (int j = 0; j < VECTORS; j++)
            sums[i][j] = MULTIPLY_ADD(left, right[j], sums[i][j]);
    }
}

WINO_INLINE void begin(bool more, const float *tile, wino_v sums[ROWS][VECTORS])
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < VECTORS; j++)
            sums[i][j] = more ? LOAD(tile + i * CPU_COLUMNS + j * LANES) : SPLAT(0.0f);
}

WINO_INLINE void end(wino_v sums[ROWS][VECTORS], float *tile)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < VECTORS; j++)
            STORE(tile + i * CPU_COLUMNS + j * LANES, sums[i][j]);
}

TARGET static void along_tile(int runs, int length, size_t skip, const float *const a[],
                              const float *b, float *tile)
{
    wino_v sums[ROWS][VECTORS];
    const float *p[ROWS];

    begin(false, tile, sums);
    for (int i = 0; i < ROWS; i++)
        p[i] = a[i];
    for (int run = 0; run < runs; run++) {
        for (int l = 0; l < length; l++, b += CPU_COLUMNS)
            step(ROWS, p, (size_t)l, b, sums);
        for (int i = 0; i < ROWS; i++)
            p[i] += skip;
    }
    end(sums, tile);
}

TARGET static void along(int columns, int runs, int length, size_t skip,
                         const float *const a[CPU_ROWS], const float *b, float *tile)
{
    for (int j = 0; j < columns; j += WIDTH)
        for (int i = 0; i < CPU_ROWS; i += ROWS)
            along_tile(runs, length, skip, a + i, b + j, tile + i * CPU_COLUMNS + j);
}

/* Rows `apart` floats from each other. */
WINO_INLINE void step_from(const float *a, size_t apart, const float *b, wino_v sums[][VECTORS])
{
    const float *rows[ROWS];

    for (int i = 0; i < ROWS; i++)
        rows[i] = a + (size_t)i * apart;
    step(ROWS, rows, 0, b, sums);
}

TARGET static void across_tile(int runs, int length, size_t apart, const float *const *a,
                               size_t offset, const float *b, float *tile)
{
    wino_v sums[ROWS][VECTORS];

    begin(false, tile, sums);
    for (int run = 0; run < runs; run++) {
        const float *p = a[run] + offset;

        for (int l = 0; l < length; l++, b += CPU_COLUMNS, p += apart)
            step_from(p, 1, b, sums);
    }
    end(sums, tile);
}

TARGET static void across(int rows, int columns, int runs, int length, size_t apart,
                          const float *const *a, size_t offset, const float *b, float *tile)
{
    for (int j = 0; j < columns; j += WIDTH)
        for (int i = 0; i < rows; i += ROWS)
            across_tile(runs, length, apart, a, offset + (size_t)i, b + j,
                        tile + i * CPU_COLUMNS + j);
}

TARGET static void grouped_tile(int groups, const float *a, const float *b, bool more, float *tile)
{
    wino_v sums[ROWS][VECTORS];

    begin(more, tile, sums);
    for (int g = 0; g < groups; g++, a += CPU_ROWS * WINO_LANES)
        for (int l = 0; l < WINO_LANES; l++, b += CPU_COLUMNS)
            step_from(a + l, WINO_LANES, b, sums);
    end(sums, tile);
}

TARGET static void grouped(int rows, int columns, int groups, const float *a, const float *b,
                           bool more, float *tile)
{
    for (int j = 0; j < columns; j += WIDTH)
        for (int i = 0; i < rows; i += ROWS)
            grouped_tile(groups, a + i * WINO_LANES, b + j, more, tile + i * CPU_COLUMNS + j);
}

/* Lines of any shape: m outputs of `taps` taps. One tap is two taps, the second zero: the last
 * point, infinity, is left out. */
WINO_INLINE void line_input(int m, int taps, const wino_v *d, int from, wino_v *o, int to)
{
    if (taps == 3) {
        wino_input_six(d, from, o, to);
    } else if (taps == 2) {
        wino_input(m, d, from, o, to);
    } else {
        wino_v more[WINO_LINE], all[WINO_LINE];

        for (int i = 0; i <= m; i++)
            more[i] = d[(i < m ? i : 0) * from]; /* the last is only for infinity */
        wino_input(m, more, 1, all, 1);
        for (int i = 0; i < m; i++)
            o[i * to] = all[i];
    }
}

WINO_INLINE void line_weights(int m, int taps, const wino_v *w, int from, wino_v *o, int to)
{
    if (taps == 3) {
        wino_weights_three(w, from, o, to);
    } else if (taps == 2) {
        wino_weights(m, w, from, o, to);
    } else {
        wino_v both[] = {w[0], SPLAT(0.0f)}, all[WINO_LINE];

        wino_weights(m, both, 1, all, 1);
        for (int i = 0; i < m; i++)
            o[i * to] = all[i];
    }
}

WINO_INLINE void line_output(int m, int taps, const wino_v *s, int from, wino_v *o, int to)
{
    if (taps == 3) {
        wino_output_six(s, from, o, to);
    } else if (taps == 2) {
        wino_output(m, s, from, o, to);
    } else {
        wino_v all[WINO_LINE];

        for (int i = 0; i < m; i++)
            all[i] = s[i * from];
        all[m] = SPLAT(0.0f);
        wino_output(m, all, 1, o, to);
    }
}

WINO_INLINE void line_gradient(int m, int taps, const wino_v *y, int from, wino_v *o, int to)
{
    if (taps == 3)
        wino_gradient_six(y, from, o, to);
    else
        wino_gradient(m, y, from, o, to);
}

WINO_INLINE void line_taps(int m, int taps, const wino_v *s, int from, wino_v *o, int to)
{
    if (taps == 3) {
        wino_taps_three(s, from, o, to);
    } else if (taps == 2) {
        wino_taps(m, s, from, o, to);
    } else {
        wino_v all[WINO_LINE], both[2];

        for (int i = 0; i < m; i++)
            all[i] = s[i * from];
        all[m] = SPLAT(0.0f);
        wino_taps(m, all, 1, both, 1);
        o[0] = both[0];
    }
}

WINO_INLINE void input_lines(int m, int n, int down, int across, const float *const *in,
                             size_t channel, float *points, size_t point)
{
    int rows = m + down - 1, columns = m + across - 1;

    for (int l = 0; l < WINO_LANES; l += LANES) {
        wino_v t[WINO_POINTS];

        for (int j = 0; j < columns; j++) {
            wino_v d[WINO_LINE];

            for (int i = 0; i < rows; i++)
                d[i] = LOAD(in[i * columns + j] + channel + l);
            line_input(m, down, d, 1, t + j, columns);
        }
        for (int i = 0; i < rows; i++) {
            wino_v d[WINO_LINE];

            line_input(m, across, t + i * columns, 1, d, 1);
            for (int j = 0; j < columns; j++)
                STORE(points + (size_t)(i * n + j) * point + l, d[j]);
        }
    }
}

WINO_INLINE void weights_lines(int m, int n, int down, int across, int lanes,
                               const float *const *taps, float *points, size_t point)
{
    int rows = m + down - 1, columns = m + across - 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_TAPS * WINO_LINE];

        for (int j = 0; j < across; j++) {
            wino_v w[WINO_TAPS];

            for (int i = 0; i < down; i++)
                w[i] = LOAD(taps[i * across + j] + l);
            line_weights(m, down, w, 1, t + j, across);
        }
        for (int i = 0; i < rows; i++) {
            wino_v u[WINO_LINE];

            line_weights(m, across, t + i * across, 1, u, 1);
            for (int j = 0; j < columns; j++)
                STORE(points + (size_t)(i * n + j) * point + l, u[j]);
        }
    }
}

WINO_INLINE void output_lines(int m, int n, int down, int across, int lanes, const float *points,
                              size_t point, float *const *out)
{
    int rows = m + down - 1, columns = m + across - 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_MOST * WINO_LINE];

        for (int j = 0; j < columns; j++) {
            wino_v s[WINO_LINE];

            for (int i = 0; i < rows; i++)
                s[i] = LOAD(points + (size_t)(i * n + j) * point + l);
            line_output(m, down, s, 1, t + j, columns);
        }
        for (int i = 0; i < m; i++) {
            wino_v y[WINO_MOST];

            line_output(m, across, t + i * columns, 1, y, 1);
            for (int j = 0; j < m; j++)
                STORE(out[i * m + j] + l, y[j]);
        }
    }
}

WINO_INLINE void gradient_lines(int m, int n, int down, int across, int lanes,
                                const float *const *in, float *points, size_t point)
{
    int rows = m + down - 1, columns = m + across - 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_LINE * WINO_MOST];

        for (int j = 0; j < m; j++) {
            wino_v y[WINO_MOST];

            for (int i = 0; i < m; i++)
                y[i] = LOAD(in[i * m + j] + l);
            line_gradient(m, down, y, 1, t + j, m);
        }
        for (int i = 0; i < rows; i++) {
            wino_v s[WINO_LINE];

            line_gradient(m, across, t + i * m, 1, s, 1);
            for (int j = 0; j < columns; j++)
                STORE(points + (size_t)(i * n + j) * point + l, s[j]);
        }
    }
}

WINO_INLINE void taps_lines(int m, int n, int down, int across, int lanes, const float *points,
                            size_t point, float *const *to)
{
    int rows = m + down - 1, columns = m + across - 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_TAPS * WINO_LINE];

        for (int j = 0; j < columns; j++) {
            wino_v s[WINO_LINE];

            for (int i = 0; i < rows; i++)
                s[i] = LOAD(points + (size_t)(i * n + j) * point + l);
            line_taps(m, down, s, 1, t + j, columns);
        }
        for (int i = 0; i < down; i++) {
            wino_v w[WINO_TAPS];

            line_taps(m, across, t + i * columns, 1, w, 1);
            for (int j = 0; j < across; j++) {
                float *at = to[i * across + j] + l;

                STORE(at, LOAD(at) + w[j]);
            }
        }
    }
}

/* The shape as constants: everything above unrolls. */
#define EACH(function, ...)                                       \
    do {                                                          \
        if (shape.n == 6 && shape.down == 3 && shape.across == 3) \
            function(4, 6, 3, 3, __VA_ARGS__);                    \
        else if (shape.n == 6 && shape.down == 3)                 \
            function(4, 6, 3, 2, __VA_ARGS__);                    \
        else if (shape.n == 6 && shape.across == 3)               \
            function(4, 6, 2, 3, __VA_ARGS__);                    \
        else if (shape.n == 6)                                    \
            function(4, 6, 2, 2, __VA_ARGS__);                    \
        else if (shape.m == 4 && shape.down + shape.across == 2)  \
            function(4, 5, 1, 1, __VA_ARGS__);                    \
        else if (shape.m == 4 && shape.down == 1)                 \
            function(4, 5, 1, 2, __VA_ARGS__);                    \
        else if (shape.m == 4 && shape.across == 1)               \
            function(4, 5, 2, 1, __VA_ARGS__);                    \
        else if (shape.m == 4)                                    \
            function(4, 5, 2, 2, __VA_ARGS__);                    \
        else if (shape.m == 3)                                    \
            function(3, 4, 2, 2, __VA_ARGS__);                    \
        else                                                      \
            function(2, 3, 2, 2, __VA_ARGS__);                    \
    } while (0)

TARGET static void input(struct wino_shape shape, const float *const *in, size_t channel,
                         float *points, size_t point)
{
    EACH(input_lines, in, channel, points, point);
}

TARGET static void weights(struct wino_shape shape, int lanes, const float *const *from,
                           float *points, size_t point)
{
    EACH(weights_lines, lanes, from, points, point);
}

TARGET static void output(struct wino_shape shape, int lanes, const float *points, size_t point,
                          float *const *out)
{
    EACH(output_lines, lanes, points, point, out);
}

TARGET static void gradient(struct wino_shape shape, int lanes, const float *const *in,
                            float *points, size_t point)
{
    EACH(gradient_lines, lanes, in, points, point);
}

TARGET static void taps(struct wino_shape shape, int lanes, const float *points, size_t point,
                        float *const *to)
{
    EACH(taps_lines, lanes, points, point, to);
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME_(set) #set
#define NAME(set) NAME_(set)

const struct cpu_kernel JOIN(cpu_kernel_, SET) = {
    NAME(SET), usable, along, across, grouped, input, weights, output, gradient, taps,
};
