/* Functions of one number. Those that limner/ops.h defines to the bit are computed in float, one
 * rounding per operation; the rest in double. */
#include "oracle.h"

#include <math.h>

double oracle_sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

struct oracle_loss oracle_loss(enum lim_loss_kind kind, double logit, double target)
{
    double distance = logit - target, s = oracle_sigmoid(logit);

    switch (kind) {
    case LIM_LOSS_HINGE:
        if (target * logit >= 1.0)
            return (struct oracle_loss){0.0, 0.0, logit};
        return (struct oracle_loss){1.0 - target * logit, -target, logit};
    case LIM_LOSS_SQUARES:
        return (struct oracle_loss){distance * distance / 2.0, distance, logit};
    case LIM_LOSS_LINEAR:
        return (struct oracle_loss){-(target * logit), -target, logit};
    default:
        return (struct oracle_loss){fmax(logit, 0.0) - logit * target + log1p(exp(-fabs(logit))),
                                    s - target, s};
    }
}

double oracle_activation(enum lim_activation kind, float slope, float x)
{
    float leaked = slope * x;

    switch (kind) {
    case LIM_RELU:
        return x < 0.0f ? 0.0 : (double)x; /* NaN stays NaN, otherwise divergence would be hidden */
    case LIM_LEAKY_RELU:
        return x > 0.0f ? (double)x : (double)leaked;
    case LIM_TANH:
        return tanh((double)x);
    case LIM_SILU:
        return (double)x * oracle_sigmoid((double)x);
    default:
        return oracle_sigmoid((double)x);
    }
}

double oracle_activation_backward(enum lim_activation kind, float slope, float from, float dy)
{
    float leaked = slope * dy;
    double v = (double)from, s = oracle_sigmoid(v);

    switch (kind) {
    case LIM_RELU:
        return from > 0.0f ? (double)dy : 0.0;
    case LIM_LEAKY_RELU:
        return from > 0.0f ? (double)dy : (double)leaked;
    case LIM_TANH:
        return (double)dy * (1.0 - v * v);
    case LIM_SILU:
        return (double)dy * s * (1.0 + v * (1.0 - s));
    default:
        return (double)dy * v * (1.0 - v);
    }
}
