/* A tour of liblimner: a matrix product, then a layer that learns a filter from its results.
 * Exits with 1 where it has not learned.
 *
 *     cc tour.c $(pkg-config --cflags --libs limner) -lm -o tour && ./tour [DEVICE] */
#include <limner/limner.h>
#include <math.h>
#include <stdio.h>

enum { SIDE = 16, BATCH = 8, PIXELS = BATCH * SIDE * SIDE, STEPS = 200 };

static void print_message(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    fprintf(stderr, "%s%s\n", level == LIM_LOG_ERROR ? "error: " : "", message);
}

int main(int argc, char **argv)
{
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_adam_desc settings = lim_adam_defaults();
    const struct lim_layer_desc rows[] = {
        {.kind = LIM_LAYER_CONV, .out = 1, .kernel = 3, .stride = 1, .pad_start = 1, .pad_end = 1}};
    const float matrix[4] = {1, 2, 3, 4}, filter[9] = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
    static float pixels[PIXELS];
    float host[9] = {0}, error = 0;
    struct lim_buffer *memory = NULL;
    struct lim_net *net = NULL;
    struct lim_optimizer *adam = NULL;
    struct lim_backend *be;

    /* Whatever fails says so in one message, and returns NULL or false. */
    lim_log_set(print_message, NULL, LIM_LOG_INFO);
    choice.device = argc > 1 ? argv[1] : "auto";
    settings.lr = 0.05f;
    be = lim_backend_create(&choice, NULL);
    if (!be)
        return 1;
    net = lim_net_create(be, rows, 1, SIDE, SIDE, 1, BATCH);
    memory = lim_buffer_create(be, (size_t)3 * PIXELS);
    if (!net || !memory || !(adam = lim_optimizer_create(be, net, &settings)))
        goto done;

    /* A tensor is a view: n pictures of h x w with c channels. As a matrix: n*h*w rows, c columns.
     */
    struct lim_tensor a = lim_tensor_of(memory, 0, 1, 1, 2, 2),
                      b = lim_tensor_of(memory, 4, 1, 1, 2, 2);
    lim_write(a, matrix);
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1, a, a, 0, b); /* queued: b = a a */
    lim_read(b, host);                                       /* waits for it */
    printf("squared: %g %g, %g %g\n", host[0], host[1], host[2], host[3]);

    /* Pictures of noise, and what the filter makes of them; then the filter is forgotten. */
    struct lim_tensor x = lim_tensor_of(memory, 0, BATCH, SIDE, SIDE, 1);
    struct lim_tensor wanted = lim_tensor_of(memory, PIXELS, BATCH, SIDE, SIDE, 1);
    struct lim_tensor dy = lim_tensor_of(memory, 2 * PIXELS, BATCH, SIDE, SIDE, 1);
    struct lim_tensor weights = lim_net_part(net, 0).tensor;
    lim_random_normal(1, LIM_RANDOM_TEST, 0, PIXELS, pixels);
    lim_write(x, pixels);
    lim_write(weights, filter);
    lim_copy(be, lim_net_forward(net, x, LIM_INFER), wanted);
    lim_fill(be, 0, weights);

    for (int step = 0; step < STEPS; step++) {
        lim_copy(be, lim_net_forward(net, x, LIM_TRAIN), dy);
        lim_axpby(be, -2.0f / PIXELS, wanted, 2.0f / PIXELS, dy); /* of the mean squared error */
        lim_net_zero_grads(net);
        lim_net_backward(net, dy, LIM_WANT_PARAMS);
        lim_optimizer_step(adam);
    }
    lim_read(weights, host);
    for (int i = 0; i < 9; i++) {
        printf("%6.3f%c", (double)host[i], i % 3 == 2 ? '\n' : ' ');
        error = fmaxf(error, fabsf(host[i] - filter[i]));
    }
done:
    error = lim_backend_finish(be) && adam ? error : INFINITY; /* false: something has failed */
    lim_optimizer_destroy(adam);
    lim_net_destroy(net);
    lim_buffer_destroy(memory);
    lim_backend_destroy(be); /* last: all else was created from it */
    return error < 0.01f ? 0 : 1;
}
