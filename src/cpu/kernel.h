/* Code that is written once and compiled for each instruction set: the innermost loops of every
 * matrix product, a tile of sums in registers, and Winograd's transforms of whole tiles.
 *
 * The right-hand matrix is packed in panels: b[depth][CPU_COLUMNS], zero where there is no column.
 * The left-hand one is read in place. Sums run over the depth in order. */
#ifndef LIMNER_SRC_CPU_KERNEL_H
#define LIMNER_SRC_CPU_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CPU_ROWS = 8,
    CPU_COLUMNS = 32,
    WINO_LANES = 16,  /* channels of a group of transformed pictures */
    WINO_MOST = 4,    /* outputs of a tile along a line, m; the least is 2 */
    WINO_TAPS = 3,    /* along a line, at most; the least is 1 */
    WINO_LINE = 6,    /* points along a line, at most: m and the taps, less one */
    WINO_POINTS = 36, /* of a tile */
    WINO_PIXELS = 16  /* m^2 */
};

/* F(m x m, down x across). A line has m + down - 1 points, or m + across - 1; they are the first
 * ones of n, so that point (i, j) is number i * n + j whatever the taps. Two taps with m from 2 to
 * 4 and n = m + 1; one or two with m = 4 and n = 5; two or three with m = 4 and n = 6. */
struct wino_shape {
    int m, n, down, across;
};

struct cpu_kernel {
    const char *name;
    bool (*usable)(void);

    /* Depth along memory: tile[i][j] = sum over run < runs, l < length of
     * a[i][run * skip + l] * b[run * length + l][j], for j < columns (the rest is undefined). */
    void (*along)(int columns, int runs, int length, size_t skip, const float *const a[CPU_ROWS],
                  const float *b, float *tile);

    /* Depth across memory: tile[i][j] = sum over run < runs, l < length of
     * a[run][offset + l * step + i] * b[run * length + l][j], for i < rows, rounded up to what
     * registers hold. */
    void (*across)(int rows, int columns, int runs, int length, size_t step, const float *const *a,
                   size_t offset, const float *b, float *tile);

    /* Depth in groups [CPU_ROWS][WINO_LANES]: tile[i][j] = (more ? tile[i][j] : 0) + sum over
     * g < groups, l < WINO_LANES of a[g][i][l] * b[g * WINO_LANES + l][j], for i < rows, rounded
     * up to what registers hold. */
    void (*grouped)(int rows, int columns, int groups, const float *a, const float *b, bool more,
                    float *tile);

    /* Transforms. Elements of a tile come in order of rows, then columns; points are `point` floats
     * from each other. `lanes` is a multiple of WINO_LANES. The first transform reads WINO_LANES
     * channels of as many pixels as there are points, at in[i] + channel. */
    void (*input)(struct wino_shape shape, const float *const *in, size_t channel, float *points,
                  size_t point);
    /* Of down x across taps. */
    void (*weights)(struct wino_shape shape, int lanes, const float *const *taps, float *points,
                    size_t point);
    /* To m^2 pixels at out[i]. */
    void (*output)(struct wino_shape shape, int lanes, const float *points, size_t point,
                   float *const *out);
    /* The adjoint of output. */
    void (*gradient)(struct wino_shape shape, int lanes, const float *const *in, float *points,
                     size_t point);
    /* The adjoint of weights, added to taps. */
    void (*taps)(struct wino_shape shape, int lanes, const float *points, size_t point,
                 float *const *taps);
};

extern const struct cpu_kernel cpu_kernel_any, cpu_kernel_avx2, cpu_kernel_avx512;

/* Ends with NULL; the first usable one is the fastest. */
extern const struct cpu_kernel *const cpu_kernels[];

const struct cpu_kernel *cpu_kernel_best(void);

#endif
