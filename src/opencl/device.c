#include "opencl/device.h"

#include "opencl/device_select.h"
#include "opencl/enumerate.h"
#include "opencl/hints.h"
#include "opencl/loader.h"
#include "opencl/probe.h"
#include "opencl/watchdog.h"

#include "base/log.h"
#include "base/require.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The loader, the drivers and their environment belong to the whole process: only one thread at a
 * time looks for devices, from begin to end. */
static pthread_mutex_t finding = PTHREAD_MUTEX_INITIALIZER;

/* Once this process has loaded drivers, asking in another one gains nothing. */
static bool loaded;

/* If this returns false, after one log line, `end` must not be called. */
static bool begin(struct ocl_probe *probe)
{
    bool good;

    pthread_mutex_lock(&finding);
    if (!loaded) {
        good = ocl_probe_begin(probe);
        loaded = good && probe->here;
    } else {
        memset(probe, 0, sizeof *probe);
        probe->count = ocl_devices_here(&probe->infos);
        if (!probe->infos)
            probe->infos = calloc(1, sizeof *probe->infos);
        good = probe->infos != NULL;
        if (!good)
            lim_error("no memory to list the devices");
    }
    if (!good)
        pthread_mutex_unlock(&finding);
    return good;
}

static void end(struct ocl_probe *probe)
{
    ocl_probe_end(probe);
    pthread_mutex_unlock(&finding);
}

static void describe(const struct lim_device_info *info, struct ocl_device *device)
{
    device->platform_index = info->platform;
    device->device_index = info->device;
    ocl_choice_name(info, device->name, sizeof device->name);
    snprintf(device->identity, sizeof device->identity, "%.100s, %.100s, %.100s, %.60s, %.60s, %u",
             info->platform_name, info->platform_version, info->name, info->version, info->driver,
             info->compute_units);
}

/* The device number `index` of a platform; NULL where there is none. */
static cl_device_id device_of(cl_platform_id platform, int index)
{
    cl_device_id *ids = NULL, found = NULL;
    cl_uint count = 0;

    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count) == CL_SUCCESS &&
        (cl_uint)index < count)
        ids = calloc(count, sizeof *ids);
    if (ids && clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, NULL) == CL_SUCCESS)
        found = ids[index];
    free(ids);
    return found;
}

bool ocl_device_again(int platform, int index, struct ocl_device *device)
{
    cl_platform_id *platforms;
    cl_uint count = ocl_platforms(&platforms);

    memset(device, 0, sizeof *device);
    device->platform_index = platform;
    device->device_index = index;
    if ((cl_uint)platform < count)
        device->id = device_of(platforms[platform], index);
    free(platforms);
    return device->id != NULL;
}

/* Loads the drivers into this process and finds there the device that the child reported. False
 * after one log line. */
static bool take(const struct lim_device_choice *choice, struct ocl_probe *probe, int found,
                 struct ocl_device *device)
{
    const struct lim_device_info *info = probe->infos + found;
    cl_platform_id *platforms;
    cl_uint count;
    char name[sizeof info->name] = "", where[32];

    describe(info, device);
    snprintf(where, sizeof where, "%d:%d", info->platform, info->device);
    if (!ocl_watchdog_start(&device->watchdog, choice, where))
        return false;
    loaded = true;
    ocl_watchdog_begin(device->watchdog, "clGetPlatformIDs", NULL);
    count = ocl_platforms(&platforms);
    ocl_watchdog_end(device->watchdog);
    device->id = NULL;
    if ((cl_uint)info->platform < count) {
        ocl_watchdog_begin(device->watchdog, "clGetDeviceIDs", NULL);
        device->id = device_of(platforms[info->platform], info->device);
        ocl_watchdog_end(device->watchdog);
    }
    free(platforms);
    if (device->id) {
        ocl_watchdog_begin(device->watchdog, "clGetDeviceInfo", NULL);
        ocl_device_text(device->id, CL_DEVICE_NAME, name, sizeof name);
        ocl_watchdog_end(device->watchdog);
    }
    if (*name && strcmp(name, info->name) == 0) {
        device->precompile = probe->precompile;
        device->precompile.platform = info->platform;
        device->precompile.device = info->device;
        probe->precompile.child.pid = 0;
        return true;
    }
    lim_error("%s has gone since it was found", info->name);
    ocl_watchdog_stop(device->watchdog);
    return false;
}

/* Adds "; LIMNER_DEVICE=gpu is set" if the word comes from that variable, not the command line. */
static void add_variable(const char *variable, const char *word, char *text, size_t size)
{
    const char *set = getenv(variable);
    size_t length = strlen(text);

    if (set && word && strcmp(set, word) == 0)
        snprintf(text + length, size - length, "; %s=%s is set", variable, word);
}

/* Reports in one line why no device was chosen: `message`, or that there is no platform, and a
 * possible cause. */
static void refuse(const struct lim_device_choice *choice, const struct ocl_probe *probe,
                   const char *message, bool no_device)
{
    char hint[512] = "", set[256] = "";

    add_variable("LIMNER_PLATFORM", choice->platform, set, sizeof set);
    add_variable("LIMNER_DEVICE", choice->device, set, sizeof set);
    if (probe->trouble[0])
        snprintf(hint, sizeof hint, "%.511s", probe->trouble);
    else if (no_device && probe->count == 0)
        ocl_hint_no_platform(hint, sizeof hint);
    else if (no_device)
        ocl_hint_render_node("/dev/dri", hint, sizeof hint);
    if (no_device && probe->count == 0)
        lim_error("%s '%s': %s%s", choice->platform ? "--platform" : "--device",
                  choice->platform ? choice->platform : choice->device, hint, set);
    else
        lim_error("%s%s%s%s", message, hint[0] ? "; " : "", hint, set);
}

bool ocl_device_choose(const struct lim_device_choice *choice, struct ocl_device *device,
                       enum lim_status *why)
{
    struct ocl_probe probe;
    char message[1536];
    bool good = false;
    int found;

    *why = LIM_ERROR;
    if (!begin(&probe))
        return false;
    *why = LIM_NO_DEVICE;
    found = ocl_device_select(probe.infos, probe.count, choice->platform, choice->device, message,
                              sizeof message, why);
    if (found < 0) {
        refuse(choice, &probe, message, *why == LIM_NO_DEVICE);
    } else {
        if (probe.trouble[0])
            lim_warning("%s", probe.trouble);
        good = take(choice, &probe, found, device);
    }
    end(&probe);
    return good;
}

/* The device that a run used before; logs one line if it is another one of the same name. */
static int find_again(const struct lim_device_choice *choice, const struct ocl_probe *probe,
                      bool preferred)
{
    const struct lim_device_info *info;
    char place[48];
    int found = choice->before ? ocl_choice_again(probe->infos, probe->count, choice->before,
                                                  choice->before_option, preferred)
                               : -1;

    if (found < 0 || !choice->before_option || !*choice->before_option)
        return found;
    info = probe->infos + found;
    snprintf(place, sizeof place, "--device %d:%d", info->platform, info->device);
    if (strcmp(place, choice->before_option) != 0)
        lim_info("the run was trained with %s, which is no %s now; %d:%d is", choice->before_option,
                 info->name, info->platform, info->device);
    return found;
}

bool ocl_device_auto(const struct lim_device_choice *choice, struct ocl_device *device,
                     char *reason, size_t reason_size)
{
    struct ocl_probe probe;
    char hint[512];
    int found, best;

    snprintf(reason, reason_size, "OpenCL unavailable (no memory)");
    if (!begin(&probe))
        return false;
    if (probe.trouble[0])
        lim_warning("%s", probe.trouble);
    best = ocl_choice_auto(probe.infos, probe.count);
    found = best >= 0 ? find_again(choice, &probe, true) : -1;
    if (found < 0)
        found = best;
    else if (found != best)
        lim_info("going on where the run was trained, with %d:%d", probe.infos[found].platform,
                 probe.infos[found].device);
    if (found >= 0 && !take(choice, &probe, found, device)) {
        snprintf(reason, reason_size, "OpenCL unavailable (%s cannot be used)",
                 probe.infos[found].name);
        found = -1;
    } else if (found < 0 && probe.count == 0 && !probe.trouble[0]) {
        ocl_hint_no_platform(hint, sizeof hint);
        snprintf(reason, reason_size, "OpenCL unavailable (%.200s)", hint);
    } else if (found < 0) {
        ocl_hint_render_node("/dev/dri", hint, sizeof hint);
        snprintf(reason, reason_size, "no OpenCL GPU%s%.150s", hint[0] ? ": " : "", hint);
    }
    end(&probe);
    return found >= 0;
}

bool ocl_device_cpu(const struct lim_device_choice *choice, struct ocl_device *device, bool *known)
{
    struct ocl_probe probe;
    enum lim_status why;
    char message[1536];
    int found;

    if (!begin(&probe))
        return false;
    found = find_again(choice, &probe, false);
    *known = found >= 0;
    if (found < 0)
        found =
            ocl_device_select(probe.infos, probe.count, NULL, "cpu", message, sizeof message, &why);
    if (found >= 0)
        describe(probe.infos + found, device);
    end(&probe);
    return found >= 0;
}

int lim_device_list(struct lim_device_info **list, const char **why_none)
{
    static _Thread_local char none[512];
    struct ocl_probe probe;
    int count = 0;

    REQUIRE(list && why_none, 0);
    *list = NULL;
    *why_none = "";
    if (!begin(&probe))
        return 0;
    *list = probe.infos;
    count = probe.count;
    probe.infos = NULL;
    if (probe.trouble[0])
        lim_warning("%s", probe.trouble);
    if (count == 0 && !probe.trouble[0]) {
        ocl_hint_no_platform(none, sizeof none);
        *why_none = none;
    }
    end(&probe);
    return count;
}

void lim_device_loader(char *text, size_t size)
{
    struct ocl_probe probe;

    REQUIRE_OR_RETURN(text && size > 0);
    snprintf(text, size, "(unknown)");
    if (!begin(&probe))
        return;
    if (probe.loader[0])
        snprintf(text, size, "%s", probe.loader);
    else if (loaded)
        ocl_loader(text, size);
    end(&probe);
}

void lim_device_list_free(struct lim_device_info *list)
{
    free(list);
}
