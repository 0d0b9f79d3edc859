/* The OpenCL backend: opening a device, closing it, and the table of operations. */
#include "opencl/opencl.h"

#include "base/log.h"
#include "opencl/device.h"

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
    ocl_watch_stop(ocl->watch);
    ocl_ahead_end(&ocl->ahead);
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
    .bce_logits = ocl_bce_logits,
    .adam = ocl_adam,
    .fill = ocl_fill,
    .copy = ocl_copy,
    .axpby = ocl_axpby,
    .multiply_add = ocl_multiply_add,
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

/* Asks the device what it allows. An error code of OpenCL, or 0. */
static cl_int ask_limits(cl_device_id device, struct ocl_limits *limits)
{
    size_t items[16] = {0};
    cl_uint dims = 0, units = 0, width = 0, clock = 0;
    cl_device_type type = 0;
    cl_int err;

    if ((err = clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t),
                               &limits->group, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, sizeof dims, &dims,
                               NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_ITEM_SIZES,
                               (dims < 16 ? dims : 16) * sizeof(size_t), items, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong),
                               &limits->local_mem, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong),
                               &limits->max_alloc, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong),
                               &limits->global_mem, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL)) ||
        (err =
             clGetDeviceInfo(device, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof clock, &clock, NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width,
                               NULL)) ||
        (err = clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL)))
        return err;
    memcpy(limits->items, items, sizeof limits->items);
    limits->units = units ? units : 1;
    limits->clock = clock ? clock : 1000;
    limits->float_width = width;
    limits->is_cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
    return CL_SUCCESS;
}

/* Local memory of the kernels for GPUs, in bytes: two pieces, and where their rows lie. */
static size_t tiled_local_mem(const struct ocl_backend *ocl)
{
    int rows = ocl->group_y * OCL_ITEM_ROWS, columns = ocl->group_x * OCL_ITEM_COLUMNS;

    return (size_t)(ocl->tile_k * (rows + 4 + columns + 4) + 4 * rows + 3 * ocl->tile_k) *
           sizeof(float);
}

bool ocl_shrink_group(struct ocl_backend *ocl)
{
    if (ocl->group_x * ocl->group_y == 1)
        return false;
    *(ocl->group_x > ocl->group_y ? &ocl->group_x : &ocl->group_y) /= 2;
    while (ocl->tile_k > 4 * ocl->group_x * ocl->group_y)
        ocl->tile_k /= 2;
    return true;
}

void ocl_platform_name(struct ocl_backend *ocl, char *name, size_t size)
{
    cl_platform_id platform = NULL;

    name[0] = '\0';
    ocl_wait_begin(ocl, "clGetPlatformInfo");
    clGetDeviceInfo(ocl->device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, size, name, NULL);
    ocl_wait_end(ocl);
}

/* The sizes that the kernels are built with. */
static void choose_tiles(struct ocl_backend *ocl)
{
    const struct ocl_limits *limits = &ocl->limits;

    ocl->vector = limits->is_cpu ? 16 : 4;
    ocl->chains = 8;
    while (limits->is_cpu && ocl->chains > 2 && ocl->chains * ocl->vector > 8 * limits->float_width)
        ocl->chains /= 2;
    /* Rows x two vectors of sums must fit the registers: 32 of them where they hold 16 floats, 16
     * where they hold fewer. */
    ocl->tile_columns = limits->float_width >= 16 ? 32 : limits->float_width >= 8 ? 16 : 8;
    ocl->tile_rows = limits->float_width >= 16 ? 8 : 4;
    /* Tiles of 128x64, and half as deep before they are made smaller. */
    ocl->group_x = 8;
    ocl->group_y = ocl->tile_k = 16;
    if (tiled_local_mem(ocl) > limits->local_mem)
        ocl->tile_k = 8;
    while (((size_t)ocl->group_x > limits->items[0] || (size_t)ocl->group_y > limits->items[1] ||
            (size_t)(ocl->group_x * ocl->group_y) > limits->group ||
            tiled_local_mem(ocl) > limits->local_mem) &&
           ocl_shrink_group(ocl))
        continue;
}

/* Scratch memory for convolutions: a quarter of the largest buffer, and no more than 256 MiB; on a
 * CPU what stays in its last cache, because columns are written and read at once. */
static size_t default_workspace(const struct ocl_backend *ocl)
{
    size_t cap = (size_t)256 << 20;

    if (ocl->limits.is_cpu)
        cap = (size_t)13 << 20; /* one range at width 64, batch 64, in the layers of 3 channels */
    return ocl->limits.max_alloc / 4 < cap ? (size_t)(ocl->limits.max_alloc / 4) : cap;
}

/* Watchdogs end what takes a GPU a second or two; a launch is to take no fifth of that. It will do
 * a tenth at least of 8 flop in every cycle of every unit, which all GPUs of OpenCL have. */
static double most_work(const struct ocl_limits *limits)
{
    const double seconds = 0.2, share = 0.1, in_a_cycle = 8;

    return limits->is_cpu ? 0 : seconds * share * in_a_cycle * limits->units * 1e6 * limits->clock;
}

bool ocl_test(struct ocl_backend *ocl, bool (*selftest)(struct ocl_backend *))
{
    bool good;

    ocl->tested = false;
    while (!(good = selftest(ocl)) && ocl->refused) {
        ocl->refused = ocl->base.failed = false;
        if (!ocl_programs_fit(ocl))
            break;
    }
    ocl->tested = true;
    return good;
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
        ocl_watch_stop(device->watch);
        ocl_ahead_end(&device->ahead);
        return NULL;
    }
    ocl->base.ops = &ops;
    ocl->device = device->id;
    ocl->sync = choice->sync;
    ocl->ahead = device->ahead;
    ocl->backwards = backwards;
    snprintf(ocl->base.name, sizeof ocl->base.name, "%s", device->name);
    snprintf(ocl->base.identity, sizeof ocl->base.identity, "%s", device->identity);
    snprintf(ocl->base.option, sizeof ocl->base.option, "--device %d:%d", device->platform_index,
             device->device_index);
    ocl->watch = device->watch;
    ocl_watch_backend(ocl->watch, ocl);
    ocl_wait_begin(ocl, call);
    err = ask_limits(ocl->device, &ocl->limits);
    ocl_wait_end(ocl);
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
    choose_tiles(ocl);
    ocl_winograd_init(ocl);
    ocl->base.most_work = most_work(&ocl->limits);
    ocl->base.convs = ocl->limits.is_cpu ? convs_for_cpu : convs_for_gpu;
    if (!backwards)
        ocl_binaries_init(ocl, choice->cache_dir);
    ocl_gemm_init(ocl);
    ocl->base.workspace_cap = choice->workspace ? choice->workspace : default_workspace(ocl);
    if (ocl->base.workspace_cap > ocl->limits.max_alloc)
        ocl->base.workspace_cap = (size_t)ocl->limits.max_alloc;
    ocl_ahead_begin(ocl);
    if (!ocl_programs_init(ocl) || !ocl_scratch_init(ocl) || !ocl_test(ocl, ocl_selftest))
        goto fail;
    ocl_ahead_opened(&ocl->ahead);
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

struct ocl_backend *ocl_open_ahead(int platform, int index)
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
