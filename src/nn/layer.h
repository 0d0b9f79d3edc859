/* The layers there are. What a layer is: limner/layer.h. */
#ifndef LIMNER_LAYERS_LAYER_H
#define LIMNER_LAYERS_LAYER_H

#include <limner/layer.h>

/* The first values of a layer's weights, by its row; `inputs` to each output. */
void nn_init_weights(struct lim_layer_part *part, const struct lim_layer_desc *row, double inputs);

/* The ops of each kind of row. */
extern const struct lim_layer_ops lim_conv_layer, lim_conv_transposed_layer, lim_batchnorm_layer,
    lim_activation_layer, lim_noise_layer;

#endif
