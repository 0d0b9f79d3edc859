/* The functions that wrap the driver's. */
#include "layer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A function that only returns a status. */
#define STATUS(name, parameters, arguments)          \
    static cl_int CL_API_CALL wrap_##name parameters \
    {                                                \
        cl_int code;                                 \
                                                     \
        if (layer_fails(CALL_##name, &code))         \
            return code;                             \
        return next->name arguments;                 \
    }

/* One that makes an object; `err` is its last parameter. */
#define CREATE(name, type, object, parameters, arguments) \
    static type CL_API_CALL wrap_##name parameters        \
    {                                                     \
        cl_int code;                                      \
        type made;                                        \
                                                          \
        if (layer_fails(CALL_##name, &code)) {            \
            if (err)                                      \
                *err = code;                              \
            return NULL;                                  \
        }                                                 \
        made = next->name arguments;                      \
        if (made)                                         \
            layer_live(object, 1);                        \
        return made;                                      \
    }

/* Reference counts of one kind of object. */
#define COUNTED(name, type, object)                         \
    static cl_int CL_API_CALL wrap_clRetain##name(type it)  \
    {                                                       \
        cl_int err = next->clRetain##name(it);              \
                                                            \
        if (!err)                                           \
            layer_live(object, 1);                          \
        return err;                                         \
    }                                                       \
    static cl_int CL_API_CALL wrap_clRelease##name(type it) \
    {                                                       \
        cl_int code;                                        \
                                                            \
        if (layer_fails(CALL_clRelease##name, &code))       \
            return code;                                    \
        if (object == OBJECT_BUFFER && settings.keep)       \
            return CL_SUCCESS;                              \
        layer_live(object, -1);                             \
        return next->clRelease##name(it);                   \
    }

COUNTED(Context, cl_context, OBJECT_CONTEXT)
COUNTED(CommandQueue, cl_command_queue, OBJECT_QUEUE)
COUNTED(Program, cl_program, OBJECT_PROGRAM)
COUNTED(Kernel, cl_kernel, OBJECT_KERNEL)
COUNTED(MemObject, cl_mem, OBJECT_BUFFER)
COUNTED(Event, cl_event, OBJECT_EVENT)

STATUS(clGetPlatformIDs, (cl_uint room, cl_platform_id *ids, cl_uint *count), (room, ids, count))
STATUS(clGetDeviceIDs,
       (cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *ids,
        cl_uint *count),
       (platform, type, room, ids, count))
STATUS(clBuildProgram,
       (cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
        void(CL_CALLBACK *notify)(cl_program, void *), void *user),
       (program, count, devices, options, notify, user))
STATUS(clGetProgramBuildInfo,
       (cl_program program, cl_device_id device, cl_program_build_info what, size_t size,
        void *value, size_t *size_ret),
       (program, device, what, size, value, size_ret))
STATUS(clGetProgramInfo,
       (cl_program program, cl_program_info what, size_t size, void *value, size_t *size_ret),
       (program, what, size, value, size_ret))
STATUS(clGetPlatformInfo,
       (cl_platform_id platform, cl_platform_info what, size_t size, void *value, size_t *size_ret),
       (platform, what, size, value, size_ret))
STATUS(clWaitForEvents, (cl_uint count, const cl_event *events), (count, events))
STATUS(clFlush, (cl_command_queue queue), (queue))

CREATE(clCreateContext, cl_context, OBJECT_CONTEXT,
       (const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
        void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
        cl_int *err),
       (properties, count, devices, notify, user, err))
CREATE(clCreateCommandQueue, cl_command_queue, OBJECT_QUEUE,
       (cl_context context, cl_device_id device, cl_command_queue_properties properties,
        cl_int *err),
       (context, device, properties, err))
CREATE(clCreateProgramWithSource, cl_program, OBJECT_PROGRAM,
       (cl_context context, cl_uint count, const char **strings, const size_t *lengths,
        cl_int *err),
       (context, count, strings, lengths, err))
CREATE(clCreateProgramWithBinary, cl_program, OBJECT_PROGRAM,
       (cl_context context, cl_uint count, const cl_device_id *devices, const size_t *lengths,
        const unsigned char **binaries, cl_int *status, cl_int *err),
       (context, count, devices, lengths, binaries, status, err))
CREATE(clCreateKernel, cl_kernel, OBJECT_KERNEL,
       (cl_program program, const char *name, cl_int *err), (program, name, err))

/* ---- limits */

static cl_int CL_API_CALL wrap_clGetDeviceInfo(cl_device_id device, cl_device_info what,
                                               size_t size, void *value, size_t *size_ret)
{
    const struct {
        cl_device_info what;
        size_t size;
        cl_ulong fake;
    } numbers[] = {
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong), settings.max_alloc},
        {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong), settings.global_mem},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong), settings.local_mem},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t), settings.group},
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint), settings.units},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint), settings.clock},
        {CL_DEVICE_VENDOR_ID, sizeof(cl_uint), settings.vendor},
        {CL_DEVICE_TYPE, sizeof(cl_device_type),
         strcmp(settings.type, "gpu") == 0   ? CL_DEVICE_TYPE_GPU
         : strcmp(settings.type, "cpu") == 0 ? CL_DEVICE_TYPE_CPU
                                             : 0},
    };
    cl_int code;

    if (layer_fails(CALL_clGetDeviceInfo, &code))
        return code;
    if (what == CL_DRIVER_VERSION && settings.driver[0]) {
        size_t length = strlen(settings.driver) + 1;

        if (value && size < length)
            return CL_INVALID_VALUE;
        if (value)
            memcpy(value, settings.driver, length);
        if (size_ret)
            *size_ret = length;
        return CL_SUCCESS;
    }
    code = next->clGetDeviceInfo(device, what, size, value, size_ret);
    if (code || !value)
        return code;
    if (what == CL_DEVICE_MAX_WORK_ITEM_SIZES && settings.group)
        for (size_t d = 0; d < size / sizeof(size_t); d++)
            if (((size_t *)value)[d] > settings.group)
                ((size_t *)value)[d] = (size_t)settings.group;
    /* The low bytes: every device that runs tests is little-endian. */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].what == what && numbers[i].fake)
            memcpy(value, &numbers[i].fake, numbers[i].size);
    return CL_SUCCESS;
}

static cl_int CL_API_CALL wrap_clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device,
                                                        cl_kernel_work_group_info what, size_t size,
                                                        void *value, size_t *size_ret)
{
    cl_int code;

    if (layer_fails(CALL_clGetKernelWorkGroupInfo, &code))
        return code;
    code = next->clGetKernelWorkGroupInfo(kernel, device, what, size, value, size_ret);
    if (!code && value && what == CL_KERNEL_WORK_GROUP_SIZE && settings.group &&
        *(size_t *)value > settings.group)
        *(size_t *)value = (size_t)settings.group;
    return code;
}

/* The driver has released a buffer: some time after its last release, if work holds it. */
static void CL_CALLBACK forget_bytes(cl_mem buffer, void *size)
{
    (void)buffer;
    layer_bytes_change(-(long long)(size_t)size);
}

/* Real drivers refuse what exceeds their limits, or crash: this one always refuses, and logs it. */
static cl_mem CL_API_CALL wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size,
                                              void *host, cl_int *err)
{
    cl_int code = CL_SUCCESS;
    cl_mem made;

    if (!layer_fails(CALL_clCreateBuffer, &code) && settings.max_alloc &&
        size > settings.max_alloc) {
        layer_log("refused clCreateBuffer of %zu bytes", size);
        code = CL_INVALID_BUFFER_SIZE;
    }
    if (!code && !settings.lazy && settings.has && layer_bytes(false) + size > settings.has) {
        layer_log("no room for %zu bytes", size);
        code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    }
    if (code) {
        if (err)
            *err = code;
        return NULL;
    }
    made = next->clCreateBuffer(context, flags, size, host, err);
    if (made) {
        layer_live(OBJECT_BUFFER, 1);
        layer_bytes_change((long long)size);
        next->clSetMemObjectDestructorCallback(made, forget_bytes, (void *)size);
    }
    return made;
}

/* Local memory that a kernel's arguments request. A kernel that is released leaves its row to the
 * next one with the same handle. */
static struct {
    cl_kernel kernel;
    size_t bytes[32]; /* by argument */
} locals[128];

static size_t *local_of(cl_kernel kernel)
{
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++) {
        if (!locals[i].kernel)
            locals[i].kernel = kernel;
        if (locals[i].kernel == kernel)
            return locals[i].bytes;
    }
    return NULL;
}

static cl_int CL_API_CALL wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size,
                                              const void *value)
{
    size_t *bytes = local_of(kernel);
    cl_int code;

    if (layer_fails(CALL_clSetKernelArg, &code))
        return code;
    if (bytes && index < 32)
        bytes[index] = value ? 0 : size;
    return next->clSetKernelArg(kernel, index, size, value);
}

/* Drivers differ in whether the size that they report for a kernel includes its arguments. */
static bool too_much_local(cl_command_queue queue, cl_kernel kernel)
{
    size_t *bytes = local_of(kernel), sum = 0;
    cl_device_id device = NULL;
    cl_ulong told = 0;

    if (!settings.local_mem)
        return false;
    for (int i = 0; bytes && i < 32; i++)
        sum += bytes[i];
    next->clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    next->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof told, &told,
                                   NULL);
    return (told > sum ? told : sum) > settings.local_mem;
}

/* Logs a kernel's name when it is launched for the first time. */
static void note_launch(cl_kernel kernel)
{
    static char known[256][64];
    char name[64] = "";
    size_t i = 0;

    if (!settings.log[0] ||
        next->clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL))
        return;
    while (i < sizeof known / sizeof *known && known[i][0] && strcmp(known[i], name) != 0)
        i++;
    if (i < sizeof known / sizeof *known && !known[i][0]) {
        memcpy(known[i], name, sizeof name);
        layer_log("launched %s", name);
    }
}

static cl_int CL_API_CALL wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel,
                                                      cl_uint dims, const size_t *offset,
                                                      const size_t *items, const size_t *group,
                                                      cl_uint waits, const cl_event *wait,
                                                      cl_event *event)
{
    size_t in_group = 1;
    cl_int code;

    if (layer_fails(CALL_clEnqueueNDRangeKernel, &code))
        return code;
    for (cl_uint d = 0; group && d < dims; d++)
        in_group *= group[d];
    if (settings.group && in_group > settings.group) {
        layer_log("refused clEnqueueNDRangeKernel with groups of %zu", in_group);
        return CL_INVALID_WORK_GROUP_SIZE;
    }
    if (settings.registers && in_group > settings.registers) {
        layer_log("no registers for groups of %zu", in_group);
        return CL_OUT_OF_RESOURCES;
    }
    if (too_much_local(queue, kernel)) {
        layer_log("refused clEnqueueNDRangeKernel for its local memory");
        return CL_OUT_OF_RESOURCES;
    }
    code =
        next->clEnqueueNDRangeKernel(queue, kernel, dims, offset, items, group, waits, wait, event);
    if (!code)
        note_launch(kernel);
    if (!code && event)
        layer_live(OBJECT_EVENT, 1);
    return code;
}

/* ---- transfers and waits */

static cl_int CL_API_CALL wrap_clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer,
                                                   cl_bool blocking, size_t offset, size_t size,
                                                   void *to, cl_uint waits, const cl_event *wait,
                                                   cl_event *event)
{
    static cl_ulong reads;
    cl_int code;

    if (layer_fails(CALL_clEnqueueReadBuffer, &code))
        return code;
    code = next->clEnqueueReadBuffer(queue, buffer, blocking, offset, size, to, waits, wait, event);
    if (code)
        return code;
    if (event)
        layer_live(OBJECT_EVENT, 1);
    if (++reads == settings.flip && blocking && size >= sizeof(cl_float)) {
        layer_log("flipped a bit of read %llu", (unsigned long long)reads);
        ((unsigned char *)to)[3] ^= 0x40; /* of the exponent: no value, 0 included, stays near */
    }
    return code;
}

/* Other functions that queue something: a status, and perhaps an event. */
#define ENQUEUE(name, parameters, arguments)         \
    static cl_int CL_API_CALL wrap_##name parameters \
    {                                                \
        cl_int code;                                 \
                                                     \
        if (layer_fails(CALL_##name, &code))         \
            return code;                             \
        code = next->name arguments;                 \
        if (!code && event)                          \
            layer_live(OBJECT_EVENT, 1);             \
        return code;                                 \
    }

ENQUEUE(clEnqueueWriteBuffer,
        (cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
         const void *from, cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, buffer, blocking, offset, size, from, waits, wait, event))
ENQUEUE(clEnqueueCopyBuffer,
        (cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset,
         size_t size, cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, from, to, from_offset, to_offset, size, waits, wait, event))
ENQUEUE(clEnqueueFillBuffer,
        (cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_size,
         size_t offset, size_t size, cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, buffer, pattern, pattern_size, offset, size, waits, wait, event))

static cl_int CL_API_CALL wrap_clFinish(cl_command_queue queue)
{
    cl_int code;

    if (layer_fails(CALL_clFinish, &code))
        return code;
    if (settings.lazy && settings.has && layer_bytes(false) > settings.has) {
        layer_log("no room for what was made");
        return CL_OUT_OF_RESOURCES;
    }
    if (settings.sleep)
        layer_pause(settings.sleep);
    return next->clFinish(queue);
}

void layer_fill(struct _cl_icd_dispatch *table)
{
#define FILL(call) table->call = wrap_##call;
    LAYER_CALLS(FILL)
#undef FILL
#define FILL_COUNTED(name) table->clRetain##name = wrap_clRetain##name;
    FILL_COUNTED(Context)
    FILL_COUNTED(CommandQueue)
    FILL_COUNTED(Program)
    FILL_COUNTED(Kernel)
    FILL_COUNTED(MemObject)
    FILL_COUNTED(Event)
#undef FILL_COUNTED
}
