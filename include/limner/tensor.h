/* Buffers on a device, and tensors: views of them.
 *
 * Thread-safety: a buffer belongs to its backend: one thread at a time may use them. Tensors are
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

/* Allocates `count` floats (at least 1), all zero. Returns NULL after one log line if there is not
 * enough memory. */
LIM_API struct lim_buffer *lim_buffer_create(struct lim_backend *be, size_t count);

/* The same, counted as memory for `part`. */
LIM_API struct lim_buffer *lim_buffer_create_for(struct lim_backend *be, enum lim_memory_part part,
                                                 size_t count);

/* Must be destroyed before its backend. NULL is allowed. */
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

/* A view of the images first .. first+n-1 of `t`, in the same memory. */
LIM_API struct lim_tensor lim_tensor_images(struct lim_tensor t, int first, int n);

/* Copy lim_tensor_count(t) floats from host to device (lim_write) or from device to host
 * (lim_read). Both block until `host` may be reused, and so wait for the work queued before them.
 * lim_read returns zeros once the backend has failed. */
LIM_API void lim_write(struct lim_tensor t, const float *host);
LIM_API void lim_read(struct lim_tensor t, float *host);

LIM_END

#endif
