/* Included by pointwise.cl: the losses of enum lim_loss_kind, of one logit against a target. */
#define LOSS_BCE 0
#define LOSS_HINGE 1
#define LOSS_SQUARES 2
#define LOSS_LINEAR 3

/* Returns the loss, and fills in its derivative and the realness of the picture. Propagates NaN. */
static inline float loss_of(int kind, float t, float l, float *slope, float *score)
{
    *score = l;
    if (kind == LOSS_HINGE) {
        float short_of = 1.0f - t * l;

        *slope = short_of <= 0.0f ? 0.0f : -t;
        return short_of < 0.0f ? 0.0f : short_of;
    }
    if (kind == LOSS_SQUARES) {
        *slope = l - t;
        return 0.5f * (l - t) * (l - t);
    }
    if (kind == LOSS_LINEAR) {
        *slope = -t;
        return -t * l;
    }
    *score = 1.0f / (1.0f + exp(-l));
    *slope = *score - t;
    return (l > 0.0f ? l : 0.0f) - l * t + log1p(exp(-fabs(l)));
}
