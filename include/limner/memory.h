/* Memory of a backend: what it is used for, what something would require, and how much is
 * available. In bytes.
 *
 * Thread-safety: that of the backend. */
#ifndef LIMNER_MEMORY_H
#define LIMNER_MEMORY_H

#include <limner/api.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

struct lim_backend;

/* What a buffer is for. */
enum lim_memory_part {
    LIM_MEMORY_WEIGHTS,     /* parameters and running statistics */
    LIM_MEMORY_GRADIENTS,   /* of parameters */
    LIM_MEMORY_MOMENTS,     /* Adam's */
    LIM_MEMORY_ACTIVATIONS, /* outputs of layers, and their gradients */
    LIM_MEMORY_PICTURES,    /* a batch of them, and of latents */
    LIM_MEMORY_SCRATCH,     /* of convolutions, and what the backend itself needs */
    LIM_MEMORY_OTHER,
    LIM_MEMORY_PARTS
};

enum { LIM_MEMORY_MOST_PARTS = 16 }; /* capacity of the array */

struct lim_memory {
    uint64_t parts[LIM_MEMORY_MOST_PARTS], total;
    uint64_t largest; /* one buffer */
};

/* "weights", "activations" ...; static text. */
LIM_API const char *lim_memory_part_name(enum lim_memory_part part);

/* The memory allocated now; while planning, the memory that would be. */
LIM_API struct lim_memory lim_backend_memory(const struct lim_backend *be);

/* While a backend plans, buffers are counted but not allocated (they may be created and destroyed
 * as usual), reserving succeeds, and operations, reads and writes do nothing. The count starts with
 * the backend's own memory. Buffers created while planning must be destroyed before planning
 * ends. */
LIM_API void lim_backend_plan(struct lim_backend *be, bool on);

struct lim_memory_limits {
    /* Of the device: as its driver reports, or less if it has already refused a buffer. The CPU
     * path: 0, because its buffers are in host memory. */
    uint64_t device;
    uint64_t largest; /* one buffer; 0: no limit of its own */
    /* Host memory that this process can still allocate: free memory and reclaimable caches, within
     * the limits of its control group and RLIMIT_AS. UINT64_MAX if the system does not report
     * it. */
    uint64_t host;
    bool shared; /* the device's memory is the host's: the CPU path, OpenCL on a CPU */
    uint64_t reserved[4];
};
LIM_API struct lim_memory_limits lim_backend_memory_limits(const struct lim_backend *be);

LIM_END

#endif
