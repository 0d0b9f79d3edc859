/* A network: net.c makes it and walks it, net_parts.c is its tensors by name. */
#ifndef LIMNER_SRC_NN_NET_H
#define LIMNER_SRC_NN_NET_H

#include "nn/layer.h"

/* An activation follows nearly every layer and works in that layer's memory; `output` is then the
 * same view. If the layer has taken it over, the activation's own node does nothing. */
struct node {
    struct lim_layer *layer;
    bool taken;
    struct lim_buffer *own;   /* NULL: the output lies in the input's memory */
    struct lim_tensor output; /* the whole batch */
};

struct part {
    int node, index; /* of the layer's parts */
};

/* Parameters that lie side by side, and their gradients. */
struct chunk {
    size_t count;
    struct lim_buffer *params, *grads;
};

struct lim_net {
    struct lim_backend *be;
    int count, batch;
    int h, w, c;
    struct node *nodes;
    struct part *parts;
    int part_count;
    struct chunk *chunks;
    int chunk_count;
    size_t state_count;
    struct lim_buffer *state;
    struct lim_buffer *spare[2]; /* activation gradients, used in turn */
    struct lim_tensor x;         /* of the last forward pass */
    int n;                       /* pictures in it */
    uint64_t seed, draws;        /* of layers that draw: NET_PASSES for each step */
};

enum { NET_PASSES = 4096, NET_ROWS = 4096 }; /* that have streams of their own */

/* Floats of a part; and the layer's description of the i-th part. */
size_t nn_part_floats(const struct lim_layer_part *part);
const struct lim_layer_part *nn_part_of(const struct lim_net *net, int i);

#endif
