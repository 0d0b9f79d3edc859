/* Winograd's F(m x m, 2x2) by stride phases.
 *
 * With a stride of 2, rows and columns of the padded x that are even meet the even rows and columns
 * of the 4x4 kernel, and odd ones the odd: four phases, each a convolution of stride 1 with 2x2
 * taps. Forward sums them, in the transform domain, as one product of depth 4c for each of the
 * (m + 1)^2 points. The data gradient writes each phase of dx from the same dy, and the weight
 * gradient is the adjoint of forward. With m = 4 there are 25 products where a direct convolution
 * has 64.
 *
 * Two steps over a range of tiles that fits the caches: transform the input, then for every panel
 * of CPU_COLUMNS outputs and block of tiles do the products of all points and transform the sums
 * back while they are in the second-level cache. Transformed weights are made for as many panels at
 * a time as fit beside.
 *
 * Errors. u = 2^-24, |M| a matrix of absolute values. Along a line the transforms round at most 3
 * times (B'), 2 (G, and its coefficient once more) and 4 (A'), a product of depth K at most K
 * times; both directions together K + 20 times. To first order, then, an output errs by at most (K
 * + 20) u times the sum over channels and phases of T(|w|, |d|), T the same algorithm with all
 * minus signs taken out. Over one line T is at most 20 max|w| max|d| (the last row of A' with m =
 * 4: 4 + 2 + 8 + 6), over both 400: certain, and far from what happens. Roundings walk at random;
 * measured against double (tests/test_winograd.c, limner-conform), K from 64 to 4096, errors reach
 * 0.15 of NUMERICS' 8 max(sqrt K, 8) u on the norm and 0.4 of its 16 max(sqrt K, 8) u (|A||B|) on
 * elements; a direct convolution has about a third of that error. An element's own (|A||B|) may be
 * small beside its neighbours' in the tile, the less likely the more terms: with fewer than 16
 * channels Winograd is refused. With m = 2 and 3 no coefficient rounds, and sums of integers are
 * exact. */
#include "winograd.h"

#include "config.h"
#include "winograd_job.h"

#include <string.h>

#ifdef LIM_HAVE_OPENMP
#include <omp.h>
#endif

enum {
    PANELS = 2 << 20, /* floats of transformed weights at once, about: 8 MiB */
    SUMS = WINO_POINTS * WINO_BLOCK * CPU_COLUMNS
};

/* Of both passes that write pictures. `sets` is 1 where all phases sum into one output, or
 * WINO_PHASES where each has its own. */
struct panels {
    const struct lim_conv *cv;
    bool backward;
    int sets, depth;          /* rows of a panel */
    size_t point, set, panel; /* floats */
    const float *w;
    float *u; /* [panel][set][point][depth][CPU_COLUMNS] */
};

/* 2x2 taps of a phase, for one input channel and `count` output channels. */
static void gather_taps(const struct panels *to, int phase, int channel, int first, int count,
                        float *taps)
{
    const struct lim_conv *cv = to->cv;
    size_t k = (size_t)cv->k, plane = (size_t)cv->c * k;

    for (int i = 0; i < 4; i++, taps += CPU_COLUMNS) {
        int r = phase / 2 + (to->backward ? 2 - i / 2 * 2 : i / 2 * 2);
        int s = phase % 2 + (to->backward ? 2 - i % 2 * 2 : i % 2 * 2);
        const float *w = to->w + (size_t)(r * cv->s + s) * plane;

        if (to->backward) /* w[c][k]: outputs are k apart */
            for (int j = 0; j < count; j++)
                taps[j] = w[(size_t)(first + j) * k + (size_t)channel];
        else
            memcpy(taps, w + (size_t)channel * k + first, (size_t)count * sizeof *taps);
        memset(taps + count, 0, (size_t)(CPU_COLUMNS - count) * sizeof *taps);
    }
}

/* WINO_LANES rows of one panel: a group of input channels in one phase. */
static void weights_group(const struct cpu_winograd_job *job, const struct panels *to, int panel,
                          int at, int phase, int group)
{
    int inputs = job->in.c, outputs = to->backward ? to->cv->c : to->cv->k;
    int first = panel * CPU_COLUMNS, count = cpu_min(CPU_COLUMNS, outputs - first);
    size_t row = (size_t)(to->sets == 1 ? phase * job->groups + group : group) * WINO_LANES;
    float *u = to->u + (size_t)at * to->panel + (to->sets == 1 ? 0 : (size_t)phase * to->set) +
               row * CPU_COLUMNS;
    float taps[4 * CPU_COLUMNS];
    const float *const rows[4] = {taps, taps + CPU_COLUMNS, taps + 2 * CPU_COLUMNS,
                                  taps + 3 * CPU_COLUMNS};

    for (int i = 0; i < WINO_LANES; i++, u += CPU_COLUMNS) {
        int channel = group * WINO_LANES + i;

        if (channel < inputs)
            gather_taps(to, phase, channel, first, count, taps);
        else
            memset(taps, 0, sizeof taps);
        job->set->weights(job->m, CPU_COLUMNS, rows, u, to->point);
    }
}

static void weights_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                          const struct panels *to, int first, int count)
{
    int threads = cpu_of(be)->threads, each = WINO_PHASES * job->groups;

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int task = 0; task < count * each; task++) {
        int at = task / each, rest = task % each;

        weights_group(job, to, first + at, at, rest / job->groups, rest % job->groups);
    }
    (void)threads;
}

/* Sums of `lanes` channels of one tile, back into the picture. */
static void output_tile(const struct cpu_winograd_job *job, int tile, int phase, const float *sums,
                        size_t point, int channel, struct lim_tensor out)
{
    struct cpu_winograd_place at = cpu_winograd_place(job, tile);
    int count = cpu_min(CPU_COLUMNS, out.c - channel), m = job->m;
    int lanes = count > WINO_LANES ? CPU_COLUMNS : WINO_LANES;
    float *to[WINO_PIXELS] = {0};
    float copy[WINO_PIXELS * CPU_COLUMNS];
    const struct cpu_winograd_axis *down = &job->down, *across = &job->across;
    bool whole = count == lanes;

    for (int i = 0; i < m * m; i++) {
        int y = at.y * m + i / m, x = at.x * m + i % m;
        bool inside = y < down->count[phase / 2] && x < across->count[phase % 2];

        to[i] = copy + i * CPU_COLUMNS;
        if (inside && whole)
            to[i] = (float *)cpu_winograd_pixel(out, at.n, down->to[phase / 2] + y * down->to_step,
                                                across->to[phase % 2] + x * across->to_step, NULL) +
                    channel;
    }
    job->set->output(m, lanes, sums, point, to);
    for (int i = 0; i < m * m && !whole; i++) {
        int y = at.y * m + i / m, x = at.x * m + i % m;

        if (y < down->count[phase / 2] && x < across->count[phase % 2])
            memcpy((float *)cpu_winograd_pixel(out, at.n, down->to[phase / 2] + y * down->to_step,
                                               across->to[phase % 2] + x * across->to_step, NULL) +
                       channel,
                   copy + i * CPU_COLUMNS, (size_t)count * sizeof *copy);
    }
}

/* One panel by one block of tiles: all points' products, then the way back. `sums` is this thread's
 * own [point][WINO_BLOCK][CPU_COLUMNS]. */
static void multiply(const struct cpu_kernel *kernel, const struct cpu_winograd_job *job,
                     const struct panels *from, int at, int set, int first, int channel,
                     float *sums, struct lim_tensor out)
{
    const size_t point = WINO_BLOCK * CPU_COLUMNS;
    int tiles = cpu_min(WINO_BLOCK, job->tiles - first), runs = from->depth / WINO_LANES;
    int columns = cpu_min(CPU_COLUMNS, out.c - channel);
    const float *u = from->u + (size_t)at * from->panel + (size_t)set * from->set;
    const float *v =
        job->v + (size_t)(set * job->groups) * job->group + (size_t)(first / CPU_ROWS) * job->block;

    for (int p = 0; p < job->points; p++, u += from->point, v += job->point) {
        float *to = sums + (size_t)p * point;

        for (int tile = 0; tile < tiles; tile += CPU_ROWS, to += CPU_ROWS * CPU_COLUMNS) {
            const float *block = v + (size_t)(tile / CPU_ROWS) * job->block, *a[CPU_ROWS];

            for (int row = 0; row < CPU_ROWS; row++)
                a[row] = block + cpu_min(row, tiles - tile - 1) * WINO_LANES;
            kernel->along(columns, runs, WINO_LANES, job->group, a, u, to);
        }
    }
    for (int tile = 0; tile < tiles; tile++)
        output_tile(job, job->first + first + tile, set, sums + (size_t)tile * CPU_COLUMNS, point,
                    channel, out);
}

static int this_thread(void)
{
#ifdef LIM_HAVE_OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

static void multiply_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                           const struct panels *from, int first, int count, float *sums,
                           struct lim_tensor out)
{
    const struct cpu_kernel *kernel = cpu_of(be)->kernel;
    int threads = cpu_of(be)->threads, blocks = cpu_pieces((size_t)job->tiles, WINO_BLOCK);

#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int task = 0; task < count * from->sets * blocks; task++) {
        int block = task % blocks, set = task / blocks % from->sets,
            at = task / blocks / from->sets;

        multiply(kernel, job, from, at, set, block * WINO_BLOCK, (first + at) * CPU_COLUMNS,
                 sums + (size_t)this_thread() * SUMS, out);
    }
    (void)threads;
}

/* Both passes that write a picture. */
static void run(struct lim_backend *be, const struct lim_conv *cv, bool backward,
                struct lim_tensor in, struct lim_tensor w, struct lim_tensor out)
{
    struct cpu_winograd_job job = cpu_winograd_job(be, cv, in, !backward, 0, true);
    struct panels panels = {.cv = cv,
                            .backward = backward,
                            .sets = backward ? WINO_PHASES : 1,
                            .depth = job.groups * WINO_LANES * (backward ? 1 : WINO_PHASES),
                            .w = cpu_data(w)};
    int count = cpu_pieces((size_t)out.c, CPU_COLUMNS), batch;
    size_t input = cpu_winograd_place_input(&job, NULL);
    size_t sums = (size_t)cpu_of(be)->threads * SUMS;
    float *scratch;

    panels.point = (size_t)(panels.depth + 1) * CPU_COLUMNS; /* no power of two, as job.point */
    panels.set = (size_t)job.points * panels.point;
    panels.panel = (size_t)panels.sets * panels.set;
    batch = PANELS < panels.panel ? 1 : cpu_min(count, (int)(PANELS / panels.panel));
    scratch = cpu_scratch(be, (input + sums + (size_t)batch * panels.panel) * sizeof *scratch);
    if (!scratch)
        return;
    cpu_winograd_place_input(&job, scratch);
    panels.u = scratch + input + sums;
    for (job.first = 0; job.first < job.total; job.first += job.capacity) {
        job.tiles = cpu_min(job.capacity, job.total - job.first);
        cpu_winograd_input(be, &job);
        for (int first = 0; first < count; first += batch) {
            int some = cpu_min(batch, count - first);

            if (job.first == 0 || batch < count)
                weights_range(be, &job, &panels, first, some);
            multiply_range(be, &job, &panels, first, some, scratch + input, out);
        }
    }
    be->launches++;
}

void cpu_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y)
{
    run(be, cv, false, x, w, y);
}

void cpu_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    run(be, cv, true, dy, w, dx);
}
