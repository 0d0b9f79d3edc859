#include "winograd_tile.h"

#include <string.h>

/* A vector of channels. Functions that are inlined take pointers to it: passing 64 bytes by value
 * depends on the instruction set. */
#if defined(__GNUC__)
#define WINO_INLINE static inline __attribute__((always_inline))
typedef float wino_v __attribute__((vector_size(64), aligned(4), may_alias));
#else
#define WINO_INLINE static inline
typedef float wino_v;
#endif
enum { LANES = sizeof(wino_v) / sizeof(float) };

#include "cl/winograd_lines.cl"

#define AT(p) (*(wino_v *)(p))
#define FROM(p) (*(const wino_v *)(p))

WINO_INLINE void input(int m, const float *const *in, size_t channel, float *points, size_t point)
{
    int n = m + 1;

    for (int l = 0; l < WINO_LANES; l += LANES) {
        wino_v d[WINO_POINTS], t[WINO_POINTS];

        for (int i = 0; i < n * n; i++)
            d[i] = FROM(in[i] + channel + l);
        for (int j = 0; j < n; j++)
            wino_input(m, d + j, n, t + j, n);
        for (int i = 0; i < n; i++)
            wino_input(m, t + i * n, 1, d + i * n, 1);
        for (int i = 0; i < n * n; i++)
            AT(points + (size_t)i * point + l) = d[i];
    }
}

WINO_INLINE void weights(int m, int lanes, const float *const taps[4], float *points, size_t point)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v w[4], t[2 * (WINO_MOST + 1)], u[WINO_POINTS];

        for (int i = 0; i < 4; i++)
            w[i] = FROM(taps[i] + l);
        for (int j = 0; j < 2; j++)
            wino_weights(m, w + j, 2, t + j, 2);
        for (int i = 0; i < n; i++)
            wino_weights(m, t + 2 * i, 1, u + i * n, 1);
        for (int i = 0; i < n * n; i++)
            AT(points + (size_t)i * point + l) = u[i];
    }
}

WINO_INLINE void output(int m, int lanes, const float *points, size_t point, float *const *out)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v s[WINO_POINTS], t[WINO_POINTS], y[WINO_PIXELS];

        for (int i = 0; i < n * n; i++)
            s[i] = FROM(points + (size_t)i * point + l);
        for (int j = 0; j < n; j++)
            wino_output(m, s + j, n, t + j, n);
        for (int i = 0; i < m; i++)
            wino_output(m, t + i * n, 1, y + i * m, 1);
        for (int i = 0; i < m * m; i++)
            AT(out[i] + l) = y[i];
    }
}

WINO_INLINE void gradient(int m, int lanes, const float *const *in, float *points, size_t point)
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v y[WINO_PIXELS], t[WINO_POINTS], s[WINO_POINTS];

        for (int i = 0; i < m * m; i++)
            y[i] = FROM(in[i] + l);
        for (int j = 0; j < m; j++)
            wino_gradient(m, y + j, m, t + j, m);
        for (int i = 0; i < n; i++)
            wino_gradient(m, t + i * m, 1, s + i * n, 1);
        for (int i = 0; i < n * n; i++)
            AT(points + (size_t)i * point + l) = s[i];
    }
}

WINO_INLINE void taps(int m, int lanes, const float *points, size_t point, float *const to[4])
{
    int n = m + 1;

    for (int l = 0; l < lanes; l += LANES) {
        wino_v s[WINO_POINTS], t[2 * (WINO_MOST + 1)], w[4];

        for (int i = 0; i < n * n; i++)
            s[i] = FROM(points + (size_t)i * point + l);
        for (int j = 0; j < n; j++)
            wino_taps(m, s + j, n, t + j, n);
        for (int i = 0; i < 2; i++)
            wino_taps(m, t + i * n, 1, w + 2 * i, 1);
        for (int i = 0; i < 4; i++)
            AT(to[i] + l) += w[i];
    }
}

/* m as a constant: everything above unrolls. */
#define EACH(function, ...)           \
    do {                              \
        if (m == 4)                   \
            function(4, __VA_ARGS__); \
        else if (m == 3)              \
            function(3, __VA_ARGS__); \
        else                          \
            function(2, __VA_ARGS__); \
    } while (0)

#define SET(set, target)                                                                          \
    target static void input_##set(int m, const float *const *in, size_t channel, float *points,  \
                                   size_t point)                                                  \
    {                                                                                             \
        EACH(input, in, channel, points, point);                                                  \
    }                                                                                             \
    target static void weights_##set(int m, int lanes, const float *const from[4], float *points, \
                                     size_t point)                                                \
    {                                                                                             \
        EACH(weights, lanes, from, points, point);                                                \
    }                                                                                             \
    target static void output_##set(int m, int lanes, const float *points, size_t point,          \
                                    float *const *out)                                            \
    {                                                                                             \
        EACH(output, lanes, points, point, out);                                                  \
    }                                                                                             \
    target static void gradient_##set(int m, int lanes, const float *const *in, float *points,    \
                                      size_t point)                                               \
    {                                                                                             \
        EACH(gradient, lanes, in, points, point);                                                 \
    }                                                                                             \
    target static void taps_##set(int m, int lanes, const float *points, size_t point,            \
                                  float *const to[4])                                             \
    {                                                                                             \
        EACH(taps, lanes, points, point, to);                                                     \
    }
#define ROW(set)                                                                   \
    {                                                                              \
#set, input_##set, weights_##set, output_##set, gradient_##set, taps_##set \
    }

SET(any, )
#if defined(__GNUC__) && defined(__x86_64__)
SET(avx2, __attribute__((target("avx2"))))
SET(avx512, __attribute__((target("avx512f"))))
#endif

const struct cpu_winograd *cpu_winograd_for(const char *kernel)
{
    static const struct cpu_winograd sets[] = {
#if defined(__GNUC__) && defined(__x86_64__)
        ROW(avx512),
        ROW(avx2),
#endif
        ROW(any)
    };
    const struct cpu_winograd *set = sets;

    while (set != &sets[sizeof sets / sizeof *sets - 1] && strcmp(set->kernel, kernel) != 0)
        set++;
    return set;
}
