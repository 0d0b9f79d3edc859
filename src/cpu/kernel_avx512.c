/* A tile of 8 x 32 sums: sixteen of 32 registers. */
#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

typedef __m512 wino_v;

#define SET avx512
#define TARGET __attribute__((target("avx512f")))
enum { LANES = 16, ROWS = 8, VECTORS = 2 };
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SPLAT(x) _mm512_set1_ps(x)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)

static _Bool usable(void)
{
    return __builtin_cpu_supports("avx512f");
}

#include "cpu/kernel_body.h"
#else
typedef int no_avx512;
#endif
