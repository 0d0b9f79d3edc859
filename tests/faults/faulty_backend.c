#include "faulty_backend.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct faults faults;
static const struct lim_backend_ops *real;
static struct lim_backend_ops table;

static bool fails(struct lim_backend *be)
{
    if (++faults.operation != faults.fail_operation)
        return false;
    lim_backend_fail(be, "injected: operation %d fails", faults.operation);
    return true;
}

static struct lim_buffer *buffer_create(struct lim_backend *be, size_t count)
{
    if (++faults.allocation == faults.fail_allocation) {
        lim_error("injected: allocation %d fails", faults.allocation);
        return NULL;
    }
    return real->buffer_create(be, count);
}

/* An operation's parameters, and their names to pass on; `be` is among them. */
#define FORWARD(name, parameters, ...) \
    static void name parameters        \
    {                                  \
        if (!fails(be))                \
            real->name(__VA_ARGS__);   \
    }

static void write_host(struct lim_tensor t, const float *host)
{
    if (!fails(t.buf->be))
        real->write(t, host);
}

static void read_host(struct lim_tensor t, float *host)
{
    if (!fails(t.buf->be))
        real->read(t, host);
}

FORWARD(bias_backward, (struct lim_backend * be, struct lim_tensor dy, struct lim_tensor dbias), be,
        dy, dbias)
FORWARD(batchnorm_train,
        (struct lim_backend * be, const struct lim_batchnorm *bn, struct lim_tensor x,
         struct lim_tensor gamma, struct lim_tensor beta, struct lim_tensor running_mean,
         struct lim_tensor running_var, struct lim_tensor mean, struct lim_tensor inv_std,
         struct lim_tensor y),
        be, bn, x, gamma, beta, running_mean, running_var, mean, inv_std, y)
FORWARD(batchnorm_infer,
        (struct lim_backend * be, const struct lim_batchnorm *bn, struct lim_tensor x,
         struct lim_tensor gamma, struct lim_tensor beta, struct lim_tensor mean,
         struct lim_tensor var, struct lim_tensor y),
        be, bn, x, gamma, beta, mean, var, y)
FORWARD(batchnorm_backward,
        (struct lim_backend * be, struct lim_tensor x, struct lim_tensor dy,
         struct lim_tensor gamma, struct lim_tensor mean, struct lim_tensor inv_std,
         struct lim_tensor dgamma, struct lim_tensor dbeta, struct lim_tensor dx),
        be, x, dy, gamma, mean, inv_std, dgamma, dbeta, dx)
FORWARD(activation_forward,
        (struct lim_backend * be, enum lim_activation kind, float slope, struct lim_tensor x,
         struct lim_tensor y),
        be, kind, slope, x, y)
FORWARD(activation_backward,
        (struct lim_backend * be, enum lim_activation kind, float slope, struct lim_tensor from,
         struct lim_tensor dy, struct lim_tensor dx),
        be, kind, slope, from, dy, dx)
FORWARD(adam,
        (struct lim_backend * be, const struct lim_adam_desc *desc, float correct1, float correct2,
         struct lim_tensor g, struct lim_tensor m, struct lim_tensor v, struct lim_tensor p),
        be, desc, correct1, correct2, g, m, v, p)
FORWARD(fill, (struct lim_backend * be, float value, struct lim_tensor y), be, value, y)
FORWARD(im2col,
        (struct lim_backend * be, const struct lim_conv *cv, struct lim_tensor x,
         struct lim_tensor col),
        be, cv, x, col)
FORWARD(col2im,
        (struct lim_backend * be, const struct lim_conv *cv, struct lim_tensor col,
         struct lim_tensor x),
        be, cv, col, x)

/* Composites are lowered here, convolutions too: their weights' gradients, and nothing else,
 * transpose a. */
static void gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
                 struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c)
{
    float nan = NAN;

    if (fails(be))
        return;
    real->gemm(be, ta, tb, alpha, a, b, beta, c);
    if (ta != LIM_TRANS)
        return;
    faults.weights++;
    if (faults.poison_weights && faults.weights >= faults.poison_weights &&
        faults.weights <= faults.poison_weights + faults.poisons)
        real->write(lim_vector_of(c.buf, c.offset, 1), &nan);
}

static void loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
                 struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits)
{
    float sure[2] = {0.001f, target > 0.5f ? 0.999f : 0.001f};

    if (fails(be))
        return;
    real->loss(be, kind, target, logits, stats, dlogits);
    if (faults.certain)
        real->write(stats, sure);
}

struct lim_backend *faulty_backend_create(void)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_backend *be = lim_backend_create(&choice, NULL);

    if (!be)
        return NULL;
    memset(&faults, 0, sizeof faults);
    real = be->ops;
    table = *real;
    table.buffer_create = buffer_create;
    table.write = write_host;
    table.read = read_host;
    table.gemm = gemm;
    table.bias_backward = bias_backward;
    table.batchnorm_train = batchnorm_train;
    table.batchnorm_infer = batchnorm_infer;
    table.batchnorm_backward = batchnorm_backward;
    table.activation_forward = activation_forward;
    table.activation_backward = activation_backward;
    table.loss = loss;
    table.adam = adam;
    table.fill = fill;
    table.bias_act_forward = NULL;
    table.bias_act_backward = NULL;
    table.batchnorm_act_train = NULL;
    table.batchnorm_act_infer = NULL;
    table.batchnorm_act_backward = NULL;
    table.im2col = im2col;
    table.col2im = col2im;
    be->ops = &table;
    be->conv = LIM_CONV_LOWERING;
    return be;
}
