#include "opencl/backend.h"

#include <string.h>

const char *ocl_where(const struct ocl_backend *ocl)
{
    const char *space = strrchr(ocl->base.option, ' ');

    return space ? space + 1 : ocl->base.option;
}

void ocl_fail(struct ocl_backend *ocl, const char *call, int code)
{
    char list[512];

    lim_backend_fail(&ocl->base, "%s failed on %s: %s%s", call, ocl_where(ocl), ocl_error(code),
                     ocl_pending(&ocl->pending, list, sizeof list));
}
