/* The front door of the composites: they pass over memory once, two primitives would twice. */
#include <limner/ops.h>

#include "core/op_checks.h"

/* The activations that the batch norm slots support. */
static bool by_sign(enum lim_activation kind)
{
    return kind == LIM_RELU || kind == LIM_LEAKY_RELU;
}

void lim_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, y) && is_vector(be, bias, y.c) && apart(bias, y));
    OP_REQUIRE(be, is_fusible(kind, slope));
    if (be->ops->bias_act_forward) {
        RUN(be, bias_act_forward, 2 * size(y), (be, kind, slope, bias, y));
        return;
    }
    lim_bias_forward(be, bias, y);
    lim_activation_forward(be, kind, slope, y, y);
}

void lim_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx)
{
    OP_REQUIRE(be, valid(be, y) && valid(be, dy) && valid(be, dx) && is_fusible(kind, slope));
    OP_REQUIRE(be, same_shape(y, dy) && same_shape(y, dx));
    OP_REQUIRE(be, apart(y, dx) && (apart(dy, dx) || same_memory(dy, dx)));
    if (dbias.buf && be->ops->bias_act_backward) {
        OP_REQUIRE(be, is_vector(be, dbias, y.c) && apart(dbias, y) && apart(dbias, dx));
        RUN(be, bias_act_backward, 3 * size(y), (be, kind, slope, y, dy, dbias, dx));
        return;
    }
    lim_activation_backward(be, kind, slope, y, dy, dx);
    if (dbias.buf)
        lim_bias_backward(be, dx, dbias);
}

void lim_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    OP_REQUIRE(be, bn && valid(be, x) && valid(be, y) && same_shape(x, y));
    OP_REQUIRE(be, apart(x, y) && rows(x) > 1);
    OP_REQUIRE(be,
               is_vector(be, gamma, x.c) && is_vector(be, beta, x.c) && is_fusible(kind, slope));
    OP_REQUIRE(be, is_vector(be, running_mean, x.c) && is_vector(be, running_var, x.c));
    OP_REQUIRE(be, is_vector(be, mean, x.c) && is_vector(be, inv_std, x.c));
    if (be->ops->batchnorm_act_train && by_sign(kind)) {
        RUN(be, batchnorm_act_train, 3 * size(x),
            (be, bn, kind, slope, x, gamma, beta, running_mean, running_var, mean, inv_std, y));
        return;
    }
    lim_batchnorm_train(be, bn, x, gamma, beta, running_mean, running_var, mean, inv_std, y);
    lim_activation_forward(be, kind, slope, y, y);
}

void lim_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    OP_REQUIRE(be, bn && valid(be, x) && valid(be, y) && same_shape(x, y) && apart(x, y));
    OP_REQUIRE(be,
               is_vector(be, gamma, x.c) && is_vector(be, beta, x.c) && is_fusible(kind, slope));
    OP_REQUIRE(be, is_vector(be, mean, x.c) && is_vector(be, var, x.c));
    if (be->ops->batchnorm_act_infer && by_sign(kind)) {
        RUN(be, batchnorm_act_infer, 2 * size(x),
            (be, bn, kind, slope, x, gamma, beta, mean, var, y));
        return;
    }
    lim_batchnorm_infer(be, bn, x, gamma, beta, mean, var, y);
    lim_activation_forward(be, kind, slope, y, y);
}

void lim_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor y, struct lim_tensor dy,
                                struct lim_tensor gamma, struct lim_tensor beta,
                                struct lim_tensor mean, struct lim_tensor inv_std,
                                struct lim_tensor dgamma, struct lim_tensor dbeta,
                                struct lim_tensor dx)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, y) && valid(be, dy) && valid(be, dx));
    OP_REQUIRE(be, same_shape(x, y) && same_shape(x, dy) && same_shape(x, dx));
    OP_REQUIRE(be, apart(x, dx) && apart(y, dx) && (apart(dy, dx) || same_memory(dy, dx)));
    OP_REQUIRE(be,
               is_vector(be, gamma, x.c) && is_vector(be, beta, x.c) && is_fusible(kind, slope));
    OP_REQUIRE(be, is_vector(be, mean, x.c) && is_vector(be, inv_std, x.c) &&
                       !dgamma.buf == !dbeta.buf);
    OP_REQUIRE(be, !dgamma.buf || (is_vector(be, dgamma, x.c) && is_vector(be, dbeta, x.c)));
    if (be->ops->batchnorm_act_backward && by_sign(kind)) {
        RUN(be, batchnorm_act_backward, 5 * size(x),
            (be, kind, slope, x, dy, gamma, beta, mean, inv_std, dgamma, dbeta, dx));
        return;
    }
    lim_activation_backward(be, kind, slope, y, dy, dx);
    lim_batchnorm_backward(be, x, dx, gamma, mean, inv_std, dgamma, dbeta, dx);
}
