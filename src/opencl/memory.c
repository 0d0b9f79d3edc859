/* Buffers on the device, and transfers to and from them. */
#include "opencl/memory.h"

#include "base/log.h"
#include "opencl/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lim_buffer *create(struct lim_backend *be, size_t count)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct ocl_buffer *buf = NULL;
    const char *call = "clCreateBuffer";
    cl_int err = CL_SUCCESS;

    if (count > SIZE_MAX / sizeof(float) || count * sizeof(float) > ocl->limits.max_alloc) {
        lim_error("%s cannot hold %.0f MB in one buffer (its limit is %.0f MB): choose a smaller "
                  "batch or width",
                  ocl_where(ocl), (double)count * sizeof(float) / 1e6,
                  (double)ocl->limits.max_alloc / 1e6);
        return NULL;
    }
    buf = calloc(1, sizeof *buf);
    if (!buf) {
        lim_error("out of host memory");
        return NULL;
    }
    buf->base.be = be;
    buf->base.count = count;
    ocl_wait_begin(ocl, call);
    buf->mem = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, count * sizeof(float), NULL, &err);
    ocl_wait_end(ocl);
    if (!buf->mem && !err)
        err = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    /* Zeroing also makes lazy drivers report here, and not in mid-training, that memory is short. A
     * kernel does it, because Oclgrind takes clEnqueueFillBuffer's zeros for uninitialized. */
    if (!err) {
        uint64_t launches = be->launches;

        ocl_launch(ocl, OCL_FILL, ocl_line(ocl, count, ocl->vector), OCL_F(0.0f),
                   OCL_T(lim_tensor_of(&buf->base, 0, 1, 1, 1, 1)), OCL_U(count));
        call = "clFinish";
        ocl_wait_begin(ocl, call);
        err = clFinish(ocl->queue);
        ocl_wait_end(ocl);
        be->launches = launches;
    }
    if (!err && !be->failed)
        return &buf->base;
    if (err)
        lim_error("a buffer of %.1f MB on %s: %s failed: %s; choose a smaller batch or width",
                  (double)count * sizeof(float) / 1e6, ocl_where(ocl), call, ocl_error(err));
    if (buf->mem)
        ocl_buffer_destroy(&buf->base);
    else
        free(buf);
    return NULL;
}

/* Replaces the scratch memory by a larger one. */
bool ocl_scratch_reserve(struct ocl_backend *ocl, size_t count)
{
    if (ocl->base.planning) {
        if (count > ocl->planned_scratch)
            ocl->planned_scratch = count;
        return true;
    }
    if (ocl->scratch && ocl->scratch->count >= count)
        return true;
    if (ocl->scratch)
        ocl_buffer_destroy(ocl->scratch);
    ocl->scratch = create(&ocl->base, count);
    return ocl->scratch != NULL;
}

bool ocl_scratch_init(struct ocl_backend *ocl)
{
    size_t most = (size_t)(ocl->limits.max_alloc / sizeof(float));

    return ocl_scratch_reserve(ocl, most < OCL_SCRATCH ? most : OCL_SCRATCH);
}

struct lim_buffer *ocl_buffer_create(struct lim_backend *be, size_t count)
{
    return create(be, count);
}

/* The sums over blocks of at least 64 rows (norm.c) are two numbers per 64 of a tensor. */
bool ocl_buffer_reserve(struct lim_backend *be, size_t count)
{
    return ocl_scratch_reserve((struct ocl_backend *)be, count / 32);
}

uint64_t ocl_own_memory(const struct lim_backend *be)
{
    const struct ocl_backend *ocl = (const struct ocl_backend *)be;
    size_t scratch = ocl->scratch ? ocl->scratch->count : 0, temp = ocl->clblast_temp_size;

    if (be->planning) {
        scratch = ocl->planned_scratch;
        temp = ocl->planned_temp;
    }
    return (uint64_t)scratch * sizeof(float) + temp;
}

void ocl_plan(struct lim_backend *be)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl->planned_scratch = ocl->scratch ? ocl->scratch->count : 0;
    ocl->planned_temp = ocl->clblast_temp_size;
}

void ocl_buffer_destroy(struct lim_buffer *base)
{
    struct ocl_buffer *buf = (struct ocl_buffer *)base;
    struct ocl_backend *ocl = (struct ocl_backend *)base->be;

    ocl_wait_begin(ocl, "clReleaseMemObject");
    clReleaseMemObject(buf->mem);
    ocl_wait_end(ocl);
    free(buf);
}

struct lim_tensor ocl_scratch(struct ocl_backend *ocl, size_t count)
{
    if (!ocl_scratch_reserve(ocl, count))
        lim_backend_fail(&ocl->base, NULL);
    return (struct lim_tensor){.buf = ocl->scratch, .n = 1, .h = 1, .w = 1, .c = 1};
}

/* Transfers go through an aligned buffer of ours: some drivers write past the end of host memory
 * that is not aligned to a cache line, and have read lines other than those asked for. */
void ocl_write(struct lim_tensor t, const float *host)
{
    struct ocl_backend *ocl = (struct ocl_backend *)t.buf->be;
    size_t count = lim_tensor_count(t);

    for (size_t done = 0; done < count; done += OCL_STAGING) {
        size_t part = count - done < OCL_STAGING ? count - done : OCL_STAGING;
        cl_int err;

        memcpy(ocl->staging, host + done, part * sizeof *host);
        ocl_wait_begin(ocl, "clEnqueueWriteBuffer");
        err = clEnqueueWriteBuffer(ocl->queue, ((struct ocl_buffer *)t.buf)->mem, CL_TRUE,
                                   (t.offset + done) * sizeof(float), part * sizeof(float),
                                   ocl->staging, 0, NULL, NULL);
        ocl_wait_end(ocl);
        if (err) {
            ocl_fail(ocl, "clEnqueueWriteBuffer", err);
            return;
        }
    }
}

void ocl_read(struct lim_tensor t, float *host)
{
    struct ocl_backend *ocl = (struct ocl_backend *)t.buf->be;
    size_t count = lim_tensor_count(t);

    for (size_t done = 0; done < count; done += OCL_STAGING) {
        size_t part = count - done < OCL_STAGING ? count - done : OCL_STAGING;
        cl_int err;

        ocl_wait_begin(ocl, "clEnqueueReadBuffer");
        err = clEnqueueReadBuffer(ocl->queue, ((struct ocl_buffer *)t.buf)->mem, CL_TRUE,
                                  (t.offset + done) * sizeof(float), part * sizeof(float),
                                  ocl->staging, 0, NULL, NULL);
        ocl_wait_end(ocl);
        if (err) {
            ocl_fail(ocl, "clEnqueueReadBuffer", err);
            return;
        }
        memcpy(host + done, ocl->staging, part * sizeof *host);
    }
}
