/* Buffers, transfers to and from them, and scratch memory. */
#ifndef LIMNER_SRC_OPENCL_MEMORY_H
#define LIMNER_SRC_OPENCL_MEMORY_H

#include "opencl/backend.h"

enum { OCL_STAGING = 1 << 18 /* floats: 1 MiB */ };

struct lim_buffer *ocl_buffer_create(struct lim_backend *be, size_t count);
bool ocl_buffer_reserve(struct lim_backend *be, size_t count);
uint64_t ocl_own_memory(const struct lim_backend *be);
void ocl_plan(struct lim_backend *be);
void ocl_buffer_destroy(struct lim_buffer *buf);
void ocl_write(struct lim_tensor t, const float *host);
void ocl_read(struct lim_tensor t, float *host);

/* Floats of the scratch memory that every backend has from the start, unless its largest buffer is
 * smaller: 4 MiB. More is added with buffers of over 128 MiB, so that nothing is allocated within a
 * step. */
enum { OCL_SCRATCH = 1 << 20 };

/* Allocates it. False after one log line. */
bool ocl_scratch_init(struct ocl_backend *ocl);

/* `count` floats of scratch memory, valid within one operation; grows if needed. On failure the
 * view's buffer is NULL and the backend has failed. */
struct lim_tensor ocl_scratch(struct ocl_backend *ocl, size_t count);

/* Makes room for `count` floats, so that ocl_scratch need not grow. False after one log line. */
bool ocl_scratch_reserve(struct ocl_backend *ocl, size_t count);

#endif
