/* The OpenCL backend's own types and helpers. Only this folder includes CL headers. */
#ifndef LIMNER_SRC_OPENCL_OPENCL_H
#define LIMNER_SRC_OPENCL_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include "core/backend.h"
#include "opencl/precompile.h"
#include "opencl/watchdog.h"

/* One program each. */
enum ocl_family {
    OCL_FAMILY_GEMM,
    OCL_FAMILY_CONV,
    OCL_FAMILY_NORM,
    OCL_FAMILY_POINTWISE,
    OCL_FAMILY_WINOGRAD,       /* built where wino_block > 0 */
    OCL_FAMILY_WINOGRAD_THREE, /* the same source for three taps; built when it is needed */
    OCL_FAMILY_IMPLICIT,       /* built for GPUs */
    OCL_FAMILY_NARROW,         /* built for CPUs */
    OCL_FAMILIES
};

/* Every kernel there is; program.c says where each lives. */
enum ocl_kernel {
    OCL_GEMM_PACKED,
    OCL_GEMM_TILED,
    OCL_GEMM_PLANES,
    OCL_IM2COL,
    OCL_IM2COL_ROWS,
    OCL_COL2IM,
    OCL_BIAS_BLOCKS,
    OCL_BIAS_SUM,
    OCL_BATCHNORM_BLOCKS,
    OCL_BATCHNORM_MERGE,
    OCL_BATCHNORM_APPLY,
    OCL_BATCHNORM_BACKWARD_BLOCKS,
    OCL_BATCHNORM_BACKWARD_SUM,
    OCL_BATCHNORM_BACKWARD_APPLY,
    OCL_ACTIVATION_FORWARD,
    OCL_ACTIVATION_BACKWARD,
    OCL_BIAS_FORWARD,
    OCL_BCE_BLOCKS,
    OCL_BCE_MEANS,
    OCL_ADAM,
    OCL_FILL,
    OCL_COPY,
    OCL_AXPBY,
    OCL_MULTIPLY_ADD,
    OCL_WINO_WEIGHTS,
    OCL_WINO_TILES,
    OCL_WINO_INPUT,
    OCL_WINO_PANELS,
    OCL_WINO_PAIRS,
    OCL_WINO_TAPS,
    OCL_WINO_THREE_WEIGHTS, /* in the order of those for two taps */
    OCL_WINO_THREE_TILES,
    OCL_WINO_THREE_INPUT,
    OCL_WINO_THREE_PANELS,
    OCL_WINO_THREE_PAIRS,
    OCL_WINO_THREE_TAPS,
    OCL_IMPLICIT_PICTURES,
    OCL_IMPLICIT_WEIGHTS,
    OCL_NARROW_FORWARD,
    OCL_NARROW_DATA,
    OCL_NARROW_WEIGHTS,
    OCL_KERNELS
};

enum ocl_gemm { OCL_PACKED, OCL_TILED, OCL_CLBLAST, OCL_GEMMS };

/* What the device allows, asked once. Sizes in bytes. */
struct ocl_limits {
    size_t group;    /* work-items of a group */
    size_t items[3]; /* work-items of a group, per dimension */
    cl_ulong local_mem, max_alloc, global_mem;
    unsigned units;
    unsigned clock;       /* MHz */
    unsigned float_width; /* floats of a register, as the driver tells */
    bool is_cpu;
};

enum { OCL_PENDING_NAMES = 8 };

/* Logits that one work-item of bce_blocks adds up. */
enum { OCL_BCE_BLOCK = 64 };

struct ocl_backend {
    struct lim_backend base;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    struct ocl_limits limits;
    bool sync;               /* wait after every launch */
    struct ocl_watch *watch; /* or NULL */
    struct ocl_ahead ahead;
    bool backwards;     /* in ahead's child: from the end */
    bool tested;        /* the self-test is over */
    bool tiled_tested;  /* and that of gemm_tiled, which on a CPU waits for its use */
    bool wrong;         /* numbers in a self-test: nothing takes this failure back */
    bool refused, told; /* a group of tiles, in the self-test; a line about groups */

    cl_program programs[OCL_FAMILIES];
    cl_kernel kernels[OCL_KERNELS];
    size_t kernel_group[OCL_KERNELS];       /* CL_KERNEL_WORK_GROUP_SIZE */
    cl_ulong kernel_local_mem[OCL_KERNELS]; /* CL_KERNEL_LOCAL_MEM_SIZE */
    unsigned vector;                        /* LIM_VECTOR of the kernels */
    unsigned chains;                        /* CHAINS of multiply_add, in cl/pointwise.cl */
    char *cache_folder;                     /* of compiled programs, or NULL */
    char *cache_keys[OCL_FAMILIES];
    bool from_cache[OCL_FAMILIES];

    const char *gemm_names[OCL_GEMMS + 1];
    enum ocl_gemm gemm_order[OCL_GEMMS];
    enum ocl_gemm gemm;
    int tile_rows, tile_columns;  /* of the packed gemm's register tile */
    int group_x, group_y, tile_k; /* of the kernels for GPUs: cl/tiles.cl */
    int wino_block[2]; /* WINO_BLOCK of cl/winograd.cl for 2 and 3 taps, or 0: not on this device */
    cl_mem clblast_temp;
    size_t clblast_temp_size;
    bool clblast_used, clblast_refused;

    struct lim_buffer *scratch; /* partial sums within one operation */
    size_t planned_scratch;     /* floats, and */
    size_t planned_temp;        /* bytes: what scratch and clblast_temp would be */
    float *staging;             /* aligned, padded host memory for transfers */

    const char *pending[OCL_PENDING_NAMES]; /* names of the last launches */
    unsigned unfinished;                    /* launches since the last wait */
    double unflushed, unwaited; /* work since the last flush and event, in base.most_work */
    cl_event halfway;           /* of a launch in between, to wait for before many more */
};

struct ocl_buffer {
    struct lim_buffer base;
    cl_mem mem;
};

/* ---- error.c ---- */

/* "CL_OUT_OF_RESOURCES (-5)", or the number alone; valid until the next call of this thread. */
const char *ocl_error(int code);

/* The device as P:D, for messages. */
const char *ocl_where(const struct ocl_backend *ocl);

/* Latches `code` on the backend with a line that names `call` and the launches waited for. */
void ocl_fail(struct ocl_backend *ocl, const char *call, int code);

/* " while waiting for: fill, adam ..."; "" where nothing is. Returns `text`. */
const char *ocl_pending(const struct ocl_backend *ocl, char *text, size_t size);

/* Around every call of the driver, for watch.c. `call` is static text. */
static inline void ocl_wait_begin(struct ocl_backend *ocl, const char *call)
{
    ocl_watch_begin(ocl->watch, call, NULL);
}

static inline void ocl_wait_end(struct ocl_backend *ocl)
{
    ocl_watch_end(ocl->watch);
}

/* ---- memory.c ---- */

enum { OCL_STAGING = 1 << 18 /* floats: 1 MiB */ };

struct lim_buffer *ocl_buffer_create(struct lim_backend *be, size_t count);
bool ocl_buffer_reserve(struct lim_backend *be, size_t count);
uint64_t ocl_own_memory(const struct lim_backend *be);
void ocl_plan(struct lim_backend *be);
void ocl_buffer_destroy(struct lim_buffer *buf);
void ocl_write(struct lim_tensor t, const float *host);
void ocl_read(struct lim_tensor t, float *host);

/* Floats of the scratch memory that every backend has from the start, unless its largest buffer is
 * smaller: 4 MiB. More is added with buffers of over 128 MiB, so that nothing is allocated within a
 * step. */
enum { OCL_SCRATCH = 1 << 20 };

/* Allocates it. False after one log line. */
bool ocl_scratch_init(struct ocl_backend *ocl);

/* `count` floats of scratch memory, valid within one operation; grows when it must. On failure the
 * view's buffer is NULL and the backend has failed. */
struct lim_tensor ocl_scratch(struct ocl_backend *ocl, size_t count);

/* Lets ocl_scratch give so many floats without growing. False after one log line. */
bool ocl_scratch_reserve(struct ocl_backend *ocl, size_t count);

/* ---- opencl.c ---- */

/* Results of a work-item of the kernels for GPUs, down and across: ITEM_ROWS and ITEM_COLUMNS. */
enum { OCL_ITEM_ROWS = 8, OCL_ITEM_COLUMNS = 8 };

/* Halves the group of the kernels for GPUs; false where it is one work-item already. */
bool ocl_shrink_group(struct ocl_backend *ocl);

/* Runs the self-test; again, with other programs, where the driver refuses a group of tiles. False
 * after one log line. */
bool ocl_test(struct ocl_backend *ocl, bool (*selftest)(struct ocl_backend *));

/* "" where the driver does not tell. */
void ocl_platform_name(struct ocl_backend *ocl, char *name, size_t size);

/* The device in a child that compiles ahead, from the end; NULL where that fails. */
struct ocl_backend *ocl_open_ahead(int platform, int device);

/* ---- program.c ---- */

/* Builds all programs and creates all kernels. False after one log line. */
bool ocl_programs_init(struct ocl_backend *ocl);
/* Builds those of tiles anew until their groups fit (kernel_group). False after one log line. */
bool ocl_programs_fit(struct ocl_backend *ocl);
void ocl_programs_finish(struct ocl_backend *ocl);

/* A family that was not built then. False after one log line. */
bool ocl_programs_add(struct ocl_backend *ocl, enum ocl_family family);
void ocl_programs_drop(struct ocl_backend *ocl, enum ocl_family family);
const char *ocl_kernel_name(enum ocl_kernel id);
/* Is it built for groups of group_x x group_y? */
bool ocl_kernel_is_tiled(enum ocl_kernel id);

/* After the self-test, when drivers have compiled the last of it: keeps these families in the
 * cache.
 */
void ocl_programs_keep(struct ocl_backend *ocl, enum ocl_family first, enum ocl_family last);

/* ---- binary.c ---- */

/* Where programs are cached; `cache_dir` as in lim_device_choice. */
void ocl_binaries_init(struct ocl_backend *ocl, const char *cache_dir);
void ocl_binaries_finish(struct ocl_backend *ocl);

/* A built program from the cache, or NULL: then it is to be compiled. */
cl_program ocl_binary_load(struct ocl_backend *ocl, enum ocl_family family, const char *name,
                           const char *options, const char *const *sources);

/* What was loaded is of no use. */
void ocl_binary_drop(struct ocl_backend *ocl, enum ocl_family family, const char *name);

/* The program works: into the cache with it, unless it came from there. */
void ocl_binary_keep(struct ocl_backend *ocl, enum ocl_family family, const char *name);

/* ---- launch.c ---- */

/* An argument of a kernel. A tensor is two: its buffer and its offset. */
struct ocl_arg {
    enum { OCL_ARG_TENSOR, OCL_ARG_INT, OCL_ARG_ULONG, OCL_ARG_FLOAT, OCL_ARG_LOCAL } kind;
    union {
        struct lim_tensor tensor;
        cl_int i;
        cl_ulong u;
        cl_float f;
        size_t bytes;
    };
};
#define OCL_T(t)                              \
    {                                         \
        .kind = OCL_ARG_TENSOR, .tensor = (t) \
    }
#define OCL_I(v)                              \
    {                                         \
        .kind = OCL_ARG_INT, .i = (cl_int)(v) \
    }
#define OCL_U(v)                                  \
    {                                             \
        .kind = OCL_ARG_ULONG, .u = (cl_ulong)(v) \
    }
#define OCL_F(v)                        \
    {                                   \
        .kind = OCL_ARG_FLOAT, .f = (v) \
    }
#define OCL_LOCAL(n)                        \
    {                                       \
        .kind = OCL_ARG_LOCAL, .bytes = (n) \
    }

/* Work-items wanted, and the group to cut them into. */
struct ocl_grid {
    size_t items[3], group[3];
};

/* One item per `per` elements of `count`. */
struct ocl_grid ocl_line(const struct ocl_backend *ocl, size_t count, size_t per);

/* columns x rows items: vectors of channels by rows or blocks. */
struct ocl_grid ocl_plane(const struct ocl_backend *ocl, size_t columns, size_t rows);

/* Vectors that c channels fill. */
static inline size_t ocl_vectors(const struct ocl_backend *ocl, int c)
{
    return ((size_t)c + ocl->vector - 1) / ocl->vector;
}

/* Queues the kernel: rounds the items up to whole groups, shrinks the group to what device and
 * kernel allow, and further where the driver refuses it all the same. Fails the backend on any
 * error. */
void ocl_launch_args(struct ocl_backend *ocl, enum ocl_kernel id, struct ocl_grid grid,
                     const struct ocl_arg *args, int count);
#define ocl_launch(ocl, id, grid, ...)                                    \
    ocl_launch_args(ocl, id, grid, (const struct ocl_arg[]){__VA_ARGS__}, \
                    (int)(sizeof((const struct ocl_arg[]){__VA_ARGS__}) / sizeof(struct ocl_arg)))

/* The next launch is of so many flop. */
void ocl_work(struct ocl_backend *ocl, double flops);

/* Notes a launch made by other means (CLBlast) and keeps the queue within bounds. `event` may be
 * NULL; the callee releases it. */
void ocl_launched(struct ocl_backend *ocl, const char *name, cl_event event);
bool ocl_wants_event(const struct ocl_backend *ocl);

bool ocl_finish(struct lim_backend *be);

/* Releases ocl->halfway, where there is one. */
void ocl_forget_halfway(struct ocl_backend *ocl);

/* ---- the families ---- */

void ocl_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c);
bool ocl_gemm_reserve(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, int m,
                      int n, int k);
void ocl_use_gemm(struct lim_backend *be, int index);
void ocl_gemm_init(struct ocl_backend *ocl); /* the order of preference */
void ocl_gemm_finish(struct ocl_backend *ocl);

void ocl_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col);
void ocl_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                struct lim_tensor x);

/* Adds up planes of `count` floats: c = alpha (plane 0 + plane 1 + ...) + beta c. */
void ocl_gemm_planes(struct ocl_backend *ocl, struct lim_tensor planes, int n, size_t count,
                     float alpha, float beta, struct lim_tensor c);

/* implicit.c: for GPUs. */
bool ocl_implicit_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass);
bool ocl_implicit_gains(const struct lim_backend *be, const struct lim_conv *cv,
                        enum lim_conv_pass pass);
void ocl_implicit_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y);
void ocl_implicit_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_implicit_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

/* narrow.c: a few channels, for CPUs. */
bool ocl_narrow_runs(const struct lim_backend *be, const struct lim_conv *cv,
                     enum lim_conv_pass pass);
bool ocl_narrow_gains(const struct lim_backend *be, const struct lim_conv *cv,
                      enum lim_conv_pass pass);
void ocl_narrow_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                        struct lim_tensor w, struct lim_tensor y);
void ocl_narrow_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_narrow_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                 struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

/* winograd.c: for CPUs. */
void ocl_winograd_init(struct ocl_backend *ocl);
bool ocl_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass);
bool ocl_winograd_reserve(struct lim_backend *be, const struct lim_conv *cv,
                          enum lim_conv_pass pass);
void ocl_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y);
void ocl_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

/* The kernels for 5x5, compiled and tested. False after one log line. */
bool ocl_winograd_three(struct ocl_backend *ocl);

/* The two passes that write pictures, in the way that suits the sizes or, for the self-test, in one
 * that is asked for. */
enum ocl_winograd_way { OCL_WINO_BEST, OCL_WINO_BY_TILES, OCL_WINO_BY_PANELS };
void ocl_winograd_pictures(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                           enum ocl_winograd_way way, struct lim_tensor in, struct lim_tensor w,
                           struct lim_tensor out);

void ocl_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias);
void ocl_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y);
void ocl_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
void ocl_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx);

void ocl_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y);
void ocl_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y);
void ocl_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dx);
void ocl_bce_logits(struct lim_backend *be, struct lim_tensor logits, float target,
                    struct lim_tensor stats, struct lim_tensor dlogits);
void ocl_adam(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
              float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
              struct lim_tensor p);
void ocl_fill(struct lim_backend *be, float value, struct lim_tensor y);
void ocl_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y);
void ocl_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y);
void ocl_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y);

/* Whatever takes an activation takes also LIM_NO_ACTIVATION. */
void ocl_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std,
                             struct lim_tensor y);
void ocl_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
void ocl_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx);
void ocl_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor dy, struct lim_tensor gamma,
                                struct lim_tensor beta, struct lim_tensor mean,
                                struct lim_tensor inv_std, struct lim_tensor dgamma,
                                struct lim_tensor dbeta, struct lim_tensor dx);
void ocl_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y);

/* ---- selftest.c ---- */

/* Runs every kernel that the device may be given on a few numbers with known answers: a driver that
 * miscompiles one must not train. The ways of the other class of devices are left out, for each
 * takes time to compile. False after one log line that names the operation. */
bool ocl_selftest(struct ocl_backend *ocl);

/* The same for OCL_FAMILY_WINOGRAD_THREE. */
bool ocl_selftest_three(struct ocl_backend *ocl);

/* The same for gemm_tiled alone. */
bool ocl_selftest_tiled(struct ocl_backend *ocl);

#endif
