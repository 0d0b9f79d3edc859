/* The OpenCL backend: opening a device, closing it, and the table of operations. */
#include "opencl/opencl.h"

#include "base/log.h"
#include "opencl/backend.h"
#include "opencl/binary.h"
#include "opencl/conv.h"
#include "opencl/device.h"
#include "opencl/enumerate.h"
#include "opencl/gemm.h"
#include "opencl/implicit.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/narrow.h"
#include "opencl/norm.h"
#include "opencl/own.h"
#include "opencl/pointwise.h"
#include "opencl/program.h"
#include "opencl/selftest.h"
#include "opencl/tiles.h"
#include "opencl/winograd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void destroy(struct lim_backend *be)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    if (ocl->queue) {
        ocl_wait_begin(ocl, "clFinish");
        clFinish(ocl->queue);
        ocl_wait_end(ocl);
    }
    ocl_forget_halfway(ocl);
    if (ocl->scratch)
        ocl_buffer_destroy(ocl->scratch);
    ocl_gemm_finish(ocl);
    ocl_own_finish(ocl);
    ocl_programs_finish(ocl);
    ocl_binaries_finish(ocl);
    if (ocl->queue) {
        ocl_wait_begin(ocl, "clReleaseCommandQueue");
        clReleaseCommandQueue(ocl->queue);
        ocl_wait_end(ocl);
    }
    if (ocl->context) {
        ocl_wait_begin(ocl, "clReleaseContext");
        clReleaseContext(ocl->context);
        ocl_wait_end(ocl);
    }
    ocl_watchdog_stop(ocl->watchdog);
    ocl_precompile_end(&ocl->precompile);
    free(ocl->staging);
    free(ocl);
}

static const struct lim_backend_ops ops = {
    .destroy = destroy,
    .finish = ocl_finish,
    .buffer_create = ocl_buffer_create,
    .buffer_destroy = ocl_buffer_destroy,
    .buffer_reserve = ocl_buffer_reserve,
    .own_memory = ocl_own_memory,
    .plan = ocl_plan,
    .write = ocl_write,
    .read = ocl_read,
    .use_gemm = ocl_use_gemm,
    .gemm = ocl_gemm,
    .gemm_reserve = ocl_gemm_reserve,
    .im2col = ocl_im2col,
    .col2im = ocl_col2im,
    .bias_forward = ocl_bias_forward,
    .bias_backward = ocl_bias_backward,
    .batchnorm_train = ocl_batchnorm_train,
    .batchnorm_infer = ocl_batchnorm_infer,
    .batchnorm_backward = ocl_batchnorm_backward,
    .activation_forward = ocl_activation_forward,
    .activation_backward = ocl_activation_backward,
    .loss = ocl_loss,
    .adam = ocl_adam,
    .fill = ocl_fill,
    .copy = ocl_copy,
    .axpby = ocl_axpby,
    .dot = ocl_dot,
    .scale = ocl_scale,
    .multiply_add = ocl_multiply_add,
    .own_reserve = ocl_own_reserve,
    .own = ocl_own,
    .bias_act_forward = ocl_bias_act_forward,
    .bias_act_backward = ocl_bias_act_backward,
    .batchnorm_act_train = ocl_batchnorm_act_train,
    .batchnorm_act_infer = ocl_batchnorm_act_infer,
    .batchnorm_act_backward = ocl_batchnorm_act_backward,
};

static const struct lim_conv_algorithm convs_for_gpu[] = {
    {"implicit", ocl_implicit_runs, ocl_implicit_forward, ocl_implicit_backward_data,
     ocl_implicit_backward_weights, NULL, ocl_implicit_gains},
    {0},
};

static const struct lim_conv_algorithm convs_for_cpu[] = {
    {"narrow", ocl_narrow_runs, ocl_narrow_forward, ocl_narrow_backward_data,
     ocl_narrow_backward_weights, NULL, ocl_narrow_gains},
    {"winograd", ocl_winograd_runs, ocl_winograd_forward, ocl_winograd_backward_data,
     ocl_winograd_backward_weights, ocl_winograd_reserve, NULL},
    {0},
};

static unsigned device_quirks(struct ocl_backend *ocl)
{
    char platform_name[256] = "", name[256];
    cl_platform_id platform = NULL;

    ocl_wait_begin(ocl, "clGetDeviceInfo");
    clGetDeviceInfo(ocl->device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    ocl_device_text(ocl->device, CL_DEVICE_NAME, name, sizeof name);
    ocl_wait_end(ocl);
    ocl_wait_begin(ocl, "clGetPlatformInfo");
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof platform_name, platform_name, NULL);
    ocl_wait_end(ocl);
    return ocl_quirks(platform_name, name);
}

/* Scratch memory for convolutions: a quarter of the largest buffer, and at most 256 MiB; on a CPU
 * what stays in its last-level cache, because columns are read right after they are written. */
static size_t default_workspace(const struct ocl_backend *ocl)
{
    size_t cap = (size_t)256 << 20;

    if (ocl->limits.is_cpu)
        cap = (size_t)13 << 20; /* one range at width 64, batch 64, in the layers of 3 channels */
    return ocl->limits.max_alloc / 4 < cap ? (size_t)(ocl->limits.max_alloc / 4) : cap;
}

/* Watchdogs end launches that take a GPU a second or two; a launch must take less than a fifth of
 * that. We assume at least a tenth of 8 flop per cycle and unit, which all OpenCL GPUs have. */
static double most_work(const struct ocl_limits *limits)
{
    const double seconds = 0.2, share = 0.1, in_a_cycle = 8;

    return limits->is_cpu ? 0 : seconds * share * in_a_cycle * limits->units * 1e6 * limits->clock;
}

/* Opens the chosen device. NULL after one log line. */
static struct lim_backend *open_device(struct ocl_device *device,
                                       const struct lim_device_choice *choice, bool backwards)
{
    struct ocl_backend *ocl = calloc(1, sizeof *ocl);
    const char *call = "clGetDeviceInfo";
    cl_int err = CL_SUCCESS;

    if (!ocl) {
        lim_error("out of host memory");
        ocl_watchdog_stop(device->watchdog);
        ocl_precompile_end(&device->precompile);
        return NULL;
    }
    ocl->base.ops = &ops;
    ocl->device = device->id;
    ocl->sync = choice->sync;
    ocl->precompile = device->precompile;
    ocl->backwards = backwards;
    ocl->test_tiled = ocl_selftest_tiled;
    ocl->test_three = ocl_selftest_three;
    snprintf(ocl->base.name, sizeof ocl->base.name, "%s", device->name);
    snprintf(ocl->base.identity, sizeof ocl->base.identity, "%s", device->identity);
    snprintf(ocl->base.option, sizeof ocl->base.option, "--device %d:%d", device->platform_index,
             device->device_index);
    ocl->watchdog = device->watchdog;
    ocl_watchdog_launches(ocl->watchdog, &ocl->pending);
    ocl_wait_begin(ocl, call);
    err = ocl_limits_read(ocl->device, &ocl->limits);
    ocl_wait_end(ocl);
    ocl->quirks = device_quirks(ocl);
    if (!err) {
        call = "clCreateContext";
        ocl_wait_begin(ocl, call);
        ocl->context = clCreateContext(NULL, 1, &ocl->device, NULL, NULL, &err);
        ocl_wait_end(ocl);
    }
    if (!err) {
        call = "clCreateCommandQueue";
        ocl_wait_begin(ocl, call);
        ocl->queue = clCreateCommandQueue(ocl->context, ocl->device, 0, &err);
        ocl_wait_end(ocl);
    }
    if (!err) {
        call = "aligned_alloc of the staging memory";
        ocl->staging = aligned_alloc(4096, OCL_STAGING * sizeof(float) + 4096);
        err = ocl->staging ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    }
    if (err) {
        lim_error("%s failed on %s: %s", call, ocl_where(ocl), ocl_error(err));
        goto fail;
    }
    ocl->base.global_mem = ocl->limits.global_mem;
    ocl->base.max_alloc = ocl->limits.max_alloc;
    ocl->base.host_memory = ocl->limits.is_cpu;
    ocl_tiles_init(ocl);
    ocl_winograd_init(ocl);
    ocl->base.most_work = most_work(&ocl->limits);
    ocl->base.convs = ocl->limits.is_cpu ? convs_for_cpu : convs_for_gpu;
    if (!backwards)
        ocl_binaries_init(ocl, choice->cache_dir);
    ocl_gemm_init(ocl);
    ocl->base.workspace_cap = choice->workspace ? choice->workspace : default_workspace(ocl);
    if (ocl->base.workspace_cap > ocl->limits.max_alloc)
        ocl->base.workspace_cap = (size_t)ocl->limits.max_alloc;
    ocl_precompile_begin(&ocl->precompile, ocl->quirks & OCL_ONE_COMPILER && ocl->limits.is_cpu &&
                                               ocl->limits.units > 1);
    if (!ocl_programs_init(ocl) || !ocl_scratch_init(ocl) || !ocl_selftest(ocl))
        goto fail;
    ocl_precompile_opened(&ocl->precompile);
    ocl_programs_keep(ocl, 0, OCL_FAMILIES - 1);
    lim_info("using %s (%s)", ocl->base.name, ocl->base.option);
    return &ocl->base;

fail:
    destroy(&ocl->base);
    return NULL;
}

struct lim_backend *lim_opencl_create(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct ocl_device device;

    if (!ocl_device_choose(choice, &device, why))
        return NULL;
    *why = LIM_NO_DEVICE;
    return open_device(&device, choice, false);
}

struct ocl_backend *ocl_open_precompile(int platform, int index)
{
    const struct lim_device_choice choice = {0};
    struct ocl_device device;

    return ocl_device_again(platform, index, &device)
               ? (struct ocl_backend *)open_device(&device, &choice, true)
               : NULL;
}

static void tell(const struct ocl_device *device, struct lim_rival *rival)
{
    snprintf(rival->name, sizeof rival->name, "%s", device->name);
    snprintf(rival->identity, sizeof rival->identity, "%s", device->identity);
    snprintf(rival->word, sizeof rival->word, "%d:%d", device->platform_index,
             device->device_index);
}

bool lim_opencl_cpu(const struct lim_device_choice *choice, struct lim_rival *rival)
{
    struct ocl_device device;

    if (!ocl_device_cpu(choice, &device, &rival->known))
        return false;
    tell(&device, rival);
    return true;
}

struct lim_backend *lim_opencl_auto(const struct lim_device_choice *choice, char *reason,
                                    size_t reason_size, enum lim_status *why,
                                    struct lim_rival *missed)
{
    struct ocl_device device;
    struct lim_backend *be;

    if (!ocl_device_auto(choice, &device, reason, reason_size))
        return NULL;
    *why = LIM_NO_DEVICE;
    be = open_device(&device, choice, false);
    if (be)
        return be;
    tell(&device, missed);
    snprintf(reason, reason_size, "OpenCL unavailable (%s cannot be used)", device.name);
    return NULL;
}
