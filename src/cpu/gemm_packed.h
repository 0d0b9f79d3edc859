/* Products of a left-hand matrix read in place with a right-hand one packed in panels: shared by
 * the built-in gemm and the convolutions. */
#ifndef LIMNER_SRC_CPU_GEMM_PACKED_H
#define LIMNER_SRC_CPU_GEMM_PACKED_H

#include "cpu/cpu.h"

/* Rows of the left-hand matrix lie on a grid n x rows x columns of places; the row at a place is
 * `runs` runs of `length` floats, `skip` floats from one start to the next. Row i of the output
 * lies on a grid of its own. out = alpha * in . b + beta * out; beta = 0 does not read out. */
struct cpu_packed_gemm {
    int n, rows, columns;
    const float *in;
    size_t in_image, in_row, in_column; /* floats between neighbors on the grid */
    float *out;
    size_t out_image, out_row, out_column;
    int runs, length;
    size_t skip;
    const float *b; /* panels of runs * length rows */
    int width;      /* columns of b and of the output */
    float alpha, beta;
};

void cpu_packed_gemm_run(struct lim_backend *be, const struct cpu_packed_gemm *sweep);

/* The same in the calling thread alone. */
void cpu_packed_gemm_run_here(struct lim_backend *be, const struct cpu_packed_gemm *sweep);

/* Floats that the panels of a depth x width matrix take. */
size_t cpu_panels_size(size_t depth, int width);

/* Packs b[i * down + j * across], i < depth, j < width. Rows from `first` of all the panels are
 * written, which have `total` rows; so a matrix can be packed from pieces. */
void cpu_panels_pack(struct lim_backend *be, const float *b, size_t down, size_t across, int depth,
                     int width, float *panels, int first, int total);

/* Adds or stores a tile: c = alpha * tile + beta * c over m x n elements; beta = 0 does not read
 * c. c[i] is the start of row i. */
void cpu_tile_store(int m, int n, float alpha, const float *tile, float beta, float *const *c);

#endif
