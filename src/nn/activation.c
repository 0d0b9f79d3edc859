/* Activations. In place on the way forward, for most derivatives follow from the output; what needs
 * its input on the way back has memory of its own for the output. */
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

static const struct lim_layer_ops activation_ops = {
    .name = "activation",
    .forward = activation_forward,
    .backward = activation_backward,
    .destroy = activation_destroy,
};

struct lim_layer *lim_activation_create(struct lim_backend *be, const struct lim_layer_desc *row,
                                        int h, int w, int c, int batch, const char **reason)
{
    struct activation_layer *act;

    (void)batch;
    if ((unsigned)row->activation >= LIM_ACTIVATIONS) {
        *reason = "there is no such activation";
        return NULL;
    }
    if (row->activation == LIM_LEAKY_RELU && !(row->slope > 0.0f && row->slope < 1.0f)) {
        *reason = "the slope of a LeakyReLU lies between 0 and 1";
        return NULL;
    }
    *reason = "";
    act = calloc(1, sizeof *act);
    if (!act) {
        lim_error("no memory for a layer");
        return NULL;
    }
    act->kind = row->activation;
    act->slope = row->slope;
    act->base = (struct lim_layer){
        .ops = &activation_ops,
        .be = be,
        .out_h = h,
        .out_w = w,
        .out_c = c,
        .gradient_in_place = true,
        .keeps_output = !lim_activation_needs_input(row->activation),
        .overwrites_input = !lim_activation_needs_input(row->activation),
    };
    return &act->base;
}
