/* The operations once more, in double and straight from their definitions in limner/ops.h: slow,
 * short, and sharing nothing with the backends (convolutions are not lowered to columns). An
 * argument `size_of` receives the same sum with absolute values in place of the terms; NULL if that
 * is not wanted. */
#ifndef LIMNER_TESTS_ORACLE_H
#define LIMNER_TESTS_ORACLE_H

#include <limner/ops.h>
#include <stdbool.h>
#include <stddef.h>

/* out[m][n] = op(a) op(b), of k terms. a is m x k, or k x m where transposed; b likewise. */
void oracle_gemm(bool ta, bool tb, int m, int n, int k, const float *a, const float *b, double *out,
                 double *size_of);

/* The three passes and the two copies, for `n` images; each adds to `out`, which the caller has
 * filled. */
void oracle_conv_forward(const struct lim_conv *cv, int n, const float *x, const float *w,
                         double *out, double *size_of);
void oracle_conv_backward_data(const struct lim_conv *cv, int n, const float *dy, const float *w,
                               double *out, double *size_of);
void oracle_conv_backward_weights(const struct lim_conv *cv, int n, const float *x, const float *dy,
                                  double *out, double *size_of);
void oracle_im2col(const struct lim_conv *cv, int n, const float *x, double *col);
/* `terms` [n][h][w]: how many columns' elements are added at each pixel. */
void oracle_col2im(const struct lim_conv *cv, int n, const float *col, double *x, double *size_of,
                   int *terms);

/* Per channel of x[rows][c]: the mean, the mean of |x|, and the biased variance. */
void oracle_moments(size_t rows, int c, const float *x, double *mean, double *size_of, double *var);

/* y = gamma (x - mean) inv_std + beta. */
void oracle_normalize(size_t rows, int c, const float *x, const double *mean, const double *inv_std,
                      const float *gamma, const float *beta, double *y);

/* Sums over rows of dy and of dy xhat, and of their absolute values. */
struct oracle_sums {
    double dy, dy_xhat, abs_dy, abs_dy_xhat;
};
void oracle_norm_sums(size_t rows, int c, const float *x, const float *dy, const float *mean,
                      const float *inv_std, struct oracle_sums *sums);

/* For one number. Backward: the derivative times dy, from the input or the output, as
 * lim_activation_needs_input says. */
double oracle_activation(enum lim_activation kind, float slope, float x);
double oracle_activation_backward(enum lim_activation kind, float slope, float from, float dy);
double oracle_sigmoid(double x);

struct oracle_loss {
    double loss, slope, score; /* slope: the derivative with respect to the logit */
};
struct oracle_loss oracle_loss(enum lim_loss_kind kind, double logit, double target);

#endif
