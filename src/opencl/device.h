/* The OpenCL devices of this machine, and which of them the user's words select. */
#ifndef LIMNER_SRC_OPENCL_DEVICE_H
#define LIMNER_SRC_OPENCL_DEVICE_H

#include "opencl/cl.h"
#include "opencl/precompile.h"

#include <limner/backend.h>

struct ocl_device {
    cl_device_id id;
    int platform_index, device_index;
    char name[160];
    char identity[512];               /* platform, device, driver and their versions */
    struct ocl_watchdog *watchdog;    /* the user of the device stops it; or NULL */
    struct ocl_precompile precompile; /* the user of the device ends it */
};

/* The device of these numbers, in a child that has queried all; without a watchdog. */
bool ocl_device_again(int platform, int index, struct ocl_device *device);

/* The device of an explicit choice. False after one log line. */
bool ocl_device_choose(const struct lim_device_choice *choice, struct ocl_device *device,
                       enum lim_status *why);

/* A GPU or accelerator that is preferred to the CPU path. False: `reason` says why there is
 * none. */
bool ocl_device_auto(const struct lim_device_choice *choice, struct ocl_device *device,
                     char *reason, size_t reason_size);

/* An OpenCL device that is a CPU, without its id: its driver is not loaded. Returns that of
 * choice->before (then `*known`), else the best. False, without a log line, if there is none. */
bool ocl_device_cpu(const struct lim_device_choice *choice, struct ocl_device *device, bool *known);

#endif
