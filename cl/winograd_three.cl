/* Winograd's transforms along one line for three taps, F(4,3), in the same form as those for two
 * taps in cl/winograd_lines.cl. The points of F(4,2), which are 0, 1, -1, 2 and infinity, are
 * joined by -1/2 as the sixth: so the first five columns of A' are those of F(4,2), and phases of
 * two and of three taps add in the transform domain. With -2 instead of -1/2, errors of 64 channels
 * are half as large again; those of F(4,2) are an eighth smaller. tests/unit/cpu/winograd_lines.c
 * derives these matrices too.
 *
 * This file is included after that one, on the CPU path too. */

#ifndef WINO_INLINE
#define WINO_INLINE static inline
#define wino_v real_v
#endif

/* B': 6 to 6. Rows are products of x^2 - 1.5 x - 1 = (x - 2)(x + 1/2) with others. */
WINO_INLINE void wino_input_six(const wino_v *d, int from, wino_v *o, int to)
{
    wino_v a = d[4 * from] - d[2 * from], b = d[3 * from] - d[from];
    wino_v q1 = b - 1.5f * d[2 * from], q2 = a - 1.5f * d[3 * from];

    o[0] = q2 - (d[2 * from] - 1.5f * d[from] - d[0]);
    o[to] = -q1 - q2;
    o[2 * to] = q2 - q1;
    o[3 * to] = a + 0.5f * b;
    o[4 * to] = d[5 * from] - 1.5f * d[4 * from] - d[3 * from] - q1;
    o[5 * to] = 2.0f * b - a;
}

/* G: 3 to 6. */
WINO_INLINE void wino_weights_three(const wino_v *w, int from, wino_v *o, int to)
{
    wino_v outer = w[0] + w[2 * from];

    o[0] = w[0];
    o[to] = (1.0f / 3.0f) * (outer + w[from]);
    o[2 * to] = (1.0f / 3.0f) * (outer - w[from]);
    o[3 * to] = (1.0f / 15.0f) * (w[0] + 2.0f * w[from] + 4.0f * w[2 * from]);
    o[4 * to] = w[2 * from];
    o[5 * to] = (4.0f / 15.0f) * (4.0f * w[0] - 2.0f * w[from] + w[2 * from]);
}

/* A': 6 to 4. */
WINO_INLINE void wino_output_six(const wino_v *s, int from, wino_v *o, int to)
{
    wino_v sum = s[from] + s[2 * from], difference = s[from] - s[2 * from];

    o[0] = s[0] + sum + s[3 * from] + s[5 * from];
    o[to] = difference + 2.0f * s[3 * from] - 0.5f * s[5 * from];
    o[2 * to] = sum + 4.0f * s[3 * from] + 0.25f * s[5 * from];
    o[3 * to] = difference + 8.0f * s[3 * from] - 0.125f * s[5 * from] + s[4 * from];
}

/* A: 4 to 6. */
WINO_INLINE void wino_gradient_six(const wino_v *y, int from, wino_v *o, int to)
{
    wino_v even = y[0] + y[2 * from], odd = y[from] + y[3 * from];

    o[0] = y[0];
    o[to] = even + odd;
    o[2 * to] = even - odd;
    o[3 * to] = y[0] + 2.0f * y[from] + 4.0f * y[2 * from] + 8.0f * y[3 * from];
    o[4 * to] = y[3 * from];
    o[5 * to] = y[0] - 0.5f * y[from] + 0.25f * y[2 * from] - 0.125f * y[3 * from];
}

/* G': 6 to 3. */
WINO_INLINE void wino_taps_three(const wino_v *s, int from, wino_v *o, int to)
{
    wino_v sum = (1.0f / 3.0f) * (s[from] + s[2 * from]);
    wino_v difference = (1.0f / 3.0f) * (s[from] - s[2 * from]);

    o[0] = s[0] + sum + (1.0f / 15.0f) * (s[3 * from] + 16.0f * s[5 * from]);
    o[to] = difference + (2.0f / 15.0f) * (s[3 * from] - 4.0f * s[5 * from]);
    o[2 * to] = sum + (4.0f / 15.0f) * (s[3 * from] + s[5 * from]) + s[4 * from];
}
