/* What a backend's memory is used for, what something would take, and how much there is. In bytes.
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

enum { LIM_MEMORY_MOST_PARTS = 16 }; /* that there is room for */

struct lim_memory {
    uint64_t parts[LIM_MEMORY_MOST_PARTS], total;
    uint64_t largest; /* one buffer */
};

/* "weights", "activations" ...; static text. */
LIM_API const char *lim_memory_part_name(enum lim_memory_part part);

/* What is taken now; while planning, what would be. */
LIM_API struct lim_memory lim_backend_memory(const struct lim_backend *be);

/* While a backend plans, buffers are counted and not made (they may be created and destroyed as
 * always), reserving succeeds, and operations, reads and writes do nothing. The account starts
 * with what the backend holds for itself. What was made while planning must be destroyed before the
 * end. */
LIM_API void lim_backend_plan(struct lim_backend *be, bool on);

struct lim_memory_limits {
    /* Of the device: as its driver claims, or less where it has already refused a buffer. The CPU
     * path: 0, for its buffers are the host's memory. */
    uint64_t device;
    uint64_t largest; /* one buffer; 0: no limit of its own */
    /* What this process can still get of the host's memory: what is free or held by caches that
     * can be given up, no more than its control group and RLIMIT_AS leave. UINT64_MAX where the
     * system does not tell. */
    uint64_t host;
    bool shared; /* the device's memory is the host's: the CPU path, OpenCL on a CPU */
    uint64_t reserved[4];
};
LIM_API struct lim_memory_limits lim_backend_memory_limits(const struct lim_backend *be);

LIM_END

#endif
