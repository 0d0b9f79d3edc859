/* Which libOpenCL.so the process loaded: environments bring their own, with other drivers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS /* clGetExtensionFunctionAddress */
#include "opencl/loader.h"

#include "opencl/cl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Of the extension cl_loader_info, which older headers lack. */
enum { ICDL_VERSION = 2, ICDL_NAME = 3 };
typedef cl_int (*loader_info)(cl_uint, size_t, void *, size_t *);

static void ask(loader_info info, cl_uint what, char *text, size_t size)
{
    if (!info || info(what, size, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    text[size - 1] = '\0';
}

void ocl_loader(char *text, size_t size)
{
    cl_int (*entry)(cl_uint, cl_platform_id *, cl_uint *) = clGetPlatformIDs;
    void *address = NULL;
    loader_info info;
    char name[64], version[64];
    Dl_info where;

    /* A function's address as a pointer to data, as POSIX has it. */
    memcpy(&address, &entry, sizeof address);
    if (!dladdr(address, &where) || !where.dli_fname)
        where.dli_fname = "(unknown)";
    address = clGetExtensionFunctionAddress("clGetICDLoaderInfoOCLICD");
    memcpy(&info, &address, sizeof info);
    ask(info, ICDL_NAME, name, sizeof name);
    ask(info, ICDL_VERSION, version, sizeof version);
    snprintf(text, size, "%s%s%s%s%s%s", where.dli_fname, *name ? " (" : "", name,
             *name && *version ? " " : "", *name ? version : "", *name ? ")" : "");
}
