/* The transformed weights of both passes that write pictures. */
#include "winograd_job.h"

#include <string.h>

/* 2x2 taps of a phase, for one input channel and `count` output channels. */
static void gather_taps(const struct cpu_winograd_pictures *pc, int phase, int channel, int first,
                        int count, float *taps)
{
    const struct lim_conv *cv = pc->cv;
    size_t k = (size_t)cv->k, plane = (size_t)cv->c * k;

    for (int i = 0; i < 4; i++, taps += CPU_COLUMNS) {
        int r = phase / 2 + (pc->backward ? 2 - i / 2 * 2 : i / 2 * 2);
        int s = phase % 2 + (pc->backward ? 2 - i % 2 * 2 : i % 2 * 2);
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
    int phase = pc->backward ? set : group / job->groups, first = panel * CPU_COLUMNS;
    int count = cpu_min(CPU_COLUMNS, pc->out.c - first);
    float taps[4 * CPU_COLUMNS];
    const float *const rows[4] = {taps, taps + CPU_COLUMNS, taps + 2 * CPU_COLUMNS,
                                  taps + 3 * CPU_COLUMNS};

    for (int i = 0; i < WINO_LANES; i++, u += CPU_COLUMNS) {
        int channel = group % job->groups * WINO_LANES + i;

        if (channel < job->in.c)
            gather_taps(pc, phase, channel, first, count, taps);
        else
            memset(taps, 0, sizeof taps);
        job->kernel->weights(job->m, CPU_COLUMNS, rows, u, pc->u_point);
    }
}

void cpu_winograd_weights(struct lim_backend *be, const struct cpu_winograd_pictures *pc, float *u)
{
    int threads = cpu_of(be)->threads, panels = pc->panels * pc->sets;

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int task = 0; task < panels * pc->groups; task++) {
        int panel = task / pc->groups;

        cpu_winograd_weights_group(pc, panel / pc->sets, panel % pc->sets, task % pc->groups,
                                   u + (size_t)panel * pc->u_panel +
                                       (size_t)(task % pc->groups) * (WINO_LANES * CPU_COLUMNS));
    }
    (void)threads;
}
