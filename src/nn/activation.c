/* Activations. The forward pass works in place, because most derivatives follow from the output; an
 * activation whose backward pass needs its input has its own memory for the output. */
#include "nn/layer.h"

#include "base/log.h"

#include <stdlib.h>

struct activation_layer {
    struct lim_layer base;
    enum lim_activation kind;
    float slope;
};

static void activation_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                               enum lim_mode mode)
{
    struct activation_layer *act = (struct activation_layer *)layer;

    (void)mode;
    lim_activation_forward(layer->be, act->kind, act->slope, x, y);
}

static void activation_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                                struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                                unsigned want)
{
    struct activation_layer *act = (struct activation_layer *)layer;

    (void)dz;
    (void)want;
    lim_activation_backward(layer->be, act->kind, act->slope,
                            lim_activation_needs_input(act->kind) ? x : y, dy, dx);
}

static void activation_destroy(struct lim_layer *layer)
{
    free(layer);
}

static bool activation_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                             const char **reason)
{
    (void)batch;
    if ((unsigned)row->activation >= LIM_ACTIVATIONS) {
        *reason = "there is no such activation";
        return false;
    }
    if (row->activation == LIM_LEAKY_RELU && !(row->slope > 0.0f && row->slope < 1.0f)) {
        *reason = "the slope of a LeakyReLU lies between 0 and 1";
        return false;
    }
    base->out_h = base->h;
    base->out_w = base->w;
    base->out_c = base->c;
    base->gradient_in_place = true;
    base->keeps_output = base->overwrites_input = !lim_activation_needs_input(row->activation);
    return true;
}

static struct lim_layer *activation_create(const struct lim_layer_desc *row, int batch,
                                           const struct lim_layer *base)
{
    struct activation_layer *act = calloc(1, sizeof *act);

    (void)batch;
    if (!act) {
        lim_error("no memory for a layer");
        return NULL;
    }
    act->base = *base;
    act->kind = row->activation;
    act->slope = row->slope;
    return &act->base;
}

const struct lim_layer_ops lim_activation_layer = {
    .name = "activation",
    .shape = activation_shape,
    .create = activation_create,
    .forward = activation_forward,
    .backward = activation_backward,
    .destroy = activation_destroy,
};
