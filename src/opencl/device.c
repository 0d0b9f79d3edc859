#include "device.h"

#include "choice.h"
#include "hints.h"
#include "probe.h"
#include "watch.h"

#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From extensions that the 1.2 headers do not have: cl_khr_device_uuid, cl_khr_pci_bus_info,
 * cl_nv_device_attribute_query, cl_amd_device_attribute_query. */
#define DEVICE_UUID_KHR 0x106A
#define DEVICE_PCI_BUS_INFO_KHR 0x410F
#define DEVICE_PCI_BUS_ID_NV 0x4008
#define DEVICE_PCI_SLOT_ID_NV 0x4009
#define DEVICE_TOPOLOGY_AMD 0x4037

struct listing {
    struct lim_device_info *infos;
    int count, room;
};

/* An empty string where the driver does not answer. */
static void ask_text(cl_device_id id, cl_device_info what, char *text, size_t size)
{
    char *whole = NULL, *start;
    size_t need = 0;

    text[0] = '\0';
    if (clGetDeviceInfo(id, what, 0, NULL, &need) == CL_SUCCESS && need > 0)
        whole = calloc(1, need + 1);
    if (whole && clGetDeviceInfo(id, what, need, whole, NULL) == CL_SUCCESS) {
        for (start = whole; *start == ' '; start++) /* some drivers pad names with blanks */
            ;
        snprintf(text, size, "%s", start);
    }
    free(whole);
}

static cl_ulong ask_number(cl_device_id id, cl_device_info what, size_t size)
{
    union {
        cl_ulong wide;
        cl_uint narrow;
        size_t natural;
    } value = {0};

    if (clGetDeviceInfo(id, what, size, &value, NULL) != CL_SUCCESS)
        return 0;
    return size == sizeof value.wide ? value.wide : value.narrow;
}

/* Is the word in the blank-separated list? Whole words only. */
static bool has_extension(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static void ask_identity(cl_device_id id, struct lim_device_info *info)
{
    unsigned char uuid[16], topology[24];
    cl_uint pci[4];
    char extensions[8192];

    ask_text(id, CL_DEVICE_EXTENSIONS, extensions, sizeof extensions);
    if (has_extension(extensions, "cl_khr_device_uuid") &&
        clGetDeviceInfo(id, DEVICE_UUID_KHR, sizeof uuid, uuid, NULL) == CL_SUCCESS)
        for (int i = 0; i < 16; i++)
            snprintf(info->uuid + 2 * i, 3, "%02x", uuid[i]);
    if (has_extension(extensions, "cl_khr_pci_bus_info") &&
        clGetDeviceInfo(id, DEVICE_PCI_BUS_INFO_KHR, sizeof pci, pci, NULL) == CL_SUCCESS)
        snprintf(info->pci, sizeof info->pci, "%04x:%02x:%02x.%x", pci[0] & 0xffff, pci[1] & 0xff,
                 pci[2] & 0xff, pci[3] & 0xf);
    else if (has_extension(extensions, "cl_nv_device_attribute_query"))
        snprintf(info->pci, sizeof info->pci, "0000:%02x:%02x.0",
                 (unsigned)ask_number(id, DEVICE_PCI_BUS_ID_NV, sizeof(cl_uint)) & 0xff,
                 (unsigned)ask_number(id, DEVICE_PCI_SLOT_ID_NV, sizeof(cl_uint)) & 0xff);
    else if (has_extension(extensions, "cl_amd_device_attribute_query") &&
             clGetDeviceInfo(id, DEVICE_TOPOLOGY_AMD, sizeof topology, topology, NULL) ==
                 CL_SUCCESS)
        snprintf(info->pci, sizeof info->pci, "0000:%02x:%02x.%x", topology[21], topology[22],
                 topology[23] & 0xf);
}

static void judge(cl_device_id id, struct lim_device_info *info)
{
    cl_device_exec_capabilities able = 0;
    const char *note = "";

    clGetDeviceInfo(id, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof able, &able, NULL);
    if (strstr(info->platform_name, "Clover"))
        note = "Clover computes wrong results: use rusticl";
    else if (!ask_number(id, CL_DEVICE_AVAILABLE, sizeof(cl_bool)))
        note = "the driver says that it is not available";
    else if (!ask_number(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof(cl_bool)))
        note = "its driver has no compiler";
    else if (!ask_number(id, CL_DEVICE_ENDIAN_LITTLE, sizeof(cl_bool)))
        note = "it is big-endian";
    else if (!(able & CL_EXEC_KERNEL))
        note = "it cannot run kernels";
    info->usable = !*note;
    snprintf(info->note, sizeof info->note, "%s", note);
}

static void ask_device(cl_device_id id, struct lim_device_info *info)
{
    cl_device_type type = 0;

    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    snprintf(info->type, sizeof info->type, "%s",
             type & CL_DEVICE_TYPE_GPU           ? "gpu"
             : type & CL_DEVICE_TYPE_CPU         ? "cpu"
             : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator"
                                                 : "other");
    ask_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    ask_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    ask_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    ask_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    info->compute_units = (unsigned)ask_number(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    info->clock_mhz = (unsigned)ask_number(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint));
    info->integrated = ask_number(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(cl_bool)) != 0;
    info->max_group = (size_t)ask_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    info->global_mem = ask_number(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_alloc = ask_number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    info->local_mem = ask_number(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
    ask_identity(id, info);
    judge(id, info);
}

/* The same hardware, seen earlier: through its identity, or one driver that is listed twice. */
static bool seen_before(const struct listing *listing, const struct lim_device_info *info)
{
    for (int i = 0; i < listing->count; i++) {
        const struct lim_device_info *other = &listing->infos[i];

        if (other->device < 0 || other->platform == info->platform)
            continue;
        if (info->uuid[0] && other->uuid[0]) {
            if (strcmp(info->uuid, other->uuid) == 0)
                return true;
        } else if (info->pci[0] && strcmp(info->pci, other->pci) == 0) {
            return true;
        } else if (strcmp(info->platform_name, other->platform_name) == 0 &&
                   strcmp(info->name, other->name) == 0 &&
                   strcmp(info->driver, other->driver) == 0) {
            return true;
        }
    }
    return false;
}

/* The next row, zeroed but not counted yet. NULL: no memory. */
static struct lim_device_info *next_row(struct listing *listing)
{
    if (listing->count == listing->room) {
        int room = listing->room ? 2 * listing->room : 16;
        struct lim_device_info *infos =
            realloc(listing->infos, (size_t)room * sizeof *listing->infos);

        if (!infos)
            return NULL;
        listing->infos = infos;
        listing->room = room;
    }
    memset(listing->infos + listing->count, 0, sizeof *listing->infos);
    return listing->infos + listing->count;
}

static void list_platform(struct listing *listing, cl_platform_id platform, int index)
{
    struct lim_device_info common = {.platform = index}, *row;
    cl_device_id *ids = NULL;
    cl_uint count = 0;

    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof common.platform_name, common.platform_name,
                      NULL);
    clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof common.platform_version,
                      common.platform_version, NULL);
    /* An error means none, whatever it left in the count. */
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count) != CL_SUCCESS)
        count = 0;
    if (count > 0)
        ids = calloc(count, sizeof *ids);
    if (!ids || clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, NULL) != CL_SUCCESS)
        count = 0;
    for (cl_uint d = 0; d < count && (row = next_row(listing)); d++) {
        *row = common;
        row->device = (int)d;
        ask_device(ids[d], row);
        row->duplicate = seen_before(listing, row);
        listing->count++;
    }
    if (count == 0 && (row = next_row(listing))) {
        *row = common;
        row->device = -1;
        snprintf(row->note, sizeof row->note, "%s", ocl_hint_no_devices(common.platform_name));
        listing->count++;
    }
    free(ids);
}

/* Returns how many; -1001 (no ICD) is the same as no platform. */
static cl_uint list_platforms(cl_platform_id **platforms)
{
    cl_uint count = 0;

    *platforms = NULL;
    if (clGetPlatformIDs(0, NULL, &count) != CL_SUCCESS)
        count = 0;
    if (count > 0)
        *platforms = calloc(count, sizeof **platforms);
    if (!*platforms || clGetPlatformIDs(count, *platforms, NULL) != CL_SUCCESS)
        count = 0;
    return count;
}

int ocl_devices_here(struct lim_device_info **infos)
{
    struct listing listing = {0};
    cl_platform_id *platforms;
    cl_uint count = list_platforms(&platforms);

    for (cl_uint p = 0; p < count; p++)
        list_platform(&listing, platforms[p], (int)p);
    free(platforms);
    *infos = listing.infos;
    return listing.count;
}

/* Once drivers are loaded here, a child could not ask them (OPENCL.md, rule 8), and need not. */
static atomic_bool loaded;

static bool find_devices(struct ocl_probe *probe)
{
    if (!atomic_load(&loaded))
        return ocl_probe_begin(probe);
    memset(probe, 0, sizeof *probe);
    probe->count = ocl_devices_here(&probe->infos);
    if (!probe->infos)
        probe->infos = calloc(1, sizeof *probe->infos);
    if (!probe->infos)
        lim_error("no memory to list the devices");
    return probe->infos != NULL;
}

static void describe(const struct lim_device_info *info, struct ocl_device *device)
{
    device->platform_index = info->platform;
    device->device_index = info->device;
    snprintf(device->name, sizeof device->name, "%.100s (driver %.40s)", info->name, info->driver);
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

/* Loads the drivers into this process and finds the device there that the child told of. False
 * after one log line. */
static bool take(const struct lim_device_choice *choice, const struct lim_device_info *info,
                 struct ocl_device *device)
{
    cl_platform_id *platforms;
    cl_uint count;
    char name[sizeof info->name] = "", where[32];

    describe(info, device);
    snprintf(where, sizeof where, "%d:%d", info->platform, info->device);
    if (!ocl_watch_start(&device->watch, choice, where))
        return false;
    atomic_store(&loaded, true);
    ocl_watch_begin(device->watch, "clGetPlatformIDs", NULL);
    count = list_platforms(&platforms);
    ocl_watch_end(device->watch);
    device->id = NULL;
    if ((cl_uint)info->platform < count) {
        ocl_watch_begin(device->watch, "clGetDeviceIDs", NULL);
        device->id = device_of(platforms[info->platform], info->device);
        ocl_watch_end(device->watch);
    }
    free(platforms);
    if (device->id) {
        ocl_watch_begin(device->watch, "clGetDeviceInfo", NULL);
        ask_text(device->id, CL_DEVICE_NAME, name, sizeof name);
        ocl_watch_end(device->watch);
    }
    if (*name && strcmp(name, info->name) == 0)
        return true;
    lim_error("%s has gone since it was found", info->name);
    ocl_watch_stop(device->watch);
    return false;
}

/* Why the choice came to nothing, in one line: `message`, or that there is no platform, and what
 * may be the reason. */
static void refuse(const struct lim_device_choice *choice, const struct ocl_probe *probe,
                   const char *message, bool no_device)
{
    char hint[512] = "";

    if (probe->trouble[0])
        snprintf(hint, sizeof hint, "%.511s", probe->trouble);
    else if (no_device && probe->count == 0)
        ocl_hint_no_platform(hint, sizeof hint);
    else if (no_device)
        ocl_hint_render_node("/dev/dri", hint, sizeof hint);
    if (no_device && probe->count == 0)
        lim_error("%s '%s': %s", choice->platform ? "--platform" : "--device",
                  choice->platform ? choice->platform : choice->device, hint);
    else
        lim_error("%s%s%s", message, hint[0] ? "; " : "", hint);
}

bool ocl_device_choose(const struct lim_device_choice *choice, struct ocl_device *device,
                       enum lim_status *why)
{
    struct ocl_probe probe;
    char message[1536];
    bool good = false;
    int found;

    *why = LIM_ERROR;
    if (!find_devices(&probe))
        return false;
    *why = LIM_NO_DEVICE;
    found = ocl_choice(probe.infos, probe.count, choice->platform, choice->device, message,
                       sizeof message, why);
    if (found < 0) {
        refuse(choice, &probe, message, *why == LIM_NO_DEVICE);
    } else {
        if (probe.trouble[0])
            lim_warning("%s", probe.trouble);
        good = take(choice, probe.infos + found, device);
    }
    ocl_probe_end(&probe);
    return good;
}

bool ocl_device_auto(const struct lim_device_choice *choice, struct ocl_device *device,
                     char *reason, size_t reason_size)
{
    struct ocl_probe probe;
    char hint[512];
    int found;

    snprintf(reason, reason_size, "OpenCL unavailable (no memory)");
    if (!find_devices(&probe))
        return false;
    if (probe.trouble[0])
        lim_warning("%s", probe.trouble);
    found = ocl_choice_auto(probe.infos, probe.count);
    if (found >= 0 && !take(choice, probe.infos + found, device)) {
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
    ocl_probe_end(&probe);
    return found >= 0;
}

bool ocl_device_cpu(const char *before, struct ocl_device *device)
{
    struct ocl_probe probe;
    enum lim_status why;
    char message[1536];
    int found;

    if (!find_devices(&probe))
        return false;
    found = ocl_choice(probe.infos, probe.count, NULL, "cpu", message, sizeof message, &why);
    for (int i = 0; before && i < probe.count; i++) {
        const struct lim_device_info *info = &probe.infos[i];

        if (!info->usable || info->duplicate || strcmp(info->type, "cpu") != 0)
            continue;
        describe(info, device);
        if (strcmp(device->name, before) == 0) {
            found = i;
            break;
        }
    }
    if (found >= 0)
        describe(probe.infos + found, device);
    ocl_probe_end(&probe);
    return found >= 0;
}

int lim_device_list(struct lim_device_info **list, const char **why_none)
{
    static char none[512]; /* the same for every caller of one process */
    struct ocl_probe probe;
    int count = 0;

    *list = NULL;
    if (find_devices(&probe)) {
        *list = probe.infos;
        count = probe.count;
        probe.infos = NULL;
        if (probe.trouble[0])
            lim_warning("%s", probe.trouble);
    }
    if (count == 0)
        ocl_hint_no_platform(none, sizeof none);
    *why_none = count == 0 && !probe.trouble[0] ? none : "";
    ocl_probe_end(&probe);
    return count;
}

void lim_device_loader(char *text, size_t size)
{
    struct ocl_probe probe;

    if (atomic_load(&loaded)) {
        ocl_loader(text, size);
    } else if (ocl_probe_begin(&probe)) {
        snprintf(text, size, "%s", probe.loader);
        ocl_probe_end(&probe);
    } else {
        snprintf(text, size, "(unknown)");
    }
}

void lim_device_list_free(struct lim_device_info *list)
{
    free(list);
}
