/* The multiply-add loop that a device's peak is measured with: 128 sums stay in registers, eight or
 * more chains that do not wait for each other. The product with 0.5 is exact, so that fused and
 * rounded twice are the same number. */
#include "cpu.h"

#include <string.h>

enum { SUMS = 128 };

#if defined(__GNUC__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE static inline
#endif

ALWAYS_INLINE void turn(int rounds, bool fused, float *y)
{
    float v[SUMS];

    memcpy(v, y, sizeof v);
    for (int round = 0; round < rounds; round++) {
#pragma omp simd
        for (int i = 0; i < SUMS; i++)
#if defined(__GNUC__)
            v[i] = fused ? __builtin_fmaf(v[i], 0.5f, 1.0f) : v[i] * 0.5f + 1.0f;
#else
            v[i] = v[i] * 0.5f + 1.0f;
#endif
    }
    memcpy(y, v, sizeof v);
    (void)fused;
}

static void turn_any(int rounds, float *y)
{
    turn(rounds, false, y);
}

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void turn_avx2(int rounds, float *y)
{
    turn(rounds, true, y);
}

__attribute__((target("avx512f"))) static void turn_avx512(int rounds, float *y)
{
    turn(rounds, true, y);
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

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int i = 0; i < blocks; i++) {
        size_t at = (size_t)i * SUMS, n = count - at < SUMS ? count - at : SUMS;
        float v[SUMS] = {0};

        memcpy(v, out + at, n * sizeof *v);
        best(rounds, v);
        memcpy(out + at, v, n * sizeof *v);
    }
    be->launches++;
    (void)threads;
}
