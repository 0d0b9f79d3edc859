/* The weight gradient by Winograd's algorithm: for each point and phase, the sum over tiles of
 * transformed x times dy transformed by the adjoint of the output's transform; then the adjoint of
 * the weights' transform, while the sums are in the cache. */
#include "cpu/winograd.h"

#include "base/parallel.h"
#include "cpu/winograd_job.h"

#include <string.h>

enum {
    GROUPS = 4,     /* of channels of x that meet the panels of dy one after the other */
    RANGE = 1 << 19 /* floats transformed at once, about: 2 MiB */
};

/* Transformed x, v[group][point][tile][WINO_LANES], and dy, y[panel][point][tile][CPU_COLUMNS], of
 * a range of tiles; sizes in floats. Distances between points are no powers of two: see
 * winograd.c. */
struct pair {
    struct lim_tensor dy;
    int first, tiles, capacity;
    struct cpu_winograd_layout layout; /* of v */
    size_t y_point, y_panel;
    float *v, *y;
};

static void gradient_tile(const struct cpu_winograd_job *job, const struct pair *to, int tile)
{
    struct cpu_winograd_place at = cpu_winograd_place(job, to->first + tile);
    int m = job->m, k = to->dy.c;
    float copy[WINO_PIXELS * CPU_COLUMNS];
    const float *in[WINO_PIXELS], *from[WINO_PIXELS];
    float *y = to->y + (size_t)tile * CPU_COLUMNS;

    for (int i = 0; i < m * m; i++)
        in[i] = cpu_winograd_pixel(to->dy, at.n, at.y * m + i / m, at.x * m + i % m, job->zeros);
    for (int channel = 0; channel < k; channel += CPU_COLUMNS, y += to->y_panel) {
        if (channel + CPU_COLUMNS <= k)
            for (int i = 0; i < m * m; i++)
                from[i] = in[i] + channel;
        else
            cpu_winograd_fill_up(m * m, channel, k, CPU_COLUMNS, in, copy, from);
        job->kernel->gradient(job->whole, CPU_COLUMNS, from, y, to->y_point);
    }
}

static void transform_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                            const struct pair *to)
{
    int threads = cpu_of(be)->threads;

    PARALLEL(threads, tile, to->tiles) {
        cpu_winograd_input_tile(job, 0, WINO_PHASES, to->first + tile,
                                to->v + (size_t)tile * WINO_LANES, &to->layout);
        gradient_tile(job, to, tile);
    }
}

/* Adds the sums of one input channel in one phase, [point][CPU_COLUMNS], to its taps in dw. */
static void add_taps(const struct cpu_winograd_job *job, const struct lim_conv *cv,
                     const float *sums, size_t point, const struct cpu_winograd_phase *phase, int c,
                     int column, float *dw)
{
    int count = cpu_min(CPU_COLUMNS, cv->k - column), across = phase->shape.across;
    int taps = phase->shape.down * across;
    float copy[WINO_TAPS * WINO_TAPS * CPU_COLUMNS], *to[WINO_TAPS * WINO_TAPS];
    float *copies[WINO_TAPS * WINO_TAPS];

    for (int i = 0; i < taps; i++) {
        int r = phase->down + i / across * 2, s = phase->across + i % across * 2;

        to[i] = dw + ((size_t)(r * cv->s + s) * (size_t)cv->c + (size_t)c) * (size_t)cv->k + column;
        copies[i] = copy + i * CPU_COLUMNS;
    }
    if (count == CPU_COLUMNS) {
        job->kernel->taps(phase->shape, CPU_COLUMNS, sums, point, to);
        return;
    }
    memset(copy, 0, sizeof copy);
    job->kernel->taps(phase->shape, CPU_COLUMNS, sums, point, copies);
    for (int i = 0; i < taps; i++)
        for (int j = 0; j < count; j++)
            to[i][j] += copies[i][j];
}

/* A group of channels in one phase, by one panel. */
static void multiply(const struct cpu_winograd_job *job, const struct lim_conv *cv,
                     const struct pair *from, int group, int panel, float *dw)
{
    enum { POINT = WINO_LANES * CPU_COLUMNS };
    const struct cpu_winograd_phase *phase = &job->phases[group / job->groups];
    int column = panel * CPU_COLUMNS, columns = cpu_min(CPU_COLUMNS, cv->k - column);
    int c = group % job->groups * WINO_LANES, rows = cpu_min(WINO_LANES, cv->c - c);
    _Alignas(64) float sums[WINO_POINTS * POINT];

    for (int p = 0; p < job->points; p++) {
        const float *v =
            from->v + (size_t)p * from->layout.point + (size_t)group * from->layout.group;
        const float *y = from->y + (size_t)panel * from->y_panel + (size_t)p * from->y_point;

        if (!cpu_winograd_has(&phase->shape, p))
            continue;
        /* Meanwhile the next point's data is prefetched. */
        cpu_fetch(v + from->layout.point, from->tiles * WINO_LANES);
        cpu_fetch(y + from->y_point, from->tiles * CPU_COLUMNS);
        for (int row = 0; row < rows; row += CPU_ROWS)
            job->kernel->across(cpu_min(CPU_ROWS, rows - row), columns, 1, from->tiles, WINO_LANES,
                                &v, (size_t)row, y, sums + p * POINT + row * CPU_COLUMNS);
    }
    for (int row = 0; row < rows; row++)
        add_taps(job, cv, sums + row * CPU_COLUMNS, POINT, phase, c + row, column, dw);
}

static void multiply_range(struct lim_backend *be, const struct cpu_winograd_job *job,
                           const struct lim_conv *cv, const struct pair *from, float *dw)
{
    int threads = cpu_of(be)->threads, panels = cpu_pieces((size_t)cv->k, CPU_COLUMNS);
    int all = WINO_PHASES * job->groups, blocks = cpu_pieces((size_t)all, GROUPS);

    PARALLEL_UNEVEN(threads, task, blocks * panels) {
        int first = task / panels * GROUPS, panel = task % panels;

        for (int group = first; group < cpu_min(first + GROUPS, all); group++)
            multiply(job, cv, from, group, panel, dw);
    }
}

void cpu_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct cpu_winograd_job job = cpu_winograd_job(be, cv, x, true);
    size_t panels = (size_t)cpu_pieces((size_t)cv->k, CPU_COLUMNS);
    size_t groups = (size_t)(WINO_PHASES * job.groups), input, zeros = panels * CPU_COLUMNS;
    int fit = (int)(RANGE / ((size_t)job.points * (groups * WINO_LANES + panels * CPU_COLUMNS)));
    struct pair to = {.dy = dy, .capacity = cpu_min(fit > 64 ? fit / 64 * 64 : 64, job.total)};
    float *scratch;

    zeros = zeros > job.zeros_size ? zeros : job.zeros_size;
    to.layout.point = (size_t)(to.capacity + 1) * WINO_LANES;
    to.layout.group = (size_t)job.points * to.layout.point;
    to.layout.near = WINO_NEAR * to.layout.group;
    to.y_point = (size_t)(to.capacity + 1) * CPU_COLUMNS;
    to.y_panel = (size_t)job.points * to.y_point;
    input = groups * to.layout.group;
    scratch = cpu_scratch(be, (zeros + input + panels * to.y_panel) * sizeof *scratch);
    if (!scratch)
        return;
    job.zeros = memset(scratch, 0, zeros * sizeof *scratch);
    to.v = scratch + zeros;
    to.y = to.v + input;
    for (to.first = 0; to.first < job.total; to.first += to.capacity) {
        to.tiles = cpu_min(to.capacity, job.total - to.first);
        transform_range(be, &job, &to);
        multiply_range(be, &job, cv, &to, cpu_data(dw));
    }
    be->launches++;
}
