/* The operations, one function each, for any backend.
 *
 * All queue work and return at once; they run in the order of the calls. A failure is logged once
 * and latches on the backend (lim_backend_finish reports it). Shapes, lengths and aliasing are
 * checked here: an invalid call is such a failure (limner/api.h). Unless a comment allows it, an
 * output may not overlap an input. Parameter gradients accumulate (+=); activations and their
 * gradients are overwritten (=). Results are deterministic: the same inputs give the same bits on
 * one device, every time.
 *
 * Letters, here and everywhere: images n h w c -> k r s (kernel rows, columns) -> p q (output rows,
 * columns). M below is n*h*w, the number of values per channel.
 *
 * Thread-safety: that of the backend. */
#ifndef LIMNER_OPS_H
#define LIMNER_OPS_H

#include <limner/api.h>
#include <limner/tensor.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

enum lim_transpose { LIM_NO_TRANS, LIM_TRANS };

/* c = alpha * op(a) op(b) + beta * c; matrices are tensors with n*h*w rows and c columns,
 * row-major. beta = 0 never reads c (it may hold NaN). Reference BLAS, gemm. */
LIM_API void lim_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb,
                      float alpha, struct lim_tensor a, struct lim_tensor b, float beta,
                      struct lim_tensor c);

/* A 2-D convolution x[n][h][w][c] -> y[n][p][q][k] with weights w[r][s][c][k] (a tensor r, s, c,
 * k): y[n][i][j][k] = sum over r, s, c of x[n][i*stride + r - pad_top][j*stride + s - pad_left][c]
 *                   * w[r][s][c][k],   x = 0 outside the picture.
 * A transposed convolution is this one run backwards. */
struct lim_conv {
    int n, h, w, c;
    int k, r, s, stride;
    int pad_top, pad_left, pad_bottom, pad_right;
    int p, q;
};

/* Fills p and q from the other fields: p = (h + pad_top + pad_bottom - r) / stride + 1. False when
 * a size is below 1, a pad is negative, the kernel exceeds the padded picture, or the number of
 * pixels (padded, of all pictures) or of weights per output exceeds an int. */
LIM_API bool lim_conv_init(struct lim_conv *cv);

/* col[n][p][q][r*s*c] from x, and its adjoint: x = the sum of every col element taken from there.
 * Here the number of images is that of the tensors (a range of cv->n). */
LIM_API void lim_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                        struct lim_tensor col);
LIM_API void lim_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                        struct lim_tensor x);

/* The three passes: y = conv(x, w); dx = its adjoint in x; dw += its gradient in w. */
LIM_API void lim_conv_forward(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor x, struct lim_tensor w, struct lim_tensor y);
LIM_API void lim_conv_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                    struct lim_tensor dy, struct lim_tensor w,
                                    struct lim_tensor dx);
LIM_API void lim_conv_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                       struct lim_tensor x, struct lim_tensor dy,
                                       struct lim_tensor dw);

enum lim_conv_pass { LIM_CONV_FORWARD, LIM_CONV_BACKWARD_DATA, LIM_CONV_BACKWARD_WEIGHTS };

/* Allocates, outside of training steps, the scratch memory the passes of `cv` need (within the
 * backend's cap: they split into ranges of images). False after one log line. */
LIM_API bool lim_conv_reserve(struct lim_backend *be, const struct lim_conv *cv);

/* y[..][c] += bias[c], in place; dbias[c] += sum of dy[..][c]. */
LIM_API void lim_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y);
LIM_API void lim_bias_backward(struct lim_backend *be, struct lim_tensor dy,
                               struct lim_tensor dbias);

/* Batch normalization per channel (Ioffe and Szegedy 2015): y = gamma (x - mean) / sqrt(var + eps)
 * + beta. gamma, beta, mean, var, running_* and inv_std are vectors of c floats. */
struct lim_batchnorm {
    float eps;      /* 1e-5 in PyTorch, 1e-3 in Keras */
    float momentum; /* share of the new batch in the running statistics: 0.1 */
};

/* As PyTorch: eps 1e-5, momentum 0.1. */
LIM_API struct lim_batchnorm lim_batchnorm_defaults(void);

/* With the batch's own mean and biased variance (M > 1), which it leaves in `mean` and as
 * 1/sqrt(var + eps) in `inv_std` for the backward pass. Running statistics become
 * (1 - momentum) * old + momentum * batch, the variance with M/(M-1) (as PyTorch). */
LIM_API void lim_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                                 struct lim_tensor x, struct lim_tensor gamma,
                                 struct lim_tensor beta, struct lim_tensor running_mean,
                                 struct lim_tensor running_var, struct lim_tensor mean,
                                 struct lim_tensor inv_std, struct lim_tensor y);

/* With given mean and variance. */
LIM_API void lim_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                                 struct lim_tensor x, struct lim_tensor gamma,
                                 struct lim_tensor beta, struct lim_tensor mean,
                                 struct lim_tensor var, struct lim_tensor y);

/* xhat = (x - mean) inv_std; dgamma += sum dy xhat; dbeta += sum dy;
 * dx = gamma inv_std (dy - (sum dy)/M - xhat (sum dy xhat)/M). dx may be dy.
 * Where dgamma and dbeta have no buffer (buf = NULL) only dx is computed. */
LIM_API void lim_batchnorm_backward(struct lim_backend *be, struct lim_tensor x,
                                    struct lim_tensor dy, struct lim_tensor gamma,
                                    struct lim_tensor mean, struct lim_tensor inv_std,
                                    struct lim_tensor dgamma, struct lim_tensor dbeta,
                                    struct lim_tensor dx);

enum lim_activation {
    LIM_RELU,       /* max(x, 0) */
    LIM_LEAKY_RELU, /* x > 0 ? x : slope * x */
    LIM_TANH,
    LIM_SIGMOID, /* 1 / (1 + exp(-x)) */
    LIM_SILU,    /* x / (1 + exp(-x)) */
    LIM_ACTIVATIONS
};

/* "relu"; "unknown" for a number that is none of the kinds. Static memory. */
LIM_API const char *lim_activation_name(enum lim_activation kind);

/* Is the derivative computed from the input x? Otherwise it is computed from the output y, and y
 * may share the memory of x. */
LIM_API bool lim_activation_needs_input(enum lim_activation kind);

/* y = f(x); y may be x. dx = dy * f'(x), where `from` is x or y, as lim_activation_needs_input
 * says; dx may be dy. `slope` (of LIM_LEAKY_RELU only) lies in (0, 1). */
LIM_API void lim_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                                    struct lim_tensor x, struct lim_tensor y);
LIM_API void lim_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                     struct lim_tensor from, struct lim_tensor dy,
                                     struct lim_tensor dx);

/* Fused operations: one pass over memory if the backend supports it, otherwise two operations, with
 * the same numbers either way. Only for activations that do not need their input. Forward:
 * y = f(y + bias). Backward, from y: dx = dy * f'(x), dbias += sum of dx; dx may be dy. Without a
 * buffer (buf = NULL) dbias is not computed. */
LIM_API void lim_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                                  struct lim_tensor bias, struct lim_tensor y);
LIM_API void lim_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                   struct lim_tensor y, struct lim_tensor dy,
                                   struct lim_tensor dbias, struct lim_tensor dx);

/* Batch normalization followed by an activation: y is the activation's output. In the backward pass
 * dy is the gradient of y, and beta must have its value of the forward pass. */
LIM_API void lim_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                                     enum lim_activation kind, float slope, struct lim_tensor x,
                                     struct lim_tensor gamma, struct lim_tensor beta,
                                     struct lim_tensor running_mean, struct lim_tensor running_var,
                                     struct lim_tensor mean, struct lim_tensor inv_std,
                                     struct lim_tensor y);
LIM_API void lim_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                                     enum lim_activation kind, float slope, struct lim_tensor x,
                                     struct lim_tensor gamma, struct lim_tensor beta,
                                     struct lim_tensor mean, struct lim_tensor var,
                                     struct lim_tensor y);
LIM_API void lim_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind,
                                        float slope, struct lim_tensor x, struct lim_tensor y,
                                        struct lim_tensor dy, struct lim_tensor gamma,
                                        struct lim_tensor beta, struct lim_tensor mean,
                                        struct lim_tensor inv_std, struct lim_tensor dgamma,
                                        struct lim_tensor dbeta, struct lim_tensor dx);

/* The loss of a discriminator's output l for a target t. With the loss f, over all N =
 * count(logits) elements: stats[0] = mean of f(l), dlogits = f'(l) / N, stats[1] = mean of the
 * score of realness: sigmoid(l) for LIM_LOSS_BCE, l for the others. `stats` is a vector of 2. */
enum lim_loss_kind {
    LIM_LOSS_BCE,     /* max(l, 0) - l t + log1p(exp(-|l|)): binary cross entropy, t in [0, 1] */
    LIM_LOSS_HINGE,   /* max(0, 1 - t l), t = 1 or -1; its derivative at 0 is 0 */
    LIM_LOSS_SQUARES, /* (l - t)^2 / 2 */
    LIM_LOSS_LINEAR,  /* -t l */
    LIM_LOSSES
};
LIM_API void lim_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
                      struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits);

/* "bce"; "unknown" for a number that is none of the kinds. Static memory. */
LIM_API const char *lim_loss_name(enum lim_loss_kind kind);

/* One step of Adam (Kingma and Ba 2014, as PyTorch computes it) on p from the gradient g:
 *   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2;
 *   p -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps).   t counts from 1. */
struct lim_adam_desc {
    float lr, beta1, beta2, eps;
};
/* As PyTorch: lr 1e-3, beta1 0.9, beta2 0.999, eps 1e-8. */
LIM_API struct lim_adam_desc lim_adam_defaults(void);

LIM_API void lim_adam(struct lim_backend *be, const struct lim_adam_desc *adam, uint64_t t,
                      struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
                      struct lim_tensor p);

/* y = value; y = x; y = a*x + b*y (b = 0 still reads y: use lim_copy). Lengths must agree, shapes
 * need not. */
LIM_API void lim_fill(struct lim_backend *be, float value, struct lim_tensor y);
LIM_API void lim_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y);
LIM_API void lim_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b,
                       struct lim_tensor y);

/* s[0] = the sum of a[i] b[i], where lengths agree and shapes need not; and sqrt(sum of a[i]^2), at
 * least 1e-12. `s` is a vector of 1. */
LIM_API void lim_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b,
                     struct lim_tensor s);
LIM_API void lim_norm(struct lim_backend *be, struct lim_tensor a, struct lim_tensor s);

/* y = alpha s[0] x + beta y, or, with `divide`, alpha / s[0] x + beta y; beta = 0 never reads y. y
 * may be x. Lengths agree, shapes need not. */
LIM_API void lim_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
                       struct lim_tensor x, float beta, struct lim_tensor y);

LIM_END

#endif
