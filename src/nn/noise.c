/* Gaussian noise that is added to pictures during training. It is drawn on the host, so that it is
 * the same on every device. */
#include "nn/layer.h"

#include <limner/random.h>

#include "base/log.h"

#include <stdlib.h>

struct noise_layer {
    struct lim_layer base;
    float deviation;
    struct lim_buffer *noise; /* a batch of pictures, and */
    float *host;              /* where they are drawn */
};

static bool same_memory(struct lim_tensor a, struct lim_tensor b)
{
    return a.buf == b.buf && a.offset == b.offset;
}

static void noise_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                          enum lim_mode mode)
{
    struct noise_layer *noise = (struct noise_layer *)layer;
    struct lim_tensor n = lim_tensor_of(noise->noise, 0, x.n, x.h, x.w, x.c);

    if (!same_memory(x, y))
        lim_copy(layer->be, x, y);
    if (mode != LIM_TRAIN)
        return;
    lim_random_normal(layer->draw.seed, LIM_RANDOM_LAYER, layer->draw.index, lim_tensor_count(n),
                      noise->host);
    lim_write(n, noise->host);
    lim_axpby(layer->be, noise->deviation, n, 1.0f, y);
}

static void noise_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                           struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                           unsigned want)
{
    (void)x;
    (void)y;
    (void)dz;
    (void)want;
    if (!same_memory(dy, dx))
        lim_copy(layer->be, dy, dx);
}

static void noise_destroy(struct lim_layer *layer)
{
    struct noise_layer *noise = (struct noise_layer *)layer;

    lim_buffer_destroy(noise->noise);
    free(noise->host);
    free(noise);
}

static bool noise_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                        const char **reason)
{
    (void)batch;
    if (!(row->deviation >= 0.0f && row->deviation < 1e6f)) {
        *reason = "the deviation of noise lies between 0 and 1e6";
        return false;
    }
    base->out_h = base->h;
    base->out_w = base->w;
    base->out_c = base->c;
    base->gradient_in_place = base->overwrites_input = true;
    return true;
}

static struct lim_layer *noise_create(const struct lim_layer_desc *row, int batch,
                                      const struct lim_layer *base)
{
    size_t count =
        lim_tensor_count(lim_tensor_of(NULL, 0, batch, base->out_h, base->out_w, base->out_c));
    struct noise_layer *noise = calloc(1, sizeof *noise);

    if (!noise) {
        lim_error("no memory for a layer");
        return NULL;
    }
    noise->base = *base;
    noise->deviation = row->deviation;
    noise->noise = lim_buffer_create_for(base->be, LIM_MEMORY_ACTIVATIONS, count);
    noise->host = noise->noise ? malloc(count * sizeof *noise->host) : NULL;
    if (noise->host)
        return &noise->base;
    if (noise->noise)
        lim_error("no memory to draw the noise of %d pictures", batch);
    noise_destroy(&noise->base);
    return NULL;
}

const struct lim_layer_ops lim_noise_layer = {
    .name = "noise",
    .shape = noise_shape,
    .create = noise_create,
    .forward = noise_forward,
    .backward = noise_backward,
    .destroy = noise_destroy,
};
