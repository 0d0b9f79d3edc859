/* A layer that limner does not have, in a network: PReLU, whose operations are in prelu.h. The
 * network learns |x| for each of two channels, which is PReLU with slopes of -1.
 *
 *     cc own_layer.c $(pkg-config --cflags --libs limner) -lm -o own_layer
 *     ./own_layer cpu */
#include "prelu.h"

#include <limner/limner.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Gradients must not go where x or dy still is: limner gives the layer memory of its own for them,
 * for gradient_in_place is not set. */
static bool prelu_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                        const char **reason)
{
    (void)row;
    (void)batch;
    (void)reason;
    base->out_h = base->h;
    base->out_w = base->w;
    base->out_c = base->c;
    base->parts[0] = (struct lim_layer_part){
        .name = "slope", .n = 1, .h = 1, .w = 1, .c = base->c, .mean = 0.25f};
    base->part_count = 1;
    return true;
}

static struct lim_layer *prelu_create(const struct lim_layer_desc *row, int batch,
                                      const struct lim_layer *base)
{
    struct lim_layer *layer = malloc(sizeof *layer);

    (void)row;
    (void)batch;
    if (layer)
        *layer = *base;
    if (layer && lim_own_reserve(base->be, &prelu_forward) &&
        lim_own_reserve(base->be, &prelu_backward) && lim_own_reserve(base->be, &prelu_slopes))
        return layer;
    free(layer);
    return NULL;
}

static void prelu_run_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                              enum lim_mode mode)
{
    const struct lim_own_arg args[] = {lim_own_tensor(LIM_OWN_IN, x),
                                       lim_own_tensor(LIM_OWN_IN, layer->values[0]),
                                       lim_own_tensor(LIM_OWN_OUT, y), lim_own_int(layer->c)};

    (void)mode;
    lim_own_run(layer->be, &prelu_forward, lim_tensor_count(x), args, 4);
}

static void prelu_run_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                               struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                               unsigned want)
{
    (void)y;
    (void)dz;
    if (want & LIM_WANT_PARAMS) {
        const struct lim_own_arg args[] = {
            lim_own_tensor(LIM_OWN_IN, x), lim_own_tensor(LIM_OWN_IN, dy),
            lim_own_tensor(LIM_OWN_OUT, layer->grads[0]), lim_own_int(x.n * x.h * x.w)};

        lim_own_run(layer->be, &prelu_slopes, (size_t)layer->c, args, 4);
    }
    if (dx.buf) {
        const struct lim_own_arg args[] = {
            lim_own_tensor(LIM_OWN_IN, x), lim_own_tensor(LIM_OWN_IN, layer->values[0]),
            lim_own_tensor(LIM_OWN_IN, dy), lim_own_tensor(LIM_OWN_OUT, dx), lim_own_int(layer->c)};

        lim_own_run(layer->be, &prelu_backward, lim_tensor_count(x), args, 5);
    }
}

static void prelu_destroy(struct lim_layer *layer)
{
    free(layer);
}

static const struct lim_layer_ops prelu = {
    .name = "PReLU",
    .shape = prelu_shape,
    .create = prelu_create,
    .forward = prelu_run_forward,
    .backward = prelu_run_backward,
    .destroy = prelu_destroy,
};

static void print_message(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

enum { BATCH = 64, CHANNELS = 2, COUNT = BATCH * CHANNELS, STEPS = 200 };

/* Half the mean squared error of y against |x|, and its gradient. */
static float compare(const float *x, const float *y, float *dy)
{
    float error = 0.0f;

    for (int i = 0; i < COUNT; i++) {
        dy[i] = (y[i] - fabsf(x[i])) / COUNT;
        error += 0.5f * dy[i] * dy[i] * COUNT;
    }
    return error;
}

int main(int argc, char **argv)
{
    const struct lim_layer_desc rows[] = {{.kind = LIM_LAYER_OWN, .ops = &prelu}};
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_adam_desc adam = lim_adam_defaults();
    float x[COUNT], y[COUNT], dy[COUNT], slopes[CHANNELS] = {0}, error = 1.0f;
    struct lim_optimizer *opt;
    struct lim_tensor in, out;
    struct lim_backend *be;
    struct lim_buffer *buf;
    struct lim_net *net;

    choice.device = argc > 1 ? argv[1] : NULL;
    adam.lr = 0.03f;
    lim_log_set(print_message, NULL, LIM_LOG_INFO);
    be = lim_backend_create(&choice, NULL);
    net = be ? lim_net_create(be, rows, 1, 1, 1, CHANNELS, BATCH) : NULL;
    opt = net && lim_net_init(net, 1) ? lim_optimizer_create(be, net, &adam) : NULL;
    buf = opt ? lim_buffer_create(be, 2 * COUNT) : NULL;
    if (buf) {
        in = lim_tensor_of(buf, 0, BATCH, 1, 1, CHANNELS);
        out = lim_tensor_of(buf, COUNT, BATCH, 1, 1, CHANNELS);
        for (int step = 0; step < STEPS; step++) {
            lim_random_normal(1, LIM_RANDOM_TEST, (uint64_t)step, COUNT, x);
            lim_write(in, x);
            lim_read(lim_net_forward(net, in, LIM_TRAIN), y);
            error = compare(x, y, dy);
            lim_write(out, dy);
            lim_net_zero_grads(net);
            lim_net_backward(net, out, LIM_WANT_PARAMS);
            lim_optimizer_step(opt);
        }
        lim_read(lim_net_part(net, 0).tensor, slopes);
        printf("%s: slopes %.4f %.4f (to learn: -1), error %g\n", lim_net_part(net, 0).name,
               (double)slopes[0], (double)slopes[1], (double)error);
    }
    lim_buffer_destroy(buf);
    lim_optimizer_destroy(opt);
    lim_net_destroy(net);
    lim_backend_destroy(be);
    return fabsf(slopes[0] + 1.0f) < 0.05f && fabsf(slopes[1] + 1.0f) < 0.05f ? 0 : 1;
}
