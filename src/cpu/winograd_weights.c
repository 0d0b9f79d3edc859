/* The weight gradient by Winograd's F(m x m, 2x2): for each point and phase, the sum over tiles of
 * transformed x times dy transformed by the adjoint of the output's transform; then the adjoint of
 * the weights' transform, while the sums are in the cache. */
#include "winograd.h"
#include "winograd_job.h"

#include <string.h>

enum { GROUPS = 4 /* of channels of x that meet the panels of dy one after the other */ };

/* Transformed dy, in panels [panel][point][tile][CPU_COLUMNS]. */
struct right {
    struct lim_tensor dy;
    size_t point, panel; /* floats */
    float *y;
};

static void gradient_tile(const struct cpu_winograd_job *job, const struct right *to, int tile,
                          const float *zeros)
{
    struct cpu_winograd_place at = cpu_winograd_place(job, job->first + tile);
    int m = job->m, k = to->dy.c;
    float copy[WINO_PIXELS * CPU_COLUMNS];
    const float *in[WINO_PIXELS], *from[WINO_PIXELS];
    float *y = to->y + (size_t)tile * CPU_COLUMNS;

    for (int i = 0; i < m * m; i++)
        in[i] = cpu_winograd_pixel(to->dy, at.n, at.y * m + i / m, at.x * m + i % m, zeros);
    for (int channel = 0; channel < k; channel += CPU_COLUMNS, y += to->panel) {
        if (channel + CPU_COLUMNS <= k)
            for (int i = 0; i < m * m; i++)
                from[i] = in[i] + channel;
        else
            cpu_winograd_fill_up(m * m, channel, k, CPU_COLUMNS, in, copy, from);
        job->set->gradient(m, CPU_COLUMNS, from, y, to->point);
    }
}

static void gradient_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                           const struct right *to, const float *zeros)
{
    int threads = cpu_of(be)->threads;

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int tile = 0; tile < job->tiles; tile++)
        gradient_tile(job, to, tile, zeros);
    (void)threads;
}

/* Adds the sums of one input channel in one phase, [point][CPU_COLUMNS], to its taps in dw. */
static void add_taps(const struct cpu_winograd_job *job, const struct lim_conv *cv,
                     const float *sums, size_t point, int phase, int c, int column, float *dw)
{
    int count = cpu_min(CPU_COLUMNS, cv->k - column);
    float copy[4 * CPU_COLUMNS] = {0}, *to[4];

    for (int i = 0; i < 4; i++) {
        int r = phase / 2 + i / 2 * 2, s = phase % 2 + i % 2 * 2;

        to[i] = dw + ((size_t)(r * cv->s + s) * (size_t)cv->c + (size_t)c) * (size_t)cv->k + column;
    }
    if (count == CPU_COLUMNS) {
        job->set->taps(job->m, CPU_COLUMNS, sums, point, to);
        return;
    }
    job->set->taps(
        job->m, CPU_COLUMNS, sums, point,
        (float *[]){copy, copy + CPU_COLUMNS, copy + 2 * CPU_COLUMNS, copy + 3 * CPU_COLUMNS});
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < count; j++)
            to[i][j] += copy[i * CPU_COLUMNS + j];
}

/* A group of channels in one phase, by one panel. */
static void multiply(const struct cpu_kernel *kernel, const struct cpu_winograd_job *job,
                     const struct lim_conv *cv, const struct right *right, int group, int panel,
                     float *dw)
{
    enum { POINT = WINO_LANES * CPU_COLUMNS };
    int column = panel * CPU_COLUMNS, columns = cpu_min(CPU_COLUMNS, cv->k - column);
    int c = group % job->groups * WINO_LANES, rows = cpu_min(WINO_LANES, cv->c - c);
    _Alignas(64) float sums[WINO_POINTS * POINT];

    for (int p = 0; p < job->points; p++) {
        const float *v = job->v + (size_t)p * job->point + (size_t)group * job->group;
        const float *y = right->y + (size_t)panel * right->panel + (size_t)p * right->point;

        for (int row = 0; row < rows; row += CPU_ROWS)
            kernel->across(columns, 1, job->tiles, WINO_LANES, &v, (size_t)row, y,
                           sums + p * POINT + row * CPU_COLUMNS);
    }
    for (int row = 0; row < rows; row++)
        add_taps(job, cv, sums + row * CPU_COLUMNS, POINT, group / job->groups, c + row, column,
                 dw);
}

static void multiply_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                           const struct lim_conv *cv, const struct right *right, float *dw)
{
    const struct cpu_kernel *kernel = cpu_of(be)->kernel;
    int threads = cpu_of(be)->threads, panels = cpu_pieces((size_t)cv->k, CPU_COLUMNS);
    int all = WINO_PHASES * job->groups, blocks = cpu_pieces((size_t)all, GROUPS);

#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int task = 0; task < blocks * panels; task++) {
        int first = task / panels * GROUPS, panel = task % panels;

        for (int group = first; group < cpu_min(first + GROUPS, all); group++)
            multiply(kernel, job, cv, right, group, panel, dw);
    }
    (void)threads;
}

void cpu_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    size_t panels = (size_t)cpu_pieces((size_t)cv->k, CPU_COLUMNS), zeros = panels * CPU_COLUMNS;
    struct cpu_winograd_job job =
        cpu_winograd_job(be, cv, x, true, panels * CPU_COLUMNS * WINO_POINTS, false);
    struct right right = {.dy = dy};
    size_t input = cpu_winograd_place_input(&job, NULL);
    float *scratch;

    right.point = (size_t)(job.capacity + 1) * CPU_COLUMNS;
    right.panel = (size_t)job.points * right.point;
    scratch = cpu_scratch(be, (input + zeros + panels * right.panel) * sizeof *scratch);
    if (!scratch)
        return;
    cpu_winograd_place_input(&job, scratch);
    memset(scratch + input, 0, zeros * sizeof *scratch);
    right.y = scratch + input + zeros;
    for (job.first = 0; job.first < job.total; job.first += job.capacity) {
        job.tiles = cpu_min(job.capacity, job.total - job.first);
        cpu_winograd_input(be, &job);
        gradient_range(be, &job, &right, scratch + input);
        multiply_range(be, &job, cv, &right, cpu_data(dw));
    }
    be->launches++;
}
