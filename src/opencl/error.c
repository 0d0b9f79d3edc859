#include "opencl/error.h"

#include "opencl/cl.h"

#include <clblast_c.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
} names[] = {
#define NAME(code)  \
    {               \
        code, #code \
    }
    NAME(CL_DEVICE_NOT_FOUND),
    NAME(CL_DEVICE_NOT_AVAILABLE),
    NAME(CL_COMPILER_NOT_AVAILABLE),
    NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    NAME(CL_OUT_OF_RESOURCES),
    NAME(CL_OUT_OF_HOST_MEMORY),
    NAME(CL_PROFILING_INFO_NOT_AVAILABLE),
    NAME(CL_MEM_COPY_OVERLAP),
    NAME(CL_BUILD_PROGRAM_FAILURE),
    NAME(CL_MAP_FAILURE),
    NAME(CL_MISALIGNED_SUB_BUFFER_OFFSET),
    NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    NAME(CL_COMPILE_PROGRAM_FAILURE),
    NAME(CL_LINKER_NOT_AVAILABLE),
    NAME(CL_LINK_PROGRAM_FAILURE),
    NAME(CL_KERNEL_ARG_INFO_NOT_AVAILABLE),
    NAME(CL_INVALID_VALUE),
    NAME(CL_INVALID_DEVICE_TYPE),
    NAME(CL_INVALID_PLATFORM),
    NAME(CL_INVALID_DEVICE),
    NAME(CL_INVALID_CONTEXT),
    NAME(CL_INVALID_QUEUE_PROPERTIES),
    NAME(CL_INVALID_COMMAND_QUEUE),
    NAME(CL_INVALID_HOST_PTR),
    NAME(CL_INVALID_MEM_OBJECT),
    NAME(CL_INVALID_BINARY),
    NAME(CL_INVALID_BUILD_OPTIONS),
    NAME(CL_INVALID_PROGRAM),
    NAME(CL_INVALID_PROGRAM_EXECUTABLE),
    NAME(CL_INVALID_KERNEL_NAME),
    NAME(CL_INVALID_KERNEL_DEFINITION),
    NAME(CL_INVALID_KERNEL),
    NAME(CL_INVALID_ARG_INDEX),
    NAME(CL_INVALID_ARG_VALUE),
    NAME(CL_INVALID_ARG_SIZE),
    NAME(CL_INVALID_KERNEL_ARGS),
    NAME(CL_INVALID_WORK_DIMENSION),
    NAME(CL_INVALID_WORK_GROUP_SIZE),
    NAME(CL_INVALID_WORK_ITEM_SIZE),
    NAME(CL_INVALID_GLOBAL_OFFSET),
    NAME(CL_INVALID_EVENT_WAIT_LIST),
    NAME(CL_INVALID_EVENT),
    NAME(CL_INVALID_OPERATION),
    NAME(CL_INVALID_BUFFER_SIZE),
    NAME(CL_INVALID_GLOBAL_WORK_SIZE),
    NAME(CL_INVALID_PROPERTY),
    NAME(CL_INVALID_COMPILER_OPTIONS),
    NAME(CL_INVALID_LINKER_OPTIONS),
    {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
    {-9999, "illegal memory access, as NVIDIA reports it"},
    NAME(CLBlastNotImplemented),
    NAME(CLBlastInvalidMatrixA),
    NAME(CLBlastInvalidMatrixB),
    NAME(CLBlastInvalidMatrixC),
    NAME(CLBlastInvalidDimension),
    NAME(CLBlastInvalidLeadDimA),
    NAME(CLBlastInvalidLeadDimB),
    NAME(CLBlastInvalidLeadDimC),
    NAME(CLBlastInsufficientMemoryA),
    NAME(CLBlastInsufficientMemoryB),
    NAME(CLBlastInsufficientMemoryC),
    NAME(CLBlastInsufficientMemoryTemp),
    NAME(CLBlastInvalidLocalMemUsage),
    NAME(CLBlastDatabaseError),
    NAME(CLBlastUnknownError),
    NAME(CLBlastUnexpectedError),
#undef NAME
};

const char *ocl_error(int code)
{
    static _Thread_local char text[80];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].code == code) {
            snprintf(text, sizeof text, "%s (%d)", names[i].name, code);
            return text;
        }
    }
    snprintf(text, sizeof text, "error %d", code);
    return text;
}

const char *ocl_pending(const struct ocl_pending *pending, char *text, size_t size)
{
    unsigned known = pending->count < OCL_PENDING_NAMES ? pending->count : OCL_PENDING_NAMES;
    size_t at = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < known && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s",
                               i ? ", " : " while waiting for: ", pending->names[i]);
    if (pending->count > known && at < size)
        snprintf(text + at, size - at, " ...");
    return text;
}
