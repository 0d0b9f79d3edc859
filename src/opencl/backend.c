#include "opencl/backend.h"

#include <string.h>

const char *ocl_where(const struct ocl_backend *ocl)
{
    const char *space = strrchr(ocl->base.option, ' ');

    return space ? space + 1 : ocl->base.option;
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

void ocl_fail(struct ocl_backend *ocl, const char *call, int code)
{
    char list[512];

    lim_backend_fail(&ocl->base, "%s failed on %s: %s%s", call, ocl_where(ocl), ocl_error(code),
                     ocl_pending(&ocl->pending, list, sizeof list));
}
