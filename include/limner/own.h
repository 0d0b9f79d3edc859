/* Operations that limner does not have: a kernel for OpenCL devices and a function for the CPU
 * path, brought by the program. samples/own_layer.c makes a layer of some.
 *
 * Thread-safety: that of the backend. */
#ifndef LIMNER_OWN_H
#define LIMNER_OWN_H

#include <limner/api.h>
#include <limner/tensor.h>
#include <stdbool.h>
#include <stddef.h>

LIM_BEGIN

enum lim_own_kind {
    LIM_OWN_IN,  /* a tensor that is read */
    LIM_OWN_OUT, /* a tensor that is written, and may be read; it overlaps no other one */
    LIM_OWN_INT,
    LIM_OWN_FLOAT,
    LIM_OWN_KINDS
};

struct lim_own_arg {
    enum lim_own_kind kind;
    struct lim_tensor tensor;
    int i;
    float f;
    float *data; /* for `cpu`: the tensor's first element. Set by lim_own_run */
};

static inline struct lim_own_arg lim_own_tensor(enum lim_own_kind kind, struct lim_tensor tensor)
{
    struct lim_own_arg arg = {kind, tensor, 0, 0, NULL};

    return arg;
}

static inline struct lim_own_arg lim_own_int(int i)
{
    struct lim_own_arg arg = {LIM_OWN_INT, {NULL, 0, 0, 0, 0, 0}, i, 0, NULL};

    return arg;
}

static inline struct lim_own_arg lim_own_float(float f)
{
    struct lim_own_arg arg = {LIM_OWN_FLOAT, {NULL, 0, 0, 0, 0, 0}, 0, f, NULL};

    return arg;
}

enum { LIM_OWN_MAX_ARGS = 16 };

/* All of it has to stay valid as long as the backends that have run it. An item is what one
 * work-item does: an element, a row, a channel; items are done in any order, and at once. */
struct lim_own_op {
    const char *name; /* of the kernel; messages and profiles name the operation so */
    /* OpenCL C 1.2 that defines it: __kernel void name(ulong items, ...), for one dimension of
     * work-items, of which those from `items` on have nothing to do. Then come the arguments: a
     * tensor is two, __global float * and ulong, the offset of its first element; int; float. */
    const char *source;
    /* Items first to end - 1, from any thread. `args` as they were given. */
    void (*cpu)(size_t first, size_t end, const struct lim_own_arg *args);
};

/* Builds the kernel now, which takes seconds on some drivers, and not in the first run. False after
 * one log line, with what the compiler says; the backend then goes on without it. */
LIM_API bool lim_own_reserve(struct lim_backend *be, const struct lim_own_op *op);

/* Queues it, like the operations of limner/ops.h, for `items` items. A kernel that cannot be built
 * is a failure of the backend. What it reads and writes inside its tensors' buffers is its own
 * business, and nobody checks it. */
LIM_API void lim_own_run(struct lim_backend *be, const struct lim_own_op *op, size_t items,
                         const struct lim_own_arg *args, int count);

LIM_END

#endif
