/* What is said of each kind of operation, beside how it is computed. */
#include <limner/ops.h>

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
