/* Properties of the OpenCL path alone: how it refuses, waiting after every launch, and the choice
 * of a multiplication. limner-conform checks the operations. Exit code 77 without a device. */
#include <limner/bench.h>
#include <limner/limner.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static int errors;
static char last[2048];

static void count_errors(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    if (level == LIM_LOG_ERROR) {
        errors++;
        snprintf(last, sizeof last, "%s", message);
    }
}

static struct lim_backend *open_device(bool sync)
{
    struct lim_device_choice choice = {.device = "opencl", .sync = sync};

    return lim_backend_create(&choice, NULL);
}

/* One line, and the backend goes on working. */
static void too_large_a_buffer(void **state)
{
    struct lim_backend *be = open_device(false);
    struct lim_buffer *small;

    (void)state;
    assert_non_null(be);
    errors = 0;
    assert_null(lim_buffer_create(be, (size_t)1 << 45));
    assert_int_equal(errors, 1);
    assert_non_null(strstr(last, "in one buffer"));
    small = lim_buffer_create(be, 3);
    assert_non_null(small);
    assert_true(lim_backend_finish(be));
    lim_buffer_destroy(small);
    lim_backend_destroy(be);
}

/* Far more launches than may be unfinished at once: all are done, in order, with and without
 * waiting after each; and each is counted. */
static void many_launches(void **state)
{
    (void)state;
    for (int sync = 0; sync < 2; sync++) {
        struct lim_backend *be = open_device(sync);
        struct lim_buffer *buf;
        struct lim_tensor t;
        float got[5] = {0};

        assert_non_null(be);
        buf = lim_buffer_create(be, 5);
        assert_non_null(buf);
        t = lim_vector_of(buf, 0, 5);
        assert_int_equal(lim_backend_launches(be), 0);
        for (int i = 0; i < 300; i++)
            lim_fill(be, (float)i, t);
        lim_read(t, got);
        assert_true(got[0] == 299.0f && got[4] == 299.0f);
        assert_int_equal(lim_backend_launches(be), 300);
        lim_buffer_destroy(buf);
        lim_backend_destroy(be);
    }
}

static void buffers_start_as_zeros(void **state)
{
    struct lim_backend *be = open_device(false);
    struct lim_buffer *buf;
    float got[777];

    (void)state;
    assert_non_null(be);
    buf = lim_buffer_create(be, 777);
    assert_non_null(buf);
    memset(got, 0xff, sizeof got);
    lim_read(lim_vector_of(buf, 0, 777), got);
    for (int i = 0; i < 777; i++)
        assert_true(got[i] == 0.0f);
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
}

static void gemms_are_chosen_by_name(void **state)
{
    struct lim_backend *be = open_device(false);
    const char *const *gemms;

    (void)state;
    assert_non_null(be);
    gemms = lim_backend_gemms(be);
    assert_non_null(gemms[0]);
    for (int i = 0; gemms[i]; i++)
        assert_true(lim_backend_use_gemm(be, gemms[i]));
    assert_false(lim_backend_use_gemm(be, "nosuch"));
    lim_backend_destroy(be);
}

/* Batches of all sizes, whose pictures Winograd's kernels group in different ways. */
static void pictures_do_not_depend_on_their_batch(void **state)
{
    enum { N = 20, X = 32 * 32 * 16, Y = 16 * 16 * 40 };
    static float x[N * X], w[16 * 16 * 40], whole[N * X], part[N * X];
    struct lim_backend *be = open_device(false);
    struct lim_conv cv = {.n = N, .h = 32, .w = 32, .c = 16, .k = 40, .r = 4, .s = 4, .stride = 2};
    struct lim_buffer *in, *weights, *out;
    uint32_t seed = 1;

    (void)state;
    assert_non_null(be);
    cv.pad_top = cv.pad_left = cv.pad_bottom = cv.pad_right = 1;
    assert_true(lim_conv_init(&cv) && lim_conv_reserve(be, &cv));
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (float)(int32_t)(seed = seed * 1664525u + 1013904223u) * 0x1p-31f;
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = (float)(int32_t)(seed = seed * 1664525u + 1013904223u) * 0x1p-31f;
    in = lim_buffer_create(be, N * X);
    weights = lim_buffer_create(be, sizeof w / sizeof *w);
    out = lim_buffer_create(be, N * X);
    assert_true(in && weights && out);
    for (int backward = 0; backward < 2; backward++) {
        struct lim_tensor xs = lim_tensor_of(backward ? out : in, 0, N, 32, 32, 16);
        struct lim_tensor ys = lim_tensor_of(backward ? in : out, 0, N, 16, 16, 40);
        struct lim_tensor ws = lim_tensor_of(weights, 0, 4, 4, 16, 40);
        struct lim_tensor to = backward ? xs : ys;

        lim_write(backward ? ys : xs, x);
        lim_write(ws, w);
        for (int step = N; step > 0; step = step == N ? 3 : 0) {
            for (int first = 0; first < N; first += step) {
                int n = first + step < N ? step : N - first;
                struct lim_tensor xi = lim_tensor_images(xs, first, n);
                struct lim_tensor yi = lim_tensor_images(ys, first, n);

                if (backward)
                    lim_conv_backward_data(be, &cv, yi, ws, xi);
                else
                    lim_conv_forward(be, &cv, xi, ws, yi);
            }
            lim_read(to, step == N ? whole : part);
        }
        assert_memory_equal(whole, part, lim_tensor_count(to) * sizeof *part);
    }
    assert_true(lim_backend_finish(be));
    lim_buffer_destroy(in);
    lim_buffer_destroy(weights);
    lim_buffer_destroy(out);
    lim_backend_destroy(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_large_a_buffer),
        cmocka_unit_test(many_launches),
        cmocka_unit_test(buffers_start_as_zeros),
        cmocka_unit_test(gemms_are_chosen_by_name),
        cmocka_unit_test(pictures_do_not_depend_on_their_batch),
    };
    enum lim_status why = LIM_OK;
    struct lim_device_choice choice = {.device = "opencl"};
    struct lim_backend *be;

    lim_log_set(count_errors, NULL, LIM_LOG_ERROR);
    be = lim_backend_create(&choice, &why);
    if (!be) {
        fprintf(stderr, "%s\n", last);
        return why == LIM_NO_DEVICE ? 77 : 1;
    }
    lim_backend_destroy(be);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
