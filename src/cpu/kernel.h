/* The innermost loops of every matrix product: a tile of CPU_ROWS x CPU_COLUMNS sums in registers.
 *
 * The right-hand matrix comes packed in panels: b[depth][CPU_COLUMNS], zero where there is no
 * column. The left-hand one is read where it lies. Sums run over the depth in order. */
#ifndef LIMNER_SRC_CPU_KERNEL_H
#define LIMNER_SRC_CPU_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum { CPU_ROWS = 8, CPU_COLUMNS = 32 };

struct cpu_kernel {
    const char *name;
    bool (*usable)(void);

    /* Depth along memory: tile[i][j] = sum over run < runs, l < length of
     * a[i][run * skip + l] * b[run * length + l][j], for j < columns (the rest is undefined). */
    void (*along)(int columns, int runs, int length, size_t skip, const float *const a[CPU_ROWS],
                  const float *b, float *tile);

    /* Depth across memory: tile[i][j] = sum over run < runs, l < length of
     * a[run][offset + l * step + i] * b[run * length + l][j]. */
    void (*across)(int columns, int runs, int length, size_t step, const float *const *a,
                   size_t offset, const float *b, float *tile);
};

/* Ends with an entry that has no name; the first usable one is the fastest. */
extern const struct cpu_kernel cpu_kernels[];

const struct cpu_kernel *cpu_kernel_best(void);

#endif
