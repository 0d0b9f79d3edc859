#include "opencl/limits.h"

#include <string.h>

cl_int ocl_limits_read(cl_device_id device, struct ocl_limits *limits)
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
