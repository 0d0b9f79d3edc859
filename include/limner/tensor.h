/* Buffers on a device, and tensors: views of them.
 *
 * Thread-safety: a buffer belongs to its backend: one thread at a time uses them. Tensors are
 * values. */
#ifndef LIMNER_TENSOR_H
#define LIMNER_TENSOR_H

#include <limner/api.h>
#include <limner/memory.h>
#include <stdbool.h>
#include <stddef.h>

LIM_BEGIN

struct lim_backend;
struct lim_buffer; /* floats in a device's memory; owned by whoever created it */

/* A view of n*h*w*c contiguous floats from `offset` (in elements) on, c fastest (NHWC). Owns
 * nothing. As a matrix (for lim_gemm) it has n*h*w rows and c columns. Passed by value. */
struct lim_tensor {
    struct lim_buffer *buf;
    size_t offset;
    int n, h, w, c;
};

/* `count` floats (at least 1), all zero. NULL after one log line when there is no memory for them.
 */
LIM_API struct lim_buffer *lim_buffer_create(struct lim_backend *be, size_t count);

/* The same, entered in the account as what it is for. */
LIM_API struct lim_buffer *lim_buffer_create_for(struct lim_backend *be, enum lim_memory_part part,
                                                 size_t count);

/* Destroy it before its backend. NULL is fine. */
LIM_API void lim_buffer_destroy(struct lim_buffer *buf);

/* Its length in floats. */
LIM_API size_t lim_buffer_count(const struct lim_buffer *buf);

/* A view of `buf` from element `offset` on. */
LIM_API struct lim_tensor lim_tensor_of(struct lim_buffer *buf, size_t offset, int n, int h, int w,
                                        int c);

/* A view of one row of `count` floats: parameters, sums, moments. */
LIM_API struct lim_tensor lim_vector_of(struct lim_buffer *buf, size_t offset, size_t count);

/* Number of elements: n*h*w*c. */
LIM_API size_t lim_tensor_count(struct lim_tensor t);

/* The images first .. first+n-1 of `t`: the same memory, only an offset. */
LIM_API struct lim_tensor lim_tensor_images(struct lim_tensor t, int first, int n);

/* Host to device and back: lim_tensor_count(t) floats. Both block until `host` may be reused, and
 * so wait for the work queued before them. lim_read gives zeros once the backend has failed. */
LIM_API void lim_write(struct lim_tensor t, const float *host);
LIM_API void lim_read(struct lim_tensor t, float *host);

LIM_END

#endif
