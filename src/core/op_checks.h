/* The front door's macros: the checks of ops.c and ops_fused.c, and the call to the backend. */
#ifndef LIMNER_SRC_CORE_OP_CHECKS_H
#define LIMNER_SRC_CORE_OP_CHECKS_H

#include "base/log.h"
#include "core/backend.h"
#include "core/trace.h"

#include <limits.h>

/* Skips the operation: after a failure, or while memory is only counted. */
static inline bool idle(const struct lim_backend *be)
{
    return be->failed || be->planning;
}

/* A wrong call does nothing, and makes the backend fail. */
#define OP_REQUIRE(be, condition)                         \
    do {                                                  \
        if (!(condition)) {                               \
            lim_backend_refuse(be, __func__, #condition); \
            return;                                       \
        }                                                 \
    } while (0)

/* Surround a backend's work: its log is this thread's, and a profile shows the operation. */
static inline struct base_log *op_begin(struct lim_backend *be, const char *name)
{
    lim_trace_event(be, name, 'B');
    return base_log_enter(be->log);
}

static inline void op_end(struct lim_backend *be, const char *name, struct base_log *before)
{
    base_log_enter(before);
    lim_trace_event(be, name, 'E');
}

/* Runs a slot of the table, which a profile shows by name; `floats` go to and from memory. */
#define RUN(be, slot, floats, arguments)                        \
    do {                                                        \
        if (!idle(be)) {                                        \
            struct base_log *before_slot = op_begin(be, #slot); \
                                                                \
            (be)->bytes += sizeof(float) * (floats);            \
            (be)->ops->slot arguments;                          \
            op_end(be, #slot, before_slot);                     \
        }                                                       \
    } while (0)

/* Rows of a tensor as a matrix. */
static inline int rows(struct lim_tensor t)
{
    return t.n * t.h * t.w;
}

static inline bool valid(struct lim_backend *be, struct lim_tensor t)
{
    return t.buf && t.buf->be == be && lim_tensor_fits(t) &&
           (size_t)t.n * (size_t)t.h * (size_t)t.w <= INT_MAX;
}

static inline bool apart(struct lim_tensor a, struct lim_tensor b)
{
    return a.buf != b.buf || a.offset + lim_tensor_count(a) <= b.offset ||
           b.offset + lim_tensor_count(b) <= a.offset;
}

static inline bool same_memory(struct lim_tensor a, struct lim_tensor b)
{
    return a.buf == b.buf && a.offset == b.offset && lim_tensor_count(a) == lim_tensor_count(b);
}

static inline bool same_shape(struct lim_tensor a, struct lim_tensor b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}

static inline bool is_vector(struct lim_backend *be, struct lim_tensor t, int c)
{
    return valid(be, t) && lim_tensor_count(t) == (size_t)c;
}

/* Floats of a tensor. */
static inline size_t size(struct lim_tensor t)
{
    return lim_tensor_count(t);
}

static inline bool is_activation(enum lim_activation kind, float slope)
{
    return (unsigned)kind < LIM_ACTIVATIONS &&
           (kind != LIM_LEAKY_RELU || (slope > 0.0f && slope < 1.0f));
}

/* May it follow another operation in the same memory? */
static inline bool is_fusible(enum lim_activation kind, float slope)
{
    return is_activation(kind, slope) && !lim_activation_needs_input(kind);
}

#endif
