/* The transformed weights of both passes that write pictures. */
#include "cpu/winograd_job.h"

#include "base/parallel.h"

#include <string.h>

/* The taps of a phase, for one input channel and `count` output channels. Backwards they are
 * reversed. */
static void gather_taps(const struct cpu_winograd_pictures *pc,
                        const struct cpu_winograd_phase *phase, int channel, int first, int count,
                        float *taps)
{
    const struct lim_conv *cv = pc->cv;
    int down = phase->shape.down, across = phase->shape.across, all = down * across;
    size_t k = (size_t)cv->k, plane = (size_t)cv->c * k;

    for (int i = 0; i < all; i++, taps += CPU_COLUMNS) {
        int tap = pc->backward ? all - 1 - i : i;
        int r = phase->down + tap / across * 2, s = phase->across + tap % across * 2;
        const float *w = pc->w + (size_t)(r * cv->s + s) * plane;

        if (pc->backward) /* w[c][k]: outputs are k apart */
            for (int j = 0; j < count; j++)
                taps[j] = w[(size_t)(first + j) * k + (size_t)channel];
        else
            memcpy(taps, w + (size_t)channel * k + first, (size_t)count * sizeof *taps);
        memset(taps + count, 0, (size_t)(CPU_COLUMNS - count) * sizeof *taps);
    }
}

void cpu_winograd_weights_group(const struct cpu_winograd_pictures *pc, int panel, int set,
                                int group, float *u)
{
    const struct cpu_winograd_job *job = &pc->job;
    const struct cpu_winograd_phase *phase = &job->phases[pc->backward ? set : group / job->groups];
    int first = panel * CPU_COLUMNS, count = cpu_min(CPU_COLUMNS, pc->out.c - first);
    float taps[WINO_TAPS * WINO_TAPS * CPU_COLUMNS];
    const float *rows[WINO_TAPS * WINO_TAPS];

    for (int i = 0; i < WINO_TAPS * WINO_TAPS; i++)
        rows[i] = taps + i * CPU_COLUMNS;
    for (int i = 0; i < WINO_LANES; i++, u += CPU_COLUMNS) {
        int channel = group % job->groups * WINO_LANES + i;

        if (channel < job->in.c)
            gather_taps(pc, phase, channel, first, count, taps);
        else
            memset(taps, 0, sizeof taps);
        job->kernel->weights(phase->shape, CPU_COLUMNS, rows, u, pc->u_point);
    }
}

void cpu_winograd_weights(struct lim_backend *be, const struct cpu_winograd_pictures *pc, float *u)
{
    int threads = cpu_of(be)->threads, panels = pc->panels * pc->sets;

    PARALLEL(threads, task, panels * pc->groups) {
        int panel = task / pc->groups;

        cpu_winograd_weights_group(pc, panel / pc->sets, panel % pc->sets, task % pc->groups,
                                   u + (size_t)panel * pc->u_panel +
                                       (size_t)(task % pc->groups) * (WINO_LANES * CPU_COLUMNS));
    }
}
