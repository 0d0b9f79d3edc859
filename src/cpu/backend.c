/* The backend that every machine has. Operations run immediately, on the calling thread and
 * OpenMP's. */
#include "cpu/cpu.h"

#include "base/log.h"
#include "base/plural.h"
#include "config.h"
#include "cpu/winograd.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef LIM_HAVE_OPENMP
#include <omp.h>
#endif

static const char *gemm_name(bool blas)
{
    return blas ? "OpenBLAS" : "built-in gemm";
}

/* The columns of one range of images: they stay in the last-level cache beside the weights and the
 * pictures. */
static const size_t default_workspace = (size_t)8 << 20;

static struct lim_buffer *buffer_create(struct lim_backend *be, size_t count)
{
    struct cpu_buffer *buf = malloc(sizeof *buf);

    if (!buf || count > SIZE_MAX / sizeof *buf->data)
        goto fail;
    buf->base = (struct lim_buffer){.be = be, .count = count};
    buf->data = cpu_alloc(count * sizeof *buf->data);
    if (!buf->data)
        goto fail;
    memset(buf->data, 0, count * sizeof *buf->data);
    return &buf->base;

fail:
    free(buf);
    lim_error("no memory for a buffer of %zu MiB on the CPU path: try a smaller --batch or --width",
              count / ((size_t)1 << 18));
    return NULL;
}

static void buffer_destroy(struct lim_buffer *base)
{
    struct cpu_buffer *buf = (struct cpu_buffer *)base;

    free(buf->data);
    free(buf);
}

static void write_host(struct lim_tensor t, const float *host)
{
    memcpy(cpu_data(t), host, lim_tensor_count(t) * sizeof *host);
}

static void read_host(struct lim_tensor t, float *host)
{
    memcpy(host, cpu_data(t), lim_tensor_count(t) * sizeof *host);
}

static bool finish(struct lim_backend *be)
{
    (void)be;
    return true;
}

static void use_gemm(struct lim_backend *be, int index)
{
    cpu_of(be)->gemm = index;
}

static void destroy(struct lim_backend *be)
{
    free(cpu_of(be)->scratch);
    free(cpu_of(be));
}

static int count_threads(int wanted)
{
#ifdef LIM_HAVE_OPENMP
    wanted = wanted > 0 ? wanted : omp_get_max_threads();
    /* The same limit as --threads: OMP_NUM_THREADS may have any value, and libgomp's own tables lie
     * on the stack. */
    return wanted < 1024 ? wanted : 1024;
#else
    (void)wanted;
    return 1;
#endif
}

/* The processor as Linux names it, or "". */
static void processor_name(char *text, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];

    *text = '\0';
    while (file && !*text && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) == 0 && colon)
            snprintf(text, size, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1);
    }
    if (file)
        fclose(file);
}

void lim_cpu_identity(const struct lim_device_choice *choice, char *text, size_t size)
{
    char processor[128];

    processor_name(processor, sizeof processor);
    snprintf(text, size, "CPU path, %s, %s, %d threads,%s", gemm_name(cpu_has_blas()),
             cpu_kernel_best()->name, count_threads(choice->threads), processor);
}

static const struct lim_backend_ops cpu_ops;

static bool always(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    (void)be;
    (void)cv;
    (void)pass;
    return true;
}

/* The three passes of an algorithm. */
struct passes {
    void (*forward)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                    struct lim_tensor w, struct lim_tensor y);
    void (*data)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                 struct lim_tensor w, struct lim_tensor dx);
    void (*weights)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                    struct lim_tensor dy, struct lim_tensor dw);
};

/* Allocates now the scratch memory that the pass will need, and touches it: a lack of memory must
 * be reported before the first step. */
static bool reserve(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                    const struct passes *passes)
{
    static float nothing[16]; /* is not read: the pass ends when it gets no scratch memory */
    struct cpu_backend *cpu = cpu_of(be);
    struct cpu_buffer buf = {.base = {.be = be}, .data = nothing};
    struct lim_tensor x = lim_tensor_of(&buf.base, 0, cv->n, cv->h, cv->w, cv->c);
    struct lim_tensor w = lim_tensor_of(&buf.base, 0, cv->r, cv->s, cv->c, cv->k);
    struct lim_tensor y = lim_tensor_of(&buf.base, 0, cv->n, cv->p, cv->q, cv->k);
    uint64_t launches = be->launches;
    size_t before = cpu->scratch_size;

    cpu->measuring = true;
    cpu->measured = 0;
    if (pass == LIM_CONV_FORWARD)
        passes->forward(be, cv, x, w, y);
    else if (pass == LIM_CONV_BACKWARD_DATA)
        passes->data(be, cv, y, w, x);
    else
        passes->weights(be, cv, x, y, w);
    cpu->measuring = false;
    be->launches = launches;
    if (be->planning) {
        if (cpu->measured > cpu->planned_scratch)
            cpu->planned_scratch = cpu->measured;
        return true;
    }
    if (!cpu_scratch_grow(cpu, cpu->measured)) {
        lim_error("no memory for %zu MiB of scratch on the CPU path", cpu->measured >> 20);
        return false;
    }
    if (cpu->scratch_size > before)
        memset(cpu->scratch, 0, cpu->scratch_size);
    return true;
}

static bool reserve_direct(struct lim_backend *be, const struct lim_conv *cv,
                           enum lim_conv_pass pass)
{
    return reserve(
        be, cv, pass,
        &(struct passes){cpu_conv_forward, cpu_conv_backward_data, cpu_conv_backward_weights});
}

static bool reserve_winograd(struct lim_backend *be, const struct lim_conv *cv,
                             enum lim_conv_pass pass)
{
    return reserve(be, cv, pass,
                   &(struct passes){cpu_winograd_forward, cpu_winograd_backward_data,
                                    cpu_winograd_backward_weights});
}

static const struct lim_conv_algorithm convs[] = {
    {"direct", always, cpu_conv_forward, cpu_conv_backward_data, cpu_conv_backward_weights,
     reserve_direct, NULL},
    {"winograd", cpu_winograd_runs, cpu_winograd_forward, cpu_winograd_backward_data,
     cpu_winograd_backward_weights, reserve_winograd, NULL},
    {0},
};

static uint64_t own_memory(const struct lim_backend *be)
{
    const struct cpu_backend *cpu = (const struct cpu_backend *)be;

    return be->planning ? cpu->planned_scratch : cpu->scratch_size;
}

static void plan(struct lim_backend *be)
{
    cpu_of(be)->planned_scratch = cpu_of(be)->scratch_size;
}

struct lim_backend *lim_cpu_create(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct cpu_backend *cpu = calloc(1, sizeof *cpu);

    if (!cpu) {
        lim_error("no memory to open the CPU path");
        *why = LIM_ERROR;
        return NULL;
    }
    cpu->blas = cpu_has_blas();
    cpu->kernel = cpu_kernel_best();
    cpu->threads = count_threads(choice->threads);
    cpu->base.ops = &cpu_ops;
    cpu->base.gemms = cpu_gemms(cpu->blas);
    cpu->base.convs = convs;
    cpu->base.host_memory = true;
    cpu->base.workspace_cap = choice->workspace ? choice->workspace : default_workspace;
    snprintf(cpu->base.name, sizeof cpu->base.name, "CPU path (%d thread%s, %s)", cpu->threads,
             lim_plural((uint64_t)cpu->threads), gemm_name(cpu->blas));
    snprintf(cpu->base.option, sizeof cpu->base.option, "--device cpu");
    lim_cpu_identity(choice, cpu->base.identity, sizeof cpu->base.identity);
    *why = LIM_OK;
    return &cpu->base;
}

static const struct lim_backend_ops cpu_ops = {
    .destroy = destroy,
    .finish = finish,
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .own_memory = own_memory,
    .plan = plan,
    .write = write_host,
    .read = read_host,
    .use_gemm = use_gemm,
    .gemm = cpu_gemm,
    .im2col = cpu_im2col,
    .col2im = cpu_col2im,
    .bias_forward = cpu_bias_forward,
    .bias_backward = cpu_bias_backward,
    .batchnorm_train = cpu_batchnorm_train,
    .batchnorm_infer = cpu_batchnorm_infer,
    .batchnorm_backward = cpu_batchnorm_backward,
    .activation_forward = cpu_activation_forward,
    .activation_backward = cpu_activation_backward,
    .loss = cpu_loss,
    .adam = cpu_adam,
    .fill = cpu_fill,
    .copy = cpu_copy,
    .axpby = cpu_axpby,
    .dot = cpu_dot,
    .scale = cpu_scale,
    .multiply_add = cpu_multiply_add,
    .own = cpu_own,
    .bias_act_forward = cpu_bias_act_forward,
    .bias_act_backward = cpu_bias_act_backward,
    .batchnorm_act_train = cpu_batchnorm_act_train,
    .batchnorm_act_infer = cpu_batchnorm_act_infer,
    .batchnorm_act_backward = cpu_batchnorm_act_backward,
};
