/* Replaces src/opencl if that was not built in. */
#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <stdio.h>

static const char absent[] = "this limner was built without OpenCL (meson -Dopencl=enabled)";

struct lim_backend *lim_opencl_create(const struct lim_device_choice *choice, enum lim_status *why)
{
    lim_error("%s '%s': %s", choice->platform ? "--platform" : "--device",
              choice->platform ? choice->platform : choice->device, absent);
    *why = LIM_NO_DEVICE;
    return NULL;
}

struct lim_backend *lim_opencl_auto(const struct lim_device_choice *choice, char *reason,
                                    size_t reason_size, enum lim_status *why,
                                    struct lim_rival *missed)
{
    (void)choice;
    (void)why;
    (void)missed;
    snprintf(reason, reason_size, "%s", absent);
    return NULL;
}

bool lim_opencl_asked(char *text, size_t size)
{
    (void)text;
    (void)size;
    return false;
}

bool lim_opencl_cpu(const struct lim_device_choice *choice, struct lim_rival *rival)
{
    (void)choice;
    (void)rival;
    return false;
}

int lim_device_list(struct lim_device_info **list, const char **why_none)
{
    REQUIRE(list && why_none, 0);
    *list = NULL;
    *why_none = absent;
    return 0;
}

void lim_device_loader(char *text, size_t size)
{
    REQUIRE_OR_RETURN(text && size > 0);
    snprintf(text, size, "none: %s", absent);
}

void lim_device_list_free(struct lim_device_info *list)
{
    (void)list;
}
