/* Losses on logits, one per picture: too little work to share among threads. In double, so that the
 * mean is exact to float. */
#include "cpu/cpu.h"

#include <math.h>

/* The loss of one logit, its derivative, and the realness of the picture. Propagates NaN. */
struct cost {
    double loss, slope, score;
};

static struct cost bce(double l, double t)
{
    double small = exp(-fabs(l)), sigmoid = (l >= 0.0 ? 1.0 : small) / (1.0 + small);

    return (struct cost){(l < 0.0 ? 0.0 : l) - l * t + log1p(small), sigmoid - t, sigmoid};
}

static struct cost hinge(double l, double t)
{
    double short_of = 1.0 - t * l;

    return (struct cost){short_of < 0.0 ? 0.0 : short_of, short_of <= 0.0 ? 0.0 : -t, l};
}

static struct cost squares(double l, double t)
{
    return (struct cost){0.5 * (l - t) * (l - t), l - t, l};
}

static struct cost linear(double l, double t)
{
    return (struct cost){-t * l, -t, l};
}

static struct cost (*const losses[LIM_LOSSES])(double l, double t) = {
    [LIM_LOSS_BCE] = bce,
    [LIM_LOSS_HINGE] = hinge,
    [LIM_LOSS_SQUARES] = squares,
    [LIM_LOSS_LINEAR] = linear,
};

void cpu_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
              struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits)
{
    size_t count = lim_tensor_count(logits);
    const float *l = cpu_data(logits);
    float *d = cpu_data(dlogits), *out = cpu_data(stats);
    double loss = 0.0, score = 0.0;

    for (size_t i = 0; i < count; i++) {
        struct cost cost = losses[kind]((double)l[i], (double)target);

        loss += cost.loss;
        score += cost.score;
        d[i] = (float)(cost.slope / (double)count);
    }
    out[0] = (float)(loss / (double)count);
    out[1] = (float)(score / (double)count);
    be->launches++;
}
