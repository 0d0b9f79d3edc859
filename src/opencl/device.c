#include "device.h"

#include "choice.h"
#include "hints.h"

#include "log.h"

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

struct row {
    struct lim_device_info info;
    cl_device_id id;
};

struct listing {
    struct row *rows;
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
        const struct lim_device_info *other = &listing->rows[i].info;

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

static struct row *add_row(struct listing *listing)
{
    struct row *grown;

    if (listing->count == listing->room) {
        listing->room = listing->room ? 2 * listing->room : 16;
        grown = realloc(listing->rows, (size_t)listing->room * sizeof *grown);
        if (!grown)
            return NULL;
        listing->rows = grown;
    }
    grown = listing->rows + listing->count;
    memset(grown, 0, sizeof *grown);
    return grown;
}

static void list_platform(struct listing *listing, cl_platform_id platform, int index)
{
    struct lim_device_info common = {.platform = index};
    cl_device_id *ids = NULL;
    cl_uint count = 0;
    struct row *row;

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
    for (cl_uint d = 0; d < count && (row = add_row(listing)); d++) {
        row->info = common;
        row->info.device = (int)d;
        row->id = ids[d];
        ask_device(ids[d], &row->info);
        row->info.duplicate = seen_before(listing, &row->info);
        listing->count++;
    }
    if (count == 0 && (row = add_row(listing))) {
        row->info = common;
        row->info.device = -1;
        snprintf(row->info.note, sizeof row->info.note, "%s",
                 ocl_hint_no_devices(common.platform_name));
        listing->count++;
    }
    free(ids);
}

/* -1001 (no ICD) is the same as no platform. */
static void list_all(struct listing *listing)
{
    cl_platform_id *platforms = NULL;
    cl_uint count = 0;

    memset(listing, 0, sizeof *listing);
    if (clGetPlatformIDs(0, NULL, &count) != CL_SUCCESS)
        count = 0;
    if (count > 0)
        platforms = calloc(count, sizeof *platforms);
    if (!platforms || clGetPlatformIDs(count, platforms, NULL) != CL_SUCCESS)
        count = 0;
    for (cl_uint p = 0; p < count; p++)
        list_platform(listing, platforms[p], (int)p);
    free(platforms);
}

static struct lim_device_info *infos_of(const struct listing *listing)
{
    struct lim_device_info *infos = calloc((size_t)listing->count + 1, sizeof *infos);

    for (int i = 0; infos && i < listing->count; i++)
        infos[i] = listing->rows[i].info;
    return infos;
}

static void take(const struct row *row, struct ocl_device *device)
{
    device->id = row->id;
    device->platform_index = row->info.platform;
    device->device_index = row->info.device;
    snprintf(device->name, sizeof device->name, "%.100s (driver %.40s)", row->info.name,
             row->info.driver);
}

bool ocl_device_choose(const struct lim_device_choice *choice, struct ocl_device *device,
                       enum lim_status *why)
{
    char message[1536], hint[512];
    struct lim_device_info *infos;
    struct listing listing;
    int found = -1;

    list_all(&listing);
    infos = infos_of(&listing);
    *why = LIM_NO_DEVICE;
    if (!infos) {
        lim_error("no memory to list the devices");
        *why = LIM_ERROR;
    } else {
        found = ocl_choice(infos, listing.count, choice->platform, choice->device, message,
                           sizeof message, why);
        ocl_hint_render_node("/dev/dri", hint, sizeof hint);
        if (found >= 0) {
            take(listing.rows + found, device);
        } else if (*why == LIM_NO_DEVICE && listing.count == 0) {
            ocl_hint_no_platform(hint, sizeof hint);
            lim_error("%s '%s': %s", choice->platform ? "--platform" : "--device",
                      choice->platform ? choice->platform : choice->device, hint);
        } else if (*why == LIM_NO_DEVICE && hint[0]) {
            lim_error("%s; %s", message, hint);
        } else {
            lim_error("%s", message);
        }
    }
    free(infos);
    free(listing.rows);
    return found >= 0;
}

bool ocl_device_auto(struct ocl_device *device, char *reason, size_t reason_size)
{
    struct lim_device_info *infos;
    struct listing listing;
    char hint[512];
    int found;

    list_all(&listing);
    infos = infos_of(&listing);
    found = infos ? ocl_choice_auto(infos, listing.count) : -1;
    if (found >= 0) {
        take(listing.rows + found, device);
    } else if (listing.count == 0) {
        ocl_hint_no_platform(hint, sizeof hint);
        snprintf(reason, reason_size, "OpenCL unavailable (%.200s)", hint);
    } else {
        ocl_hint_render_node("/dev/dri", hint, sizeof hint);
        snprintf(reason, reason_size, "no OpenCL GPU%s%.150s", hint[0] ? ": " : "", hint);
    }
    free(infos);
    free(listing.rows);
    return found >= 0;
}

int lim_device_list(struct lim_device_info **list, const char **why_none)
{
    static char none[512]; /* the same for every caller of one process */
    struct listing listing;
    int count;

    list_all(&listing);
    *list = infos_of(&listing);
    count = *list ? listing.count : 0;
    if (count == 0)
        ocl_hint_no_platform(none, sizeof none);
    *why_none = count == 0 ? none : "";
    free(listing.rows);
    return count;
}

void lim_device_list_free(struct lim_device_info *list)
{
    free(list);
}
