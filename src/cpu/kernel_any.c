/* In plain C, or with vectors of four floats if the compiler knows them. Multiply and add are fused
 * if the instruction set supports that. */
#define SET any
#define TARGET

#if defined(__GNUC__)
typedef float wino_v __attribute__((vector_size(16), aligned(4), may_alias));

enum { LANES = 4, ROWS = 4, VECTORS = 2 };
#define LOAD(p) (*(const wino_v *)(p))
#define STORE(p, v) (*(wino_v *)(p) = (v))
#define SPLAT(x) ((wino_v){x, x, x, x})
#else
typedef float wino_v;

enum { LANES = 1, ROWS = 4, VECTORS = 4 };
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SPLAT(x) (x)
#endif

#if defined(__GNUC__) && defined(__FP_FAST_FMAF)
static inline __attribute__((always_inline)) wino_v fused(wino_v a, wino_v b, wino_v c)
{
    for (int l = 0; l < LANES; l++)
        c[l] = __builtin_fmaf(a[l], b[l], c[l]);
    return c;
}
#define MULTIPLY_ADD(a, b, c) fused(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

static _Bool usable(void)
{
    return 1;
}

#include "cpu/kernel_body.h"
