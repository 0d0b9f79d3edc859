/* Compiling in another process, beside this one. PoCL compiles one kernel at a time, whatever
 * threads and contexts ask for it, and keeps the result on disk, where every process finds it. So
 * the helper, which has reported the devices (probe.c), stays until it is clear whether there is
 * anything to compile. Then it opens the device too and compiles from the last kernel, while this
 * process starts at the first; where they meet, each has the other's results. Nothing depends on
 * the child: without it this process compiles all. */
#ifndef LIMNER_SRC_OPENCL_PRECOMPILE_H
#define LIMNER_SRC_OPENCL_PRECOMPILE_H

#include "opencl/helper.h"

#include <stdbool.h>

struct ocl_precompile {
    struct ocl_helper child;
    int platform, device; /* what it would open */
    bool gains;           /* whether it would help */
    bool busy;            /* it was asked for something */
};

/* Before anything is built. `gains`: a child would save time. */
void ocl_precompile_begin(struct ocl_precompile *precompile, bool gains);

/* After this process has built a program in `seconds` of processor time: if these show that PoCL's
 * cache lacks it, the child begins. */
void ocl_precompile_built(struct ocl_precompile *precompile, double seconds);

/* Asks the child, if it has begun, for the kernels of Winograd for three taps, too. */
void ocl_precompile_three(struct ocl_precompile *precompile);

/* The device is open: ends a child that was not asked for anything. */
void ocl_precompile_opened(struct ocl_precompile *precompile);

/* Ends the child, if there is one. */
void ocl_precompile_end(struct ocl_precompile *precompile);

#endif
