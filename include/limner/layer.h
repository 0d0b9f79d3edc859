/* What a layer is to a network, for layers of one's own: a row of kind LIM_LAYER_OWN names the
 * functions, and they embed struct lim_layer first in what they create. samples/own_layer.c is one.
 * A layer owns no parameters: `shape` names them and says how large they are, and the network gives
 * it views into its flat buffers, initializes them, and saves and loads them by these names.
 *
 * Thread-safety: the functions are called by the thread that uses the network. */
#ifndef LIMNER_LAYER_H
#define LIMNER_LAYER_H

#include <limner/api.h>
#include <limner/net.h>

LIM_BEGIN

enum { LIM_LAYER_MAX_PARTS = 4 };

/* A named tensor of the layer's parameters or state. */
struct lim_layer_part {
    const char *name;
    int n, h, w, c;
    bool state;
    float mean, deviation; /* initial values N(mean, deviation^2) */
};

struct lim_layer;

struct lim_layer_ops {
    const char *name; /* "convolution" */

    /* Fills in what follows from a row and the shape of a picture, which `base` has already: the
     * output's shape, the parts, and the three flags. Takes no memory and asks no device. At most
     * `batch` pictures at once. False where the row does not fit; `reason` then says why. */
    bool (*shape)(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                  const char **reason);

    /* Takes the memory of a layer and copies `base` into it. NULL after one log line. */
    struct lim_layer *(*create)(const struct lim_layer_desc *row, int batch,
                                const struct lim_layer *base);

    /* y from x. LIM_TRAIN keeps what the backward pass needs. */
    void (*forward)(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                    enum lim_mode mode);

    /* dx from dy, gradients += (only with LIM_WANT_PARAMS); x and y are those of the forward pass.
     * A layer with gradient_in_place set always gets a dx, which may be dy; another one computes no
     * dx where it has no buffer. Where it has taken an activation, dz has room for the gradient
     * before that and may be dy, but not dx. */
    void (*backward)(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                     struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                     unsigned want);

    /* Optional (NULL: never): takes over the activation that follows in the layer's own memory, if
     * that saves a pass over it. From then on y is after the activation, and dy too. */
    bool (*take)(struct lim_layer *layer, enum lim_activation kind, float slope);

    void (*destroy)(struct lim_layer *layer);
    void (*reserved[4])(void);
};

/* Where the next numbers of a layer that draws come from. */
struct lim_layer_draw {
    uint64_t seed, index; /* of the stream LIM_RANDOM_LAYER */
};

struct lim_layer {
    const struct lim_layer_ops *ops;
    struct lim_backend *be;
    int h, w, c;             /* of one input picture */
    int out_h, out_w, out_c; /* of one output picture */
    bool gradient_in_place;  /* backward allows dx to be dy */
    bool keeps_output;       /* backward reads y: the next layer must not overwrite it */
    bool overwrites_input;   /* forward may write y over x */

    struct lim_layer_part parts[LIM_LAYER_MAX_PARTS];
    int part_count;
    struct lim_tensor
        values[LIM_LAYER_MAX_PARTS]; /* set by the network: views into the flat buffers */
    struct lim_tensor grads[LIM_LAYER_MAX_PARTS]; /* of parameters only */
    struct lim_layer_draw draw; /* set by the network before each forward pass in LIM_TRAIN */
    uint64_t reserved[8];
};

LIM_END

#endif
