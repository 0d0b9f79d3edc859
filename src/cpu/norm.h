/* How the rows of a tensor (its pixels) are cut for sums over each channel: into units, which the
 * threads share; a unit is summed in blocks of BLOCK rows, in float and in registers, and the
 * blocks' sums are added in double, in a fixed order. */
#ifndef LIMNER_SRC_CPU_NORM_H
#define LIMNER_SRC_CPU_NORM_H

#include "cpu/cpu.h"

#include <string.h>

enum {
    BLOCK = 64, /* rows */
    LANES = 32, /* channels at once: two AVX-512 registers, four of AVX2 */
    UNIT_FLOATS = 65536
};

/* Inlined into the calling clone: otherwise it would be compiled for the least processor only. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline int unit_rows(int c)
{
    int rows = UNIT_FLOATS / c / BLOCK * BLOCK;

    return rows > BLOCK ? rows : BLOCK;
}

/* Sums over `rows` rows of `lanes` channels. `x` points to the first of them. */
ALWAYS_INLINE void sum_block(int rows, size_t c, int lanes, const float *x, float *sum)
{
    float s[LANES] = {0};

    for (int i = 0; i < rows; i++)
        for (int l = 0; l < lanes; l++)
            s[l] += x[(size_t)i * c + (size_t)l];
    memcpy(sum, s, sizeof s);
}

/* Identity, and the two activations that depend only on the sign; `kind` is a constant in the hot
 * loops. Propagates NaN. */
ALWAYS_INLINE float rectified(enum lim_activation kind, float slope, float v)
{
    if (kind == LIM_RELU)
        return v < 0.0f ? 0.0f : v;
    if (kind == LIM_LEAKY_RELU)
        return v > 0.0f ? v : slope * v;
    return v;
}

/* The gradient before them, from `v` before or after them. */
ALWAYS_INLINE float rectified_back(enum lim_activation kind, float slope, float v, float dy)
{
    if (kind == LIM_RELU)
        return v > 0.0f ? dy : 0.0f;
    if (kind == LIM_LEAKY_RELU)
        return v > 0.0f ? dy : slope * dy;
    return dy;
}

/* Scratch for `kinds` doubles per channel and unit, then `vectors` floats per channel. */
static inline double *partials(struct lim_backend *be, int units, int c, int kinds, int vectors,
                               float **floats)
{
    size_t doubles = (size_t)units * (size_t)c * (size_t)kinds;
    double *memory =
        cpu_scratch(be, doubles * sizeof(double) + (size_t)c * (size_t)vectors * sizeof(float));

    if (memory)
        *floats = (float *)(memory + doubles);
    return memory;
}

#endif
