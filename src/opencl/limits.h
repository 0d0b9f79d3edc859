/* What a device allows. */
#ifndef LIMNER_SRC_OPENCL_LIMITS_H
#define LIMNER_SRC_OPENCL_LIMITS_H

#include "opencl/cl.h"

#include <stdbool.h>

/* What the device allows, asked once. Sizes in bytes. */
struct ocl_limits {
    size_t group;    /* work-items of a group */
    size_t items[3]; /* work-items of a group, per dimension */
    cl_ulong local_mem, max_alloc, global_mem;
    unsigned units;
    unsigned clock;       /* MHz */
    unsigned float_width; /* floats of a register, as the driver reports it */
    bool is_cpu;
};

/* Asks the device. An error code of OpenCL, or 0. */
cl_int ocl_limits_read(cl_device_id device, struct ocl_limits *limits);

#endif
