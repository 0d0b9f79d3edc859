/* Kernels from source to ready: one program per family, every kernel created at start. */
#include "opencl/program.h"

#include "base/clock.h"
#include "base/log.h"
#include "opencl/binary.h"
#include "opencl/hints.h"
#include "opencl/tiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Made by cl/embed.py. */
extern const char ocl_source_common[], ocl_source_gemm[], ocl_source_conv[], ocl_source_norm[],
    ocl_source_pointwise[], ocl_source_winograd[], ocl_source_implicit[], ocl_source_narrow[];

static const struct {
    const char *name, *source;
} families[OCL_FAMILIES] = {
    [OCL_FAMILY_GEMM] = {"gemm", ocl_source_gemm},
    [OCL_FAMILY_CONV] = {"conv", ocl_source_conv},
    [OCL_FAMILY_NORM] = {"norm", ocl_source_norm},
    [OCL_FAMILY_POINTWISE] = {"pointwise", ocl_source_pointwise},
    [OCL_FAMILY_WINOGRAD] = {"winograd", ocl_source_winograd},
    [OCL_FAMILY_WINOGRAD_THREE] = {"winograd-three", ocl_source_winograd},
    [OCL_FAMILY_IMPLICIT] = {"implicit", ocl_source_implicit},
    [OCL_FAMILY_NARROW] = {"narrow", ocl_source_narrow},
};

static const struct {
    const char *name;
    enum ocl_family family;
} table[OCL_KERNELS] = {
    [OCL_GEMM_PACKED] = {"gemm_packed", OCL_FAMILY_GEMM},
    [OCL_GEMM_TILED] = {"gemm_tiled", OCL_FAMILY_GEMM},
    [OCL_GEMM_PLANES] = {"gemm_planes", OCL_FAMILY_GEMM},
    [OCL_IM2COL] = {"im2col", OCL_FAMILY_CONV},
    [OCL_IM2COL_ROWS] = {"im2col_rows", OCL_FAMILY_CONV},
    [OCL_COL2IM] = {"col2im", OCL_FAMILY_CONV},
    [OCL_BIAS_BLOCKS] = {"bias_blocks", OCL_FAMILY_NORM},
    [OCL_BIAS_SUM] = {"bias_sum", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_BLOCKS] = {"batchnorm_blocks", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_MERGE] = {"batchnorm_merge", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_APPLY] = {"batchnorm_apply", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_BACKWARD_BLOCKS] = {"batchnorm_backward_blocks", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_BACKWARD_SUM] = {"batchnorm_backward_sum", OCL_FAMILY_NORM},
    [OCL_BATCHNORM_BACKWARD_APPLY] = {"batchnorm_backward_apply", OCL_FAMILY_NORM},
    [OCL_ACTIVATION_FORWARD] = {"activation_forward", OCL_FAMILY_POINTWISE},
    [OCL_ACTIVATION_BACKWARD] = {"activation_backward", OCL_FAMILY_POINTWISE},
    [OCL_BIAS_FORWARD] = {"bias_forward", OCL_FAMILY_POINTWISE},
    [OCL_LOSS_BLOCKS] = {"loss_blocks", OCL_FAMILY_POINTWISE},
    [OCL_LOSS_MEANS] = {"loss_means", OCL_FAMILY_POINTWISE},
    [OCL_ADAM] = {"adam", OCL_FAMILY_POINTWISE},
    [OCL_FILL] = {"fill", OCL_FAMILY_POINTWISE},
    [OCL_COPY] = {"copy", OCL_FAMILY_POINTWISE},
    [OCL_AXPBY] = {"axpby", OCL_FAMILY_POINTWISE},
    [OCL_MULTIPLY_ADD] = {"multiply_add", OCL_FAMILY_POINTWISE},
    [OCL_DOT_BLOCKS] = {"dot_blocks", OCL_FAMILY_POINTWISE},
    [OCL_DOT_SUM] = {"dot_sum", OCL_FAMILY_POINTWISE},
    [OCL_SCALE] = {"scale", OCL_FAMILY_POINTWISE},
    [OCL_WINO_WEIGHTS] = {"wino_weights_all", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_TILES] = {"wino_tiles", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_INPUT] = {"wino_input_all", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_PANELS] = {"wino_panels", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_PAIRS] = {"wino_pairs", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_TAPS] = {"wino_taps_all", OCL_FAMILY_WINOGRAD},
    [OCL_WINO_THREE_WEIGHTS] = {"wino_weights_all", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_WINO_THREE_TILES] = {"wino_tiles", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_WINO_THREE_INPUT] = {"wino_input_all", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_WINO_THREE_PANELS] = {"wino_panels", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_WINO_THREE_PAIRS] = {"wino_pairs", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_WINO_THREE_TAPS] = {"wino_taps_all", OCL_FAMILY_WINOGRAD_THREE},
    [OCL_IMPLICIT_PICTURES] = {"implicit_pictures", OCL_FAMILY_IMPLICIT},
    [OCL_IMPLICIT_WEIGHTS] = {"implicit_weights", OCL_FAMILY_IMPLICIT},
    [OCL_NARROW_FORWARD] = {"narrow_forward", OCL_FAMILY_NARROW},
    [OCL_NARROW_DATA] = {"narrow_data", OCL_FAMILY_NARROW},
    [OCL_NARROW_WEIGHTS] = {"narrow_weights", OCL_FAMILY_NARROW},
};

const char *ocl_kernel_name(enum ocl_kernel id)
{
    return table[id].name;
}

/* Writes the whole log to a file of its own; its path in `path`, or "" if that failed. */
static void keep_log(const char *log, char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    size_t length = strlen(log);
    int fd;

    snprintf(path, size, "%s/limner-build-XXXXXX", folder && *folder ? folder : "/tmp");
    fd = mkstemp(path);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fd < 0 || write(fd, log, length) != (ssize_t)length)
        *path = '\0';
    if (fd >= 0)
        close(fd);
}

/* The first 20 lines of the log as one, cut to `size`. */
static void head_of(const char *log, char *head, size_t size)
{
    size_t at = 0;
    int lines = 1;

    for (; *log && at + 4 < size; log++) {
        if (*log != '\n')
            head[at++] = *log == '\t' ? ' ' : *log;
        else if (lines++ == 20)
            break;
        else if (log[1] && log[1] != '\n')
            at += (size_t)snprintf(head + at, size - at, " | ");
    }
    head[at] = '\0';
}

static void report(struct ocl_backend *ocl, enum ocl_family family, cl_int err)
{
    cl_program program = ocl->programs[family];
    char head[1400], path[512], hint[700];
    char *log = NULL;
    size_t size = 0;
    cl_int asked;

    ocl_wait_begin(ocl, "clGetProgramBuildInfo");
    asked = clGetProgramBuildInfo(program, ocl->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (!asked && size > 0 && (log = calloc(size + 1, 1)) != NULL)
        asked = clGetProgramBuildInfo(program, ocl->device, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    ocl_wait_end(ocl);
    ocl_hint_build(ocl->quirks, log ? log : "", hint, sizeof hint);
    if (asked || !log || !*log) {
        lim_error("building '%s' for %s failed (%s); the driver gave no log%s%s",
                  families[family].name, ocl_where(ocl), ocl_error(err), *hint ? "; " : "", hint);
    } else {
        keep_log(log, path, sizeof path);
        head_of(log, head, sizeof head);
        lim_error("building '%s' for %s failed (%s)%s%s; log%s%s: %s", families[family].name,
                  ocl_where(ocl), ocl_error(err), *hint ? "; " : "", hint,
                  *path ? ", whole in " : "", path, head);
    }
    free(log);
}

/* -w, because PoCL counts warnings on stderr; lint compiles the kernels with all of them on. */
static void options_of(const struct ocl_backend *ocl, enum ocl_family family, char *options,
                       size_t size)
{
    int taps = family == OCL_FAMILY_WINOGRAD_THREE ? 3 : 2;

    snprintf(options, size,
             "-cl-std=CL1.2 -w -DLIM_VECTOR=%u -DCHAINS=%u -DLOSS_BLOCK=%d -DGEMM_VECTOR=%d "
             "-DGEMM_ROWS=%d "
             "-DGROUP_X=%d -DGROUP_Y=%d -DTILE_K=%d -DWINO_VECTOR=%d -DWINO_ROWS=%d "
             "-DWINO_BLOCK=%d -DWINO_TAPS=%d",
             ocl->vector, ocl->chains, OCL_LOSS_BLOCK, ocl->tile_columns / 2, ocl->tile_rows,
             ocl->group_x, ocl->group_y, ocl->tile_k, ocl->tile_columns / 2, ocl->tile_rows,
             ocl->wino_block[taps - 2], taps);
}

/* Processor time of this thread, in seconds. */
static double spent(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool build(struct ocl_backend *ocl, enum ocl_family family)
{
    const char *sources[] = {ocl_source_common, families[family].source};
    char options[512];
    cl_int err = CL_SUCCESS;
    double before;

    options_of(ocl, family, options, sizeof options);
    ocl_wait_begin(ocl, "clCreateProgramWithSource");
    ocl->programs[family] = clCreateProgramWithSource(ocl->context, 2, sources, NULL, &err);
    ocl_wait_end(ocl);
    if (!ocl->programs[family]) {
        lim_error("clCreateProgramWithSource for '%s' failed on %s: %s", families[family].name,
                  ocl_where(ocl), ocl_error(err));
        return false;
    }
    before = spent();
    ocl_watchdog_begin(ocl->watchdog, "clBuildProgram", families[family].name);
    err = clBuildProgram(ocl->programs[family], 1, &ocl->device, options, NULL, NULL);
    ocl_wait_end(ocl);
    if (err)
        report(ocl, family, err);
    else
        ocl_precompile_built(&ocl->precompile, spent() - before);
    return !err;
}

static cl_int create(struct ocl_backend *ocl, enum ocl_kernel id)
{
    cl_int err = CL_SUCCESS;
    cl_kernel kernel;

    ocl_watchdog_begin(ocl->watchdog, "clCreateKernel", table[id].name);
    kernel = clCreateKernel(ocl->programs[table[id].family], table[id].name, &err);
    ocl_wait_end(ocl);
    ocl->kernels[id] = kernel;
    ocl_watchdog_begin(ocl->watchdog, "clGetKernelWorkGroupInfo", table[id].name);
    if (kernel)
        err = clGetKernelWorkGroupInfo(kernel, ocl->device, CL_KERNEL_WORK_GROUP_SIZE,
                                       sizeof(size_t), &ocl->kernel_group[id], NULL);
    if (!err)
        err = clGetKernelWorkGroupInfo(kernel, ocl->device, CL_KERNEL_LOCAL_MEM_SIZE,
                                       sizeof(cl_ulong), &ocl->kernel_local_mem[id], NULL);
    ocl_wait_end(ocl);
    return err;
}

static void release(struct ocl_backend *ocl, enum ocl_family family)
{
    ocl_wait_begin(ocl, "clReleaseKernel");
    for (int id = 0; id < OCL_KERNELS; id++) {
        if (table[id].family == family && ocl->kernels[id]) {
            clReleaseKernel(ocl->kernels[id]);
            ocl->kernels[id] = NULL;
        }
    }
    ocl_wait_end(ocl);
    ocl_wait_begin(ocl, "clReleaseProgram");
    if (ocl->programs[family])
        clReleaseProgram(ocl->programs[family]);
    ocl_wait_end(ocl);
    ocl->programs[family] = NULL;
}

/* Takes the program and all its kernels from the cache; silent. */
static bool load(struct ocl_backend *ocl, enum ocl_family family)
{
    const char *sources[] = {ocl_source_common, families[family].source};
    char options[512];

    options_of(ocl, family, options, sizeof options);
    ocl->programs[family] = ocl_binary_load(ocl, family, families[family].name, options, sources);
    if (!ocl->programs[family])
        return false;
    for (int id = 0; id < OCL_KERNELS; id++) {
        if (table[id].family == family && create(ocl, (enum ocl_kernel)id)) {
            release(ocl, family);
            ocl_binary_drop(ocl, family, families[family].name);
            return false;
        }
    }
    return true;
}

static bool build_family(struct ocl_backend *ocl, enum ocl_family family)
{
    if (load(ocl, family))
        return true;
    if (!build(ocl, family))
        return false;
    for (int id = 0; id < OCL_KERNELS; id++) {
        cl_int err = table[id].family == family ? create(ocl, (enum ocl_kernel)id) : CL_SUCCESS;

        if (err) {
            lim_error("creating kernel %s on %s failed: %s", table[id].name, ocl_where(ocl),
                      ocl_error(err));
            return false;
        }
    }
    return true;
}

/* Is the family used on this device? */
static bool wanted(const struct ocl_backend *ocl, enum ocl_family family)
{
    if (family == OCL_FAMILY_WINOGRAD)
        return ocl->wino_block[0] > 0;
    if (family == OCL_FAMILY_WINOGRAD_THREE)
        return false;
    if (family == OCL_FAMILY_NARROW)
        return ocl->limits.is_cpu;
    return family != OCL_FAMILY_IMPLICIT || !ocl->limits.is_cpu;
}

/* Kernels that are built for groups of group_x x group_y. */
static const enum ocl_kernel tiled[] = {OCL_GEMM_TILED, OCL_IMPLICIT_PICTURES,
                                        OCL_IMPLICIT_WEIGHTS};

bool ocl_kernel_is_tiled(enum ocl_kernel id)
{
    for (size_t i = 0; i < sizeof tiled / sizeof *tiled; i++)
        if (tiled[i] == id)
            return true;
    return false;
}

/* Do they run in such groups? Only the built kernels know (registers), so another try, with smaller
 * groups, may be needed. */
static bool groups_fit(struct ocl_backend *ocl)
{
    bool fit = true;

    for (size_t i = 0; i < sizeof tiled / sizeof *tiled; i++) {
        if (!ocl->kernels[tiled[i]])
            continue;
        while ((size_t)(ocl->group_x * ocl->group_y) > ocl->kernel_group[tiled[i]] &&
               ocl_shrink_group(ocl))
            fit = false;
        if (ocl->kernel_local_mem[tiled[i]] > ocl->limits.local_mem && fit)
            fit = !ocl_shrink_group(ocl);
    }
    return fit;
}

bool ocl_programs_init(struct ocl_backend *ocl)
{
    double start = lim_clock();
    bool told = false;

    for (int i = 0; i < OCL_FAMILIES; i++) {
        int family = ocl->backwards ? OCL_FAMILIES - 1 - i : i;

        if (!told && lim_clock() - start > 1.0) {
            lim_info("compiling kernels for %s: %d of %d programs are ready ...", ocl_where(ocl), i,
                     OCL_FAMILIES);
            told = true;
        }
        if (wanted(ocl, (enum ocl_family)family) && !build_family(ocl, (enum ocl_family)family))
            return false;
    }
    return ocl_programs_fit(ocl);
}

bool ocl_programs_fit(struct ocl_backend *ocl)
{
    while (!groups_fit(ocl)) {
        for (int family = 0; family < OCL_FAMILIES; family++) {
            if (!ocl->programs[family] ||
                (family != OCL_FAMILY_GEMM && family != OCL_FAMILY_IMPLICIT))
                continue;
            release(ocl, (enum ocl_family)family);
            if (!build_family(ocl, (enum ocl_family)family))
                return false;
        }
    }
    return true;
}

bool ocl_programs_add(struct ocl_backend *ocl, enum ocl_family family)
{
    if (build_family(ocl, family))
        return true;
    release(ocl, family);
    return false;
}

void ocl_programs_drop(struct ocl_backend *ocl, enum ocl_family family)
{
    release(ocl, family);
}

void ocl_programs_keep(struct ocl_backend *ocl, enum ocl_family first, enum ocl_family last)
{
    for (int family = (int)first; family <= (int)last; family++)
        ocl_binary_keep(ocl, (enum ocl_family)family, families[family].name);
}

void ocl_programs_finish(struct ocl_backend *ocl)
{
    for (int family = 0; family < OCL_FAMILIES; family++)
        release(ocl, (enum ocl_family)family);
}
