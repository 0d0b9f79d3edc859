/* Included by pointwise.cl and norm.cl: the activations of enum lim_activation, and none. */
#define RELU 0
#define LEAKY_RELU 1
#define TANH 2
#define SIGMOID 3
#define SILU 4
#define NO_ACTIVATION 5

/* Identity, and activations that depend only on the sign. Propagates NaN. */
static inline real_v rectified(int kind, float slope, real_v v)
{
    if (kind == RELU)
        return v < 0.0f ? (real_v)(0.0f) : v;
    if (kind == LEAKY_RELU)
        return v > 0.0f ? v : slope * v;
    return v;
}

/* The gradient before them, from `v` before or after them. */
static inline real_v rectified_back(int kind, float slope, real_v v, real_v dy)
{
    if (kind == RELU)
        return v > 0.0f ? dy : (real_v)(0.0f);
    if (kind == LEAKY_RELU)
        return v > 0.0f ? dy : slope * dy;
    return dy;
}

/* All of them; the gradient uses v after them, or before those that need their input
 * (src/core/kinds.c). */
static inline real_v activated(int kind, float slope, real_v v)
{
    if (kind == TANH)
        return tanh(v);
    if (kind == SIGMOID)
        return 1.0f / (1.0f + exp(-v));
    if (kind == SILU)
        return v / (1.0f + exp(-v));
    return rectified(kind, slope, v);
}

static inline real_v activated_back(int kind, float slope, real_v v, real_v dy)
{
    if (kind == TANH)
        return dy * (1.0f - v * v);
    if (kind == SIGMOID)
        return dy * (v * (1.0f - v));
    if (kind == SILU) {
        real_v sigmoid = 1.0f / (1.0f + exp(-v));

        return dy * (sigmoid * (1.0f + v * (1.0f - sigmoid)));
    }
    return rectified_back(kind, slope, v, dy);
}
