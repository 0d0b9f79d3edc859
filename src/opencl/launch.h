/* Queueing kernels. */
#ifndef LIMNER_SRC_OPENCL_LAUNCH_H
#define LIMNER_SRC_OPENCL_LAUNCH_H

#include "opencl/backend.h"

/* An argument of a kernel. A tensor is two: its buffer and its offset. */
struct ocl_arg {
    enum { OCL_ARG_TENSOR, OCL_ARG_INT, OCL_ARG_ULONG, OCL_ARG_FLOAT, OCL_ARG_LOCAL } kind;
    union {
        struct lim_tensor tensor;
        cl_int i;
        cl_ulong u;
        cl_float f;
        size_t bytes;
    };
};
#define OCL_T(t)                              \
    {                                         \
        .kind = OCL_ARG_TENSOR, .tensor = (t) \
    }
#define OCL_I(v)                              \
    {                                         \
        .kind = OCL_ARG_INT, .i = (cl_int)(v) \
    }
#define OCL_U(v)                                  \
    {                                             \
        .kind = OCL_ARG_ULONG, .u = (cl_ulong)(v) \
    }
#define OCL_F(v)                        \
    {                                   \
        .kind = OCL_ARG_FLOAT, .f = (v) \
    }
#define OCL_LOCAL(n)                        \
    {                                       \
        .kind = OCL_ARG_LOCAL, .bytes = (n) \
    }

/* Work-items wanted, and the group to cut them into. */
struct ocl_grid {
    size_t items[3], group[3];
};

/* One item per `per` elements of `count`. */
struct ocl_grid ocl_line(const struct ocl_backend *ocl, size_t count, size_t per);

/* columns x rows items: vectors of channels by rows or blocks. */
struct ocl_grid ocl_plane(const struct ocl_backend *ocl, size_t columns, size_t rows);

/* Vectors that c channels fill. */
static inline size_t ocl_vectors(const struct ocl_backend *ocl, int c)
{
    return ((size_t)c + ocl->vector - 1) / ocl->vector;
}

/* Queues the kernel: rounds the items up to whole groups, shrinks the group to what device and
 * kernel allow, and further where the driver refuses it all the same. Fails the backend on any
 * error. */
void ocl_launch_args(struct ocl_backend *ocl, enum ocl_kernel id, struct ocl_grid grid,
                     const struct ocl_arg *args, int count);
#define ocl_launch(ocl, id, grid, ...)                                    \
    ocl_launch_args(ocl, id, grid, (const struct ocl_arg[]){__VA_ARGS__}, \
                    (int)(sizeof((const struct ocl_arg[]){__VA_ARGS__}) / sizeof(struct ocl_arg)))

/* Says how many flop the next launch has. */
void ocl_work(struct ocl_backend *ocl, double flops);

/* Notes a launch made by other code (CLBlast) and keeps the queue within bounds. `event` may be
 * NULL; the callee releases it. */
void ocl_launched(struct ocl_backend *ocl, const char *name, cl_event event);
bool ocl_wants_event(const struct ocl_backend *ocl);

bool ocl_finish(struct lim_backend *be);

/* Releases ocl->halfway, if there is one. */
void ocl_forget_halfway(struct ocl_backend *ocl);

#endif
