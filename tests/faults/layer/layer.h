/* What the layer's two halves share: layer.c counts, logs and reads settings; wrap.c wraps the
 * driver's functions. */
#ifndef LIMNER_TESTS_LAYER_H
#define LIMNER_TESTS_LAYER_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <CL/cl_layer.h>
#include <limner/api.h>
#include <stdbool.h>

/* Every function that is counted, and can be made to fail. */
#define LAYER_CALLS(X)           \
    X(clGetPlatformIDs)          \
    X(clGetDeviceIDs)            \
    X(clGetDeviceInfo)           \
    X(clCreateContext)           \
    X(clCreateCommandQueue)      \
    X(clCreateBuffer)            \
    X(clCreateProgramWithSource) \
    X(clCreateProgramWithBinary) \
    X(clBuildProgram)            \
    X(clGetProgramBuildInfo)     \
    X(clCreateKernel)            \
    X(clGetKernelWorkGroupInfo)  \
    X(clSetKernelArg)            \
    X(clEnqueueNDRangeKernel)    \
    X(clEnqueueReadBuffer)       \
    X(clEnqueueWriteBuffer)      \
    X(clEnqueueCopyBuffer)       \
    X(clEnqueueFillBuffer)       \
    X(clWaitForEvents)           \
    X(clFlush)                   \
    X(clFinish)                  \
    X(clGetPlatformInfo)         \
    X(clGetProgramInfo)          \
    X(clReleaseContext)          \
    X(clReleaseCommandQueue)     \
    X(clReleaseProgram)          \
    X(clReleaseKernel)           \
    X(clReleaseMemObject)        \
    X(clReleaseEvent)

enum layer_call {
#define ENTRY(call) CALL_##call,
    LAYER_CALLS(ENTRY)
#undef ENTRY
        CALLS
};

enum layer_object {
    OBJECT_CONTEXT,
    OBJECT_QUEUE,
    OBJECT_PROGRAM,
    OBJECT_KERNEL,
    OBJECT_BUFFER,
    OBJECT_EVENT,
    OBJECTS
};

enum { RULES = 8 };

struct rule {
    enum layer_call call;
    int nth;
    bool onwards; /* also all later ones */
    enum { RULE_FAIL, RULE_HANG, RULE_DELAY, RULE_CRASH } kind;
    int value; /* the code; or milliseconds */
};

/* Zeros and "" change nothing. Sizes in bytes. */
struct settings {
    char log[512];
    cl_ulong max_alloc, global_mem, local_mem, group, units, clock, vendor;
    char driver[128], type[16];
    cl_ulong flip;      /* the read whose first float gets a wrong bit */
    cl_ulong sleep;     /* milliseconds in every clFinish */
    cl_ulong keep;      /* no buffer is released */
    cl_ulong has;       /* memory that really exists; more than that is refused */
    cl_ulong lazy;      /* not when a buffer is made, but at the next clFinish */
    cl_ulong registers; /* work-items of the largest group that launches, whatever is reported */
    cl_ulong probe;     /* the rules are for limner-probe, which queries drivers for devices */
    struct rule rules[RULES];
    int rule_count;
};

extern const struct _cl_icd_dispatch *next;
extern struct settings settings;

void layer_log(const char *format, ...) LIM_PRINTF(1, 2);
void layer_live(enum layer_object object, int change);
void layer_bytes_change(long long change);
bool layer_fails(enum layer_call call, cl_int *code);
void layer_pause(cl_ulong milliseconds);
void layer_fill(struct _cl_icd_dispatch *table);

/* For a test in the same process, through dlsym: calls of this function so far; -1: not counted. */
int layer_calls(const char *name);

/* Bytes in live buffers; with `most` the most that there ever were. */
unsigned long long layer_bytes(bool most);

/* The same: OpenCL objects of all kinds that were made and not released. */
int layer_alive(void);

#endif
