/* Names and properties of each kind of operation; the backends compute them. */
#include <limner/ops.h>

static const struct {
    const char *name;
    bool needs_input;
} activations[LIM_ACTIVATIONS] = {
    [LIM_RELU] = {"relu", false}, [LIM_LEAKY_RELU] = {"leaky relu", false},
    [LIM_TANH] = {"tanh", false}, [LIM_SIGMOID] = {"sigmoid", false},
    [LIM_SILU] = {"silu", true},
};

const char *lim_activation_name(enum lim_activation kind)
{
    return (unsigned)kind < LIM_ACTIVATIONS ? activations[kind].name : "unknown";
}

bool lim_activation_needs_input(enum lim_activation kind)
{
    return (unsigned)kind < LIM_ACTIVATIONS && activations[kind].needs_input;
}

const char *lim_loss_name(enum lim_loss_kind kind)
{
    static const char *const names[LIM_LOSSES] = {
        [LIM_LOSS_BCE] = "bce",
        [LIM_LOSS_HINGE] = "hinge",
        [LIM_LOSS_SQUARES] = "squares",
        [LIM_LOSS_LINEAR] = "linear",
    };

    return (unsigned)kind < LIM_LOSSES ? names[kind] : "unknown";
}
