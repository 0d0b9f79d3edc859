/* Properties of the CPU path alone: bits that do not depend on the number of threads, and a gemm of
 * its own that agrees with the BLAS. limner-conform checks the operations themselves. */
#include <limner/bench.h>
#include <limner/limner.h>

#include "cpu/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct lim_backend *open_cpu(int threads)
{
    struct lim_device_choice choice = {.device = "cpu", .threads = threads};
    struct lim_backend *be = lim_backend_create(&choice, NULL);

    assert_non_null(be);
    return be;
}

/* Multiples of 1/8 instead of any fraction: short sums of their products are exact. */
static bool exact;

/* A tensor in a buffer of its own, with values in [-1, 1) that depend on the seed alone. */
static struct lim_tensor noise(struct lim_backend *be, uint32_t seed, int n, int h, int w, int c)
{
    size_t count = (size_t)n * (size_t)h * (size_t)w * (size_t)c;
    struct lim_tensor t = lim_tensor_of(lim_buffer_create(be, count), 0, n, h, w, c);
    float *host = malloc(count * sizeof *host);

    assert_non_null(t.buf);
    assert_non_null(host);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        host[i] = (float)(int32_t)(exact ? seed & 0xf0000000u : seed) * 0x1p-31f;
    }
    lim_write(t, host);
    free(host);
    return t;
}

static float *contents(struct lim_tensor t)
{
    float *host = malloc(lim_tensor_count(t) * sizeof *host);

    assert_non_null(host);
    lim_read(t, host);
    return host;
}

static void drop(struct lim_tensor t)
{
    lim_buffer_destroy(t.buf);
}

/* Results of one operation of each kind whose sum could depend on the threads, in a row. */
struct results {
    size_t count;
    float *values;
};

static void keep(struct results *to, struct lim_tensor t)
{
    size_t count = lim_tensor_count(t);

    to->values = realloc(to->values, (to->count + count) * sizeof *to->values);
    assert_non_null(to->values);
    lim_read(t, to->values + to->count);
    to->count += count;
}

static void run_convolution(struct lim_backend *be, struct lim_conv cv, struct results *to)
{
    struct lim_tensor x, w, y, dx, dw;

    assert_true(lim_conv_init(&cv));
    x = noise(be, 1, cv.n, cv.h, cv.w, cv.c);
    w = noise(be, 2, cv.r, cv.s, cv.c, cv.k);
    y = noise(be, 3, cv.n, cv.p, cv.q, cv.k);
    dx = noise(be, 4, cv.n, cv.h, cv.w, cv.c);
    dw = noise(be, 5, cv.r, cv.s, cv.c, cv.k);
    lim_conv_forward(be, &cv, x, w, y);
    lim_conv_backward_data(be, &cv, y, w, dx);
    lim_conv_backward_weights(be, &cv, x, y, dw);
    keep(to, y);
    keep(to, dx);
    keep(to, dw);
    drop(x), drop(w), drop(y), drop(dx), drop(dw);
}

static void run_norm(struct lim_backend *be, int n, int h, int c, struct results *to)
{
    struct lim_batchnorm bn = {.eps = 1e-5f, .momentum = 0.1f};
    struct lim_tensor x = noise(be, 1, n, h, h, c), dy = noise(be, 2, n, h, h, c);
    struct lim_tensor y = noise(be, 3, n, h, h, c), gamma = noise(be, 4, 1, 1, 1, c);
    struct lim_tensor beta = noise(be, 5, 1, 1, 1, c), mean = noise(be, 6, 1, 1, 1, c);
    struct lim_tensor inv_std = noise(be, 7, 1, 1, 1, c), sum = noise(be, 8, 1, 1, 1, c);
    struct lim_tensor run_mean = noise(be, 9, 1, 1, 1, c), run_var = noise(be, 10, 1, 1, 1, c);

    lim_batchnorm_train(be, &bn, x, gamma, beta, run_mean, run_var, mean, inv_std, y);
    keep(to, y);
    lim_batchnorm_backward(be, x, dy, gamma, mean, inv_std, sum, beta, dy);
    lim_bias_backward(be, y, sum);
    keep(to, dy);
    keep(to, sum);
    keep(to, beta);
    keep(to, run_var);
    drop(x), drop(dy), drop(y), drop(gamma), drop(beta), drop(mean), drop(inv_std), drop(sum);
    drop(run_mean), drop(run_var);
}

static void run_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, int m,
                     int n, int k, float beta, struct results *to)
{
    struct lim_tensor a = ta ? noise(be, 1, k, 1, 1, m) : noise(be, 1, m, 1, 1, k);
    struct lim_tensor b = tb ? noise(be, 2, n, 1, 1, k) : noise(be, 2, k, 1, 1, n);
    struct lim_tensor c = noise(be, 3, m, 1, 1, n);

    if (beta == 0.0f)
        lim_fill(be, NAN, c);
    lim_gemm(be, ta, tb, 0.75f, a, b, beta, c);
    keep(to, c);
    drop(a), drop(b), drop(c);
}

static struct results run_everything(int threads, const char *gemm)
{
    struct lim_backend *be = open_cpu(threads);
    struct results to = {0};

    assert_true(lim_backend_use_gemm(be, gemm));
    run_convolution(be,
                    (struct lim_conv){.n = 5,
                                      .h = 16,
                                      .w = 16,
                                      .c = 3,
                                      .k = 40,
                                      .r = 4,
                                      .s = 4,
                                      .stride = 2,
                                      .pad_top = 1,
                                      .pad_left = 1,
                                      .pad_bottom = 1,
                                      .pad_right = 1},
                    &to);
    run_convolution(be,
                    (struct lim_conv){.n = 3,
                                      .h = 9,
                                      .w = 11,
                                      .c = 37,
                                      .k = 70,
                                      .r = 5,
                                      .s = 3,
                                      .stride = 2,
                                      .pad_top = 1,
                                      .pad_left = 0,
                                      .pad_bottom = 2,
                                      .pad_right = 1},
                    &to);
    run_convolution(
        be,
        (struct lim_conv){.n = 70, .h = 4, .w = 4, .c = 64, .k = 1, .r = 4, .s = 4, .stride = 1},
        &to);
    run_norm(be, 3, 37, 5, &to);
    run_norm(be, 9, 41, 64, &to);
    run_norm(be, 64, 4, 130, &to);
    run_gemm(be, LIM_NO_TRANS, LIM_TRANS, 300, 600, 129, 1.5f, &to);
    assert_true(lim_backend_finish(be));
    lim_backend_destroy(be);
    return to;
}

static void test_threads_do_not_change_bits(void **state)
{
    static const char *const gemms[] = {"blas", "builtin"};
    struct lim_backend *be = open_cpu(1);

    (void)state;
    for (int g = 0; g < 2; g++) {
        struct results one;

        if (!lim_backend_use_gemm(be, gemms[g]))
            continue;
        one = run_everything(1, gemms[g]);
        for (int threads = 2; threads <= 5; threads++) {
            struct results many = run_everything(threads, gemms[g]);

            assert_int_equal(one.count, many.count);
            assert_memory_equal(one.values, many.values, one.count * sizeof *one.values);
            free(many.values);
        }
        free(one.values);
    }
    lim_backend_destroy(be);
}

/* Element (i, j) of op(t). */
static double element(const float *t, bool trans, int rows, int columns, int i, int j)
{
    return (double)(trans ? t[(size_t)j * (size_t)rows + (size_t)i]
                          : t[(size_t)i * (size_t)columns + (size_t)j]);
}

static void check_gemm(struct lim_backend *be, int ta, int tb, int m, int n, int k, float beta)
{
    struct lim_tensor a = ta ? noise(be, 1, k, 1, 1, m) : noise(be, 1, m, 1, 1, k);
    struct lim_tensor b = tb ? noise(be, 2, n, 1, 1, k) : noise(be, 2, k, 1, 1, n);
    struct lim_tensor c = noise(be, 3, m, 1, 1, n);
    float *ha = contents(a), *hb = contents(b), *before = contents(c), *after;

    if (beta == 0.0f)
        lim_fill(be, NAN, c);
    lim_gemm(be, ta ? LIM_TRANS : LIM_NO_TRANS, tb ? LIM_TRANS : LIM_NO_TRANS, 0.75f, a, b, beta,
             c);
    after = contents(c);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double old = beta == 0.0f ? 0.0 : (double)before[i * n + j];
            double sum = 0.0, size = fabs((double)beta * old);

            for (int l = 0; l < k; l++) {
                double term = element(ha, ta, m, k, i, l) * element(hb, tb, k, n, l, j);

                sum += term;
                size += fabs(term);
            }
            sum = 0.75 * sum + (double)beta * old;
            if (!(fabs((double)after[i * n + j] - sum) <=
                  4.0 * fmax(sqrt(k), 8.0) * 0x1p-24 * size))
                fail_msg("ta %d tb %d m %d n %d k %d beta %g: c[%d][%d] is %.9g, not %.9g", ta, tb,
                         m, n, k, (double)beta, i, j, (double)after[i * n + j], sum);
        }
    }
    free(ha), free(hb), free(before), free(after);
    drop(a), drop(b), drop(c);
}

static void test_every_gemm_is_right(void **state)
{
    static const int sizes[][3] = {{1, 1, 1},    {7, 31, 3},   {8, 32, 64},  {9, 33, 65},
                                   {64, 1, 513}, {13, 100, 1}, {130, 67, 5}, {40, 70, 1030}};
    struct lim_backend *be = open_cpu(2);

    (void)state;
    for (const char *const *name = lim_backend_gemms(be); *name; name++) {
        assert_true(lim_backend_use_gemm(be, *name));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int how = 0; how < 12; how++)
                check_gemm(be, how & 1, how >> 1 & 1, sizes[i][0], sizes[i][1], sizes[i][2],
                           how < 4   ? 0.0f
                           : how < 8 ? 1.0f
                                     : -0.5f);
    }
    assert_false(lim_backend_use_gemm(be, "no such"));
    lim_backend_destroy(be);
}

static struct lim_conv conv_of(int n, int h, int w, int c, int k, int r, int s, int stride, int top,
                               int left, int bottom, int right)
{
    struct lim_conv cv = {.n = n,
                          .h = h,
                          .w = w,
                          .c = c,
                          .k = k,
                          .r = r,
                          .s = s,
                          .stride = stride,
                          .pad_top = top,
                          .pad_left = left,
                          .pad_bottom = bottom,
                          .pad_right = right};

    assert_true(lim_conv_init(&cv));
    return cv;
}

/* The passes of direct.c against the lowering of ops.c, in every instruction set of this machine
 * and in ranges of every size. */
static void test_direct_convolutions_agree_with_the_lowering(void **state)
{
    const struct lim_conv shapes[] = {
        conv_of(5, 16, 16, 3, 40, 4, 4, 2, 1, 1, 1, 1),
        conv_of(3, 9, 11, 37, 70, 5, 3, 2, 1, 0, 2, 1),
        conv_of(4, 8, 8, 32, 16, 5, 5, 2, 1, 1, 2, 2),
        conv_of(2, 7, 7, 13, 33, 3, 3, 1, 1, 1, 1, 1),
        conv_of(3, 4, 4, 20, 1, 4, 4, 1, 0, 0, 0, 0),
        conv_of(2, 10, 6, 17, 9, 2, 2, 3, 0, 0, 0, 0),
        conv_of(1, 5, 5, 14, 5, 3, 3, 2, 0, 0, 0, 0),
        conv_of(2, 6, 6, 15, 8, 1, 1, 1, 0, 0, 0, 0),
        conv_of(2, 3, 3, 16, 8, 4, 4, 1, 3, 3, 2, 2),
        conv_of(1, 2, 300, 5, 3, 2, 4, 2, 1, 1, 1, 1),
        conv_of(2, 6, 6, 600, 3, 3, 3, 2, 1, 1, 1, 1),
    };
    static const size_t caps[] = {1, 100000, (size_t)8 << 20};

    (void)state;
    exact = true;
    for (int set = 0; cpu_kernels[set]; set++) {
        const struct cpu_kernel *kernel = cpu_kernels[set];

        if (!kernel->usable())
            continue;
        for (size_t i = 0; i < 3 * sizeof shapes / sizeof *shapes; i++) {
            struct lim_backend *be = open_cpu(2);
            struct results direct = {0}, lowered = {0};

            be->workspace_cap = caps[i % 3];
            ((struct cpu_backend *)be)->kernel = kernel;
            assert_true(lim_backend_use_conv(be, "direct"));
            run_convolution(be, shapes[i / 3], &direct);
            assert_true(lim_backend_use_conv(be, "lowering"));
            run_convolution(be, shapes[i / 3], &lowered);
            assert_int_equal(direct.count, lowered.count);
            for (size_t j = 0; j < direct.count; j++)
                if (direct.values[j] != lowered.values[j])
                    fail_msg("%s, shape %zu, cap %zu: element %zu is %g, not %g", kernel->name,
                             i / 3, caps[i % 3], j, (double)direct.values[j],
                             (double)lowered.values[j]);
            free(direct.values);
            free(lowered.values);
            lim_backend_destroy(be);
        }
    }
    exact = false;
}

static void test_name_says_threads(void **state)
{
    struct lim_backend *be = open_cpu(1);

    (void)state;
    assert_non_null(strstr(lim_backend_name(be), "CPU path (1 thread,"));
    assert_string_equal(lim_backend_option(be), "--device cpu");
    assert_int_equal(lim_backend_launches(be), 0);
    lim_backend_destroy(be);
}

/* Every 31st float from 2^-30 to where tanh is 1 to float, of both signs: against double, in the
 * tolerance of the conformance tests, and again from another place of the array. */
static void test_tanh(void **state)
{
    enum { COUNT = 50000, SHIFT = 3 };
    struct lim_backend *be = open_cpu(2);
    struct lim_tensor x = noise(be, 1, 1, 1, 1, COUNT + SHIFT);
    struct lim_tensor y = noise(be, 2, 1, 1, 1, COUNT + SHIFT);
    struct lim_tensor from = lim_tensor_of(x.buf, SHIFT, 1, 1, 1, COUNT);
    struct lim_tensor to = lim_tensor_of(y.buf, SHIFT, 1, 1, 1, COUNT);
    float *values = malloc(COUNT * sizeof *values), *first = malloc(COUNT * sizeof *first);
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-130f, 3e38f};
    const float expected[] = {0.0f, -0.0f, 1.0f, -1.0f, NAN, 0x1p-149f, -0x1p-130f, 1.0f};
    uint32_t bits = 0x30800000; /* 2^-30 */
    double worst = 0.0;

    (void)state;
    assert_non_null(values);
    assert_non_null(first);
    while (bits < 0x41280000) { /* 10.5 */
        for (int i = 0; i < COUNT; i++, bits += 31) {
            memcpy(&values[i], &bits, sizeof bits);
            values[i] = i % 2 ? -values[i] : values[i];
        }
        lim_write(lim_tensor_of(x.buf, 0, 1, 1, 1, COUNT), values);
        lim_activation_forward(be, LIM_TANH, 0.0f, lim_tensor_of(x.buf, 0, 1, 1, 1, COUNT),
                               lim_tensor_of(y.buf, 0, 1, 1, 1, COUNT));
        lim_read(lim_tensor_of(y.buf, 0, 1, 1, 1, COUNT), first);
        lim_write(from, values);
        lim_activation_forward(be, LIM_TANH, 0.0f, from, to);
        assert_memory_equal(first, cpu_data(to), COUNT * sizeof *first);
        for (int i = 0; i < COUNT; i++) {
            double want = tanh((double)values[i]), ulp = ldexp(1.0, ilogb(want) - 23);

            worst = fmax(worst, fabs((double)first[i] - want) / ulp);
        }
    }
    print_message("tanh: %.2f ulp at most\n", worst);
    assert_true(worst <= 3.0);
    for (int i = 0; i < 8; i++) {
        lim_write(lim_tensor_of(x.buf, 0, 1, 1, 1, 1), &special[i]);
        lim_activation_forward(be, LIM_TANH, 0.0f, lim_tensor_of(x.buf, 0, 1, 1, 1, 1),
                               lim_tensor_of(y.buf, 0, 1, 1, 1, 1));
        lim_read(lim_tensor_of(y.buf, 0, 1, 1, 1, 1), first);
        assert_true(isnan(expected[i]) ? isnan(*first)
                                       : memcmp(first, &expected[i], sizeof *first) == 0);
    }
    free(values);
    free(first);
    drop(x), drop(y);
    lim_backend_destroy(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_says_threads),
        cmocka_unit_test(test_every_gemm_is_right),
        cmocka_unit_test(test_direct_convolutions_agree_with_the_lowering),
        cmocka_unit_test(test_threads_do_not_change_bits),
        cmocka_unit_test(test_tanh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
