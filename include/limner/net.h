/* Networks from tables: a row is a layer, and its input is the output of the layer before.
 *
 * Thread-safety: a network belongs to its backend: one thread at a time may use them. */
#ifndef LIMNER_NET_H
#define LIMNER_NET_H

#include <limner/api.h>
#include <limner/ops.h>
#include <limner/status.h>
#include <limner/tensor.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

enum lim_layer_kind {
    LIM_LAYER_CONV,            /* out, kernel, stride, pads, bias, spectral */
    LIM_LAYER_CONV_TRANSPOSED, /* the same; output (h - 1)*stride + kernel - pad_start - pad_end */
    LIM_LAYER_BATCHNORM,       /* eps, momentum */
    LIM_LAYER_ACTIVATION,      /* activation, slope */
    LIM_LAYER_NOISE,           /* deviation: adds N(0, deviation^2) in LIM_TRAIN */
    LIM_LAYER_OWN,             /* ops, settings */
    LIM_LAYER_KINDS
};

/* The first values of a layer's weights, or of a batch norm's gamma. All else begins as
 * lim_net_init says. */
enum lim_init {
    LIM_INIT_DCGAN,  /* weights N(0, 0.02), gamma N(1, 0.02) */
    LIM_INIT_NORMAL, /* the same with init_value in place of 0.02 */
    LIM_INIT_HE, /* weights N(0, g/sqrt(n)), n inputs to an output (He et al. 2015); the gain g is
                  * init_value, or sqrt(2) where that is 0. gamma 1 */
    LIM_INIT_CONSTANT, /* init_value */
    LIM_INIT_ZERO,
    LIM_INITS
};

struct lim_layer_ops;

/* A row. Fields that the kind does not list are ignored. */
struct lim_layer_desc {
    enum lim_layer_kind kind;
    int out;    /* channels of the output */
    int kernel; /* rows and columns */
    int stride;
    int pad_start,
        pad_end; /* top and left; bottom and right (Keras 'same' 5x5, stride 2: 1 and 2) */
    bool bias;
    /* The weights w, as a matrix of kernel^2 * channels rows and `out` columns (of a transposed
     * convolution, of that which it runs backwards), are divided by its largest singular value:
     * Miyato et al. 2018, arXiv 1802.05957. One round of the power iteration in each forward pass
     * in LIM_TRAIN; its vector is the state "u". */
    bool spectral;
    enum lim_activation activation;
    float slope;
    struct lim_batchnorm batchnorm; /* zeros: eps 1e-5, momentum 0.1 */
    float deviation;
    enum lim_init init;
    float init_value;                /* of init */
    const struct lim_layer_ops *ops; /* of a layer of one's own: limner/layer.h */
    const void *settings;            /* for its functions; may be NULL */
    uint64_t reserved[13];
};

/* Floats of the parameters, and of the state (running statistics), of the layers that these rows
 * make for pictures h x w with c channels. Allocates nothing and needs no device. Returns false
 * after one log line that names the row that does not fit. */
LIM_API bool lim_rows_count(const struct lim_layer_desc *rows, int count, int h, int w, int c,
                            uint64_t *params, uint64_t *state);

struct lim_net;

/* Creates a network for pictures h x w with c channels, at most `batch` of them at once. Allocates
 * all memory. Weights are zero until lim_net_init or a checkpoint fills them. Returns NULL after
 * one log line (which names the row of a layer that does not fit). */
LIM_API struct lim_net *lim_net_create(struct lim_backend *be, const struct lim_layer_desc *rows,
                                       int count, int h, int w, int c, int batch);
LIM_API void lim_net_destroy(struct lim_net *net);

/* First values: weights and gamma by their row's `init` (DCGAN's is N(0, 0.02) and N(1, 0.02)),
 * biases 0, beta 0, running mean 0 and variance 1; a function of the rows and the seed alone. False
 * after one log line (no memory). */
LIM_API bool lim_net_init(struct lim_net *net, uint64_t seed);

enum lim_mode {
    LIM_TRAIN,      /* batch statistics; running ones are updated; kept for the backward pass */
    LIM_INFER,      /* running statistics */
    LIM_BATCH_STATS /* batch statistics, running ones unchanged: for painting */
};

/* x: 1 to `batch` pictures. The output is valid until the next forward pass of this net. */
LIM_API struct lim_tensor lim_net_forward(struct lim_net *net, struct lim_tensor x,
                                          enum lim_mode mode);

/* The random numbers of a layer (LIM_LAYER_NOISE) depend only on the seed, the step, the row, and
 * the number of passes in LIM_TRAIN in this step (at most 4,096 passes and 4,096 rows), so that a
 * resumed training draws the same numbers as an uninterrupted one. A new net has seed 0 and step
 * 0. */
LIM_API void lim_net_set_step(struct lim_net *net, uint64_t seed, uint64_t step);

enum lim_want { LIM_WANT_INPUT = 1, LIM_WANT_PARAMS = 2 };

/* After a forward pass in LIM_TRAIN, with the same x alive: dy has the output's shape and is left
 * unchanged. Adds to the gradients (LIM_WANT_PARAMS); returns the input's gradient (LIM_WANT_INPUT,
 * else a tensor without a buffer), valid until the net's next call. */
LIM_API struct lim_tensor lim_net_backward(struct lim_net *net, struct lim_tensor dy,
                                           unsigned want);

LIM_API void lim_net_zero_grads(struct lim_net *net);

/* All parameters and their gradients as flat views, of equal length: ONE chunk, or as few as the
 * device's largest allocation allows, each of whole tensors, in the order of the parts. */
LIM_API int lim_net_chunks(const struct lim_net *net);
LIM_API struct lim_tensor lim_net_params(const struct lim_net *net, int chunk);
LIM_API struct lim_tensor lim_net_grads(const struct lim_net *net, int chunk);

/* The running statistics (a tensor without a buffer where the net has none). */
LIM_API struct lim_tensor lim_net_state(const struct lim_net *net);

/* The named parts of params and state, for checkpoints: "0.weight", "0.bias", "1.gamma", "1.beta",
 * "1.running_mean", "1.running_var", the number being the row. */
struct lim_net_part {
    char name[32];
    struct lim_tensor tensor; /* weights r, s, c, k of the convolution as lim_conv has them */
    struct lim_tensor grad;   /* of the same shape; of state without a buffer */
    bool state;
    const char *layer; /* the layer that owns it: "convolution"; static memory */
    uint64_t reserved[3];
};
LIM_API int lim_net_part_count(const struct lim_net *net);
LIM_API struct lim_net_part lim_net_part(const struct lim_net *net, int index);

/* The root of the sum of the squares of all parameters' gradients (computed in double, on the host:
 * it reads them, and waits for the device). False where the device has failed, or after one log
 * line (no memory). */
LIM_API bool lim_net_gradient_norm(const struct lim_net *net, double *norm);

/* All parts by their names, as safetensors with a checksum: written under a temporary name in the
 * same folder, fsync, rename. A network of the same rows reads it, on any device. False after one
 * log line; the file of before is then intact. */
LIM_API bool lim_net_save(const struct lim_net *net, const char *path);

/* False after one log line, the network being as before, where the file cannot be read, is damaged,
 * holds a number that is none, or other tensors than this network's parts; `why` (may be NULL) then
 * says LIM_BAD_INPUT or another status. */
LIM_API bool lim_net_load(struct lim_net *net, const char *path, enum lim_status *why);

/* Shape of the output for one picture. */
LIM_API void lim_net_output_shape(const struct lim_net *net, int *h, int *w, int *c);

LIM_END

#endif
