/* A custom network in a file; the first values of its weights; the norm of its gradients. */
#include "support/check.h"
#include "support/devices.h"

#include <limner/limner.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV, .out = 4, .kernel = 3, .stride = 1, .pad_start = 1, .pad_end = 1},
    {.kind = LIM_LAYER_BATCHNORM},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_RELU},
    {.kind = LIM_LAYER_CONV_TRANSPOSED,
     .out = 2,
     .kernel = 4,
     .stride = 2,
     .pad_start = 1,
     .pad_end = 1,
     .bias = true},
};

static char path[64];
static int errors;
static char last[512];

static void keep(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    errors += level == LIM_LOG_ERROR;
    snprintf(last, sizeof last, "%s", message);
}

static struct lim_net *make(struct lim_backend *be, int count, uint64_t seed)
{
    struct lim_net *net = lim_net_create(be, rows, count, 4, 4, 3, 2);

    assert_non_null(net);
    assert_true(lim_net_init(net, seed));
    return net;
}

static bool equal(const struct lim_net *a, const struct lim_net *b)
{
    for (int i = 0; i < lim_net_part_count(a); i++) {
        struct lim_tensor t = lim_net_part(a, i).tensor;
        float *x = read_all(t), *y = read_all(lim_net_part(b, i).tensor);
        bool same = memcmp(x, y, lim_tensor_count(t) * sizeof *x) == 0;

        free(x);
        free(y);
        if (!same)
            return false;
    }
    return true;
}

/* Refused with one line, and nothing is changed. */
static void refused(struct lim_net *net, const struct lim_net *like, const char *word)
{
    enum lim_status why = LIM_OK;

    errors = 0;
    assert_false(lim_net_load(net, path, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_int_equal(errors, 1);
    assert_non_null(strstr(last, word));
    assert_true(equal(net, like));
}

static void poke(long from_end, unsigned char byte)
{
    FILE *stream = fopen(path, "r+b");

    assert_non_null(stream);
    fseek(stream, -from_end, SEEK_END);
    fputc(byte, stream);
    fclose(stream);
}

static void saves_and_loads(void **state)
{
    (void)state;
    for (int which = 0; which < DEVICES; which++) {
        struct lim_backend *be = open_device(which);
        struct lim_net *a, *b, *c, *other;
        enum lim_status why = LIM_ERROR;
        float nothing = NAN;

        if (!be)
            continue;
        a = make(be, 4, 1);
        b = make(be, 4, 2);
        c = make(be, 4, 2);
        other = make(be, 1, 2);
        assert_false(equal(a, b));
        assert_true(lim_net_save(a, path));
        assert_true(lim_net_load(b, path, &why));
        assert_int_equal(why, LIM_OK);
        assert_true(equal(a, b));
        errors = 0;
        assert_false(lim_net_load(other, path, NULL));
        assert_int_equal(errors, 1);
        lim_net_destroy(b);
        b = make(be, 4, 2);
        poke(1, 0x55);
        refused(b, c, path);
        assert_true(lim_net_save(other, path));
        refused(b, c, "tensors");
        lim_write(lim_vector_of(lim_net_part(a, 0).tensor.buf, 0, 1), &nothing);
        assert_true(lim_net_save(a, path));
        refused(b, c, "0.weight");
        errors = 0;
        assert_false(lim_net_save(a, "/does/not/exist/net"));
        assert_int_equal(errors, 1);
        assert_false(lim_net_save(NULL, path));
        assert_false(lim_net_save(a, NULL));
        assert_false(lim_net_load(NULL, path, &why));
        assert_int_equal(why, LIM_USAGE);
        assert_false(lim_net_load(a, NULL, NULL));
        lim_net_destroy(a);
        lim_net_destroy(b);
        lim_net_destroy(c);
        lim_net_destroy(other);
        lim_backend_destroy(be);
    }
}

/* Mean and deviation of the first part of one layer with this initialization. */
static void measure(struct lim_backend *be, struct lim_layer_desc row, double *mean, double *dev)
{
    struct lim_net *net = lim_net_create(be, &row, 1, 4, 4, 64, 2);
    double sum = 0, squares = 0;
    struct lim_tensor t;
    size_t count;
    float *host;

    assert_non_null(net);
    assert_true(lim_net_init(net, 3));
    t = lim_net_part(net, 0).tensor;
    count = lim_tensor_count(t);
    host = read_all(t);
    for (size_t i = 0; i < count; i++) {
        sum += (double)host[i];
        squares += (double)host[i] * (double)host[i];
    }
    *mean = sum / (double)count;
    *dev = sqrt(fmax(0, squares / (double)count - *mean * *mean));
    free(host);
    lim_net_destroy(net);
}

static void initializes_as_rows_say(void **state)
{
    const struct lim_layer_desc conv = {
        .kind = LIM_LAYER_CONV, .out = 64, .kernel = 4, .stride = 2, .pad_start = 1, .pad_end = 1};
    const struct {
        enum lim_layer_kind kind;
        enum lim_init init;
        float value;
        double mean, dev;
    } cases[] = {
        {LIM_LAYER_CONV, LIM_INIT_DCGAN, 0, 0, 0.02},
        {LIM_LAYER_CONV, LIM_INIT_NORMAL, 0.5f, 0, 0.5},
        {LIM_LAYER_CONV, LIM_INIT_HE, 0, 0, 0.04419417},        /* sqrt(2 / (16 * 64)) */
        {LIM_LAYER_CONV, LIM_INIT_HE, 1, 0, 0.03125},           /* sqrt(1 / (16 * 64)) */
        {LIM_LAYER_CONV_TRANSPOSED, LIM_INIT_HE, 1, 0, 0.0625}, /* a quarter of the inputs */
        {LIM_LAYER_CONV, LIM_INIT_CONSTANT, -3, -3, 0},
        {LIM_LAYER_CONV, LIM_INIT_ZERO, 7, 0, 0},
        {LIM_LAYER_BATCHNORM, LIM_INIT_HE, 0, 1, 0},
        {LIM_LAYER_BATCHNORM, LIM_INIT_CONSTANT, 0.5f, 0.5, 0},
        {LIM_LAYER_BATCHNORM, LIM_INIT_ZERO, 0, 0, 0},
    };
    struct lim_backend *be = open_device(DEVICE_CPU);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lim_layer_desc row = conv;
        double mean, dev;

        row.kind = cases[i].kind;
        row.init = cases[i].init;
        row.init_value = cases[i].value;
        measure(be, row, &mean, &dev);
        assert_true(fabs(mean - cases[i].mean) <= 0.02 * cases[i].dev); /* of 65536 numbers */
        assert_true(fabs(dev - cases[i].dev) <= 0.02 * cases[i].dev);
    }
    errors = 0;
    assert_null(
        lim_net_create(be, &(struct lim_layer_desc){.init = (enum lim_init)99}, 1, 4, 4, 1, 1));
    assert_int_equal(errors, 1);
    lim_backend_destroy(be);
}

static void measures_gradients(void **state)
{
    (void)state;
    for (int which = 0; which < DEVICES; which++) {
        struct lim_backend *be = open_device(which);
        struct lim_net *net;
        double norm = -1;

        if (!be)
            continue;
        net = make(be, 4, 1);
        lim_net_zero_grads(net);
        assert_true(lim_net_gradient_norm(net, &norm));
        assert_true(norm == 0);
        lim_fill(be, 2.0f, lim_net_grads(net, 0));
        assert_true(lim_net_gradient_norm(net, &norm));
        assert_true(fabs(norm - 2 * sqrt((double)lim_tensor_count(lim_net_grads(net, 0)))) < 1e-9);
        assert_false(lim_net_gradient_norm(NULL, &norm));
        assert_false(lim_net_gradient_norm(net, NULL));
        lim_net_destroy(net);
        lim_backend_destroy(be);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saves_and_loads),
        cmocka_unit_test(initializes_as_rows_say),
        cmocka_unit_test(measures_gradients),
    };
    int failed;

    lim_log_set(keep, NULL, LIM_LOG_ERROR);
    snprintf(path, sizeof path, "/tmp/limner-net-%ld.safetensors", (long)getpid());
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    return failed;
}
