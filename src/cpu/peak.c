/* The multiply-add loop that measures a device's peak: eight vectors stay in registers, as chains
 * that do not wait for each other. The product with 0.5 is exact, so fused and twice rounded
 * results are equal. */
#include "cpu/cpu.h"

#include "base/parallel.h"

#include <string.h>

enum { CHAINS = 8, WIDEST = 16, SUMS = CHAINS * WIDEST };

#if defined(__GNUC__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE static inline
#endif

/* Eight vectors of `width` floats, a constant wherever this is inlined: a loop of constant bounds
 * stays in registers, one over an array in memory does not. */
ALWAYS_INLINE void turn(int rounds, bool fused, int width, float *y)
{
    float v[CHAINS][WIDEST];

    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < width; j++)
            v[i][j] = y[i * width + j];
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < CHAINS; i++) {
#pragma omp simd
            for (int j = 0; j < width; j++)
#if defined(__GNUC__)
                v[i][j] = fused ? __builtin_fmaf(v[i][j], 0.5f, 1.0f) : v[i][j] * 0.5f + 1.0f;
#else
                v[i][j] = v[i][j] * 0.5f + 1.0f;
#endif
        }
    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < width; j++)
            y[i * width + j] = v[i][j];
    (void)fused;
}

static void turn_any(int rounds, float *y)
{
    for (int at = 0; at < SUMS; at += 4 * CHAINS)
        turn(rounds, false, 4, y + at);
}

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void turn_avx2(int rounds, float *y)
{
    for (int at = 0; at < SUMS; at += 8 * CHAINS)
        turn(rounds, true, 8, y + at);
}

__attribute__((target("avx512f"))) static void turn_avx512(int rounds, float *y)
{
    turn(rounds, true, 16, y);
}
#endif

typedef void turn_fn(int rounds, float *y);

static turn_fn *best_turn(void)
{
#if defined(__GNUC__) && defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return turn_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return turn_avx2;
#endif
    return turn_any;
}

void cpu_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y)
{
    size_t count = lim_tensor_count(y);
    float *out = cpu_data(y);
    turn_fn *best = best_turn();
    int blocks = cpu_pieces(count, SUMS), threads = cpu_of(be)->threads;

    PARALLEL(threads, i, blocks) {
        size_t at = (size_t)i * SUMS, n = count - at < SUMS ? count - at : SUMS;
        float v[SUMS] = {0};

        memcpy(v, out + at, n * sizeof *v);
        best(rounds, v);
        memcpy(out + at, v, n * sizeof *v);
    }
    be->launches++;
}
