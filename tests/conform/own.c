/* Operations that a program brings, checked as limner's own are: those of samples/prelu.h. */
#include "conform.h"

#include "prelu.h"

#include <math.h>
#include <stdio.h>

static const struct {
    int rows, channels;
} shapes[] = {{1, 1}, {7, 3}, {1, 130}, {33, 17}, {300, 64}, {4099, 2}};

static void own_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d rows of %d", shapes[i].rows, shapes[i].channels);
}

static unsigned own_flags(int i)
{
    return i < 4 ? CASE_SMALL : 0;
}

static struct operand *add(struct problem *pb, int i, const char *name, enum role role)
{
    return operand_add(pb, name, role, shapes[i].rows, 1, 1, shapes[i].channels);
}

static struct operand *add_channels(struct problem *pb, int i, const char *name, enum role role)
{
    return operand_add(pb, name, role, 1, 1, 1, shapes[i].channels);
}

static void build_forward(int i, struct problem *pb)
{
    operand_fill(pb, add(pb, i, "x", ROLE_IN), 100, 1.0);
    operand_fill(pb, add_channels(pb, i, "a", ROLE_IN), 10, 0.5);
    add(pb, i, "y", ROLE_OUT);
}

/* One product, rounded once. */
static void refer_forward(int i, struct problem *pb)
{
    struct operand *x = &pb->o[0], *a = &pb->o[1], *y = &pb->o[2];

    operand_want(y);
    y->exact = true;
    for (size_t j = 0; j < y->count; j++) {
        float product = a->init[j % (size_t)shapes[i].channels] * x->init[j];

        y->want[j] = (double)(x->init[j] > 0.0f ? x->init[j] : product);
    }
}

static void call_forward(int i, struct lim_backend *be, const struct operand *o)
{
    const struct lim_own_arg args[] = {
        lim_own_tensor(LIM_OWN_IN, o[0].t), lim_own_tensor(LIM_OWN_IN, o[1].t),
        lim_own_tensor(LIM_OWN_OUT, o[2].t), lim_own_int(shapes[i].channels)};

    lim_own_run(be, &prelu_forward, o[0].count, args, COUNT_OF(args));
}

static void build_backward(int i, struct problem *pb)
{
    operand_fill(pb, add(pb, i, "x", ROLE_IN), 100, 1.0);
    operand_fill(pb, add_channels(pb, i, "a", ROLE_IN), 10, 0.5);
    operand_fill(pb, add(pb, i, "dy", ROLE_IN), 100, 1.0);
    add(pb, i, "dx", ROLE_OUT);
}

static void refer_backward(int i, struct problem *pb)
{
    struct operand *x = &pb->o[0], *a = &pb->o[1], *dy = &pb->o[2], *dx = &pb->o[3];

    operand_want(dx);
    dx->exact = true;
    for (size_t j = 0; j < dx->count; j++) {
        float product = a->init[j % (size_t)shapes[i].channels] * dy->init[j];

        dx->want[j] = (double)(x->init[j] > 0.0f ? dy->init[j] : product);
    }
}

static void call_backward(int i, struct lim_backend *be, const struct operand *o)
{
    const struct lim_own_arg args[] = {
        lim_own_tensor(LIM_OWN_IN, o[0].t), lim_own_tensor(LIM_OWN_IN, o[1].t),
        lim_own_tensor(LIM_OWN_IN, o[2].t), lim_own_tensor(LIM_OWN_OUT, o[3].t),
        lim_own_int(shapes[i].channels)};

    lim_own_run(be, &prelu_backward, o[0].count, args, COUNT_OF(args));
}

static void build_slopes(int i, struct problem *pb)
{
    operand_fill(pb, add(pb, i, "x", ROLE_IN), 3, 1.0);
    operand_fill(pb, add(pb, i, "dy", ROLE_IN), 3, 1.0);
    operand_fill(pb, add_channels(pb, i, "da", ROLE_INOUT), 3, 1.0);
}

/* A sum of products in any order: as a dot product, (rows + 2) U of the sum of the sizes at most.
 */
static void refer_slopes(int i, struct problem *pb)
{
    struct operand *x = &pb->o[0], *dy = &pb->o[1], *da = &pb->o[2];
    size_t channels = (size_t)shapes[i].channels;

    operand_want(da);
    da->exact = pb->pass == PASS_INTEGERS;
    for (size_t c = 0; c < channels; c++) {
        double sum = (double)da->init[c], sizes = fabs(sum);

        for (size_t j = c; j < x->count; j += channels) {
            double product = (double)x->init[j] * (double)dy->init[j];

            sum += x->init[j] > 0.0f ? 0.0 : product;
            sizes += x->init[j] > 0.0f ? 0.0 : fabs(product);
        }
        da->want[c] = sum;
        da->bound[c] = (shapes[i].rows + 2) * U * sizes;
    }
    da->certain = true;
}

static void call_slopes(int i, struct lim_backend *be, const struct operand *o)
{
    const struct lim_own_arg args[] = {
        lim_own_tensor(LIM_OWN_IN, o[0].t), lim_own_tensor(LIM_OWN_IN, o[1].t),
        lim_own_tensor(LIM_OWN_OUT, o[2].t), lim_own_int(shapes[i].rows)};

    lim_own_run(be, &prelu_slopes, (size_t)shapes[i].channels, args, COUNT_OF(args));
}

#define OWN(text, x)                                                                      \
    {                                                                                     \
        CONFORM_OP(text, COUNT_OF(shapes), x), .passes = BOTH_PASSES, .label = own_label, \
                                               .flags = own_flags                         \
    }

const struct conform_op conform_own[] = {
    OWN("own_forward", forward),
    OWN("own_backward", backward),
    OWN("own_slopes", slopes),
};
const int conform_own_count = COUNT_OF(conform_own);
