/* The devices that a test body runs on: always the CPU path, and an OpenCL device where there is
 * one. */
#ifndef LIMNER_TESTS_DEVICES_H
#define LIMNER_TESTS_DEVICES_H

#include <limner/backend.h>
#include <limner/tensor.h>
#include <stddef.h>
#include <stdlib.h>

enum { DEVICE_CPU, DEVICE_OPENCL, DEVICES };

/* NULL where OpenCL has no device (the caller passes over it). The CPU path runs on two threads. */
static inline struct lim_backend *open_device(int which)
{
    struct lim_device_choice choice = {.device = which == DEVICE_CPU ? "cpu" : "opencl",
                                       .threads = which == DEVICE_CPU ? 2 : 0};

    return lim_backend_create(&choice, NULL);
}

/* All of a tensor, in memory that the caller frees. */
static inline float *read_all(struct lim_tensor t)
{
    float *host = malloc(lim_tensor_count(t) * sizeof *host);

    if (!host)
        abort();
    lim_read(t, host);
    return host;
}

#endif
