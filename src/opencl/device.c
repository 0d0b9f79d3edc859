/* Which OpenCL device a user's words mean: an index pair P:D, or the first there is. */
#include "device.h"

#include "../log.h"

#include <stdio.h>
#include <string.h>

enum { MAX = 16 };

static bool find(const char *words, cl_device_type type, struct ocl_device *device)
{
    cl_platform_id platforms[MAX];
    cl_uint platform_count = 0;
    int want_p = -1, want_d = -1;

    sscanf(words, "%d:%d", &want_p, &want_d);
    if (clGetPlatformIDs(MAX, platforms, &platform_count))
        return false;
    for (cl_uint p = 0; p < platform_count && p < MAX; p++) {
        cl_device_id ids[MAX];
        cl_uint count = 0;

        if (clGetDeviceIDs(platforms[p], type, MAX, ids, &count))
            continue;
        for (cl_uint d = 0; d < count && d < MAX; d++) {
            if (want_p >= 0 && ((int)p != want_p || (want_d >= 0 && (int)d != want_d)))
                continue;
            device->id = ids[d];
            device->platform_index = (int)p;
            device->device_index = (int)d;
            clGetDeviceInfo(ids[d], CL_DEVICE_NAME, sizeof device->name, device->name, NULL);
            return true;
        }
    }
    return false;
}

bool ocl_device_choose(const struct lim_device_choice *choice, struct ocl_device *device,
                       enum lim_status *why)
{
    if (find(choice->device, CL_DEVICE_TYPE_ALL, device))
        return true;
    lim_error("--device '%s': no device matches", choice->device);
    *why = LIM_NO_DEVICE;
    return false;
}

bool ocl_device_auto(struct ocl_device *device, char *reason, size_t reason_size)
{
    if (find("", CL_DEVICE_TYPE_GPU, device))
        return true;
    snprintf(reason, reason_size, "no OpenCL GPU");
    return false;
}

int lim_device_list(struct lim_device_info **list, const char **why_none)
{
    *list = NULL;
    *why_none = "";
    return 0;
}

void lim_device_list_free(struct lim_device_info *list)
{
    (void)list;
}
