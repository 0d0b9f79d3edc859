/* The text that kernel_SET.c compiles. They define wino_v, a vector of LANES floats, and what can
 * be done with it; a register tile is ROWS x VECTORS vectors. */
#include "kernel.h"

#if defined(__GNUC__)
#define WINO_INLINE TARGET static inline __attribute__((always_inline))
#else
#define WINO_INLINE static inline
#endif

#include "cl/winograd_lines.cl"

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

TARGET static void across(int columns, int runs, int length, size_t apart, const float *const *a,
                          size_t offset, const float *b, float *tile)
{
    for (int j = 0; j < columns; j += WIDTH)
        for (int i = 0; i < CPU_ROWS; i += ROWS)
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

WINO_INLINE void input_lines(int m, const float *const *in, size_t channel, float *points,
                             size_t point)
{
    int n = m + 1;

    for (int l = 0; l < WINO_LANES; l += LANES) {
        wino_v t[WINO_POINTS];

        for (int j = 0; j < n; j++) {
            wino_v d[WINO_MOST + 1];

            for (int i = 0; i < n; i++)
                d[i] = LOAD(in[i * n + j] + channel + l);
            wino_input(m, d, 1, t + j, n);
        }
        for (int i = 0; i < n; i++) {
            wino_v d[WINO_MOST + 1];

            wino_input(m, t + i * n, 1, d, 1);
            for (int j = 0; j < n; j++)
                STORE(points + (size_t)(i * n + j) * point + l, d[j]);
        }
    }
}

WINO_INLINE void weights_lines(int m, int lanes, const float *const taps[4], float *points,
                               size_t point)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[2 * (WINO_MOST + 1)];

        for (int j = 0; j < 2; j++) {
            wino_v w[2];

            w[0] = LOAD(taps[j] + l);
            w[1] = LOAD(taps[2 + j] + l);
            wino_weights(m, w, 1, t + j, 2);
        }
        for (int i = 0; i < n; i++) {
            wino_v u[WINO_MOST + 1];

            wino_weights(m, t + 2 * i, 1, u, 1);
            for (int j = 0; j < n; j++)
                STORE(points + (size_t)(i * n + j) * point + l, u[j]);
        }
    }
}

WINO_INLINE void output_lines(int m, int lanes, const float *points, size_t point,
                              float *const *out)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_POINTS];

        for (int j = 0; j < n; j++) {
            wino_v s[WINO_MOST + 1];

            for (int i = 0; i < n; i++)
                s[i] = LOAD(points + (size_t)(i * n + j) * point + l);
            wino_output(m, s, 1, t + j, n);
        }
        for (int i = 0; i < m; i++) {
            wino_v y[WINO_MOST];

            wino_output(m, t + i * n, 1, y, 1);
            for (int j = 0; j < m; j++)
                STORE(out[i * m + j] + l, y[j]);
        }
    }
}

WINO_INLINE void gradient_lines(int m, int lanes, const float *const *in, float *points,
                                size_t point)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[WINO_POINTS];

        for (int j = 0; j < m; j++) {
            wino_v y[WINO_MOST];

            for (int i = 0; i < m; i++)
                y[i] = LOAD(in[i * m + j] + l);
            wino_gradient(m, y, 1, t + j, m);
        }
        for (int i = 0; i < n; i++) {
            wino_v s[WINO_MOST + 1];

            wino_gradient(m, t + i * m, 1, s, 1);
            for (int j = 0; j < n; j++)
                STORE(points + (size_t)(i * n + j) * point + l, s[j]);
        }
    }
}

WINO_INLINE void taps_lines(int m, int lanes, const float *points, size_t point, float *const to[4])
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v t[2 * (WINO_MOST + 1)];

        for (int j = 0; j < n; j++) {
            wino_v s[WINO_MOST + 1];

            for (int i = 0; i < n; i++)
                s[i] = LOAD(points + (size_t)(i * n + j) * point + l);
            wino_taps(m, s, 1, t + j, n);
        }
        for (int i = 0; i < 2; i++) {
            wino_v w[2];

            wino_taps(m, t + i * n, 1, w, 1);
            for (int j = 0; j < 2; j++)
                STORE(to[2 * i + j] + l, LOAD(to[2 * i + j] + l) + w[j]);
        }
    }
}

/* m as a constant: everything above unrolls. */
#define EACH(function, ...)           \
    do {                              \
        if (m == 4)                   \
            function(4, __VA_ARGS__); \
        else if (m == 3)              \
            function(3, __VA_ARGS__); \
        else                          \
            function(2, __VA_ARGS__); \
    } while (0)

TARGET static void input(int m, const float *const *in, size_t channel, float *points, size_t point)
{
    EACH(input_lines, in, channel, points, point);
}

TARGET static void weights(int m, int lanes, const float *const from[4], float *points,
                           size_t point)
{
    EACH(weights_lines, lanes, from, points, point);
}

TARGET static void output(int m, int lanes, const float *points, size_t point, float *const *out)
{
    EACH(output_lines, lanes, points, point, out);
}

TARGET static void gradient(int m, int lanes, const float *const *in, float *points, size_t point)
{
    EACH(gradient_lines, lanes, in, points, point);
}

TARGET static void taps(int m, int lanes, const float *points, size_t point, float *const to[4])
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
