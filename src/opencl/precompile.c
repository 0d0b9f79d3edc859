#include "opencl/precompile.h"

/* Seconds. A program from PoCL's cache takes 0.04, the front end for one a quarter of a second and
 * more. */
#define COMPILED 0.1

static void ask(struct ocl_ahead *ahead, bool three)
{
    const struct ocl_request request = {ahead->platform, ahead->device, three};

    /* A child that has died is none: no signal, no complaint. */
    if (ahead->child.pid && !ocl_helper_ask(&ahead->child, &request))
        ocl_ahead_end(ahead);
    ahead->busy = true;
}

void ocl_ahead_begin(struct ocl_ahead *ahead, bool gains)
{
    ahead->gains = ahead->child.pid && gains;
}

void ocl_ahead_built(struct ocl_ahead *ahead, double seconds)
{
    if (ahead->child.pid && !ahead->busy && seconds > COMPILED && ahead->gains)
        ask(ahead, false);
}

void ocl_ahead_three(struct ocl_ahead *ahead)
{
    if (ahead->busy)
        ask(ahead, true);
}

void ocl_ahead_opened(struct ocl_ahead *ahead)
{
    if (!ahead->busy)
        ocl_ahead_end(ahead);
}

void ocl_ahead_end(struct ocl_ahead *ahead)
{
    siginfo_t how;

    ocl_helper_end(&ahead->child, &how);
}
