/* Queueing kernels: arguments, group sizes within the limits, and how far the host may run ahead.
 */
#include "opencl/launch.h"

#include "base/log.h"
#include "opencl/program.h"

#include <stdio.h>
#include <string.h>

/* Launches between two flushes, and between two events to wait for. With these, never more than
 * about 100 launches are unfinished: some drivers and watchdogs do not take more well. */
enum { FLUSH_EVERY = 16, EVENT_EVERY = 48 };

/* The same for work, in units of the largest allowed launch (base.most_work). */
enum { FLUSH_WORK = 1, EVENT_WORK = 8 };

struct ocl_grid ocl_line(const struct ocl_backend *ocl, size_t count, size_t per)
{
    size_t group = ocl->limits.is_cpu ? 32 : 128;

    return (struct ocl_grid){{(count + per - 1) / per, 1, 1}, {group, 1, 1}};
}

struct ocl_grid ocl_plane(const struct ocl_backend *ocl, size_t columns, size_t rows)
{
    struct ocl_grid grid = {{columns, rows, 1}, {1, 8, 1}};

    if (!ocl->limits.is_cpu) {
        while (grid.group[0] < columns && grid.group[0] < 64)
            grid.group[0] *= 2;
        grid.group[1] = 128 / grid.group[0];
    }
    return grid;
}

/* Cuts grid->group to what device and kernel allow, and rounds the items up to whole groups. False
 * if they exceed what every driver counts right. */
static bool fit(const struct ocl_backend *ocl, enum ocl_kernel id, struct ocl_grid *grid)
{
    size_t limit =
        ocl->limits.group < ocl->kernel_group[id] ? ocl->limits.group : ocl->kernel_group[id];
    size_t *group = grid->group;

    for (int d = 0; d < 3; d++)
        while (group[d] > 1 && group[d] > ocl->limits.items[d])
            group[d] /= 2;
    while (group[0] * group[1] * group[2] > limit && group[0] * group[1] * group[2] > 1) {
        int largest = group[0] >= group[1] && group[0] >= group[2] ? 0
                      : group[1] >= group[2]                       ? 1
                                                                   : 2;

        group[largest] /= 2;
    }
    for (int d = 0; d < 3; d++) {
        grid->items[d] = (grid->items[d] + group[d] - 1) / group[d] * group[d];
        if (grid->items[d] > INT32_MAX)
            return false;
    }
    return true;
}

/* Codes for a group that is too large. If drivers did not report the limit before, registers are
 * the cause (bh107/bohrium#338). */
static bool refuses_group(cl_int err)
{
    return err == CL_OUT_OF_RESOURCES || err == CL_INVALID_WORK_GROUP_SIZE ||
           err == CL_INVALID_WORK_ITEM_SIZE;
}

static cl_int enqueue(struct ocl_backend *ocl, enum ocl_kernel id, const struct ocl_grid *grid,
                      cl_event *event)
{
    cl_int err;

    ocl_wait_begin(ocl, "clEnqueueNDRangeKernel");
    err = clEnqueueNDRangeKernel(ocl->queue, ocl->kernels[id], 3, NULL, grid->items, grid->group, 0,
                                 NULL, event);
    ocl_wait_end(ocl);
    return err;
}

static size_t size_of(const struct ocl_grid *grid)
{
    return grid->group[0] * grid->group[1] * grid->group[2];
}

/* Warns once: every kernel may be refused. */
static void tell_group(struct ocl_backend *ocl, enum ocl_kernel id, size_t refused, cl_int err)
{
    if (!ocl->told)
        lim_warning("the driver of %s refuses groups of %zu for kernel %s, which it said it takes "
                    "(%s): limner continues with smaller ones, and may be slower",
                    ocl_where(ocl), refused, ocl_kernel_name(id), ocl_error(err));
    ocl->told = true;
}

/* Queues it in the largest group that the driver takes, and keeps that as this kernel's limit. The
 * self-test handles groups of tiles, because they are built into their kernels. */
static cl_int enqueue_fitting(struct ocl_backend *ocl, enum ocl_kernel id, struct ocl_grid grid,
                              cl_event *event)
{
    size_t limit = ocl->kernel_group[id], whole = size_of(&grid);
    cl_int first = enqueue(ocl, id, &grid, event), err = first;

    if (!refuses_group(first) || whole == 1)
        return first;
    if (ocl_kernel_is_tiled(id)) {
        ocl->refused = !ocl->tested;
        if (ocl->refused)
            ocl->kernel_group[id] = whole / 2;
        return first;
    }
    while (refuses_group(err) && size_of(&grid) > 1) {
        ocl->kernel_group[id] = size_of(&grid) / 2;
        fit(ocl, id, &grid); /* already in whole groups */
        err = enqueue(ocl, id, &grid, event);
    }
    if (err) { /* another error */
        ocl->kernel_group[id] = limit;
        return first;
    }
    tell_group(ocl, id, whole, first);
    return CL_SUCCESS;
}

static cl_int set_arg(cl_kernel kernel, cl_uint *index, const struct ocl_arg *arg)
{
    cl_mem mem;
    cl_ulong offset;
    cl_int err;

    switch (arg->kind) {
    case OCL_ARG_TENSOR:
        mem = ((const struct ocl_buffer *)arg->tensor.buf)->mem;
        offset = arg->tensor.offset;
        err = clSetKernelArg(kernel, (*index)++, sizeof mem, &mem);
        return err ? err : clSetKernelArg(kernel, (*index)++, sizeof offset, &offset);
    case OCL_ARG_INT:
        return clSetKernelArg(kernel, (*index)++, sizeof arg->i, &arg->i);
    case OCL_ARG_ULONG:
        return clSetKernelArg(kernel, (*index)++, sizeof arg->u, &arg->u);
    case OCL_ARG_FLOAT:
        return clSetKernelArg(kernel, (*index)++, sizeof arg->f, &arg->f);
    case OCL_ARG_LOCAL:
        return clSetKernelArg(kernel, (*index)++, arg->bytes, NULL);
    }
    return CL_INVALID_VALUE;
}

void ocl_launch_args(struct ocl_backend *ocl, enum ocl_kernel id, struct ocl_grid grid,
                     const struct ocl_arg *args, int count)
{
    const char *name = ocl_kernel_name(id);
    cl_ulong local = ocl->kernel_local_mem[id];
    cl_event event = NULL;
    cl_uint index = 0;
    cl_int err = CL_SUCCESS;

    if (ocl->base.failed)
        return;
    ocl_wait_begin(ocl, "clSetKernelArg");
    for (int i = 0; i < count && !err; i++) {
        if (args[i].kind == OCL_ARG_LOCAL)
            local += args[i].bytes;
        err = set_arg(ocl->kernels[id], &index, &args[i]);
    }
    ocl_wait_end(ocl);
    if (local > ocl->limits.local_mem) {
        lim_backend_fail(&ocl->base, "kernel %s needs %llu bytes of local memory, %s has %llu",
                         name, (unsigned long long)local, ocl_where(ocl),
                         (unsigned long long)ocl->limits.local_mem);
        return;
    }
    if (!fit(ocl, id, &grid)) {
        lim_backend_fail(&ocl->base,
                         "kernel %s: %zux%zux%zu work-items are too many for one launch", name,
                         grid.items[0], grid.items[1], grid.items[2]);
        return;
    }
    if (!err)
        err = enqueue_fitting(ocl, id, grid, ocl_wants_event(ocl) ? &event : NULL);
    if (err && ocl->refused) {
        tell_group(ocl, id, size_of(&grid), err);
        lim_backend_fail(&ocl->base, NULL);
        return;
    }
    if (err) {
        lim_backend_fail(&ocl->base,
                         "launching kernel %s (%zux%zux%zu in groups of %zux%zux%zu) "
                         "failed on %s: %s",
                         name, grid.items[0], grid.items[1], grid.items[2], grid.group[0],
                         grid.group[1], grid.group[2], ocl_where(ocl), ocl_error(err));
        return;
    }
    ocl_launched(ocl, name, event);
}

void ocl_work(struct ocl_backend *ocl, double flops)
{
    if (ocl->base.most_work <= 0)
        return;
    ocl->unflushed += flops / ocl->base.most_work;
    ocl->unwaited += flops / ocl->base.most_work;
}

bool ocl_wants_event(const struct ocl_backend *ocl)
{
    return ocl->pending.count % EVENT_EVERY == EVENT_EVERY - 1 || ocl->unwaited >= EVENT_WORK;
}

void ocl_launched(struct ocl_backend *ocl, const char *name, cl_event event)
{
    cl_int err = CL_SUCCESS;

    memmove(&ocl->pending.names[1], &ocl->pending.names[0],
            sizeof ocl->pending.names - sizeof ocl->pending.names[0]);
    ocl->pending.names[0] = name;
    ocl->pending.count++;
    ocl->base.launches++;
    if (event) {
        if (ocl->halfway) {
            ocl_wait_begin(ocl, "clWaitForEvents");
            err = clWaitForEvents(1, &ocl->halfway);
            ocl_wait_end(ocl);
            ocl_forget_halfway(ocl);
        }
        ocl->halfway = event;
        ocl->unwaited = 0;
        if (err)
            ocl_fail(ocl, "clWaitForEvents", err);
    }
    if (ocl->sync) {
        ocl_finish(&ocl->base);
    } else if (ocl->pending.count % FLUSH_EVERY == 0 || ocl->unflushed >= FLUSH_WORK) {
        ocl->unflushed = 0;
        ocl_wait_begin(ocl, "clFlush");
        err = clFlush(ocl->queue);
        ocl_wait_end(ocl);
        if (err)
            ocl_fail(ocl, "clFlush", err);
    }
}

void ocl_forget_halfway(struct ocl_backend *ocl)
{
    if (!ocl->halfway)
        return;
    ocl_wait_begin(ocl, "clReleaseEvent");
    clReleaseEvent(ocl->halfway);
    ocl_wait_end(ocl);
    ocl->halfway = NULL;
}

bool ocl_finish(struct lim_backend *be)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    cl_int err;

    ocl_wait_begin(ocl, "clFinish");
    err = clFinish(ocl->queue);
    ocl_wait_end(ocl);
    ocl_forget_halfway(ocl);
    if (err)
        ocl_fail(ocl, "clFinish", err);
    if (ocl->wrong)
        lim_backend_fail(be, NULL);
    ocl->pending.count = 0;
    ocl->unflushed = ocl->unwaited = 0;
    return !be->failed;
}
