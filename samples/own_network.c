/* A custom network on limner's public interface: tells rings from squares, 16x16 pixels that the
 * program draws itself. Prints the loss and the accuracy on pictures never seen in training; exits
 * with 1 if it has not learned.
 *
 *     cc own_network.c $(pkg-config --cflags --libs limner) -lm
 *     ./a.out [DEVICE]                                      e.g. cpu, gpu, 0:1; the default: auto
 */
#include <limner/limner.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 16, BATCH = 32, STEPS = 150, TESTS = 10 };
enum { PIXELS = SIZE * SIZE };

/* A row is a layer: 16x16x1 -> 8x8x8 -> 4x4x16 -> one number, a logit. */
static const struct lim_layer_desc layers[] = {
    {.kind = LIM_LAYER_CONV, .out = 8, .kernel = 4, .stride = 2, .pad_start = 1, .pad_end = 1},
    {.kind = LIM_LAYER_BATCHNORM},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_LEAKY_RELU, .slope = 0.2f},
    {.kind = LIM_LAYER_CONV, .out = 16, .kernel = 4, .stride = 2, .pad_start = 1, .pad_end = 1},
    {.kind = LIM_LAYER_BATCHNORM},
    {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_LEAKY_RELU, .slope = 0.2f},
    {.kind = LIM_LAYER_CONV, .out = 1, .kernel = 4, .stride = 1, .bias = true},
};

/* An outline of random place and size on noise: a ring, or a square. */
static void draw(float *picture, uint64_t index, int square)
{
    float noise[PIXELS + 3];
    float x0, y0, radius;

    lim_random_uniform(7, LIM_RANDOM_TEST, index, PIXELS + 3, noise);
    x0 = 6.0f + 3.0f * noise[PIXELS];
    y0 = 6.0f + 3.0f * noise[PIXELS + 1];
    radius = 3.0f + 2.0f * noise[PIXELS + 2];
    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
            float dx = fabsf((float)x - x0), dy = fabsf((float)y - y0);
            float distance = square ? fmaxf(dx, dy) : sqrtf(dx * dx + dy * dy);

            picture[y * SIZE + x] = (fabsf(distance - radius) < 0.7f ? 1.0f : 0.0f) +
                                    0.6f * (noise[y * SIZE + x] - 0.5f);
        }
    }
}

/* The pictures of one batch: rings in the first half (target 0), squares in the second (1). */
static void draw_batch(float *pictures, uint64_t batch)
{
    for (int i = 0; i < BATCH; i++)
        draw(pictures + i * PIXELS, batch * BATCH + (uint64_t)i, i >= BATCH / 2);
}

/* One step of training; returns the mean loss. */
static float train_step(struct lim_backend *be, struct lim_net *net, struct lim_optimizer *adam,
                        struct lim_tensor x, struct lim_tensor dlogits, struct lim_tensor stats)
{
    struct lim_tensor logits = lim_net_forward(net, x, LIM_TRAIN);
    float host[4];

    for (int half = 0; half < 2; half++)
        lim_loss(be, LIM_LOSS_BCE, (float)half,
                 lim_tensor_images(logits, half * BATCH / 2, BATCH / 2),
                 lim_vector_of(stats.buf, stats.offset + 2 * (size_t)half, 2),
                 lim_tensor_images(dlogits, half * BATCH / 2, BATCH / 2));
    lim_net_zero_grads(net);
    lim_net_backward(net, dlogits, LIM_WANT_PARAMS);
    lim_optimizer_step(adam);
    lim_read(stats, host);
    return 0.5f * (host[0] + host[2]);
}

/* Share of new pictures told apart, with running statistics. */
static double accuracy(struct lim_net *net, struct lim_tensor x, float *pictures)
{
    int right = 0;

    for (uint64_t test = 0; test < TESTS; test++) {
        float logits[BATCH];

        draw_batch(pictures, 1000000 + test);
        lim_write(x, pictures);
        lim_read(lim_net_forward(net, x, LIM_INFER), logits);
        for (int i = 0; i < BATCH; i++)
            right += (logits[i] > 0.0f) == (i >= BATCH / 2);
    }
    return (double)right / (TESTS * BATCH);
}

static void print_message(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
    const struct lim_device_choice choice = {.device = argc > 1 ? argv[1] : NULL};
    const struct lim_adam_desc settings = {
        .lr = 2e-3f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f};
    static float pictures[BATCH * PIXELS];
    struct lim_backend *be;
    struct lim_net *net = NULL;
    struct lim_optimizer *adam = NULL;
    struct lim_buffer *memory = NULL; /* the pictures, then the logits' gradient, then four sums */
    struct lim_tensor x, dlogits, stats;
    float first = 0.0f, loss = 0.0f;
    double told = 0.0;

    lim_log_set(print_message, NULL, LIM_LOG_INFO);
    be = lim_backend_create(&choice, NULL);
    if (!be)
        return 1;
    net = lim_net_create(be, layers, sizeof layers / sizeof *layers, SIZE, SIZE, 1, BATCH);
    memory = lim_buffer_create(be, BATCH * PIXELS + BATCH + 4);
    if (!net || !memory || !lim_net_init(net, 1))
        goto done;
    adam = lim_optimizer_create(be, net, &settings);
    if (!adam)
        goto done;
    x = lim_tensor_of(memory, 0, BATCH, SIZE, SIZE, 1);
    dlogits = lim_tensor_of(memory, BATCH * PIXELS, BATCH, 1, 1, 1);
    stats = lim_vector_of(memory, BATCH * PIXELS + BATCH, 4);

    for (int step = 0; step < STEPS; step++) {
        draw_batch(pictures, (uint64_t)step);
        lim_write(x, pictures);
        loss = train_step(be, net, adam, x, dlogits, stats);
        if (step == 0)
            first = loss;
        if (step % 25 == 0 || step == STEPS - 1)
            printf("step %3d  loss %.4f\n", step, (double)loss);
    }
    told = accuracy(net, x, pictures);
    printf("%.1f %% of %d new pictures told apart\n", 100.0 * told, TESTS * BATCH);

done:
    lim_optimizer_destroy(adam);
    lim_net_destroy(net);
    lim_buffer_destroy(memory);
    lim_backend_destroy(be);
    return told > 0.9 && loss < 0.5f * first ? 0 : 1;
}
