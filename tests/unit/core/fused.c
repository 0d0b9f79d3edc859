/* Fused operations give the same bits as the primitives one after the other, and a network the same
 * as its layers: each runs twice, with the backend's composites and without. */
#include <limner/bench.h>
#include <limner/net.h>
#include <limner/ops.h>
#include <limner/random.h>

#include "core/backend.h"
#include "support/check.h"
#include "support/devices.h"

#include <string.h>

enum { N = 5, H = 9, W = 7, C = 37, COUNT = N * H * W * C };

/* Tensors of a call, in one buffer; vectors have room for a picture. */
enum { T_X, T_Y, T_DY, T_DX, T_GAMMA, T_BETA, T_MEAN, T_VAR, T_SUMS, T_MORE, TENSORS };

static struct lim_backend_ops primitives;

static struct lim_tensor picture(struct lim_buffer *buf, int which)
{
    return lim_tensor_of(buf, (size_t)which * COUNT, N, H, W, C);
}

static struct lim_tensor vector(struct lim_buffer *buf, int which)
{
    return lim_vector_of(buf, (size_t)which * COUNT, C);
}

typedef void call(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf);

static void bias_forward(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf)
{
    lim_bias_act_forward(be, kind, 0.2f, vector(buf, T_BETA), picture(buf, T_X));
}

static void bias_backward(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf)
{
    lim_bias_act_backward(be, kind, 0.2f, picture(buf, T_Y), picture(buf, T_DY),
                          vector(buf, T_SUMS), picture(buf, T_DX));
}

static void train(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf)
{
    const struct lim_batchnorm bn = {1e-5f, 0.1f};

    lim_batchnorm_act_train(be, &bn, kind, 0.2f, picture(buf, T_X), vector(buf, T_GAMMA),
                            vector(buf, T_BETA), vector(buf, T_SUMS), vector(buf, T_MORE),
                            vector(buf, T_MEAN), vector(buf, T_VAR), picture(buf, T_Y));
}

static void infer(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf)
{
    const struct lim_batchnorm bn = {1e-5f, 0.1f};

    lim_batchnorm_act_infer(be, &bn, kind, 0.2f, picture(buf, T_X), vector(buf, T_GAMMA),
                            vector(buf, T_BETA), vector(buf, T_MEAN), vector(buf, T_VAR),
                            picture(buf, T_Y));
}

/* After `train`, for it reads the sign of what that has normalized. */
static void backward(struct lim_backend *be, enum lim_activation kind, struct lim_buffer *buf)
{
    train(be, kind, buf);
    lim_batchnorm_act_backward(be, kind, 0.2f, picture(buf, T_X), picture(buf, T_Y),
                               picture(buf, T_DY), vector(buf, T_GAMMA), vector(buf, T_BETA),
                               vector(buf, T_MEAN), vector(buf, T_VAR), vector(buf, T_SUMS),
                               vector(buf, T_MORE), picture(buf, T_DX));
}

/* The whole buffer after a call; variances, and outputs of sigmoid, are positive. */
static float *run(struct lim_backend *be, call *function, enum lim_activation kind)
{
    struct lim_buffer *buf = lim_buffer_create(be, (size_t)TENSORS * COUNT);
    float *host = malloc((size_t)TENSORS * COUNT * sizeof *host);

    assert_true(buf && host);
    lim_random_normal(3, LIM_RANDOM_TEST, 0, (size_t)TENSORS * COUNT, host);
    for (int i = 0; i < C; i++)
        host[T_VAR * COUNT + i] = 0.5f + host[T_VAR * COUNT + i] * host[T_VAR * COUNT + i];
    lim_write(lim_vector_of(buf, 0, (size_t)TENSORS * COUNT), host);
    function(be, kind, buf);
    lim_read(lim_vector_of(buf, 0, (size_t)TENSORS * COUNT), host);
    assert_true(lim_backend_finish(be));
    lim_buffer_destroy(buf);
    return host;
}

static const struct lim_backend_ops *without(struct lim_backend *be)
{
    const struct lim_backend_ops *all = be->ops;

    primitives = *all;
    primitives.bias_act_forward = NULL;
    primitives.bias_act_backward = NULL;
    primitives.batchnorm_act_train = NULL;
    primitives.batchnorm_act_infer = NULL;
    primitives.batchnorm_act_backward = NULL;
    be->ops = &primitives;
    return all;
}

static void composites_are_their_primitives(void **state)
{
    static const struct {
        const char *name;
        call *function;
    } calls[] = {{"bias_act_forward", bias_forward},
                 {"bias_act_backward", bias_backward},
                 {"batchnorm_act_train", train},
                 {"batchnorm_act_infer", infer},
                 {"batchnorm_act_backward", backward}};

    (void)state;
    for (int device = 0; device < DEVICES; device++) {
        struct lim_backend *be = open_device(device);
        const struct lim_backend_ops *all;

        if (!be)
            continue;
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            for (int kind = 0; kind < LIM_ACTIVATIONS; kind++) {
                float *once, *twice;

                if (lim_activation_needs_input((enum lim_activation)kind))
                    continue;
                once = run(be, calls[i].function, (enum lim_activation)kind);
                all = without(be);
                twice = run(be, calls[i].function, (enum lim_activation)kind);
                be->ops = all;
                if (memcmp(once, twice, (size_t)TENSORS * COUNT * sizeof *once) != 0)
                    fail_msg("%s of activation %d on %s", calls[i].name, kind,
                             lim_backend_name(be));
                free(once);
                free(twice);
            }
        }
        lim_backend_destroy(be);
    }
}

/* G's middle and D's, and a bias. */
static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV,
     .out = 6,
     .kernel = 3,
     .stride = 1,
     .pad_start = 1,
     .pad_end = 1,
     .bias = true},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_LEAKY_RELU, .slope = 0.2f},
    {.kind = LIM_LAYER_CONV, .out = 8, .kernel = 4, .stride = 2, .pad_start = 1, .pad_end = 1},
    {.kind = LIM_LAYER_BATCHNORM},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_RELU},
    {.kind = LIM_LAYER_CONV,
     .out = 3,
     .kernel = 3,
     .stride = 1,
     .pad_start = 1,
     .pad_end = 1,
     .bias = true},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_TANH},
};

/* Output, gradients and the input's gradient of a forward and a backward pass. */
static float *net_bits(struct lim_backend *be, size_t *count, uint64_t *launches, uint64_t *bytes)
{
    struct lim_net *net = lim_net_create(be, rows, 7, 8, 8, 3, 4);
    struct lim_buffer *memory = lim_buffer_create(be, 4 * 8 * 8 * 3 + 4 * 4 * 4 * 3);
    struct lim_tensor x = lim_tensor_of(memory, 0, 4, 8, 8, 3), out[3];
    struct lim_tensor dy = lim_tensor_of(memory, 4 * 8 * 8 * 3, 4, 4, 4, 3);
    float host[4 * 8 * 8 * 3 + 4 * 4 * 4 * 3], *all;
    uint64_t before;

    assert_true(net && memory && lim_net_init(net, 7));
    lim_random_normal(5, LIM_RANDOM_TEST, 0, sizeof host / sizeof *host, host);
    lim_write(lim_vector_of(memory, 0, sizeof host / sizeof *host), host);
    before = lim_backend_launches(be);
    *bytes = lim_backend_bytes(be);
    out[0] = lim_net_forward(net, x, LIM_TRAIN);
    out[1] = lim_net_backward(net, dy, LIM_WANT_INPUT | LIM_WANT_PARAMS);
    out[2] = lim_net_grads(net, 0);
    *launches = lim_backend_launches(be) - before;
    *bytes = lim_backend_bytes(be) - *bytes;
    *count = 0;
    for (int i = 0; i < 3; i++)
        *count += lim_tensor_count(out[i]);
    all = malloc(*count * sizeof *all);
    assert_non_null(all);
    *count = 0;
    for (int i = 0; i < 3; i++) {
        lim_read(out[i], all + *count);
        *count += lim_tensor_count(out[i]);
    }
    lim_net_destroy(net);
    lim_buffer_destroy(memory);
    return all;
}

static void networks_use_them(void **state)
{
    (void)state;
    for (int device = 0; device < DEVICES; device++) {
        struct lim_backend *be = open_device(device);
        const struct lim_backend_ops *all;
        uint64_t launches[2], bytes[2];
        float *once, *twice;
        size_t count;

        if (!be)
            continue;
        once = net_bits(be, &count, &launches[0], &bytes[0]);
        all = without(be);
        twice = net_bits(be, &count, &launches[1], &bytes[1]);
        be->ops = all;
        assert_memory_equal(once, twice, count * sizeof *once);
        /* Each of the three activations, forward and back. */
        assert_int_equal(launches[1] - launches[0], 6);
        assert_true(bytes[0] < bytes[1]);
        free(once);
        free(twice);
        lim_backend_destroy(be);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composites_are_their_primitives),
        cmocka_unit_test(networks_use_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
