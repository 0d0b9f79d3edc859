/* A device whose largest allocation is 8 MiB, faked by the layer (meson.build sets it):
 * convolutions go through the workspace in parts and come to the same numbers. */
#include <limner/bench.h>
#include <limner/limner.h>
#include <limner/random.h>

#include "core/backend.h"

#include "support/check.h"
#include "support/devices.h"

#include <math.h>

enum { LARGEST = 8 << 20, BATCH = 32, SIZE = 32, CHANNELS = 16 };

/* Smooth in all its parts: a ReLU near zero would make much of the last bit. */
static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV, .out = 32, .kernel = 4, .stride = 2, .pad_start = 1, .pad_end = 1},
    {.kind = LIM_LAYER_BATCHNORM},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_TANH},
    {.kind = LIM_LAYER_CONV_TRANSPOSED,
     .out = CHANNELS,
     .kernel = 4,
     .stride = 2,
     .pad_start = 1,
     .pad_end = 1},
};

enum { INPUT = BATCH * SIZE * SIZE * CHANNELS };

struct result {
    float *y, *dx, *grads;
    size_t params;
};

/* Forward and backward, on the same numbers everywhere. */
static struct result pass(struct lim_backend *be)
{
    struct lim_net *net =
        lim_net_create(be, rows, sizeof rows / sizeof *rows, SIZE, SIZE, CHANNELS, BATCH);
    struct lim_buffer *x = lim_buffer_create(be, INPUT), *dy = lim_buffer_create(be, INPUT);
    struct lim_tensor input, gradient;
    float *host = malloc(INPUT * sizeof *host);
    struct result r;

    assert_true(net && x && dy && host);
    lim_net_init(net, 1);
    input = lim_tensor_of(x, 0, BATCH, SIZE, SIZE, CHANNELS);
    gradient = lim_tensor_of(dy, 0, BATCH, SIZE, SIZE, CHANNELS);
    lim_random_normal(1, LIM_RANDOM_TEST, 0, INPUT, host);
    lim_write(input, host);
    lim_random_normal(1, LIM_RANDOM_TEST, 1, INPUT, host);
    lim_write(gradient, host);
    r.y = read_all(lim_net_forward(net, input, LIM_TRAIN));
    lim_net_zero_grads(net);
    r.dx = read_all(lim_net_backward(net, gradient, LIM_WANT_INPUT | LIM_WANT_PARAMS));
    r.grads = read_all(lim_net_grads(net, 0));
    r.params = lim_tensor_count(lim_net_grads(net, 0));
    free(host);
    lim_net_destroy(net);
    lim_buffer_destroy(x);
    lim_buffer_destroy(dy);
    return r;
}

static double difference(const float *a, const float *b, size_t count)
{
    double error = 0.0, norm = 0.0;

    for (size_t i = 0; i < count; i++) {
        error += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        norm += (double)a[i] * (double)a[i];
    }
    assert_true(norm > 0.0);
    print_message("relative error %.3g\n", sqrt(error / norm));
    return sqrt(error / norm);
}

static void parts_come_to_the_same(void **state)
{
    struct lim_backend *cpu = open_device(DEVICE_CPU), *be = open_device(DEVICE_OPENCL);
    struct result whole, parts;
    /* docs/design/numerics.md: 32 sqrt(Kmax depth) u; the weights' sums are the longest. */
    double bound = 32.0 * sqrt(BATCH * 16.0 * 16.0 * 4.0) * 0x1p-24;

    (void)state;
    assert_true(cpu && be);
    whole = pass(cpu);
    /* By whichever algorithm it takes, and by the one that needs columns. */
    parts = pass(be);
    assert_true(difference(whole.y, parts.y, INPUT) <= bound);
    assert_true(difference(whole.dx, parts.dx, INPUT) <= bound);
    assert_true(difference(whole.grads, parts.grads, whole.params) <= bound);
    free(parts.y);
    free(parts.dx);
    free(parts.grads);
    assert_true(lim_backend_use_conv(be, "lowering"));
    parts = pass(be);
    /* The columns of both convolutions are 8 MiB. */
    assert_true(be->workspace_cap <= LARGEST / 4);
    assert_true(be->workspace && be->workspace->count * sizeof(float) <= be->workspace_cap);
    assert_true(difference(whole.y, parts.y, INPUT) <= bound);
    assert_true(difference(whole.dx, parts.dx, INPUT) <= bound);
    assert_true(difference(whole.grads, parts.grads, whole.params) <= bound);
    free(whole.y);
    free(whole.dx);
    free(whole.grads);
    free(parts.y);
    free(parts.dx);
    free(parts.grads);
    lim_backend_destroy(cpu);
    lim_backend_destroy(be);
}

static int error_lines;

static void count_errors(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)message;
    error_lines += level == LIM_LOG_ERROR;
}

/* A tensor that does not fit is reported once, and the rest goes on. */
static void a_tensor_that_does_not_fit_is_refused(void **state)
{
    struct lim_backend *be = open_device(DEVICE_OPENCL);
    struct lim_buffer *fits;

    (void)state;
    assert_non_null(be);
    error_lines = 0;
    assert_null(lim_buffer_create(be, LARGEST / sizeof(float) + 1));
    assert_int_equal(error_lines, 1);
    fits = lim_buffer_create(be, LARGEST / sizeof(float));
    assert_non_null(fits);
    lim_buffer_destroy(fits);
    lim_backend_destroy(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_come_to_the_same),
        cmocka_unit_test(a_tensor_that_does_not_fit_is_refused),
    };
    struct lim_device_choice choice = {.device = "opencl"};
    enum lim_status why = LIM_OK;
    struct lim_backend *be;

    lim_log_set(count_errors, NULL, LIM_LOG_ERROR);
    be = lim_backend_create(&choice, &why);
    if (!be)
        return why == LIM_NO_DEVICE ? 77 : 1;
    lim_backend_destroy(be);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
