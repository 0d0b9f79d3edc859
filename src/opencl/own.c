/* Operations that a program brings: their kernels are built when they are first used, and kept with
 * the backend. They are not in the cache of programs. */
#include "opencl/own.h"

#include "base/log.h"
#include "opencl/launch.h"

#include <stdio.h>
#include <stdlib.h>

struct ocl_own {
    const struct lim_own_op *op;
    cl_program program;
    cl_kernel kernel;
    size_t group; /* CL_KERNEL_WORK_GROUP_SIZE */
    struct ocl_own *next;
};

/* The compiler's first lines. */
static void report(struct ocl_backend *ocl, const struct ocl_own *own, cl_int err)
{
    char log[1024] = "";
    size_t size = 0;
    cl_int asked;

    ocl_wait_begin(ocl, "clGetProgramBuildInfo");
    asked = clGetProgramBuildInfo(own->program, ocl->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (!asked && size > 0) {
        char *whole = calloc(size + 1, 1);

        if (whole && !clGetProgramBuildInfo(own->program, ocl->device, CL_PROGRAM_BUILD_LOG, size,
                                            whole, NULL))
            snprintf(log, sizeof log, "%s", whole);
        free(whole);
    }
    ocl_wait_end(ocl);
    lim_error("building the operation '%s' for %s failed (%s)%s%s", own->op->name, ocl_where(ocl),
              ocl_error(err), *log ? ": " : "", log);
}

static bool build(struct ocl_backend *ocl, struct ocl_own *own)
{
    cl_int err;

    ocl_wait_begin(ocl, "clCreateProgramWithSource");
    own->program =
        clCreateProgramWithSource(ocl->context, 1, (const char *[]){own->op->source}, NULL, &err);
    ocl_wait_end(ocl);
    if (err) {
        lim_error("clCreateProgramWithSource for the operation '%s' failed on %s: %s",
                  own->op->name, ocl_where(ocl), ocl_error(err));
        return false;
    }
    ocl_watchdog_begin(ocl->watchdog, "clBuildProgram", own->op->name);
    err = clBuildProgram(own->program, 1, &ocl->device, "-cl-std=CL1.2 -w", NULL, NULL);
    ocl_wait_end(ocl);
    if (err) {
        report(ocl, own, err);
        return false;
    }
    ocl_watchdog_begin(ocl->watchdog, "clCreateKernel", own->op->name);
    own->kernel = clCreateKernel(own->program, own->op->name, &err);
    if (!err)
        err = clGetKernelWorkGroupInfo(own->kernel, ocl->device, CL_KERNEL_WORK_GROUP_SIZE,
                                       sizeof own->group, &own->group, NULL);
    ocl_wait_end(ocl);
    if (err)
        lim_error("the operation '%s' defines no kernel of this name that %s takes: %s",
                  own->op->name, ocl_where(ocl), ocl_error(err));
    return !err;
}

static void release(struct ocl_backend *ocl, struct ocl_own *own)
{
    ocl_wait_begin(ocl, "clReleaseProgram");
    if (own->kernel)
        clReleaseKernel(own->kernel);
    if (own->program)
        clReleaseProgram(own->program);
    ocl_wait_end(ocl);
    free(own);
}

/* NULL after one log line. */
static struct ocl_own *find(struct ocl_backend *ocl, const struct lim_own_op *op)
{
    struct ocl_own *own;

    for (own = ocl->own; own; own = own->next)
        if (own->op == op)
            return own;
    own = calloc(1, sizeof *own);
    if (!own) {
        lim_error("no memory for the operation '%s'", op->name);
        return NULL;
    }
    own->op = op;
    if (!build(ocl, own)) {
        release(ocl, own);
        return NULL;
    }
    own->next = ocl->own;
    ocl->own = own;
    return own;
}

bool ocl_own_reserve(struct lim_backend *be, const struct lim_own_op *op)
{
    return find((struct ocl_backend *)be, op) != NULL;
}

static cl_int set_args(cl_kernel kernel, size_t items, const struct lim_own_arg *args, int count)
{
    cl_ulong number = items;
    cl_uint at = 0;
    cl_int err = clSetKernelArg(kernel, at++, sizeof number, &number);

    for (int i = 0; i < count && !err; i++) {
        if (args[i].kind == LIM_OWN_INT) {
            err = clSetKernelArg(kernel, at++, sizeof(cl_int), &args[i].i);
        } else if (args[i].kind == LIM_OWN_FLOAT) {
            err = clSetKernelArg(kernel, at++, sizeof(cl_float), &args[i].f);
        } else {
            number = args[i].tensor.offset;
            err = clSetKernelArg(kernel, at++, sizeof(cl_mem),
                                 &((const struct ocl_buffer *)args[i].tensor.buf)->mem);
            if (!err)
                err = clSetKernelArg(kernel, at++, sizeof number, &number);
        }
    }
    return err;
}

void ocl_own(struct lim_backend *be, const struct lim_own_op *op, size_t items,
             const struct lim_own_arg *args, int count)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct ocl_own *own = find(ocl, op);
    size_t group = ocl_line(ocl, items, 1).group[0], whole;
    cl_event event = NULL;
    cl_int err;

    if (!own) {
        lim_backend_fail(be, NULL);
        return;
    }
    while (group > 1 &&
           (group > own->group || group > ocl->limits.group || group > ocl->limits.items[0]))
        group /= 2;
    whole = (items + group - 1) / group * group;
    ocl_wait_begin(ocl, "clEnqueueNDRangeKernel");
    err = set_args(own->kernel, items, args, count);
    if (!err)
        err = clEnqueueNDRangeKernel(ocl->queue, own->kernel, 1, NULL, &whole, &group, 0, NULL,
                                     ocl_wants_event(ocl) ? &event : NULL);
    ocl_wait_end(ocl);
    if (err)
        lim_backend_fail(
            be, "launching the operation '%s' (%zu items in groups of %zu) failed on %s: %s",
            op->name, whole, group, ocl_where(ocl), ocl_error(err));
    else
        ocl_launched(ocl, op->name, event);
}

void ocl_own_finish(struct ocl_backend *ocl)
{
    while (ocl->own) {
        struct ocl_own *next = ocl->own->next;

        release(ocl, ocl->own);
        ocl->own = next;
    }
}
