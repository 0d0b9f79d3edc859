/* The front door: checks once what every backend may rely on, and lowers what a backend lacks. */
#include <limner/bench.h>
#include <limner/ops.h>

#include "base/require.h"
#include "core/op_checks.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

static bool is_transpose(enum lim_transpose t)
{
    return t == LIM_NO_TRANS || t == LIM_TRANS;
}

void lim_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c)
{
    OP_REQUIRE(be, is_transpose(ta) && is_transpose(tb));
    OP_REQUIRE(be, valid(be, a) && valid(be, b) && valid(be, c) && apart(a, c) && apart(b, c));
    OP_REQUIRE(be, (ta ? a.c : rows(a)) == rows(c) && (tb ? rows(b) : b.c) == c.c);
    OP_REQUIRE(be, (ta ? rows(a) : a.c) == (tb ? b.c : rows(b)));
    RUN(be, gemm, size(a) + size(b) + (beta == 0.0f ? 1 : 2) * size(c),
        (be, ta, tb, alpha, a, b, beta, c));
}

/* Do the rows of a matrix fit an int? */
static bool countable(int a, int b, int c)
{
    return (int64_t)a * b <= INT_MAX && (int64_t)a * b * c <= INT_MAX;
}

bool lim_conv_init(struct lim_conv *cv)
{
    int64_t padded_h, padded_w;

    REQUIRE(cv, false);
    padded_h = (int64_t)cv->h + cv->pad_top + cv->pad_bottom;
    padded_w = (int64_t)cv->w + cv->pad_left + cv->pad_right;
    if (cv->n < 1 || cv->h < 1 || cv->w < 1 || cv->c < 1 || cv->k < 1 || cv->r < 1 || cv->s < 1 ||
        cv->stride < 1 || cv->pad_top < 0 || cv->pad_left < 0 || cv->pad_bottom < 0 ||
        cv->pad_right < 0 || cv->r > padded_h || cv->s > padded_w || padded_h > INT_MAX ||
        padded_w > INT_MAX)
        return false;
    cv->p = (int)(padded_h - cv->r) / cv->stride + 1;
    cv->q = (int)(padded_w - cv->s) / cv->stride + 1;
    return countable(cv->n, (int)padded_h, (int)padded_w) && countable(cv->n, cv->p, cv->q) &&
           countable(cv->r, cv->s, cv->c);
}

/* Did lim_conv_init fill it? */
static bool is_conv(const struct lim_conv *cv)
{
    struct lim_conv again;

    if (!cv)
        return false;
    again = *cv;
    return lim_conv_init(&again) && again.p == cv->p && again.q == cv->q;
}

/* Is t some images of the convolution's input (x), output (y), columns, or its weights? */
static bool is_x(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor t)
{
    return valid(be, t) && t.n <= cv->n && t.h == cv->h && t.w == cv->w && t.c == cv->c;
}

static bool is_y(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor t)
{
    return valid(be, t) && t.n <= cv->n && t.h == cv->p && t.w == cv->q && t.c == cv->k;
}

static bool is_col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor t)
{
    return valid(be, t) && t.h == cv->p && t.w == cv->q && t.c == cv->r * cv->s * cv->c;
}

static bool is_w(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor t)
{
    return valid(be, t) && t.n == cv->r && t.h == cv->s && t.w == cv->c && t.c == cv->k;
}

void lim_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col)
{
    OP_REQUIRE(be, is_conv(cv) && is_x(be, cv, x) && is_col(be, cv, col) && x.n == col.n &&
                       apart(x, col));
    RUN(be, im2col, size(x) + size(col), (be, cv, x, col));
}

void lim_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                struct lim_tensor x)
{
    OP_REQUIRE(be, is_conv(cv) && is_x(be, cv, x) && is_col(be, cv, col) && x.n == col.n &&
                       apart(x, col));
    RUN(be, col2im, size(x) + size(col), (be, cv, col, x));
}

/* A 1x1 output over the whole unpadded picture, or a 1x1 kernel: the picture itself is the
 * columns. */
static bool col_is_x(const struct lim_conv *cv)
{
    bool unpadded = !cv->pad_top && !cv->pad_left && !cv->pad_bottom && !cv->pad_right;

    return unpadded &&
           ((cv->r == cv->h && cv->s == cv->w) || (cv->r == 1 && cv->s == 1 && cv->stride == 1));
}

static size_t col_floats(const struct lim_conv *cv, int n)
{
    return (size_t)n * (size_t)cv->p * (size_t)cv->q * (size_t)cv->r * (size_t)cv->s *
           (size_t)cv->c;
}

int lim_images_of_work(const struct lim_backend *be, const struct lim_conv *cv)
{
    double work = 2.0 * cv->p * cv->q * cv->k * cv->r * cv->s * cv->c;
    double fit = be->most_work > 0 ? be->most_work / work : cv->n;

    return fit < 1 ? 1 : fit < cv->n ? (int)fit : cv->n;
}

/* Images whose columns fit the cap; always at least one. */
static int images_at_once(const struct lim_backend *be, const struct lim_conv *cv)
{
    int most = lim_images_of_work(be, cv);
    size_t fit = be->workspace_cap / (col_floats(cv, 1) * sizeof(float));

    if (col_is_x(cv))
        return most;
    if (fit < 1)
        return 1;
    return fit < (size_t)most ? (int)fit : most;
}

static bool reserve_columns(struct lim_backend *be, const struct lim_conv *cv)
{
    size_t need;

    if (col_is_x(cv))
        return true;
    need = col_floats(cv, images_at_once(be, cv));
    if (be->workspace && be->workspace->count >= need)
        return true;
    lim_buffer_destroy(be->workspace);
    be->workspace = lim_buffer_create_for(be, LIM_MEMORY_SCRATCH, need);
    return be->workspace != NULL;
}

/* For the multiplication of `lower`, below. */
static bool reserve_gemm(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    int rows = images_at_once(be, cv) * cv->p * cv->q;
    int rsc = cv->r * cv->s * cv->c;
    bool good;

    if (!be->ops->gemm_reserve)
        return true;
    be->ops->use_gemm(be, lim_conv_choice_gemm(be, cv, pass));
    if (pass == LIM_CONV_FORWARD)
        good = be->ops->gemm_reserve(be, LIM_NO_TRANS, LIM_NO_TRANS, rows, cv->k, rsc);
    else if (pass == LIM_CONV_BACKWARD_DATA)
        good = be->ops->gemm_reserve(be, LIM_NO_TRANS, LIM_TRANS, rows, rsc, cv->k);
    else
        good = be->ops->gemm_reserve(be, LIM_TRANS, LIM_NO_TRANS, rsc, cv->k, rows);
    be->ops->use_gemm(be, be->gemm);
    return good;
}

static bool reserve(struct lim_backend *be, const struct lim_conv *cv)
{
    for (int i = 0; i <= LIM_CONV_BACKWARD_WEIGHTS; i++) {
        enum lim_conv_pass pass = (enum lim_conv_pass)i;
        const struct lim_conv_algorithm *best = lim_conv_choice_algorithm(be, cv, pass);

        /* An algorithm that cannot reserve its memory leaves the pass to others. */
        while (best && best->reserve && !best->reserve(be, cv, pass)) {
            const struct lim_conv_algorithm *next = lim_conv_choice_algorithm(be, cv, pass);

            if (be->failed || next == best)
                return false;
            best = next;
        }
        if (!best && (!reserve_columns(be, cv) || !reserve_gemm(be, cv, pass)))
            return false;
    }
    return true;
}

bool lim_conv_reserve(struct lim_backend *be, const struct lim_conv *cv)
{
    struct base_log *before;
    bool good;

    REQUIRE(be && is_conv(cv), false);
    before = base_log_enter(be->log);
    good = reserve(be, cv);
    base_log_enter(before);
    return good;
}

/* The columns of the images x (a range), in the workspace or, if they are the picture, in place. */
static struct lim_tensor columns(struct lim_backend *be, const struct lim_conv *cv,
                                 struct lim_tensor x)
{
    int rsc = cv->r * cv->s * cv->c;

    if (col_is_x(cv))
        return lim_tensor_of(x.buf, x.offset, x.n, cv->p, cv->q, rsc);
    return lim_tensor_of(be->workspace, 0, x.n, cv->p, cv->q, rsc);
}

/* The oracle of every faster convolution: columns and one batch-wide gemm per range of images. */
static void lower(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                  struct lim_tensor x, struct lim_tensor w, struct lim_tensor y)
{
    int step = images_at_once(be, cv);

    if (!reserve_columns(be, cv)) {
        lim_backend_fail(be, NULL);
        return;
    }
    be->ops->use_gemm(be, lim_conv_choice_gemm(be, cv, pass));
    for (int first = 0; first < x.n; first += step) {
        int n = first + step <= x.n ? step : x.n - first;
        struct lim_tensor xi = lim_tensor_images(x, first, n), yi = lim_tensor_images(y, first, n);
        struct lim_tensor col = columns(be, cv, xi);

        if (pass != LIM_CONV_BACKWARD_DATA && !col_is_x(cv))
            lim_im2col(be, cv, xi, col);
        if (pass == LIM_CONV_FORWARD)
            lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, col, w, 0.0f, yi);
        else if (pass == LIM_CONV_BACKWARD_WEIGHTS)
            lim_gemm(be, LIM_TRANS, LIM_NO_TRANS, 1.0f, col, yi, 1.0f, w);
        else
            lim_gemm(be, LIM_NO_TRANS, LIM_TRANS, 1.0f, yi, w, 0.0f, col);
        if (pass == LIM_CONV_BACKWARD_DATA && !col_is_x(cv))
            lim_col2im(be, cv, col, xi);
    }
    be->ops->use_gemm(be, be->gemm);
}

void lim_conv_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                      struct lim_tensor w, struct lim_tensor y)
{
    const struct lim_conv_algorithm *best;
    struct base_log *before;

    OP_REQUIRE(be,
               is_conv(cv) && is_x(be, cv, x) && is_w(be, cv, w) && is_y(be, cv, y) && x.n == y.n);
    OP_REQUIRE(be, apart(x, y) && apart(w, y));
    if (idle(be))
        return;
    best = lim_conv_choice_algorithm(be, cv, LIM_CONV_FORWARD);
    before = op_begin(be, "conv_forward");
    if (best) {
        be->bytes += sizeof(float) * (size(x) + size(w) + size(y));
        best->forward(be, cv, x, w, y);
    } else {
        lower(be, cv, LIM_CONV_FORWARD, x, w, y);
    }
    op_end(be, "conv_forward", before);
}

void lim_conv_backward_data(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                            struct lim_tensor w, struct lim_tensor dx)
{
    const struct lim_conv_algorithm *best;
    struct base_log *before;

    OP_REQUIRE(be, is_conv(cv) && is_x(be, cv, dx) && is_w(be, cv, w) && is_y(be, cv, dy) &&
                       dx.n == dy.n);
    OP_REQUIRE(be, apart(dx, dy) && apart(dx, w));
    if (idle(be))
        return;
    best = lim_conv_choice_algorithm(be, cv, LIM_CONV_BACKWARD_DATA);
    before = op_begin(be, "conv_backward_data");
    if (best) {
        be->bytes += sizeof(float) * (size(dy) + size(w) + size(dx));
        best->backward_data(be, cv, dy, w, dx);
    } else {
        lower(be, cv, LIM_CONV_BACKWARD_DATA, dx, w, dy);
    }
    op_end(be, "conv_backward_data", before);
}

void lim_conv_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                               struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    const struct lim_conv_algorithm *best;
    struct base_log *before;

    OP_REQUIRE(be, is_conv(cv) && is_x(be, cv, x) && is_w(be, cv, dw) && is_y(be, cv, dy) &&
                       x.n == dy.n);
    OP_REQUIRE(be, apart(x, dw) && apart(dy, dw));
    if (idle(be))
        return;
    best = lim_conv_choice_algorithm(be, cv, LIM_CONV_BACKWARD_WEIGHTS);
    before = op_begin(be, "conv_backward_weights");
    if (best) {
        be->bytes += sizeof(float) * (size(x) + size(dy) + 2 * size(dw));
        best->backward_weights(be, cv, x, dy, dw);
    } else {
        lower(be, cv, LIM_CONV_BACKWARD_WEIGHTS, x, dw, dy);
    }
    op_end(be, "conv_backward_weights", before);
}

void lim_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, y) && is_vector(be, bias, y.c) && apart(bias, y));
    RUN(be, bias_forward, 2 * size(y), (be, bias, y));
}

void lim_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias)
{
    OP_REQUIRE(be, valid(be, dy) && is_vector(be, dbias, dy.c) && apart(dbias, dy));
    RUN(be, bias_backward, size(dy), (be, dy, dbias));
}

struct lim_batchnorm lim_batchnorm_defaults(void)
{
    return (struct lim_batchnorm){.eps = 1e-5f, .momentum = 0.1f};
}

void lim_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    OP_REQUIRE(be, bn && valid(be, x) && valid(be, y) && same_shape(x, y));
    OP_REQUIRE(be, apart(x, y) && rows(x) > 1);
    OP_REQUIRE(be, is_vector(be, gamma, x.c) && is_vector(be, beta, x.c));
    OP_REQUIRE(be, is_vector(be, running_mean, x.c) && is_vector(be, running_var, x.c));
    OP_REQUIRE(be, is_vector(be, mean, x.c) && is_vector(be, inv_std, x.c));
    RUN(be, batchnorm_train, 3 * size(x),
        (be, bn, x, gamma, beta, running_mean, running_var, mean, inv_std, y));
}

void lim_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    OP_REQUIRE(be, bn && valid(be, x) && valid(be, y) && same_shape(x, y) && apart(x, y));
    OP_REQUIRE(be, is_vector(be, gamma, x.c) && is_vector(be, beta, x.c));
    OP_REQUIRE(be, is_vector(be, mean, x.c) && is_vector(be, var, x.c));
    RUN(be, batchnorm_infer, 2 * size(x), (be, bn, x, gamma, beta, mean, var, y));
}

void lim_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, dy) && valid(be, dx));
    OP_REQUIRE(be, same_shape(x, dy) && same_shape(x, dx));
    OP_REQUIRE(be, apart(x, dx) && (apart(dy, dx) || same_memory(dy, dx)));
    OP_REQUIRE(be, is_vector(be, gamma, x.c) && is_vector(be, mean, x.c) &&
                       is_vector(be, inv_std, x.c));
    OP_REQUIRE(be, !dgamma.buf == !dbeta.buf);
    OP_REQUIRE(be, !dgamma.buf || (is_vector(be, dgamma, x.c) && is_vector(be, dbeta, x.c)));
    RUN(be, batchnorm_backward, 5 * size(x), (be, x, dy, gamma, mean, inv_std, dgamma, dbeta, dx));
}

void lim_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, y) && same_shape(x, y) && is_activation(kind, slope));
    OP_REQUIRE(be, apart(x, y) || same_memory(x, y));
    RUN(be, activation_forward, 2 * size(x), (be, kind, slope, x, y));
}

void lim_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx)
{
    OP_REQUIRE(be, valid(be, from) && valid(be, dy) && valid(be, dx) && is_activation(kind, slope));
    OP_REQUIRE(be, same_shape(from, dy) && same_shape(from, dx));
    OP_REQUIRE(be, apart(from, dx) && (apart(dy, dx) || same_memory(dy, dx)));
    RUN(be, activation_backward, 3 * size(from), (be, kind, slope, from, dy, dx));
}

void lim_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
              struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits)
{
    OP_REQUIRE(be, (unsigned)kind < LIM_LOSSES);
    OP_REQUIRE(be, valid(be, logits) && valid(be, dlogits) && same_shape(logits, dlogits));
    OP_REQUIRE(be, is_vector(be, stats, 2) && apart(logits, dlogits));
    OP_REQUIRE(be, apart(stats, logits) && apart(stats, dlogits));
    RUN(be, loss, 2 * size(logits), (be, kind, target, logits, stats, dlogits));
}

struct lim_adam_desc lim_adam_defaults(void)
{
    return (struct lim_adam_desc){.lr = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f};
}

void lim_adam(struct lim_backend *be, const struct lim_adam_desc *adam, uint64_t t,
              struct lim_tensor g, struct lim_tensor m, struct lim_tensor v, struct lim_tensor p)
{
    float correct1, correct2;

    OP_REQUIRE(be, adam && t >= 1);
    OP_REQUIRE(be, valid(be, g) && valid(be, m) && valid(be, v) && valid(be, p));
    OP_REQUIRE(be, lim_tensor_count(g) == lim_tensor_count(p) &&
                       lim_tensor_count(m) == lim_tensor_count(p));
    OP_REQUIRE(be, lim_tensor_count(v) == lim_tensor_count(p));
    OP_REQUIRE(be, apart(g, p) && apart(m, p) && apart(v, p) && apart(g, m) && apart(g, v) &&
                       apart(m, v));
    correct1 = (float)(1.0 / (1.0 - pow((double)adam->beta1, (double)t)));
    correct2 = (float)(1.0 / (1.0 - pow((double)adam->beta2, (double)t)));
    RUN(be, adam, 7 * size(p), (be, adam, correct1, correct2, g, m, v, p));
}

void lim_fill(struct lim_backend *be, float value, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, y));
    RUN(be, fill, size(y), (be, value, y));
}

void lim_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, y) && lim_tensor_count(x) == lim_tensor_count(y));
    OP_REQUIRE(be, apart(x, y));
    RUN(be, copy, 2 * size(x), (be, x, y));
}

void lim_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, y) && lim_tensor_count(x) == lim_tensor_count(y));
    OP_REQUIRE(be, apart(x, y));
    RUN(be, axpby, 3 * size(x), (be, a, x, b, y));
}

void lim_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, y) && rounds >= 0);
    RUN(be, multiply_add, 2 * size(y), (be, rounds, y));
}
