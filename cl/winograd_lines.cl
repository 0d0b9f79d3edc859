/* Winograd's transforms along one line, F(m, 2) for m = 2, 3 and 4; shared with the CPU path, which
 * includes this file. Derived as Cook and Toom do, from the points 0, 1, infinity (m = 2), also -1
 * (m = 3), and also 2 (m = 4); rows of B and G whose product has a minus sign are negated.
 * tests/unit/cpu/winograd_lines.c derives the matrices again, in fractions, and compares.
 *
 *   y = A' [(G w) * (B' d)]    two taps w, m + 1 inputs d, m outputs y
 *   w = G' [(A y) * (B' d)]    the gradient of the taps, from the gradient of the outputs
 *
 * Elements are `from` and `to` apart. m is a constant in every call. */
#ifndef WINO_INLINE
#define WINO_INLINE static inline
#define wino_v real_v
#endif

/* B': m + 1 to m + 1. */
WINO_INLINE void wino_input(int m, const wino_v *d, int from, wino_v *o, int to)
{
    wino_v t = d[3 * from * (m > 2)] - d[from];

    if (m == 2) {
        o[0] = d[0] - d[from];
        o[to] = d[from];
        o[2 * to] = d[2 * from] - d[from];
    } else if (m == 3) {
        o[0] = d[0] - d[2 * from];
        o[to] = d[from] + d[2 * from];
        o[2 * to] = d[2 * from] - d[from];
        o[3 * to] = t;
    } else {
        o[0] = 2.0f * (d[0] - d[2 * from]) + t;
        o[to] = 2.0f * d[from] + d[2 * from] - d[3 * from];
        o[2 * to] = 3.0f * d[2 * from] - 2.0f * d[from] - d[3 * from];
        o[3 * to] = t;
        o[4 * to] = d[4 * from] - d[2 * from] - 2.0f * t;
    }
}

/* G: 2 to m + 1. */
WINO_INLINE void wino_weights(int m, const wino_v *w, int from, wino_v *o, int to)
{
    o[0] = (m == 4 ? 0.5f : 1.0f) * w[0];
    o[m * to] = w[from];
    if (m == 2) {
        o[to] = w[0] + w[from];
    } else {
        o[to] = 0.5f * (w[0] + w[from]);
        o[2 * to] = (m == 3 ? 0.5f : 1.0f / 6.0f) * (w[0] - w[from]);
    }
    if (m == 4)
        o[3 * to] = (1.0f / 6.0f) * (w[0] + 2.0f * w[from]);
}

/* A': m + 1 to m. */
WINO_INLINE void wino_output(int m, const wino_v *s, int from, wino_v *o, int to)
{
    if (m == 2) {
        o[0] = s[0] + s[from];
        o[to] = s[from] + s[2 * from];
    } else {
        wino_v sum = s[from] + s[2 * from], difference = s[from] - s[2 * from];

        if (m == 3) {
            o[0] = s[0] + sum;
            o[to] = difference;
            o[2 * to] = sum + s[3 * from];
        } else {
            o[0] = s[0] + sum + s[3 * from];
            o[to] = difference + 2.0f * s[3 * from];
            o[2 * to] = sum + 4.0f * s[3 * from];
            o[3 * to] = difference + 8.0f * s[3 * from] + s[4 * from];
        }
    }
}

/* A: m to m + 1. */
WINO_INLINE void wino_gradient(int m, const wino_v *y, int from, wino_v *o, int to)
{
    o[0] = y[0];
    o[m * to] = y[(m - 1) * from];
    if (m == 2) {
        o[to] = y[0] + y[from];
    } else {
        wino_v even = y[0] + y[2 * from];
        wino_v odd = y[from];

        if (m == 4)
            odd += y[3 * from];
        o[to] = even + odd;
        o[2 * to] = even - odd;
    }
    if (m == 4)
        o[3 * to] = y[0] + 2.0f * y[from] + 4.0f * y[2 * from] + 8.0f * y[3 * from];
}

/* G': m + 1 to 2. */
WINO_INLINE void wino_taps(int m, const wino_v *s, int from, wino_v *o, int to)
{
    if (m == 2) {
        o[0] = s[0] + s[from];
        o[to] = s[from] + s[2 * from];
    } else if (m == 3) {
        o[0] = s[0] + 0.5f * (s[from] + s[2 * from]);
        o[to] = 0.5f * (s[from] - s[2 * from]) + s[3 * from];
    } else {
        o[0] = 0.5f * (s[0] + s[from]) + (1.0f / 6.0f) * (s[2 * from] + s[3 * from]);
        o[to] = 0.5f * s[from] + (1.0f / 6.0f) * (2.0f * s[3 * from] - s[2 * from]) + s[4 * from];
    }
}
