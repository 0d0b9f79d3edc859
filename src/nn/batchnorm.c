/* Batch normalization with batch or running statistics, and the activation after it. */
#include "nn/layer.h"

#include "base/log.h"

#include <stdlib.h>

enum { GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR };

struct batchnorm_layer {
    struct lim_layer base;
    struct lim_batchnorm bn;
    bool active; /* with an activation */
    enum lim_activation kind;
    float slope;
    struct lim_buffer *scratch; /* mean, inv_std; then running statistics to spoil */
};

static struct lim_tensor scratch(const struct batchnorm_layer *norm, int which)
{
    size_t c = (size_t)norm->base.c;

    return lim_vector_of(norm->scratch, (size_t)which * c, c);
}

static void batchnorm_forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                              enum lim_mode mode)
{
    struct batchnorm_layer *norm = (struct batchnorm_layer *)layer;
    struct lim_tensor *v = layer->values;
    bool train = mode == LIM_TRAIN;
    struct lim_tensor running_mean = train ? v[RUNNING_MEAN] : scratch(norm, 2);
    struct lim_tensor running_var = train ? v[RUNNING_VAR] : scratch(norm, 3);

    if (mode == LIM_INFER && norm->active)
        lim_batchnorm_act_infer(layer->be, &norm->bn, norm->kind, norm->slope, x, v[GAMMA], v[BETA],
                                v[RUNNING_MEAN], v[RUNNING_VAR], y);
    else if (mode == LIM_INFER)
        lim_batchnorm_infer(layer->be, &norm->bn, x, v[GAMMA], v[BETA], v[RUNNING_MEAN],
                            v[RUNNING_VAR], y);
    else if (norm->active)
        lim_batchnorm_act_train(layer->be, &norm->bn, norm->kind, norm->slope, x, v[GAMMA], v[BETA],
                                running_mean, running_var, scratch(norm, 0), scratch(norm, 1), y);
    else
        lim_batchnorm_train(layer->be, &norm->bn, x, v[GAMMA], v[BETA], running_mean, running_var,
                            scratch(norm, 0), scratch(norm, 1), y);
}

static void batchnorm_backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                               struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                               unsigned want)
{
    struct batchnorm_layer *norm = (struct batchnorm_layer *)layer;
    struct lim_tensor none = {.buf = NULL}, *v = layer->values;
    bool params = want & LIM_WANT_PARAMS;
    struct lim_tensor dgamma = params ? layer->grads[GAMMA] : none;
    struct lim_tensor dbeta = params ? layer->grads[BETA] : none;

    (void)dz;
    if (norm->active)
        lim_batchnorm_act_backward(layer->be, norm->kind, norm->slope, x, y, dy, v[GAMMA], v[BETA],
                                   scratch(norm, 0), scratch(norm, 1), dgamma, dbeta, dx);
    else
        lim_batchnorm_backward(layer->be, x, dy, v[GAMMA], scratch(norm, 0), scratch(norm, 1),
                               dgamma, dbeta, dx);
}

static bool batchnorm_take(struct lim_layer *layer, enum lim_activation kind, float slope)
{
    struct batchnorm_layer *norm = (struct batchnorm_layer *)layer;

    norm->active = true;
    norm->kind = kind;
    norm->slope = slope;
    return true;
}

static void batchnorm_destroy(struct lim_layer *layer)
{
    lim_buffer_destroy(((struct batchnorm_layer *)layer)->scratch);
    free(layer);
}

static bool batchnorm_shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                            const char **reason)
{
    static const struct lim_layer_part parts[] = {
        [GAMMA] = {.name = "gamma", .mean = 1.0f, .deviation = 0.02f},
        [BETA] = {.name = "beta"},
        [RUNNING_MEAN] = {.name = "running_mean", .state = true},
        [RUNNING_VAR] = {.name = "running_var", .state = true, .mean = 1.0f}};

    if (batch == 1 && base->h == 1 && base->w == 1) {
        *reason = "batch norm needs more than one value per channel: a larger batch";
        return false;
    }
    base->out_h = base->h;
    base->out_w = base->w;
    base->out_c = base->c;
    base->gradient_in_place = true;
    base->part_count = sizeof parts / sizeof *parts;
    for (int i = 0; i < base->part_count; i++) {
        struct lim_layer_part *part = base->parts + i;

        *part = parts[i];
        part->n = part->h = part->w = 1;
        part->c = base->c;
    }
    nn_init_weights(&base->parts[GAMMA], row, 1.0);
    return true;
}

static struct lim_layer *batchnorm_create(const struct lim_layer_desc *row, int batch,
                                          const struct lim_layer *base)
{
    struct batchnorm_layer *norm = calloc(1, sizeof *norm);

    (void)batch;
    if (!norm) {
        lim_error("no memory for a layer");
        return NULL;
    }
    norm->scratch = lim_buffer_create_for(base->be, LIM_MEMORY_ACTIVATIONS, 4 * (size_t)base->c);
    if (!norm->scratch) {
        free(norm);
        return NULL;
    }
    norm->base = *base;
    norm->bn.eps = row->batchnorm.eps > 0.0f ? row->batchnorm.eps : 1e-5f;
    norm->bn.momentum = row->batchnorm.momentum > 0.0f ? row->batchnorm.momentum : 0.1f;
    return &norm->base;
}

const struct lim_layer_ops lim_batchnorm_layer = {
    .name = "batch norm",
    .shape = batchnorm_shape,
    .create = batchnorm_create,
    .forward = batchnorm_forward,
    .backward = batchnorm_backward,
    .take = batchnorm_take,
    .destroy = batchnorm_destroy,
};
