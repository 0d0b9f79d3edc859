#include "opencl/precompile.h"

/* Seconds. A program from PoCL's cache takes 0.04; the front end alone takes a quarter of a second
 * or more. */
#define COMPILED 0.1

static void request(struct ocl_precompile *precompile, bool three)
{
    const struct ocl_request request = {precompile->platform, precompile->device, three};

    /* A child that has died counts as none: no signal, no complaint. */
    if (precompile->child.pid && !ocl_helper_request(&precompile->child, &request))
        ocl_precompile_end(precompile);
    precompile->busy = true;
}

void ocl_precompile_begin(struct ocl_precompile *precompile, bool gains)
{
    precompile->gains = precompile->child.pid && gains;
}

void ocl_precompile_built(struct ocl_precompile *precompile, double seconds)
{
    if (precompile->child.pid && !precompile->busy && seconds > COMPILED && precompile->gains)
        request(precompile, false);
}

void ocl_precompile_three(struct ocl_precompile *precompile)
{
    if (precompile->busy)
        request(precompile, true);
}

void ocl_precompile_opened(struct ocl_precompile *precompile)
{
    if (!precompile->busy)
        ocl_precompile_end(precompile);
}

void ocl_precompile_end(struct ocl_precompile *precompile)
{
    siginfo_t how;

    ocl_helper_end(&precompile->child, &how);
}
