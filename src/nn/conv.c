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

/* Of a layer with spectral normalization: what its backward pass needs of the forward pass. */
struct spectral {
    struct lim_buffer *memory;
    struct lim_tensor normed, gradient; /* the weights' shape */
    struct lim_tensor u, v, sigma;      /* a vector of columns, one of rows, a number */
    struct lim_tensor turned;           /* a vector of rows */
};

struct conv_layer {
    struct lim_layer base;
    struct lim_conv cv;
    bool bias, active; /* active: with an activation, after a bias alone */
    enum lim_activation kind;
    float slope;
    int u; /* the part, or 0 */
    struct spectral spectral;
};

/* The matrix that weights are. */
static struct lim_tensor as_matrix(struct lim_tensor w)
{
    return lim_tensor_of(w.buf, w.offset, w.n * w.h * w.w, 1, 1, w.c);
}

static struct lim_tensor as_column(struct lim_tensor vector)
{
    return lim_tensor_of(vector.buf, vector.offset, vector.c, 1, 1, 1);
}

/* The weights to convolve with. What the passes of LIM_TRAIN go through moves the vector on; others
 * leave it as it is. */
static struct lim_tensor weights_of(struct conv_layer *conv, enum lim_mode mode)
{
    struct lim_backend *be = conv->base.be;
    struct lim_tensor w = conv->base.values[WEIGHT];
    struct spectral *s = &conv->spectral;

    if (!conv->u)
        return w;
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, as_matrix(w),
             as_column(conv->base.values[conv->u]), 0.0f, as_column(s->v));
    lim_norm(be, s->v, s->sigma);
    lim_scale(be, 1.0f, s->sigma, true, s->v, 0.0f, s->v);
    lim_gemm(be, LIM_TRANS, LIM_NO_TRANS, 1.0f, as_matrix(w), as_column(s->v), 0.0f,
             as_column(s->u));
    lim_norm(be, s->u, s->sigma);
    lim_scale(be, 1.0f, s->sigma, true, s->u, 0.0f, s->u);
    if (mode == LIM_TRAIN)
        lim_copy(be, s->u, conv->base.values[conv->u]);
    lim_scale(be, 1.0f, s->sigma, true, w, 0.0f, s->normed);
    return s->normed;
}

/* Where the gradient of what was convolved with is added up. */
static struct lim_tensor weights_gradient(struct conv_layer *conv)
{
    if (!conv->u)
        return conv->base.grads[WEIGHT];
    lim_fill(conv->base.be, 0.0f, conv->spectral.gradient);
    return conv->spectral.gradient;
}

/* From that gradient g to the weights': += (g - (sum of g normed) v u^T) / sigma, for sigma is
 * v^T w u, whose vectors do not change to first order. */
static void through_norm(struct conv_layer *conv)
{
    struct lim_backend *be = conv->base.be;
    struct spectral *s = &conv->spectral;
    struct lim_tensor product = lim_vector_of(s->sigma.buf, s->sigma.offset + 1, 1);

    if (!conv->u)
        return;
    lim_dot(be, s->gradient, s->normed, product);
    lim_scale(be, -1.0f, product, false, s->v, 0.0f, s->turned);
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, as_column(s->turned),
             lim_tensor_of(s->u.buf, s->u.offset, 1, 1, 1, s->u.c), 1.0f, as_matrix(s->gradient));
    lim_scale(be, 1.0f, s->sigma, true, s->gradient, 1.0f, conv->base.grads[WEIGHT]);
}

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

    lim_conv_forward(layer->be, &conv->cv, x, weights_of(conv, mode), y);
    add_bias(conv, y);
}

static void conv_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                          struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                          unsigned want)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    dy = bias_gradient(conv, y, dy, dz, want);
    if (want & LIM_WANT_PARAMS) {
        lim_conv_backward_weights(layer->be, &conv->cv, x, dy, weights_gradient(conv));
        through_norm(conv);
    }
    if (dx.buf)
        lim_conv_backward_data(layer->be, &conv->cv, dy,
                               conv->u ? conv->spectral.normed : layer->values[WEIGHT], dx);
}

static void transposed_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                               enum lim_mode mode)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    lim_conv_backward_data(layer->be, &conv->cv, x, weights_of(conv, mode), y);
    add_bias(conv, y);
}

static void transposed_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                                struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                                unsigned want)
{
    struct conv_layer *conv = (struct conv_layer *)layer;

    dy = bias_gradient(conv, y, dy, dz, want);
    if (want & LIM_WANT_PARAMS) {
        lim_conv_backward_weights(layer->be, &conv->cv, dy, x, weights_gradient(conv));
        through_norm(conv);
    }
    if (dx.buf)
        lim_conv_forward(layer->be, &conv->cv, dy,
                         conv->u ? conv->spectral.normed : layer->values[WEIGHT], dx);
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
    lim_buffer_destroy(((struct conv_layer *)layer)->spectral.memory);
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
    if (row->spectral)
        base->parts[base->part_count++] = (struct lim_layer_part){
            .name = "u", .n = 1, .h = 1, .w = 1, .c = cv->k, .state = true, .deviation = 1.0f};
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

/* Two times the weights, then the vectors, and two numbers. */
static bool take_spectral(struct conv_layer *conv)
{
    const struct lim_conv *cv = &conv->cv;
    struct spectral *s = &conv->spectral;
    int rows = cv->r * cv->s * cv->c;
    size_t weights = (size_t)rows * (size_t)cv->k, at = 2 * weights;

    s->memory = lim_buffer_create_for(conv->base.be, LIM_MEMORY_SCRATCH,
                                      at + (size_t)cv->k + 2 * (size_t)rows + 2);
    if (!s->memory)
        return false;
    s->normed = lim_tensor_of(s->memory, 0, cv->r, cv->s, cv->c, cv->k);
    s->gradient = lim_tensor_of(s->memory, weights, cv->r, cv->s, cv->c, cv->k);
    s->u = lim_vector_of(s->memory, at, (size_t)cv->k);
    s->v = lim_vector_of(s->memory, at + (size_t)cv->k, (size_t)rows);
    s->turned = lim_vector_of(s->memory, at + (size_t)cv->k + (size_t)rows, (size_t)rows);
    s->sigma = lim_vector_of(s->memory, at + (size_t)cv->k + 2 * (size_t)rows, 1);
    conv->u = conv->base.part_count - 1;
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
    if (row->spectral && !take_spectral(conv)) {
        free(conv);
        return NULL;
    }
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
