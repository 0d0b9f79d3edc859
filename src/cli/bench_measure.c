#include "cli/bench.h"

#include "base/clock.h"
#include "cli/terminal.h"

#include <limner/bench.h>
#include <limner/limner.h>
#include <stdlib.h>

enum { WARM_UPS = 2, MOST_CALLS = 1000, OPERANDS = 3 };

struct prepared {
    struct lim_buffer *buffers[OPERANDS];
    struct lim_tensor t[OPERANDS];
    struct lim_dcgan *gan;
    uint8_t *pictures;
    float *latents;
};

double bench_conv_bytes(const struct lim_conv *cv)
{
    double x = (double)cv->n * cv->h * cv->w * cv->c, y = (double)cv->n * cv->p * cv->q * cv->k;

    return 4 * (x + y + (double)cv->r * cv->s * cv->c * cv->k);
}

static double net_flops(const struct lim_layer_desc *rows, int count, int h, int c)
{
    struct lim_conv cv;
    double sum = 0;

    for (int i = 0; i < count; i++)
        if (lim_conv_of_row(&rows[i], 1, &h, &c, &cv))
            sum += 2.0 * cv.p * cv.q * cv.k * cv.r * cv.s * cv.c;
    return sum;
}

double bench_gan_flops(const struct lim_dcgan_config *config, bool paint)
{
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    double g = net_flops(rows, lim_dcgan_generator_rows(config, rows), 1, config->latent);
    double d =
        net_flops(rows, lim_dcgan_discriminator_rows(config, rows), config->size, config->channels);

    return config->batch * (paint ? g : 3 * g + 8 * d);
}

/* A buffer of `count` numbers in [-1, 1). */
static struct lim_buffer *noise(struct lim_backend *be, size_t count)
{
    struct lim_buffer *buf = lim_buffer_create(be, count);
    float *host = buf ? malloc(count * sizeof *host) : NULL;
    uint32_t seed = 1;

    if (!host) {
        if (buf)
            say_error("bench: no memory");
        lim_buffer_destroy(buf);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        host[i] = (float)(int32_t)(seed = seed * 1664525u + 1013904223u) * 0x1p-31f;
    lim_write(lim_vector_of(buf, 0, count), host);
    free(host);
    return buf;
}

static bool prepare_tensors(const struct bench_work *work, struct prepared *p)
{
    const struct lim_conv *cv = &work->cv;
    int count = work->kind == BENCH_MULTIPLY_ADD ? 1 : work->kind == BENCH_COPY ? 2 : OPERANDS;

    for (int i = 0; i < count; i++)
        p->t[i] = work->kind == BENCH_GEMM ? lim_tensor_of(NULL, 0, work->size, 1, 1, work->size)
                                           : lim_tensor_of(NULL, 0, 1, 1, 1, work->size);
    if (work->kind == BENCH_CONV) {
        if (!lim_conv_reserve(work->be, cv))
            return false;
        p->t[0] = lim_tensor_of(NULL, 0, cv->n, cv->h, cv->w, cv->c);
        p->t[1] = lim_tensor_of(NULL, 0, cv->r, cv->s, cv->c, cv->k);
        p->t[2] = lim_tensor_of(NULL, 0, cv->n, cv->p, cv->q, cv->k);
    }
    for (int i = 0; i < count; i++) {
        p->t[i].buf = p->buffers[i] = noise(work->be, lim_tensor_count(p->t[i]));
        if (!p->buffers[i])
            return false;
    }
    return true;
}

static bool prepare(const struct bench_work *work, struct prepared *p)
{
    const struct lim_dcgan_config *config = work->config;
    size_t bytes, latents;

    if (work->kind != BENCH_STEP && work->kind != BENCH_PAINT)
        return prepare_tensors(work, p);
    bytes = (size_t)config->batch * (size_t)config->size * (size_t)config->size *
            (size_t)config->channels;
    latents = (size_t)config->batch * (size_t)config->latent;
    p->pictures = malloc(bytes);
    p->latents = malloc(latents * sizeof *p->latents);
    if (!p->pictures || !p->latents) {
        say_error("bench: no memory");
        return false;
    }
    for (size_t i = 0; i < bytes; i++)
        p->pictures[i] = (uint8_t)(i * 2654435761u >> 13);
    for (int i = 0; i < config->batch; i++)
        lim_dcgan_latent((uint64_t)i, config->latent, p->latents + i * config->latent);
    p->gan = lim_dcgan_create(work->be, config, work->kind == BENCH_PAINT);
    return p->gan != NULL;
}

static void finish(struct prepared *p)
{
    lim_dcgan_destroy(p->gan);
    for (int i = 0; i < OPERANDS; i++)
        lim_buffer_destroy(p->buffers[i]);
    free(p->pictures);
    free(p->latents);
}

static void call(const struct bench_work *work, struct prepared *p)
{
    struct lim_backend *be = work->be;
    struct lim_dcgan_stats stats;

    switch (work->kind) {
    case BENCH_MULTIPLY_ADD:
        lim_multiply_add(work->be, work->rounds, p->t[0]);
        break;
    case BENCH_GEMM:
        lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, p->t[0], p->t[1], 0.0f, p->t[2]);
        break;
    case BENCH_COPY:
        lim_copy(be, p->t[0], p->t[1]);
        break;
    case BENCH_CONV:
        if (work->pass == LIM_CONV_FORWARD)
            lim_conv_forward(be, &work->cv, p->t[0], p->t[1], p->t[2]);
        else if (work->pass == LIM_CONV_BACKWARD_DATA)
            lim_conv_backward_data(be, &work->cv, p->t[2], p->t[1], p->t[0]);
        else
            lim_conv_backward_weights(be, &work->cv, p->t[0], p->t[2], p->t[1]);
        break;
    case BENCH_STEP:
        lim_dcgan_step(p->gan, p->pictures, &stats);
        break;
    case BENCH_PAINT:
        lim_dcgan_paint(p->gan, p->latents, work->config->batch, false, p->pictures);
        break;
    }
}

static bool run(const struct bench_work *work, struct prepared *p, int calls, double *seconds,
                struct bench_timing *time)
{
    uint64_t launches = lim_backend_launches(work->be), bytes = lim_backend_bytes(work->be);
    bool good = lim_backend_finish(work->be);
    double start = lim_clock();

    for (int i = 0; i < calls; i++)
        call(work, p);
    good = good && lim_backend_finish(work->be);
    *seconds = lim_clock() - start;
    time->launches = (lim_backend_launches(work->be) - launches) / (uint64_t)calls;
    time->bytes = (lim_backend_bytes(work->be) - bytes) / (uint64_t)calls;
    return good;
}

bool bench_measure(const struct bench_work *work, int runs, struct bench_timing *time)
{
    struct prepared p = {0};
    double *seconds = calloc((size_t)runs, sizeof *seconds), first = 0;
    int calls = 1;
    bool good = seconds && prepare(work, &p);

    for (int i = 0; good && i < WARM_UPS; i++)
        good = run(work, &p, 1, &first, time);
    if (good)
        calls = lim_clock_calls(first, MOST_CALLS);
    for (int i = 0; good && i < runs; i++)
        good = run(work, &p, calls, &seconds[i], time);
    if (good) {
        time->median = lim_clock_median(seconds, runs) / calls;
        time->plausible = seconds[0] >= lim_clock_least();
        time->best = seconds[0] / calls;
    }
    finish(&p);
    free(seconds);
    return good;
}
