/* Plain C, written so that gcc and clang keep the whole tile in vector registers; the same text is
 * compiled for several instruction sets. Multiply and add are fused where the set has that. */
#include "kernel.h"

#if defined(__GNUC__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#else
#include <math.h>
#define ALWAYS_INLINE static inline
#define FMA(a, b, c) fmaf(a, b, c)
#endif

ALWAYS_INLINE void save(int m, int n, float acc[CPU_ROWS][CPU_COLUMNS], float *restrict tile)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            tile[i * CPU_COLUMNS + j] = acc[i][j];
}

/* m x n sums; m, n and fused are constants wherever this is inlined. */
ALWAYS_INLINE void along(int m, int n, bool fused, int runs, int length, size_t skip,
                         const float *const *a, const float *restrict b, float *restrict tile)
{
    float acc[CPU_ROWS][CPU_COLUMNS];
    const float *p[CPU_ROWS];

    for (int i = 0; i < m; i++) {
        p[i] = a[i];
        for (int j = 0; j < n; j++)
            acc[i][j] = 0.0f;
    }
    for (int run = 0; run < runs; run++) {
        for (int l = 0; l < length; l++, b += CPU_COLUMNS)
            for (int i = 0; i < m; i++) {
#pragma omp simd
                for (int j = 0; j < n; j++)
                    acc[i][j] = fused ? FMA(p[i][l], b[j], acc[i][j]) : acc[i][j] + p[i][l] * b[j];
            }
        for (int i = 0; i < m; i++)
            p[i] += skip;
    }
    save(m, n, acc, tile);
}

ALWAYS_INLINE void across(int m, int n, bool fused, int runs, int length, size_t step,
                          const float *const *a, size_t offset, const float *restrict b,
                          float *restrict tile)
{
    float acc[CPU_ROWS][CPU_COLUMNS];

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            acc[i][j] = 0.0f;
    for (int run = 0; run < runs; run++) {
        const float *p = a[run] + offset;

        for (int l = 0; l < length; l++, b += CPU_COLUMNS, p += step)
            for (int i = 0; i < m; i++) {
#pragma omp simd
                for (int j = 0; j < n; j++)
                    acc[i][j] = fused ? FMA(p[i], b[j], acc[i][j]) : acc[i][j] + p[i] * b[j];
            }
    }
    save(m, n, acc, tile);
}

/* Both functions for one instruction set, whose registers hold m x n sums. */
#define KERNEL(set, target, m, n, fused)                                                          \
    target static void along_##set(int columns, int runs, int length, size_t skip,                \
                                   const float *const a[CPU_ROWS], const float *b, float *tile)   \
    {                                                                                             \
        for (int j = 0; j < columns; j += n)                                                      \
            for (int i = 0; i < CPU_ROWS; i += m)                                                 \
                along(m, n, fused, runs, length, skip, a + i, b + j, tile + i * CPU_COLUMNS + j); \
    }                                                                                             \
    target static void across_##set(int columns, int runs, int length, size_t step,               \
                                    const float *const *a, size_t offset, const float *b,         \
                                    float *tile)                                                  \
    {                                                                                             \
        for (int j = 0; j < columns; j += n)                                                      \
            for (int i = 0; i < CPU_ROWS; i += m)                                                 \
                across(m, n, fused, runs, length, step, a, offset + (size_t)i, b + j,             \
                       tile + i * CPU_COLUMNS + j);                                               \
    }

#if defined(__FP_FAST_FMAF)
KERNEL(any, , 4, 8, true)
#else
KERNEL(any, , 4, 8, false)
#endif

static bool usable_any(void)
{
    return true;
}

#if defined(__GNUC__) && defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))

KERNEL(avx2, AVX2, 4, 16, true)
KERNEL(avx512_half, AVX512, 8, 16, true)
KERNEL(avx512_full, AVX512, 8, 32, true)

static bool usable_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool usable_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static void along_avx512(int columns, int runs, int length, size_t skip,
                         const float *const a[CPU_ROWS], const float *b, float *tile)
{
    (columns > 16 ? along_avx512_full : along_avx512_half)(columns, runs, length, skip, a, b, tile);
}

static void across_avx512(int columns, int runs, int length, size_t step, const float *const *a,
                          size_t offset, const float *b, float *tile)
{
    (columns > 16 ? across_avx512_full : across_avx512_half)(columns, runs, length, step, a, offset,
                                                             b, tile);
}
#endif

const struct cpu_kernel cpu_kernels[] = {
#if defined(__GNUC__) && defined(__x86_64__)
    {"avx512", usable_avx512, along_avx512, across_avx512},
    {"avx2", usable_avx2, along_avx2, across_avx2},
#endif
    {"any", usable_any, along_any, across_any},
    {0},
};

const struct cpu_kernel *cpu_kernel_best(void)
{
    const struct cpu_kernel *kernel = cpu_kernels;

    while (!kernel->usable())
        kernel++;
    return kernel;
}
