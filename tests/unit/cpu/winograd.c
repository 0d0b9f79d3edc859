/* Winograd's convolutions on the CPU path: the passes against their definition in double, and bits
 * that depend neither on the batch nor on the number of threads. */
#include <limner/limner.h>

#include "cpu/cpu.h"
#include "cpu/winograd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One problem: inputs, what each pass gives, and what it should in double with sums of sizes. */
struct problem {
    struct lim_backend *be;
    struct lim_conv cv;
    struct lim_tensor x, w, dy, y, dx, dw;
};

static struct lim_tensor tensor(struct lim_backend *be, int n, int h, int w, int c)
{
    struct lim_tensor t = lim_tensor_of(
        lim_buffer_create(be, (size_t)n * (size_t)h * (size_t)w * (size_t)c), 0, n, h, w, c);

    assert_non_null(t.buf);
    return t;
}

static void fill(struct lim_tensor t, uint32_t seed, bool integers)
{
    float *to = cpu_data(t);

    for (size_t i = 0; i < lim_tensor_count(t); i++) {
        seed = seed * 1664525u + 1013904223u;
        to[i] = integers ? (float)(int)(seed >> 29) - 4.0f : (float)(int32_t)seed * 0x1p-31f;
    }
}

static void poison(struct lim_tensor t)
{
    for (size_t i = 0; i < lim_tensor_count(t); i++)
        cpu_data(t)[i] = NAN;
}

static struct problem open_problem(const struct lim_conv *cv, int threads, bool integers)
{
    struct lim_device_choice choice = {.device = "cpu", .threads = threads};
    struct problem pb = {.be = lim_backend_create(&choice, NULL), .cv = *cv};

    assert_non_null(pb.be);
    assert_true(lim_conv_init(&pb.cv));
    cv = &pb.cv;
    pb.x = tensor(pb.be, cv->n, cv->h, cv->w, cv->c);
    pb.w = tensor(pb.be, cv->r, cv->s, cv->c, cv->k);
    pb.dy = tensor(pb.be, cv->n, cv->p, cv->q, cv->k);
    pb.y = tensor(pb.be, cv->n, cv->p, cv->q, cv->k);
    pb.dx = tensor(pb.be, cv->n, cv->h, cv->w, cv->c);
    pb.dw = tensor(pb.be, cv->r, cv->s, cv->c, cv->k);
    fill(pb.x, 1, integers);
    fill(pb.w, 2, integers);
    fill(pb.dy, 3, integers);
    fill(pb.dw, 4, integers);
    poison(pb.y);
    poison(pb.dx);
    return pb;
}

static void close_problem(struct problem *pb)
{
    const struct lim_tensor all[] = {pb->x, pb->w, pb->dy, pb->y, pb->dx, pb->dw};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        lim_buffer_destroy(all[i].buf);
    lim_backend_destroy(pb->be);
}

static void run_all(struct problem *pb)
{
    cpu_winograd_forward(pb->be, &pb->cv, pb->x, pb->w, pb->y);
    cpu_winograd_backward_data(pb->be, &pb->cv, pb->dy, pb->w, pb->dx);
    cpu_winograd_backward_weights(pb->be, &pb->cv, pb->x, pb->dy, pb->dw);
}

/* Sums and sums of sizes of all three passes, by the definition. */
static void define(const struct problem *pb, double *sum[3], double *size[3])
{
    const struct lim_conv *cv = &pb->cv;
    const float *x = cpu_data(pb->x), *w = cpu_data(pb->w), *dy = cpu_data(pb->dy);
    size_t taps = (size_t)(cv->r * cv->s), c = (size_t)cv->c, k = (size_t)cv->k;

    for (size_t at = 0; at < (size_t)(cv->n * cv->p * cv->q) * taps; at++) {
        size_t tap = at % taps, pixel = at / taps, n = pixel / (size_t)(cv->p * cv->q);
        int i = (int)(pixel / (size_t)cv->q) % cv->p * cv->stride - cv->pad_top + (int)tap / cv->s;
        int j = (int)pixel % cv->q * cv->stride - cv->pad_left + (int)tap % cv->s;

        if (i < 0 || i >= cv->h || j < 0 || j >= cv->w)
            continue;
        for (size_t a = 0; a < c; a++)
            for (size_t b = 0; b < k; b++) {
                size_t ix = ((n * (size_t)cv->h + (size_t)i) * (size_t)cv->w + (size_t)j) * c + a;
                size_t iw = (tap * c + a) * k + b, iy = pixel * k + b;
                double forward = (double)x[ix] * (double)w[iw];
                double data = (double)dy[iy] * (double)w[iw],
                       weights = (double)x[ix] * (double)dy[iy];

                sum[0][iy] += forward;
                sum[1][ix] += data;
                sum[2][iw] += weights;
                size[0][iy] += fabs(forward);
                size[1][ix] += fabs(data);
                size[2][iw] += fabs(weights);
            }
    }
}

/* The row for Winograd in docs/design/numerics.md; equal for integers. */
static void compare(const char *name, struct lim_tensor got, const double *want, const double *size,
                    double terms, bool exact)
{
    const double u = 0x1p-24, root = fmax(sqrt(terms), 8.0);
    double error2 = 0.0, want2 = 0.0, worst = 0.0;

    for (size_t i = 0; i < lim_tensor_count(got); i++) {
        double error = fabs((double)cpu_data(got)[i] - want[i]);

        assert_false(isnan(error));
        worst = fmax(worst, size[i] > 0.0 ? error / (16.0 * root * u * size[i]) : error);
        error2 += error * error;
        want2 += want[i] * want[i];
    }
    print_message("%s: %.3f of the elements' bound, %.3f of the norm's\n", name, worst,
                  sqrt(error2 / want2) / (8.0 * root * u));
    if (exact) {
        assert_true(error2 == 0.0);
    } else {
        assert_true(worst <= 1.0);
        assert_true(sqrt(error2 / want2) <= 8.0 * root * u);
    }
}

static bool runs(const struct lim_conv *cv)
{
    return cpu_winograd_runs(NULL, cv, LIM_CONV_FORWARD);
}

static void examine(const struct lim_conv *cv, bool integers)
{
    struct problem pb = open_problem(cv, 2, integers);
    struct lim_tensor got[] = {pb.y, pb.dx, pb.dw};
    double *sum[3], *size[3];
    const int taps = (cv->r + 1) / 2;
    const double terms[] = {(double)cv->r * cv->s * cv->c, (double)taps * taps * cv->k,
                            1.0 + (double)pb.cv.n * pb.cv.p * pb.cv.q};
    static const char *const names[] = {"forward", "backward_data", "backward_weights"};

    assert_true(runs(&pb.cv));
    for (int i = 0; i < 3; i++) {
        sum[i] = calloc(lim_tensor_count(got[i]), sizeof **sum);
        size[i] = calloc(lim_tensor_count(got[i]), sizeof **size);
        assert_non_null(sum[i]);
        assert_non_null(size[i]);
    }
    for (size_t i = 0; i < lim_tensor_count(pb.dw); i++) { /* it adds to what is there */
        sum[2][i] = (double)cpu_data(pb.dw)[i];
        size[2][i] = fabs(sum[2][i]);
    }
    define(&pb, sum, size);
    run_all(&pb);
    for (int i = 0; i < 3; i++) {
        compare(names[i], got[i], sum[i], size[i], terms[i], integers);
        free(sum[i]);
        free(size[i]);
    }
    close_problem(&pb);
}

#define PADS(a, b, c, d) .pad_top = a, .pad_left = b, .pad_bottom = c, .pad_right = d
#define SQUARE(size, n_, h_, w_, c_, k_, ...)                                           \
    {                                                                                   \
        .n = n_, .h = h_, .w = w_, .c = c_, .k = k_, .r = size, .s = size, .stride = 2, \
        __VA_ARGS__                                                                     \
    }
#define CONV(...) SQUARE(4, __VA_ARGS__)
#define CONV5(...) SQUARE(5, __VA_ARGS__)
#define CONV3(...) SQUARE(3, __VA_ARGS__)

static void test_passes(void **state)
{
    static const struct lim_conv cases[] = {
        CONV(3, 8, 8, 16, 32, PADS(1, 1, 1, 1)),
        CONV(2, 12, 20, 17, 33, PADS(1, 1, 1, 1)), /* ragged channels and tiles */
        CONV(2, 13, 9, 31, 16, PADS(0, 2, 1, 0)),  /* four pads, odd sizes */
        CONV(1, 16, 14, 48, 65, PADS(3, 0, 2, 3)), /* rows of x that are padding only */
        CONV(7, 32, 32, 16, 16, PADS(1, 1, 1, 1)), /* several blocks of tiles */
        CONV(1, 8, 8, 256, 96, PADS(1, 1, 1, 1)),  /* not all panels of weights at once */
        CONV(66, 8, 8, 64, 40, PADS(1, 1, 1, 1)),  /* ranges of tiles, the last one short */
        CONV5(3, 8, 8, 16, 32, PADS(1, 1, 2, 2)),
        CONV5(2, 12, 20, 17, 33, PADS(1, 1, 2, 2)),
        CONV5(2, 13, 11, 31, 16, PADS(0, 3, 1, 2)),
        CONV5(1, 16, 14, 48, 65, PADS(4, 0, 1, 4)),
        CONV5(7, 32, 32, 16, 16, PADS(2, 2, 2, 2)),
        CONV5(1, 8, 8, 256, 96, PADS(1, 1, 2, 2)),
        CONV5(66, 8, 8, 80, 40, PADS(1, 1, 2, 2)),
        CONV3(3, 8, 8, 16, 32, PADS(0, 0, 1, 1)),
        CONV3(2, 16, 24, 17, 33, PADS(1, 1, 0, 0)),
        CONV3(2, 13, 21, 31, 16, PADS(1, 2, 2, 0)),
        CONV3(1, 16, 14, 48, 65, PADS(2, 0, 0, 2)),
        CONV3(7, 32, 32, 16, 16, PADS(0, 0, 1, 1)),
        CONV3(1, 8, 8, 256, 96, PADS(1, 1, 1, 1)),
        CONV3(66, 8, 8, 80, 40, PADS(0, 0, 1, 1)),
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        examine(&cases[i], false);
}

/* m = 2 and 3, where no coefficient rounds. */
static void test_integers(void **state)
{
    static const struct lim_conv cases[] = {
        CONV(5, 4, 4, 16, 33, PADS(1, 1, 1, 1)),
        CONV(2, 5, 4, 18, 16, PADS(1, 1, 1, 1)),
        CONV(3, 6, 6, 16, 40, PADS(1, 1, 1, 1)),
        CONV(2, 6, 12, 35, 16, PADS(1, 1, 1, 1)),
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        examine(&cases[i], true);
}

static void assert_same_bits(struct lim_tensor a, struct lim_tensor b)
{
    assert_memory_equal(cpu_data(a), cpu_data(b), lim_tensor_count(a) * sizeof(float));
}

static void test_threads(void **state)
{
    static const struct lim_conv cases[] = {CONV(13, 32, 16, 48, 80, PADS(1, 1, 1, 1)),
                                            CONV5(13, 32, 16, 48, 80, PADS(1, 1, 2, 2)),
                                            CONV3(13, 32, 16, 48, 80, PADS(0, 0, 1, 1))};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem one = open_problem(&cases[i], 1, false);
        struct problem three = open_problem(&cases[i], 3, false);

        run_all(&one);
        run_all(&three);
        assert_same_bits(one.y, three.y);
        assert_same_bits(one.dx, three.dx);
        assert_same_bits(one.dw, three.dw);
        close_problem(&one);
        close_problem(&three);
    }
}

static void check_batches(struct lim_conv cv)
{
    struct problem whole = open_problem(&cv, 2, false), parts = open_problem(&cv, 2, false);

    run_all(&whole);
    for (int first = 0, n = 1; first < cv.n; first += n, n = first % 5 + 1) {
        if (n > cv.n - first)
            n = cv.n - first;
        cpu_winograd_forward(parts.be, &parts.cv, lim_tensor_images(parts.x, first, n), parts.w,
                             lim_tensor_images(parts.y, first, n));
        cpu_winograd_backward_data(parts.be, &parts.cv, lim_tensor_images(parts.dy, first, n),
                                   parts.w, lim_tensor_images(parts.dx, first, n));
    }
    assert_same_bits(whole.y, parts.y);
    assert_same_bits(whole.dx, parts.dx);
    close_problem(&whole);
    close_problem(&parts);
}

static void test_batches(void **state)
{
    (void)state;
    check_batches((struct lim_conv)CONV(70, 8, 8, 33, 64, PADS(1, 1, 1, 1)));
    check_batches((struct lim_conv)CONV5(70, 8, 8, 33, 64, PADS(1, 1, 2, 2)));
    check_batches((struct lim_conv)CONV3(70, 8, 8, 33, 64, PADS(0, 0, 1, 1)));
}

static void test_refusals(void **state)
{
    struct lim_conv cv = CONV(1, 8, 8, 16, 16, PADS(1, 1, 1, 1));

    (void)state;
    assert_true(lim_conv_init(&cv) && runs(&cv));
    cv.n = 1000;
    assert_true(lim_conv_init(&cv) && runs(&cv));
    cv.c = 15;
    assert_false(runs(&cv));
    cv.c = 16;
    cv.stride = 1;
    assert_true(lim_conv_init(&cv) && !runs(&cv));
    cv.stride = 2;
    cv.r = 5;
    assert_true(lim_conv_init(&cv) && !runs(&cv));
    cv.r = 4;
    cv.h = cv.w = 2; /* one output: nothing to gain */
    assert_true(lim_conv_init(&cv) && !runs(&cv));
    cv.r = cv.s = 5;
    cv.h = cv.w = 8;
    assert_true(lim_conv_init(&cv) && runs(&cv));
    cv.h = cv.w = 5; /* two by two outputs of a tile's sixteen */
    assert_true(lim_conv_init(&cv) && !runs(&cv));
    cv.r = cv.s = 3;
    cv.h = cv.w = 8;
    assert_true(lim_conv_init(&cv) && runs(&cv));
    cv.h = cv.w = 12; /* six: only whole tiles of four have less to do */
    assert_true(lim_conv_init(&cv) && !runs(&cv));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),   cmocka_unit_test(test_integers),
        cmocka_unit_test(test_threads),  cmocka_unit_test(test_batches),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
