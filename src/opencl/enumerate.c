#include "opencl/enumerate.h"

#include "base/log.h"
#include "opencl/quirks.h"

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
    cl_device_id *ids;
    int count, room;
};

/* Makes a driver's text one line without control characters for a terminal. */
static void make_harmless(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

void ocl_device_text(cl_device_id id, cl_device_info what, char *text, size_t size)
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
        make_harmless(text);
    }
    free(whole);
    if (!*text && what == CL_DEVICE_NAME)
        snprintf(text, size, "(unnamed)");
}

static cl_ulong device_number(cl_device_id id, cl_device_info what, size_t size)
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

static void read_identity(cl_device_id id, struct lim_device_info *info)
{
    unsigned char uuid[16], topology[24];
    cl_uint pci[4];
    char extensions[8192];

    ocl_device_text(id, CL_DEVICE_EXTENSIONS, extensions, sizeof extensions);
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
                 (unsigned)device_number(id, DEVICE_PCI_BUS_ID_NV, sizeof(cl_uint)) & 0xff,
                 (unsigned)device_number(id, DEVICE_PCI_SLOT_ID_NV, sizeof(cl_uint)) & 0xff);
    else if (has_extension(extensions, "cl_amd_device_attribute_query") &&
             clGetDeviceInfo(id, DEVICE_TOPOLOGY_AMD, sizeof topology, topology, NULL) ==
                 CL_SUCCESS)
        snprintf(info->pci, sizeof info->pci, "0000:%02x:%02x.%x", topology[21], topology[22],
                 topology[23] & 0xf);
}

static void check_usable(cl_device_id id, struct lim_device_info *info)
{
    cl_device_exec_capabilities able = 0;
    const char *note = ocl_quirk_text(info->platform_name, info->name, OCL_UNUSABLE);

    clGetDeviceInfo(id, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof able, &able, NULL);
    if (!*note && !device_number(id, CL_DEVICE_AVAILABLE, sizeof(cl_bool)))
        note = "the driver says that it is not available";
    if (!*note && !device_number(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof(cl_bool)))
        note = "its driver has no compiler";
    if (!*note && !device_number(id, CL_DEVICE_ENDIAN_LITTLE, sizeof(cl_bool)))
        note = "it is big-endian";
    if (!*note && !(able & CL_EXEC_KERNEL))
        note = "it cannot run kernels";
    info->usable = !*note;
    snprintf(info->note, sizeof info->note, "%s", note);
}

static void read_device(cl_device_id id, struct lim_device_info *info)
{
    cl_device_type type = 0;

    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    snprintf(info->type, sizeof info->type, "%s",
             type & CL_DEVICE_TYPE_GPU           ? "gpu"
             : type & CL_DEVICE_TYPE_CPU         ? "cpu"
             : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator"
                                                 : "other");
    ocl_device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    ocl_device_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    ocl_device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    ocl_device_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    info->compute_units = (unsigned)device_number(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    info->clock_mhz = (unsigned)device_number(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint));
    info->integrated = device_number(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(cl_bool)) != 0;
    info->max_group = (size_t)device_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    info->global_mem = device_number(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_alloc = device_number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    info->local_mem = device_number(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
    read_identity(id, info);
    check_usable(id, info);
}

/* The same hardware, seen earlier: it has the same identity, or one driver is listed twice. Equal
 * names prove nothing: a machine may have two equal cards. */
static bool seen_before(const struct listing *listing, const struct lim_device_info *info,
                        cl_device_id id)
{
    for (int i = 0; i < listing->count; i++) {
        const struct lim_device_info *other = &listing->infos[i];

        if (other->device < 0 || other->platform == info->platform)
            continue;
        if (listing->ids[i] == id)
            return true;
        if (info->uuid[0] && other->uuid[0]) {
            if (strcmp(info->uuid, other->uuid) == 0)
                return true;
        } else if (info->pci[0] && strcmp(info->pci, other->pci) == 0) {
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
        cl_device_id *ids = realloc(listing->ids, (size_t)room * sizeof(cl_device_id));

        listing->infos = infos ? infos : listing->infos;
        listing->ids = ids ? ids : listing->ids;
        if (!infos || !ids)
            return NULL;
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
    make_harmless(common.platform_name);
    make_harmless(common.platform_version);
    /* An error counts as none, whatever value it left in the count. */
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count) != CL_SUCCESS)
        count = 0;
    if (count > 0)
        ids = calloc(count, sizeof *ids);
    if (!ids || clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, NULL) != CL_SUCCESS)
        count = 0;
    for (cl_uint d = 0; d < count && (row = next_row(listing)); d++) {
        *row = common;
        row->device = (int)d;
        read_device(ids[d], row);
        row->duplicate = seen_before(listing, row, ids[d]);
        listing->ids[listing->count++] = ids[d];
    }
    if (count == 0 && (row = next_row(listing))) {
        *row = common;
        row->device = -1;
        snprintf(row->note, sizeof row->note, "%s",
                 ocl_quirk_text(common.platform_name, "", OCL_NO_DEVICES));
        listing->count++;
    }
    free(ids);
}

/* -1001 (no ICD) is the same as no platform. */
cl_uint ocl_platforms(cl_platform_id **platforms)
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
    cl_uint count = ocl_platforms(&platforms);

    for (cl_uint p = 0; p < count; p++)
        list_platform(&listing, platforms[p], (int)p);
    free(platforms);
    free(listing.ids);
    *infos = listing.infos;
    return listing.count;
}
