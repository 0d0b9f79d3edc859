/* Winograd's transforms along a line against Cook and Toom's construction in fractions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WINO_INLINE static inline
typedef double wino_v;
#include "cl/winograd_lines.cl"
#include "cl/winograd_three.cl"

enum { MOST = 6 };

struct fraction {
    int num, den; /* lowest terms, den > 0 */
};

static struct fraction reduced(int num, int den)
{
    int a = abs(num), b = abs(den);

    while (b) {
        int rest = a % b;

        a = b;
        b = rest;
    }
    if (den < 0)
        a = -a;
    return (struct fraction){num / a, den / a};
}

static struct fraction times(struct fraction a, struct fraction b)
{
    return reduced(a.num * b.num, a.den * b.den);
}

static struct fraction plus(struct fraction a, struct fraction b)
{
    return reduced(a.num * b.den + b.num * a.den, a.den * b.den);
}

/* For m outputs and 2 or 3 taps; n = m + taps - 1 points. */
struct matrices {
    int n;
    struct fraction b[MOST][MOST], g[MOST][3], a[MOST][MOST]; /* a[point][output] */
};

/* The coefficients of the product of x - points[k], k < n - 1, k != skip. */
static void polynomial(int n, const struct fraction *points, int skip, struct fraction *to)
{
    int degree = 0;

    for (int i = 0; i < n; i++)
        to[i] = (struct fraction){i == 0, 1};
    for (int k = 0; k < n - 1; k++) {
        if (k == skip)
            continue;
        degree++;
        for (int i = degree; i >= 0; i--)
            to[i] = plus(i ? to[i - 1] : (struct fraction){0, 1},
                         times(to[i], times(points[k], (struct fraction){-1, 1})));
    }
}

static struct fraction power(struct fraction a, int n)
{
    return n ? times(a, power(a, n - 1)) : (struct fraction){1, 1};
}

/* Row i of the n is that of points[i], or of infinity where last. */
static void construct_row(struct matrices *to, int row, int m, int taps, int i, bool last)
{
    static const struct fraction points[] = {{0, 1}, {1, 1}, {-1, 1}, {2, 1}, {-1, 2}};
    struct fraction f = {1, 1};
    int n = to->n, sign;

    for (int k = 0; k < n - 1 && !last; k++)
        if (k != i)
            f = times(f, plus(points[i], times(points[k], (struct fraction){-1, 1})));
    polynomial(n, points, last ? -1 : i, to->b[row]);
    sign = f.num < 0 ? -1 : 1; /* goes out of both rows */
    for (int j = 0; j < taps; j++)
        to->g[row][j] = last ? (struct fraction){j == taps - 1, 1}
                             : times(power(points[i], j), reduced(sign * f.den, f.num));
    for (int j = 0; j < m; j++)
        to->a[row][j] = last ? (struct fraction){j == m - 1, 1} : power(points[i], j);
    for (int j = 0; j < n; j++)
        to->b[row][j].num *= sign;
}

/* Infinity is the last point with two taps; with three it keeps its place, and -1/2 is last. */
static struct matrices construct(int m, int taps)
{
    struct matrices to;

    memset(&to, 0, sizeof to);
    to.n = m + taps - 1;
    for (int i = 0; i < m; i++)
        construct_row(&to, i, m, taps, i, false);
    construct_row(&to, m, m, taps, 0, true);
    if (taps == 3)
        construct_row(&to, m + 1, m, taps, m, false);
    return to;
}

static void test_construction_convolves(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        int m = i < 3 ? 2 + i : 4, taps = i < 3 ? 2 : 3;
        struct matrices to = construct(m, taps);

        for (int y = 0; y < m; y++)
            for (int tap = 0; tap < taps; tap++)
                for (int d = 0; d < to.n; d++) {
                    struct fraction sum = {0, 1};

                    for (int p = 0; p < to.n; p++)
                        sum = plus(sum, times(to.a[p][y], times(to.g[p][tap], to.b[p][d])));
                    assert_int_equal(sum.num, d == y + tap);
                    assert_int_equal(sum.den, 1);
                }
    }
}

static void check(struct fraction want, double got)
{
    assert_true((float)((double)want.num / want.den) == (float)got);
}

static void test_transforms(void **state)
{
    (void)state;
    for (int m = 2; m <= 4; m++) {
        struct matrices to = construct(m, 2);
        int n = to.n;

        for (int j = 0; j < n; j++) { /* of unit vectors, in every second element */
            double in[2 * MOST] = {0}, out[3 * MOST];

            in[2 * j] = 1.0;
            wino_input(m, in, 2, out, 3);
            for (int i = 0; i < n; i++)
                check(to.b[i][j], out[3 * i]);
            wino_output(m, in, 2, out, 3);
            for (int i = 0; i < m; i++)
                check(to.a[j][i], out[3 * i]);
            wino_taps(m, in, 2, out, 3);
            for (int i = 0; i < 2; i++)
                check(to.g[j][i], out[3 * i]);
            if (j < 2) {
                wino_weights(m, in, 2, out, 3);
                for (int i = 0; i < n; i++)
                    check(to.g[i][j], out[3 * i]);
            }
            if (j < m) {
                wino_gradient(m, in, 2, out, 3);
                for (int i = 0; i < n; i++)
                    check(to.a[i][j], out[3 * i]);
            }
        }
    }
}

/* The same for three taps. */
static void test_transforms_of_three(void **state)
{
    struct matrices to = construct(4, 3), two = construct(4, 2);

    (void)state;
    for (int j = 0; j < 6; j++) {
        double in[2 * MOST] = {0}, out[3 * MOST];

        in[2 * j] = 1.0;
        wino_input_six(in, 2, out, 3);
        for (int i = 0; i < 6; i++)
            check(to.b[i][j], out[3 * i]);
        wino_output_six(in, 2, out, 3);
        for (int i = 0; i < 4; i++)
            check(to.a[j][i], out[3 * i]);
        wino_taps_three(in, 2, out, 3);
        for (int i = 0; i < 3; i++)
            check(to.g[j][i], out[3 * i]);
        if (j < 3) {
            wino_weights_three(in, 2, out, 3);
            for (int i = 0; i < 6; i++)
                check(to.g[i][j], out[3 * i]);
        }
        if (j < 4) {
            wino_gradient_six(in, 2, out, 3);
            for (int i = 0; i < 6; i++)
                check(to.a[i][j], out[3 * i]);
        }
    }
    /* Phases of two and of three taps add: they have the same A at the points of both. */
    assert_memory_equal(to.a, two.a, 5 * sizeof to.a[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_construction_convolves),
        cmocka_unit_test(test_transforms),
        cmocka_unit_test(test_transforms_of_three),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
