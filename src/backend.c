/* The factory: from the user's words to a backend. */
#include "backend.h"

#include "log.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct lim_backend *open_device(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct lim_device_choice full = *choice;
    struct lim_backend *be;
    char reason[256];

    if (!full.device || !*full.device)
        full.device = "auto";
    if (full.platform && !*full.platform)
        full.platform = NULL;
    if (!full.platform && strcmp(full.device, "cpu") == 0)
        return lim_cpu_create(&full, why);
    if (full.platform || strcmp(full.device, "auto") != 0)
        return lim_opencl_create(&full, why);

    be = lim_opencl_auto(&full, reason, sizeof reason, why);
    if (be)
        return be;
    lim_info("%s, using the CPU path", reason);
    full.device = "cpu";
    return lim_cpu_create(&full, why);
}

struct lim_backend *lim_backend_create(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct lim_backend *be;
    enum lim_status ignored;

    if (!why)
        why = &ignored;
    *why = LIM_ERROR;
    be = open_device(choice, why);
    if (be) {
        be->conv = LIM_CONV_AUTO;
        be->conv_names[LIM_CONV_LOWERING] = "lowering";
        for (int i = 1; be->convs && be->convs[i - 1].name; i++)
            be->conv_names[i] = be->convs[i - 1].name;
    }
    return be;
}

void lim_backend_destroy(struct lim_backend *be)
{
    if (!be)
        return;
    lim_trace_finish(be);
    lim_buffer_destroy(be->workspace);
    be->ops->destroy(be);
}

bool lim_backend_finish(struct lim_backend *be)
{
    if (!be->failed && !be->ops->finish(be))
        be->failed = true;
    return !be->failed;
}

bool lim_backend_ok(const struct lim_backend *be)
{
    return !be->failed;
}

const char *lim_backend_name(const struct lim_backend *be)
{
    return be->name;
}

const char *lim_backend_option(const struct lim_backend *be)
{
    return be->option;
}

uint64_t lim_backend_launches(const struct lim_backend *be)
{
    return be->launches;
}

uint64_t lim_backend_bytes(const struct lim_backend *be)
{
    return be->bytes;
}

const char *const *lim_backend_gemms(const struct lim_backend *be)
{
    return be->gemms;
}

bool lim_backend_use_gemm(struct lim_backend *be, const char *name)
{
    for (int i = 0; be->gemms[i]; i++) {
        if (strcmp(be->gemms[i], name) == 0) {
            be->ops->use_gemm(be, i);
            return true;
        }
    }
    return false;
}

const char *const *lim_backend_convs(const struct lim_backend *be)
{
    return be->conv_names;
}

bool lim_backend_use_conv(struct lim_backend *be, const char *name)
{
    if (strcmp(name, "auto") == 0) {
        be->conv = LIM_CONV_AUTO;
        return true;
    }
    for (int i = 0; be->conv_names[i]; i++) {
        if (strcmp(be->conv_names[i], name) == 0) {
            be->conv = i;
            return true;
        }
    }
    return false;
}

void lim_backend_fail(struct lim_backend *be, const char *what, ...)
{
    char line[1024];
    va_list args;

    if (!be->failed && what) {
        va_start(args, what);
        vsnprintf(line, sizeof line, what, args);
        va_end(args);
        lim_error("%s", line);
    }
    be->failed = true;
}
