/* Winograd's algorithm by stride phases.
 *
 * With a stride of 2, rows and columns of the padded x that are even meet the even rows and columns
 * of the kernel, and odd ones the odd: four phases, each a convolution of stride 1, with 2x2 taps
 * where the kernel is 4x4, with 3x3, 3x2, 2x3 and 2x2 where it is 5x5, and with 2x2, 2x1, 1x2 and
 * 1x1 where it is 3x3. Forward sums them, in the transform domain, as one product for each point:
 * of depth 4c, or, at the points that only the phases of more taps have, of those phases' channels.
 * The data gradient writes each phase of dx from the same dy, and the weight gradient is the
 * adjoint of forward. With m = 4 kernel 4 has 100 products for 16 outputs where a direct
 * convolution has 256, kernel 5 has 121 where that has 400, and kernel 3 has 81 where that has 144.
 *
 * A task is a block of tiles by a panel of CPU_COLUMNS outputs: the products of all points, whose
 * sums stay in the second-level cache, and their transform back. Where there are many tiles, a
 * thread walks through its blocks, transforms the input of one and multiplies it by every panel of
 * weights, which were transformed before. Where weights outweigh the tiles it is the other way
 * around: a range of tiles is transformed before, and threads walk through panels, whose weights
 * they transform piece by piece on the way. No sum depends on that choice.
 *
 * Errors. u = 2^-24, |M| a matrix of absolute values. Along a line the transforms of two taps round
 * at most 3 times (B'), 2 (G, and its coefficient once more) and 4 (A'), a product of depth K at
 * most K times; both directions together K + 20 times. With three taps it is 4, 3 (and once more)
 * and 4: K + 24. To first order, then, an output errs by at most so many u times the sum over
 * channels and phases of T(|w|, |d|), T the same algorithm with all minus signs taken out. Over one
 * line T is at most 20 max|w| max|d| for two taps (the last row of A' with m = 4: 4 + 2 + 8 + 6)
 * and 29.6 for three (the first and the last row: 5 + 5 + 11.2 + 1.4 + 7), over both 400 and 876:
 * certain, and far from what happens. Roundings walk at random; measured against double
 * (tests/unit/cpu/winograd.c, limner-conform), K from 64 to 6400, errors of both kernels reach 0.17
 * of the 8 max(sqrt K, 8) u on the norm that docs/design/numerics.md allows, and 0.65 of its
 * 16 max(sqrt K, 8) u (|A||B|) on elements (a weight gradient of two pictures with one tile each;
 * of one such picture 0.91; else 0.43); a direct convolution has about a third of that error. An
 * element's own (|A||B|) may be small beside its neighbors' in the tile, the less likely the more
 * terms: with fewer than 16 channels Winograd is refused. With m = 2 and 3 no coefficient rounds,
 * and sums of integers are exact. */
#include "cpu/winograd.h"

#include "base/parallel.h"
#include "cpu/winograd_job.h"

#include <string.h>

enum {
    BLOCK = 64, /* tiles */
    /* Floats at most: of transformed weights that are read again for every block of tiles; about,
     * of transformed input that is read again for every panel of weights. */
    WEIGHTS = 6 << 20,
    INPUT = 4 << 20
};

/* A block's sums, [point][BLOCK][CPU_COLUMNS]. */
enum { POINT_SUMS = BLOCK * CPU_COLUMNS, SUMS = WINO_POINTS * POINT_SUMS };

/* The groups of a set that a point uses. */
static struct cpu_winograd_range groups_of(const struct cpu_winograd_pictures *pc, int set,
                                           int point)
{
    int groups = pc->job.groups;
    struct cpu_winograd_range phases = cpu_winograd_phases_of(&pc->job, point);

    if (!pc->backward)
        return (struct cpu_winograd_range){phases.first * groups, phases.last * groups};
    return (struct cpu_winograd_range){
        0, cpu_winograd_has(&pc->job.phases[set].shape, point) ? groups : 0};
}

/* Groups first..last-1 of a panel by some tiles: all points. `v` is the first tile's, `u` the first
 * group's. While one tile is multiplied, the next one's input is prefetched, and a share of the
 * weights that follow: fetched all at once when needed, they would keep the processor waiting. Rows
 * past the last tile keep old values; nobody reads their sums. */
static void multiply(const struct cpu_winograd_pictures *pc, int set, const float *v,
                     const float *u, int tiles, int columns, int first, int last, float *sums)
{
    enum { ROWS = CPU_ROWS * WINO_NEAR * WINO_LANES, PANEL = WINO_NEAR * WINO_LANES * CPU_COLUMNS };
    const struct cpu_winograd_job *job = &pc->job;
    int share = PANEL / cpu_pieces((size_t)tiles, CPU_ROWS);

    for (int p = 0; p < job->points; p++, v += pc->v.point, u += pc->u_point, sums += POINT_SUMS) {
        struct cpu_winograd_range all = pc->ranges[set][p];
        int from_group = all.first > first ? all.first : first, end = cpu_min(all.last, last);

        for (int g = from_group, step; g < end; g += step) {
            const float *from =
                v + (size_t)(g / WINO_NEAR) * pc->v.near + (size_t)(g % WINO_NEAR) * pc->v.group;
            const float *panel = u + (size_t)(g - first) * (WINO_LANES * CPU_COLUMNS);
            const float *next = g + WINO_NEAR < end ? panel + PANEL : u + pc->u_point;

            step = cpu_min(WINO_NEAR - g % WINO_NEAR, end - g);
            for (int tile = 0; tile < tiles; tile += CPU_ROWS, from += ROWS, next += share) {
                cpu_fetch(from + ROWS, ROWS);
                cpu_fetch(next, share);
                job->kernel->grouped(cpu_min(CPU_ROWS, tiles - tile), columns, step, from, panel,
                                     g > all.first, sums + tile * CPU_COLUMNS);
            }
        }
    }
}

/* Transforms the sums of one tile back into the picture. */
static void output_tile(const struct cpu_winograd_pictures *pc, int tile, int set, int channel,
                        const float *sums)
{
    const struct cpu_winograd_job *job = &pc->job;
    const struct cpu_winograd_axis *down = &job->down, *across = &job->across;
    const struct cpu_winograd_phase *phase = &job->phases[set];
    struct cpu_winograd_place at = cpu_winograd_place(job, tile);
    int count = cpu_min(CPU_COLUMNS, pc->out.c - channel), m = job->m;
    int lanes = count > WINO_LANES ? CPU_COLUMNS : WINO_LANES;
    bool whole = count == lanes;
    float copy[WINO_PIXELS * CPU_COLUMNS], *to[WINO_PIXELS] = {0}, *pixels[WINO_PIXELS];

    for (int i = 0; i < m * m; i++) {
        int y = at.y * m + i / m, x = at.x * m + i % m;
        bool inside = y < down->count[phase->down] && x < across->count[phase->across];

        pixels[i] = NULL;
        if (inside)
            pixels[i] = (float *)cpu_winograd_pixel(
                            pc->out, at.n, down->to[phase->down] + y * down->to_step,
                            across->to[phase->across] + x * across->to_step, NULL) +
                        channel;
        to[i] = inside && whole ? pixels[i] : copy + i * CPU_COLUMNS;
    }
    job->kernel->output(pc->backward ? phase->shape : job->whole, lanes, sums, POINT_SUMS, to);
    for (int i = 0; i < m * m && !whole; i++)
        if (pixels[i])
            memcpy(pixels[i], copy + i * CPU_COLUMNS, (size_t)count * sizeof *copy);
}

static void output_block(const struct cpu_winograd_pictures *pc, int first, int tiles, int set,
                         int panel, const float *sums)
{
    for (int tile = 0; tile < tiles; tile++)
        output_tile(pc, first + tile, set, panel * CPU_COLUMNS, sums + tile * CPU_COLUMNS);
}

static int columns_of(const struct cpu_winograd_pictures *pc, int panel)
{
    return cpu_min(CPU_COLUMNS, pc->out.c - panel * CPU_COLUMNS);
}

/* Floats of the input of these tiles, in one set. */
static size_t input_size(struct cpu_winograd_pictures *pc, int tiles)
{
    pc->v.group = CPU_ROWS * WINO_LANES;
    pc->v.near = (size_t)cpu_pieces((size_t)tiles, CPU_ROWS) * WINO_NEAR * pc->v.group;
    /* One line more than needed: with a power of two between them, all points of a tile would
     * compete for the same lines of the cache. */
    pc->v.point = (size_t)cpu_pieces((size_t)pc->groups, WINO_NEAR) * pc->v.near + WINO_LANES;
    return (size_t)pc->job.points * pc->v.point;
}

/* Weights of these groups of a panel. */
static void set_panel(struct cpu_winograd_pictures *pc, int groups)
{
    pc->u_point = (size_t)(groups * WINO_LANES + 1) * CPU_COLUMNS; /* not a power of two, either */
    pc->u_panel = (size_t)pc->job.points * pc->u_point;
}

/* Where a tile is in the input of a block or range. */
static size_t place_of(int tile)
{
    return (size_t)(tile / CPU_ROWS * WINO_NEAR * CPU_ROWS + tile % CPU_ROWS) * WINO_LANES;
}

/* The tile in one set. */
static void input_tile(const struct cpu_winograd_pictures *pc, int set, int tile, float *v)
{
    cpu_winograd_input_tile(&pc->job, pc->backward ? set : 0, pc->backward ? set + 1 : WINO_PHASES,
                            tile, v, &pc->v);
}

/* Threads walk through blocks of tiles. */
static void by_tiles(struct lim_backend *be, struct cpu_winograd_pictures *pc, int block)
{
    int threads = cpu_of(be)->threads, blocks = cpu_pieces((size_t)pc->job.total, (size_t)block);
    size_t weights = (size_t)(pc->sets * pc->panels) * pc->u_panel, zeros = pc->job.zeros_size;
    size_t own = input_size(pc, block) + SUMS;
    float *scratch = cpu_scratch(be, (zeros + weights + (size_t)threads * own) * sizeof *scratch);
    float *u;

    if (!scratch)
        return;
    pc->job.zeros = memset(scratch, 0, zeros * sizeof *scratch);
    u = scratch + zeros;
    cpu_winograd_weights(be, pc, u);
    PARALLEL_UNEVEN(threads, task, blocks) {
        float *sums = u + weights + (size_t)cpu_thread() * own, *v = sums + SUMS;
        int first = task * block, tiles = cpu_min(block, pc->job.total - first);

        for (int set = 0; set < pc->sets; set++) {
            for (int tile = 0; tile < tiles; tile++)
                input_tile(pc, set, first + tile, v + place_of(tile));
            for (int panel = 0; panel < pc->panels; panel++) {
                multiply(pc, set, v, u + (size_t)(panel * pc->sets + set) * pc->u_panel, tiles,
                         columns_of(pc, panel), 0, pc->groups, sums);
                output_block(pc, first, tiles, set, panel, sums);
            }
        }
    }
}

/* Multiplies some blocks of a transformed range by one panel. Weights are kept from block to block
 * if there are several. */
static void panel_by_blocks(const struct cpu_winograd_pictures *pc, int set, int panel, int from,
                            int first, int last, const float *v, float *u, float *sums)
{
    bool kept = last - first > BLOCK;

    for (int at = first; at < last; at += BLOCK) {
        int tiles = cpu_min(BLOCK, last - at);

        for (int g = 0; g < pc->groups; g += WINO_NEAR) {
            int end = cpu_min(g + WINO_NEAR, pc->groups);
            float *piece = kept ? u + (size_t)g * (WINO_LANES * CPU_COLUMNS) : u;

            for (int i = g; i < end && at == first; i++)
                cpu_winograd_weights_group(pc, panel, set, i,
                                           piece + (size_t)(i - g) * (WINO_LANES * CPU_COLUMNS));
            multiply(pc, set, v + place_of(at), piece, tiles, columns_of(pc, panel), g, end, sums);
        }
        output_block(pc, from + at, tiles, set, panel, sums);
    }
}

/* Threads walk through panels, or each through parts of the range for one panel. */
static void by_panels(struct lim_backend *be, struct cpu_winograd_pictures *pc, int range)
{
    int threads = cpu_of(be)->threads, tasks = pc->sets * pc->panels;
    int parts =
        cpu_min(cpu_pieces(2 * (size_t)threads, (size_t)tasks), cpu_pieces((size_t)range, BLOCK));
    int part = cpu_pieces((size_t)cpu_pieces((size_t)range, BLOCK), (size_t)parts) * BLOCK;
    size_t set_size = input_size(pc, range), zeros = pc->job.zeros_size;
    size_t input = (size_t)pc->sets * set_size, own;
    float *scratch, *v;

    if (range <= BLOCK)
        set_panel(pc, cpu_min(WINO_NEAR, pc->groups));
    own = SUMS + pc->u_panel;
    scratch = cpu_scratch(be, (zeros + input + (size_t)threads * own) * sizeof *scratch);
    if (!scratch)
        return;
    pc->job.zeros = memset(scratch, 0, zeros * sizeof *scratch);
    v = scratch + zeros;
    for (int from = 0; from < pc->job.total; from += range) {
        int tiles = cpu_min(range, pc->job.total - from);

        PARALLEL(threads, i, tiles * pc->sets)
            input_tile(pc, i / tiles, from + i % tiles,
                       v + (size_t)(i / tiles) * set_size + place_of(i % tiles));
        PARALLEL_UNEVEN(threads, i, tasks * parts) {
            float *sums = v + input + (size_t)cpu_thread() * own;
            int set = i / parts / pc->panels, first = i % parts * part;

            panel_by_blocks(pc, set, i / parts % pc->panels, from, first,
                            cpu_min(first + part, tiles), v + (size_t)set * set_size, sums + SUMS,
                            sums);
        }
    }
}

/* Both passes that write a picture. */
static void run(struct lim_backend *be, const struct lim_conv *cv, bool backward,
                struct lim_tensor in, struct lim_tensor w, struct lim_tensor out)
{
    struct cpu_winograd_pictures pc = {.job = cpu_winograd_job(be, cv, in, !backward),
                                       .cv = cv,
                                       .backward = backward,
                                       .sets = backward ? WINO_PHASES : 1,
                                       .panels = cpu_pieces((size_t)out.c, CPU_COLUMNS),
                                       .w = cpu_data(w),
                                       .out = out};
    int blocks = cpu_pieces((size_t)pc.job.total, BLOCK), fit;

    pc.groups = pc.job.groups * (backward ? 1 : WINO_PHASES);
    for (int i = 0; i < pc.sets * pc.job.points; i++)
        pc.ranges[i / pc.job.points][i % pc.job.points] =
            groups_of(&pc, i / pc.job.points, i % pc.job.points);
    set_panel(&pc, pc.groups);
    if (blocks >= 2 * cpu_of(be)->threads &&
        (size_t)(pc.sets * pc.panels) * pc.u_panel <= WEIGHTS) {
        by_tiles(be, &pc, BLOCK);
    } else {
        fit = (int)(INPUT / ((size_t)pc.sets * input_size(&pc, CPU_ROWS))) * CPU_ROWS;
        by_panels(be, &pc, cpu_min(fit > BLOCK ? fit / BLOCK * BLOCK : BLOCK, pc.job.total));
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
