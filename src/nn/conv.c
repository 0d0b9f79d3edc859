/* Convolution, and transposed convolution: the same one run backwards. With cv the convolution,
 *                    y               dx              dw
 *   convolution      forward(x)      backward(dy)    weights(x, dy)
 *   transposed       backward(x)     forward(dy)     weights(dy, x)                              */
#include "nn/layer.h"

#include "base/log.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

enum { WEIGHT, BIAS };

struct conv_layer {
    struct lim_layer base;
    struct lim_conv cv;
    bool bias, active; /* active: with an activation, after a bias alone */
    enum lim_activation kind;
    float slope;
};

/* y += bias, and the activation. */
static void add_bias(struct conv_layer *conv, struct lim_tensor y)
{
    struct lim_layer *layer = &conv->base;

    if (conv->active)
        lim_bias_act_forward(layer->be, conv->kind, conv->slope, layer->values[BIAS], y);
    else if (conv->bias)
        lim_bias_forward(layer->be, layer->values[BIAS], y);
}

/* The gradient of the bias; returns that of what it is added to, dy or dz. */
static struct lim_tensor bias_gradient(struct conv_layer *conv, struct lim_tensor y,
                                       struct lim_tensor dy, struct lim_tensor dz, unsigned want)
{
    struct lim_layer *layer = &conv->base;
    struct lim_tensor none = {.buf = NULL};
    bool params = want & LIM_WANT_PARAMS;

    if (conv->active) {
        lim_bias_act_backward(layer->be, conv->kind, conv->slope, y, dy,
                              params ? layer->grads[BIAS] : none, dz);
        return dz;
    }
    if (conv->bias && params)
        lim_bias_backward(layer->be, dy, layer->grads[BIAS]);
    return dy;
}

static void conv_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                         enum lim_mode mode)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    (void)mode;
    lim_conv_forward(layer->be, &conv->cv, x, layer->values[WEIGHT], y);
    add_bias(conv, y);
}

static void conv_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                          struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                          unsigned want)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    dy = bias_gradient(conv, y, dy, dz, want);
    if (want & LIM_WANT_PARAMS)
        lim_conv_backward_weights(layer->be, &conv->cv, x, dy, layer->grads[WEIGHT]);
    if (dx.buf)
        lim_conv_backward_data(layer->be, &conv->cv, dy, layer->values[WEIGHT], dx);
}

static void transposed_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                               enum lim_mode mode)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    (void)mode;
    lim_conv_backward_data(layer->be, &conv->cv, x, layer->values[WEIGHT], y);
    add_bias(conv, y);
}

static void transposed_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                                struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                                unsigned want)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    dy = bias_gradient(conv, y, dy, dz, want);
    if (want & LIM_WANT_PARAMS)
        lim_conv_backward_weights(layer->be, &conv->cv, dy, x, layer->grads[WEIGHT]);
    if (dx.buf)
        lim_conv_forward(layer->be, &conv->cv, dy, layer->values[WEIGHT], dx);
}

static bool conv_take(struct lim_layer *layer, enum lim_activation kind, float slope)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    conv->active = conv->bias;
    conv->kind = kind;
    conv->slope = slope;
    return conv->active;
}

static void conv_destroy(struct lim_layer *layer)
{
    free(layer);
}

/* The convolution of a row on pictures of base's shape; the one that a transposed row runs
 * backwards has that as its output. False: it does not fit. */
static bool conv_of(const struct lim_layer_desc *row, int batch, const struct lim_layer *base,
                    struct lim_conv *cv)
{
    *cv = (struct lim_conv){
        .n = batch, .h = base->h, .w = base->w, .c = base->c, .k = row->out, .r = row->kernel};
    cv->s = row->kernel;
    cv->stride = row->stride;
    cv->pad_top = cv->pad_left = row->pad_start;
    cv->pad_bottom = cv->pad_right = row->pad_end;
    return lim_conv_init(cv);
}

static bool transposed_of(const struct lim_layer_desc *row, int batch, const struct lim_layer *base,
                          struct lim_conv *cv)
{
    int64_t grow = (int64_t)row->kernel - row->pad_start - row->pad_end;
    int64_t out_h = ((int64_t)base->h - 1) * row->stride + grow;
    int64_t out_w = ((int64_t)base->w - 1) * row->stride + grow;

    *cv = (struct lim_conv){
        .n = batch, .c = row->out, .k = base->c, .r = row->kernel, .s = row->kernel};
    cv->h = out_h > 0 && out_h <= INT_MAX ? (int)out_h : 0;
    cv->w = out_w > 0 && out_w <= INT_MAX ? (int)out_w : 0;
    cv->stride = row->stride;
    cv->pad_top = cv->pad_left = row->pad_start;
    cv->pad_bottom = cv->pad_right = row->pad_end;
    return lim_conv_init(cv) && cv->p == base->h && cv->q == base->w;
}

/* `inputs` to each output. */
static void add_parts(const struct lim_layer_desc *row, const struct lim_conv *cv, double inputs,
                      struct lim_layer *base)
{
    base->out_c = row->out;
    base->parts[WEIGHT] = (struct lim_layer_part){
        .name = "weight", .n = cv->r, .h = cv->s, .w = cv->c, .c = cv->k, .deviation = 0.02f};
    nn_init_weights(&base->parts[WEIGHT], row, inputs);
    base->parts[BIAS] =
        (struct lim_layer_part){.name = "bias", .n = 1, .h = 1, .w = 1, .c = row->out};
    base->part_count = row->bias ? 2 : 1;
}

static bool conv_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                       const char **reason)
{
    struct lim_conv cv;

    if (!conv_of(row, batch, base, &cv)) {
        *reason = "the kernel does not fit the padded picture, or a size is below 1 or too large";
        return false;
    }
    base->out_h = cv.p;
    base->out_w = cv.q;
    add_parts(row, &cv, (double)cv.r * cv.s * cv.c, base);
    return true;
}

static bool transposed_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                             const char **reason)
{
    struct lim_conv cv;

    if (!transposed_of(row, batch, base, &cv)) {
        *reason = "the pads leave no picture, or a size is below 1 or too large";
        return false;
    }
    base->out_h = cv.h;
    base->out_w = cv.w;
    /* Each input meets every stride-th row and column of the kernel. */
    add_parts(row, &cv, (double)cv.r * cv.s * cv.k / ((double)cv.stride * cv.stride), base);
    return true;
}

/* What is common to both. */
static struct lim_layer *create(const struct lim_layer_desc *row, const struct lim_conv *cv,
                                const struct lim_layer *base)
{
    struct conv_layer *conv;

    if (!lim_conv_reserve(base->be, cv))
        return NULL;
    conv = calloc(1, sizeof *conv);
    if (!conv) {
        lim_error("no memory for a layer");
        return NULL;
    }
    conv->base = *base;
    conv->cv = *cv;
    conv->bias = row->bias;
    return &conv->base;
}

static struct lim_layer *conv_create(const struct lim_layer_desc *row, int batch,
                                     const struct lim_layer *base)
{
    struct lim_conv cv;

    conv_of(row, batch, base, &cv);
    return create(row, &cv, base);
}

static struct lim_layer *transposed_create(const struct lim_layer_desc *row, int batch,
                                           const struct lim_layer *base)
{
    struct lim_conv cv;

    transposed_of(row, batch, base, &cv);
    return create(row, &cv, base);
}

const struct lim_layer_ops lim_conv_layer = {
    .name = "convolution",
    .shape = conv_shape,
    .create = conv_create,
    .forward = conv_forward,
    .backward = conv_backward,
    .take = conv_take,
    .destroy = conv_destroy,
};

const struct lim_layer_ops lim_conv_transposed_layer = {
    .name = "transposed convolution",
    .shape = transposed_shape,
    .create = transposed_create,
    .forward = transposed_forward,
    .backward = transposed_backward,
    .take = conv_take,
    .destroy = conv_destroy,
};
