/* An OpenCL driver that only fails, for tests of how limner finds devices. The variable
 * LIMNER_TEST_ICD says where and how: platforms-HOW when the loader asks for its platform,
 * devices-HOW when that is asked for devices. HOW: abort, crash, exit, hang; for devices also none
 * (as CL_DEVICE_NOT_FOUND, with a count that means nothing) and unknown (an error code of its own).
 * Or twins: two platforms of one name, with one of two equal cards each, which report nothing that
 * could identify them, under the name LIMNER_TEST_NAME where that is set. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct _cl_platform_id {
    const struct _cl_icd_dispatch *dispatch;
};

static struct _cl_icd_dispatch dispatch;
static struct _cl_platform_id platforms[2] = {{&dispatch}, {&dispatch}};

/* The same thing, as the loader wants it: what begins with the table. */
struct _cl_device_id {
    const struct _cl_icd_dispatch *dispatch;
};

static struct _cl_device_id cards[2] = {{&dispatch}, {&dispatch}};

/* What comes after `where` and a dash, or "". */
static const char *told(const char *where)
{
    const char *how = getenv("LIMNER_TEST_ICD");
    size_t length = strlen(where);

    return how && strncmp(how, where, length) == 0 && how[length] == '-' ? how + length + 1 : "";
}

static cl_uint twins(void)
{
    const char *how = getenv("LIMNER_TEST_ICD");

    return how && strcmp(how, "twins") == 0;
}

static void go_wrong(const char *how)
{
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL); /* sanitizers handle it, and exit */
        raise(SIGSEGV);
    }
    if (strcmp(how, "exit") == 0)
        _exit(5);
    while (strcmp(how, "hang") == 0)
        pause();
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t size,
                                        void *value, size_t *size_ret)
{
    const char *text = what == CL_PLATFORM_NAME         ? "Faulty"
                       : what == CL_PLATFORM_VERSION    ? "OpenCL 1.2 faulty"
                       : what == CL_PLATFORM_PROFILE    ? "FULL_PROFILE"
                       : what == CL_PLATFORM_EXTENSIONS ? "cl_khr_icd"
                                                        : "FAULTY";

    (void)id;
    if (value && size < strlen(text) + 1)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, text, strlen(text) + 1);
    if (size_ret)
        *size_ret = strlen(text) + 1;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL device_ids(cl_platform_id id, cl_device_type type, cl_uint room,
                                     cl_device_id *ids, cl_uint *count)
{
    const char *how = told("devices");

    (void)type;
    go_wrong(how);
    if (twins()) {
        if (ids && room > 0)
            ids[0] = &cards[id - platforms];
        if (count)
            *count = 1;
        return CL_SUCCESS;
    }
    if (count)
        *count = 7;
    return strcmp(how, "unknown") == 0 ? -12345 : CL_DEVICE_NOT_FOUND;
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what, size_t size,
                                      void *value, size_t *size_ret)
{
    const char *name = getenv("LIMNER_TEST_NAME");
    const char *text = what == CL_DEVICE_NAME         ? (name ? name : "Faulty Card")
                       : what == CL_DEVICE_VENDOR     ? "Faulty Inc."
                       : what == CL_DRIVER_VERSION    ? "1.0"
                       : what == CL_DEVICE_VERSION    ? "OpenCL 1.2 faulty"
                       : what == CL_DEVICE_EXTENSIONS ? "cl_khr_icd"
                                                      : NULL;
    cl_device_type gpu = CL_DEVICE_TYPE_GPU;
    cl_ulong one = 1; /* as a bool, as a capability, as whatever is asked for */
    const void *from = text                     ? (const void *)text
                       : what == CL_DEVICE_TYPE ? (const void *)&gpu
                                                : (const void *)&one;
    size_t need = text ? strlen(text) + 1 : size < sizeof one ? size : sizeof one;

    (void)id;
    if (value && size < need)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, from, need);
    if (size_ret)
        *size_ret = need;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *ids,
                                                       cl_uint *count)
{
    go_wrong(told("platforms"));
    dispatch.clGetPlatformInfo = platform_info;
    dispatch.clGetDeviceIDs = device_ids;
    dispatch.clGetDeviceInfo = device_info;
    if (count)
        *count = 1 + twins();
    for (cl_uint i = 0; ids && i < room && i <= twins(); i++)
        ids[i] = &platforms[i];
    return CL_SUCCESS;
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
    cl_int (*get)(cl_uint, cl_platform_id *, cl_uint *) = clIcdGetPlatformIDsKHR;
    cl_int (*info)(cl_platform_id, cl_platform_info, size_t, void *, size_t *) = platform_info;
    void *address = NULL;

    /* A function's address as a pointer to data, as POSIX has it. */
    if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0)
        memcpy(&address, &get, sizeof address);
    else if (strcmp(name, "clGetPlatformInfo") == 0)
        memcpy(&address, &info, sizeof address);
    return address;
}
