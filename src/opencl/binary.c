/* Reads compiled programs from the cache and writes them there, and makes their keys. */
#include "opencl/binary.h"

#include "config.h"
#include "opencl/cache.h"

#include <limner/version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { KEY = 8192 };

void ocl_binaries_init(struct ocl_backend *ocl, const char *cache_dir)
{
    bool asked = cache_dir || getenv("LIMNER_CACHE_DIR");

    if (ocl->quirks & OCL_NO_BINARIES || (ocl->quirks & OCL_COSTLY_BINARIES && !asked))
        return;
    ocl->cache_folder = ocl_cache_folder(cache_dir);
}

void ocl_binaries_finish(struct ocl_backend *ocl)
{
    for (int family = 0; family < OCL_FAMILIES; family++)
        free(ocl->cache_keys[family]);
    free(ocl->cache_folder);
}

/* Appends the text with its length, so that two different lists never make the same key. */
static void add(char *key, const char *format, ...) LIM_PRINTF(2, 3);

static void add(char *key, const char *format, ...)
{
    size_t used = strlen(key);
    char text[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(key + used, KEY - used, "%d:%s\n", n, text);
}

static void add_platform(char *key, cl_platform_id platform, cl_platform_info what)
{
    char text[512] = "";

    clGetPlatformInfo(platform, what, sizeof text, text, NULL);
    add(key, "%s", text);
}

static void add_device(char *key, cl_device_id device, cl_device_info what)
{
    char text[512] = "";

    clGetDeviceInfo(device, what, sizeof text, text, NULL);
    add(key, "%s", text);
}

/* Everything that the program depends on. The caller frees. */
static char *key_of(const struct ocl_backend *ocl, const char *options, const char *const *sources)
{
    cl_platform_id platform = NULL;
    cl_uint vendor = 0, bits = 0;
    char *key = calloc(KEY, 1);

    if (!key)
        return NULL;
    clGetDeviceInfo(ocl->device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    clGetDeviceInfo(ocl->device, CL_DEVICE_VENDOR_ID, sizeof vendor, &vendor, NULL);
    clGetDeviceInfo(ocl->device, CL_DEVICE_ADDRESS_BITS, sizeof bits, &bits, NULL);
    add(key, "limner %s", lim_version());
    add_platform(key, platform, CL_PLATFORM_NAME);
    add_platform(key, platform, CL_PLATFORM_VERSION);
    add_device(key, ocl->device, CL_DEVICE_NAME);
    add_device(key, ocl->device, CL_DEVICE_VERSION);
    add_device(key, ocl->device, CL_DRIVER_VERSION);
    add(key, "vendor %#x, %u bits, groups of %zu, %llu bytes local", vendor, bits,
        ocl->limits.group, (unsigned long long)ocl->limits.local_mem);
    add(key, "%s", options);
    for (int i = 0; i < 2; i++)
        add(key, "%zu bytes, %016llx", strlen(sources[i]),
            (unsigned long long)XXH3_64bits(sources[i], strlen(sources[i])));
    return key;
}

cl_program ocl_binary_load(struct ocl_backend *ocl, enum ocl_family family, const char *name,
                           const char *options, const char *const *sources)
{
    cl_program program = NULL;
    cl_int err = CL_SUCCESS, status = CL_SUCCESS;
    const unsigned char *binary;
    size_t size = 0;

    ocl->from_cache[family] = false;
    free(ocl->cache_keys[family]);
    ocl_wait_begin(ocl, "clGetDeviceInfo");
    ocl->cache_keys[family] = ocl->cache_folder ? key_of(ocl, options, sources) : NULL;
    ocl_wait_end(ocl);
    if (!ocl->cache_keys[family])
        return NULL;
    binary = ocl_cache_read(ocl->cache_folder, name, ocl->cache_keys[family], &size);
    if (!binary)
        return NULL;
    ocl_watchdog_begin(ocl->watchdog, "clCreateProgramWithBinary", name);
    program =
        clCreateProgramWithBinary(ocl->context, 1, &ocl->device, &size, &binary, &status, &err);
    ocl_wait_end(ocl);
    free((void *)binary);
    ocl_watchdog_begin(ocl->watchdog, "clBuildProgram", name);
    if (program && !err && !status)
        err = clBuildProgram(program, 1, &ocl->device, options, NULL, NULL);
    ocl_wait_end(ocl);
    if (program && !err && !status) {
        ocl->from_cache[family] = true;
        return program;
    }
    if (program)
        clReleaseProgram(program);
    ocl_cache_drop(ocl->cache_folder, name, ocl->cache_keys[family]);
    return NULL;
}

void ocl_binary_drop(struct ocl_backend *ocl, enum ocl_family family, const char *name)
{
    ocl_cache_drop(ocl->cache_folder, name, ocl->cache_keys[family]);
    ocl->from_cache[family] = false;
}

void ocl_binary_keep(struct ocl_backend *ocl, enum ocl_family family, const char *name)
{
    const char *key = ocl->cache_keys[family];
    unsigned char *binary;
    size_t size = 0;
    cl_int err;

    if (!key)
        return;
    if (ocl->from_cache[family]) {
        ocl_cache_good(ocl->cache_folder, name, key);
        return;
    }
    /* Some drivers compile in these calls. */
    ocl_watchdog_begin(ocl->watchdog, "clGetProgramInfo", name);
    err =
        clGetProgramInfo(ocl->programs[family], CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL);
    binary = !err && size > 0 ? malloc(size) : NULL;
    if (binary)
        err = clGetProgramInfo(ocl->programs[family], CL_PROGRAM_BINARIES, sizeof binary, &binary,
                               NULL);
    ocl_wait_end(ocl);
    if (binary && !err)
        ocl_cache_write(ocl->cache_folder, name, key, binary, size, OCL_CACHE_CAP);
    free(binary);
}
