/* A tile of 4 x 16 sums: eight of sixteen registers, and as many chains as the latency of four
 * cycles needs. */
#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

typedef __m256 wino_v;

#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
enum { LANES = 8, ROWS = 4, VECTORS = 2 };
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SPLAT(x) _mm256_set1_ps(x)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)

static _Bool usable(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#include "cpu/kernel_body.h"
#else
typedef int no_avx2;
#endif
