/* Matrix multiplication: "packed" for CPUs, "tiled" for GPUs, and CLBlast's. */
#include "opencl/gemm.h"

#include "base/host.h"
#include "base/log.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/tiles.h"

#include <clblast_c.h>
#include <stdio.h>
#include <string.h>

/* The depth that the tiled kernel covers in one launch, the same on every device so that the bits
 * are the same: few enough rounds for drivers with OCL_SHORT_LOOPS. */
enum { LAUNCH_K = 4096 };

/* The work-items of a group in CLBlast's kernels with its default parameters. */
enum { CLBLAST_GROUP = 256 };

static const char *const gemm_names[OCL_GEMMS] = {"packed", "tiled", "clblast"};

void ocl_gemm_init(struct ocl_backend *ocl)
{
    static const enum ocl_gemm for_cpu[] = {OCL_PACKED, OCL_TILED, OCL_CLBLAST};
    static const enum ocl_gemm for_gpu[] = {OCL_CLBLAST, OCL_TILED, OCL_PACKED};

    int count = 0;

    for (int i = 0; i < OCL_GEMMS; i++) {
        enum ocl_gemm gemm = ocl->limits.is_cpu ? for_cpu[i] : for_gpu[i];

        if (gemm == OCL_CLBLAST && ocl->limits.group < CLBLAST_GROUP)
            continue;
        if (gemm == OCL_PACKED && ocl->quirks & OCL_SHORT_LOOPS)
            continue;
        ocl->gemm_order[count] = gemm;
        ocl->gemm_names[count++] = gemm_names[gemm];
    }
    ocl->base.gemms = ocl->gemm_names;
    ocl->gemm = ocl->gemm_order[0];
}

static void release_temp(struct ocl_backend *ocl)
{
    if (!ocl->clblast_temp)
        return;
    ocl_wait_begin(ocl, "clReleaseMemObject");
    clReleaseMemObject(ocl->clblast_temp);
    ocl_wait_end(ocl);
    ocl->clblast_temp = NULL;
    ocl->clblast_temp_size = 0;
}

void ocl_gemm_finish(struct ocl_backend *ocl)
{
    release_temp(ocl);
    /* CLBlast's cache holds the context, and would release it only after main has returned. */
    ocl_wait_begin(ocl, "CLBlastClearCache");
    if (ocl->clblast_used && !lim_host_get().keep_clblast)
        CLBlastClearCache();
    ocl_wait_end(ocl);
}

void ocl_use_gemm(struct lim_backend *be, int index)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl->gemm = ocl->gemm_order[index];
    if (ocl->gemm == OCL_CLBLAST && ocl->clblast_refused)
        ocl->gemm = OCL_TILED;
}

/* A CPU rarely uses it, and drivers take long to compile it. */
static bool tiled_ready(struct ocl_backend *ocl)
{
    if (ocl->tested && !ocl->tiled_tested && !ocl->test_tiled(ocl))
        lim_backend_fail(&ocl->base, NULL);
    return !ocl->base.failed;
}

/* One multiplication: c[m][n] = alpha op(a)[m][k] op(b)[k][n] + beta c. */
struct job {
    int m, n, k;
    bool ta, tb;
    float alpha, beta;
    struct lim_tensor a, b, c;
};

static int round_up(int v, int to)
{
    return (v + to - 1) / to * to;
}

static int pieces(int v, int of)
{
    return (v - 1) / of + 1;
}

/* The number of planes to split k into: more than one only if c has too few tiles for the device,
 * and only for transposed a (weight gradients, whose k is n*p*q). Elsewhere the bits of a row of c
 * must not depend on how many other rows there are. */
static int plane_count(const struct ocl_backend *ocl, const struct job *job, int tiles, int least_k)
{
    int wanted = 4 * (int)ocl->limits.units, planes, room;

    if (!job->ta || tiles >= wanted || job->k < 2 * least_k)
        return 1;
    planes = pieces(wanted, tiles);
    if (planes > job->k / least_k)
        planes = job->k / least_k;
    room = (int)(OCL_SCRATCH / ((size_t)job->m * (size_t)job->n));
    if (planes > room)
        planes = room;
    return planes > 1 ? planes : 1;
}

void ocl_gemm_planes(struct ocl_backend *ocl, struct lim_tensor planes, int n, size_t count,
                     float alpha, float beta, struct lim_tensor c)
{
    ocl_launch(ocl, OCL_GEMM_PLANES, ocl_line(ocl, count, ocl->vector), OCL_T(planes), OCL_I(n),
               OCL_F(alpha), OCL_F(beta), OCL_T(c), OCL_U(count));
}

/* Runs `kernel` on the job, in planes if requested. `last` are the arguments of packed alone. */
static void run(struct ocl_backend *ocl, enum ocl_kernel kernel, const struct job *job,
                struct ocl_grid grid, int planes, int plane_unit, const int block[3])
{
    int plane_k = round_up(pieces(job->k, planes), plane_unit);
    size_t count = (size_t)job->m * (size_t)job->n;
    struct lim_tensor to = job->c;
    float alpha = job->alpha, beta = job->beta;

    planes = pieces(job->k, plane_k);
    if (planes > 1) {
        to = ocl_scratch(ocl, count * (size_t)planes);
        if (!to.buf)
            return;
        alpha = 1.0f;
        beta = 0.0f;
    }
    grid.items[2] = (size_t)planes;
#define COMMON                                                                                  \
    OCL_I(job->m), OCL_I(job->n), OCL_I(job->k), OCL_I(!job->ta), OCL_I(job->tb), OCL_F(alpha), \
        OCL_F(beta), OCL_T(job->a), OCL_I(job->a.c), OCL_T(job->b), OCL_I(job->b.c), OCL_T(to), \
        OCL_I(job->c.c), OCL_I(plane_k), OCL_U(count)
    if (kernel == OCL_GEMM_PACKED)
        ocl_launch(ocl, kernel, grid, COMMON, OCL_I(block[0]), OCL_I(block[1]), OCL_I(block[2]),
                   OCL_LOCAL((size_t)block[0] * (size_t)block[2] * sizeof(float)),
                   OCL_LOCAL((size_t)block[1] * (size_t)block[2] * sizeof(float)));
    else
        ocl_launch(ocl, kernel, grid, COMMON);
#undef COMMON
    if (planes > 1)
        ocl_gemm_planes(ocl, to, planes, count, job->alpha, job->beta, job->c);
}

static void packed(struct ocl_backend *ocl, const struct job *job)
{
    /* A quarter of a megabyte twice keeps both blocks in a core's second-level cache. The depth
     * depends on the device alone: it decides the order of additions. */
    size_t local = ocl->limits.local_mem - ocl->kernel_local_mem[OCL_GEMM_PACKED];
    size_t floats = (local < (1 << 19) ? local : 1 << 19) / sizeof(float);
    int tr = ocl->tile_rows, tc = ocl->tile_columns;
    int depth = 256, lines, mb, nb, planes;

    while (depth > 1 && floats / (size_t)depth < (size_t)(4 * (tr + tc)))
        depth /= 2;
    lines = (int)(floats / (size_t)depth);
    nb = round_up(job->n < 256 ? job->n : 256, tc);
    if (nb > lines - tr)
        nb = (lines / 2) / tc * tc;
    mb = nb < 128 ? 256 : 96;
    mb = round_up(job->m < mb ? job->m : mb, tr);
    if (mb > lines - nb)
        mb = (lines - nb) / tr * tr;
    while (pieces(job->m, mb) * pieces(job->n, nb) < 4 * (int)ocl->limits.units) {
        if (mb > 8 * tr && mb >= nb)
            mb = round_up(mb / 2, tr);
        else if (nb > 2 * tc)
            nb = round_up(nb / 2, tc);
        else
            break;
    }
    planes = plane_count(ocl, job, pieces(job->m, mb) * pieces(job->n, nb), depth);
    run(ocl, OCL_GEMM_PACKED, job,
        (struct ocl_grid){{(size_t)pieces(job->n, nb), (size_t)pieces(job->m, mb), 1}, {1, 1, 1}},
        planes, depth, (const int[]){mb, nb, depth});
}

static void tiled(struct ocl_backend *ocl, const struct job *job)
{
    bool ready = tiled_ready(ocl); /* this may choose a smaller group */
    int across = pieces(job->n, OCL_ITEM_COLUMNS * ocl->group_x);
    int down = pieces(job->m, OCL_ITEM_ROWS * ocl->group_y);
    size_t gx = (size_t)ocl->group_x, gy = (size_t)ocl->group_y;

    if (!ready)
        return;
    for (int k0 = 0; k0 < job->k; k0 += LAUNCH_K) {
        struct job part = *job;

        part.k = job->k - k0 < LAUNCH_K ? job->k - k0 : LAUNCH_K;
        part.a.offset += job->ta ? (size_t)k0 * (size_t)job->a.c : (size_t)k0;
        part.b.offset += job->tb ? (size_t)k0 : (size_t)k0 * (size_t)job->b.c;
        part.beta = k0 > 0 ? 1.0f : job->beta;
        run(ocl, OCL_GEMM_TILED, &part,
            (struct ocl_grid){{(size_t)across * gx, (size_t)down * gy, 1}, {gx, gy, 1}},
            plane_count(ocl, &part, across * down, 256), 64, NULL);
    }
}

static bool clblast_temp(struct ocl_backend *ocl, size_t size)
{
    cl_int err = CL_SUCCESS;

    if (ocl->base.planning) {
        if (size > ocl->planned_temp)
            ocl->planned_temp = size;
        return true;
    }
    if (size <= ocl->clblast_temp_size)
        return true;
    release_temp(ocl);
    ocl_wait_begin(ocl, "clCreateBuffer");
    ocl->clblast_temp = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, size, NULL, &err);
    ocl_wait_end(ocl);
    if (!ocl->clblast_temp)
        return false;
    ocl->clblast_temp_size = size;
    return true;
}

/* The temporary memory that CLBlast needs for a job; false if it refuses the job. With `anywhere`,
 * the most that it would need for tensors that do not start their buffers: then it copies all
 * three. */
static bool clblast_need(struct ocl_backend *ocl, const struct job *job, bool anywhere,
                         size_t *size)
{
    size_t m = (size_t)job->m, n = (size_t)job->n, k = (size_t)job->k;
    CLBlastStatusCode status;

    *size = 0;
    ocl->clblast_used = true;
    ocl_wait_begin(ocl, "CLBlastSGemmTempBufferSize");
    status = CLBlastSGemmTempBufferSize(
        CLBlastLayoutRowMajor, job->ta ? CLBlastTransposeYes : CLBlastTransposeNo,
        job->tb ? CLBlastTransposeYes : CLBlastTransposeNo, m, n, k, anywhere ? 1 : job->a.offset,
        job->ta ? m : k, anywhere ? 1 : job->b.offset, job->tb ? k : n,
        anywhere ? 1 : job->c.offset, n, &ocl->queue, size);
    ocl_wait_end(ocl);
    return status == CLBlastSuccess && *size <= ocl->limits.max_alloc;
}

bool ocl_gemm_reserve(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, int m,
                      int n, int k)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    const struct job job = {.m = m, .n = n, .k = k, .ta = ta == LIM_TRANS, .tb = tb == LIM_TRANS};
    size_t size;

    if (ocl->gemm == OCL_TILED && !be->planning && !tiled_ready(ocl))
        return false;
    /* If CLBlast refuses a job, or its memory is missing, the tiled kernel does the job. */
    if (ocl->gemm == OCL_CLBLAST && clblast_need(ocl, &job, true, &size))
        clblast_temp(ocl, size);
    return true;
}

/* False if CLBlast cannot: no memory for its copies, or a limit of the device. */
static bool clblast(struct ocl_backend *ocl, const struct job *job)
{
    CLBlastTranspose ta = job->ta ? CLBlastTransposeYes : CLBlastTransposeNo;
    CLBlastTranspose tb = job->tb ? CLBlastTransposeYes : CLBlastTransposeNo;
    size_t m = (size_t)job->m, n = (size_t)job->n, k = (size_t)job->k, temp = 0;
    size_t lda = (size_t)job->a.c, ldb = (size_t)job->b.c, ldc = (size_t)job->c.c;
    cl_event event = NULL;
    CLBlastStatusCode status;

    if (!clblast_need(ocl, job, false, &temp) || !clblast_temp(ocl, temp))
        return false;
    /* CLBlast compiles a kernel at its first use. */
    ocl_watchdog_begin(ocl->watchdog, "CLBlastSgemm", "CLBlast");
    status = CLBlastSgemmWithTempBuffer(
        CLBlastLayoutRowMajor, ta, tb, m, n, k, job->alpha, ((struct ocl_buffer *)job->a.buf)->mem,
        job->a.offset, lda, ((struct ocl_buffer *)job->b.buf)->mem, job->b.offset, ldb, job->beta,
        ((struct ocl_buffer *)job->c.buf)->mem, job->c.offset, ldc, &ocl->queue,
        ocl_wants_event(ocl) ? &event : NULL, temp ? ocl->clblast_temp : NULL);
    ocl_wait_end(ocl);
    if (status == CLBlastSuccess) {
        ocl_launched(ocl, "CLBlast sgemm", event);
        return true;
    }
    lim_warning("CLBlast refuses a %zux%zux%zu multiplication on %s (%s): using the tiled one from "
                "here on",
                m, n, k, ocl_where(ocl), ocl_error((int)status));
    ocl->clblast_refused = true;
    ocl->gemm = OCL_TILED;
    return false;
}

void ocl_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct job job = {.m = c.n * c.h * c.w,
                      .n = c.c,
                      .k = ta ? a.n * a.h * a.w : a.c,
                      .ta = ta == LIM_TRANS,
                      .tb = tb == LIM_TRANS,
                      .alpha = alpha,
                      .beta = beta,
                      .a = a,
                      .b = b,
                      .c = c};

    ocl_work(ocl, 2.0 * job.m * job.n * job.k);
    if (ocl->gemm == OCL_PACKED)
        packed(ocl, &job);
    else if (ocl->gemm == OCL_TILED || !clblast(ocl, &job))
        tiled(ocl, &job);
}
