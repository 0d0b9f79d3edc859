/* The state of a backend: what every file here works on. */
#ifndef LIMNER_SRC_OPENCL_BACKEND_H
#define LIMNER_SRC_OPENCL_BACKEND_H

#include "core/backend.h"
#include "opencl/cl.h"
#include "opencl/error.h"
#include "opencl/kernels.h"
#include "opencl/limits.h"
#include "opencl/precompile.h"
#include "opencl/quirks.h"
#include "opencl/watchdog.h"

enum ocl_gemm { OCL_PACKED, OCL_TILED, OCL_CLBLAST, OCL_GEMMS };

struct ocl_backend {
    struct lim_backend base;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    struct ocl_limits limits;
    unsigned quirks;               /* of enum ocl_quirk */
    bool sync;                     /* wait after every launch */
    struct ocl_watchdog *watchdog; /* or NULL */
    struct ocl_precompile precompile;
    bool backwards;    /* in the precompiling child: from the last kernel */
    bool tested;       /* the self-test is over */
    bool tiled_tested; /* the same for gemm_tiled; a CPU tests it at its first use */
    /* Self-tests, in selftest.c, of kernels that are tested at their first use. They launch those
     * kernels. False after one log line. */
    bool (*test_tiled)(struct ocl_backend *ocl), (*test_three)(struct ocl_backend *ocl);
    bool wrong;         /* a self-test found wrong numbers: no retry clears this failure */
    bool refused, told; /* a group size, in the self-test; a warning about it was logged */

    cl_program programs[OCL_FAMILIES];
    cl_kernel kernels[OCL_KERNELS];
    size_t kernel_group[OCL_KERNELS];       /* CL_KERNEL_WORK_GROUP_SIZE */
    cl_ulong kernel_local_mem[OCL_KERNELS]; /* CL_KERNEL_LOCAL_MEM_SIZE */
    unsigned vector;                        /* LIM_VECTOR of the kernels */
    unsigned chains;                        /* CHAINS of multiply_add, in cl/pointwise.cl */
    char *cache_folder;                     /* of compiled programs, or NULL */
    char *cache_keys[OCL_FAMILIES];
    bool from_cache[OCL_FAMILIES];

    struct ocl_own *own; /* operations of the program: own.c */

    const char *gemm_names[OCL_GEMMS + 1];
    enum ocl_gemm gemm_order[OCL_GEMMS];
    enum ocl_gemm gemm;
    int tile_rows, tile_columns;  /* of the packed gemm's register tile */
    int group_x, group_y, tile_k; /* of the kernels for GPUs: cl/tiles.cl */
    int wino_block[2]; /* WINO_BLOCK of cl/winograd.cl for 2 and 3 taps; 0: not on this device */
    cl_mem clblast_temp;
    size_t clblast_temp_size;
    bool clblast_used, clblast_refused;

    struct lim_buffer *scratch; /* partial sums within one operation */
    size_t planned_scratch;     /* floats: the size that scratch would have */
    size_t planned_temp;        /* bytes: the size that clblast_temp would have */
    float *staging;             /* aligned, padded host memory for transfers */

    struct ocl_pending pending; /* launches since the last wait */
    double unflushed, unwaited; /* work since the last flush and event, in base.most_work */
    cl_event halfway;           /* of an earlier launch, which the host awaits before many more */
};

struct ocl_buffer {
    struct lim_buffer base;
    cl_mem mem;
};

/* The device as P:D, for messages. */
const char *ocl_where(const struct ocl_backend *ocl);

/* Latches `code` on the backend with a line that names `call` and the launches waited for. */
void ocl_fail(struct ocl_backend *ocl, const char *call, int code);

/* Surround every call of the driver, for the watchdog. `call` is static text. */
static inline void ocl_wait_begin(struct ocl_backend *ocl, const char *call)
{
    ocl_watchdog_begin(ocl->watchdog, call, NULL);
}

static inline void ocl_wait_end(struct ocl_backend *ocl)
{
    ocl_watchdog_end(ocl->watchdog);
}

#endif
