/* Convolutions by Winograd's F(4x4, 2x2) and F(4x4, 3x3): the host side of cl/winograd.cl, for
 * CPUs.
 *
 * Kernels of 5x5 have phases of 3 and 2 taps along an axis, those of 3x3 of 2 and 1. All phases go
 * to the same points, so that forward may sum them there; a tap that a phase lacks is zero. Only
 * the last tap goes to infinity, and its products are left out in phases that lack it: 36 + 30 + 30
 * + 25 for 16 outputs instead of 400 with 5x5, 81 instead of 144 with 3x3 (100 instead of 256 with
 * 4x4).
 *
 * Errors are counted as in src/cpu/winograd.c. F(4, 3) has the points of F(4, 2), which are 0, 1,
 * -1, 2 and infinity, and -1/2. Along a line the transforms round at most 5 times (B', the
 * coefficient included), 4 (G) and 5 (A'), so an output of depth K errs by at most (K + 28) u times
 * the sum over channels and phases of T(|w|, |d|), which over one line is at most 30 max|w| max|d|
 * (20 with two taps). Measured against double (limner-conform, K from 400 to 12800), 5x5 is no
 * worse than 4x4: at most 0.14 of the bound on the norm and 0.18 of that on elements that
 * docs/design/numerics.md allows; of the weight gradient 0.08 and 0.48. */
#include "opencl/winograd.h"

#include "base/log.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/program.h"

#include <string.h>

enum {
    M = 4,
    PHASES = 4,
    MOST_TAPS = 3,
    TAP_GROUPS = 4, /* GROUPS of cl/winograd.cl */
    LEAST_CHANNELS = 16,
    /* Floats at most, if the device has room: of transformed weights that are read again for every
     * block of tiles; of transformed pictures in one range of images. */
    MOST_WEIGHTS = 6 << 20,
    MOST_INPUT = 4 << 20,
    MOST_PAIRS = 4 << 20
};

static int points_of(int taps)
{
    return (M + taps - 1) * (M + taps - 1);
}

/* Local memory of the kernels, in bytes: sums of a block by a panel; of a group of taps. */
static size_t sums_size(const struct ocl_backend *ocl, int taps)
{
    return (size_t)(points_of(taps) * ocl->wino_block[taps - 2] * ocl->tile_columns) *
           sizeof(float);
}

static size_t taps_size(const struct ocl_backend *ocl, int taps)
{
    return (size_t)(points_of(taps) * ocl->tile_columns / 2 * ocl->tile_columns) * sizeof(float);
}

/* Floats that scratch memory may take. */
static size_t allowed(const struct ocl_backend *ocl)
{
    return (size_t)(ocl->limits.max_alloc / sizeof(float));
}

void ocl_winograd_init(struct ocl_backend *ocl)
{
    if (!ocl->limits.is_cpu || ocl->quirks & OCL_SHORT_LOOPS || allowed(ocl) < OCL_SCRATCH)
        return;
    /* Half of the local memory: the driver may use the rest. */
    for (int taps = 2; taps <= MOST_TAPS; taps++) {
        int *block = &ocl->wino_block[taps - 2];

        *block = 64;
        while (*block > ocl->tile_rows && sums_size(ocl, taps) > ocl->limits.local_mem / 2)
            *block /= 2;
        if (sums_size(ocl, taps) > ocl->limits.local_mem ||
            taps_size(ocl, taps) > ocl->limits.local_mem)
            *block = 0;
    }
}

static size_t pieces(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The floats that one part of scratch memory may take, of all those allowed. */
static size_t room(const struct ocl_backend *ocl, size_t most)
{
    return least(most, allowed(ocl) / 4);
}

/* As in the macros PROBLEM and TAKE_PROBLEM of cl/winograd.cl, for one picture. */
struct job {
    struct lim_conv cv;
    bool backward;
    int taps;                   /* WINO_TAPS */
    size_t points, block;       /* of a tile; tiles */
    size_t down, across, tiles; /* of one picture */
    size_t sets, depth, panels; /* depth in floats */
    size_t u_panel, v_rows;     /* floats */
    struct ocl_grid grid;
};

static size_t tiles_of(int size, int outputs, int pad, bool backward)
{
    int first[2] = {(pad + 1) / 2, pad / 2}, most = 0;

    if (!backward)
        return pieces((size_t)outputs, M);
    for (int a = 0; a < 2; a++) {
        int count = (size - (2 * first[a] + a - pad) + 1) / 2;

        most = count > most ? count : most;
    }
    return pieces((size_t)most, M);
}

static struct job job_of(const struct ocl_backend *ocl, const struct lim_conv *cv, bool backward)
{
    size_t columns = (size_t)ocl->tile_columns, vector = columns / 2;
    size_t groups = pieces((size_t)(backward ? cv->k : cv->c), vector);
    struct job job = {.cv = *cv, .backward = backward, .taps = cv->r > 4 ? 3 : 2};

    job.points = (size_t)points_of(job.taps);
    job.block = (size_t)ocl->wino_block[job.taps - 2];
    job.down = tiles_of(cv->h, cv->p, cv->pad_top, backward);
    job.across = tiles_of(cv->w, cv->q, cv->pad_left, backward);
    job.tiles = job.down * job.across;
    job.sets = backward ? PHASES : 1;
    job.depth = groups * vector * (backward ? 1 : PHASES);
    job.panels = pieces((size_t)(backward ? cv->c : cv->k), columns);
    job.u_panel = job.points * (job.depth + 1) * columns;
    job.v_rows = job.depth * (size_t)ocl->tile_rows;
    job.grid = (struct ocl_grid){{1, 1, 1}, {1, 1, 1}};
    return job;
}

/* Floats of the transformed input of these tiles, in all sets. */
static size_t input_floats(const struct ocl_backend *ocl, const struct job *job, size_t tiles)
{
    size_t blocks = pieces(tiles, (size_t)ocl->tile_rows);

    return job->sets * job->points * (blocks * job->v_rows + (size_t)ocl->tile_columns / 2);
}

#define PROBLEM(job, n)                                                                       \
    OCL_I(n), OCL_I((job)->cv.h), OCL_I((job)->cv.w), OCL_I((job)->cv.c), OCL_I((job)->cv.k), \
        OCL_I((job)->cv.p), OCL_I((job)->cv.q), OCL_I((job)->cv.r), OCL_I((job)->cv.pad_top), \
        OCL_I((job)->cv.pad_left), OCL_I((job)->backward), OCL_I((job)->down),                \
        OCL_I((job)->across)

static struct lim_tensor part(struct lim_tensor t, size_t from)
{
    t.offset += from;
    return t;
}

/* What by_tiles needs: all transformed weights, and input of one block per work-item. */
struct by_tiles {
    size_t items, weights, input; /* floats */
};

static struct by_tiles plan_tiles(const struct ocl_backend *ocl, const struct job *job, int n)
{
    return (struct by_tiles){
        .items = least(pieces((size_t)n * job->tiles, job->block), 2 * (size_t)ocl->limits.units),
        .weights = job->sets * job->panels * job->u_panel,
        .input = input_floats(ocl, job, job->block) / job->sets};
}

/* What by_panels needs: input of a range of images, and weights of one panel per work-item. */
struct by_panels {
    int step;
    size_t items, input; /* floats */
};

static struct by_panels plan_panels(const struct ocl_backend *ocl, const struct job *job, int n)
{
    size_t fit = room(ocl, MOST_INPUT) / (job->sets * job->points * job->depth * job->tiles);
    struct by_panels plan = {.step = (int)least(fit > 1 ? fit : 1, (size_t)n)};

    plan.items = least(job->panels * job->sets, 2 * (size_t)ocl->limits.units);
    plan.input = input_floats(ocl, job, (size_t)plan.step * job->tiles);
    return plan;
}

static bool many_tiles(const struct ocl_backend *ocl, const struct job *job, int n)
{
    struct by_tiles plan = plan_tiles(ocl, job, n);

    return pieces((size_t)n * job->tiles, job->block) >= 2 * (size_t)ocl->limits.units &&
           plan.weights <= room(ocl, MOST_WEIGHTS) &&
           plan.weights + plan.items * plan.input <= allowed(ocl);
}

/* Chooses the job's kernel from program.c's, for two or three taps. */
static enum ocl_kernel kernel(const struct job *job, enum ocl_kernel id)
{
    return job->taps == 2 ? id : (enum ocl_kernel)(id + OCL_WINO_THREE_WEIGHTS - OCL_WINO_WEIGHTS);
}

/* All transformed weights first, then work-items walk through blocks of tiles. */
static void by_tiles(struct ocl_backend *ocl, struct job *job, struct lim_tensor in,
                     struct lim_tensor w, struct lim_tensor out)
{
    struct by_tiles plan = plan_tiles(ocl, job, in.n);
    struct lim_tensor u = ocl_scratch(ocl, plan.weights + plan.items * plan.input);

    if (!u.buf)
        return;
    job->grid.items[0] = PHASES * pieces((size_t)in.c, (size_t)ocl->tile_columns / 2);
    job->grid.items[1] = job->panels;
    ocl_launch(ocl, kernel(job, OCL_WINO_WEIGHTS), job->grid, PROBLEM(job, in.n), OCL_T(w),
               OCL_T(u));
    job->grid.items[0] = plan.items;
    job->grid.items[1] = 1;
    ocl_launch(ocl, kernel(job, OCL_WINO_TILES), job->grid, PROBLEM(job, in.n), OCL_T(in), OCL_T(u),
               OCL_T(part(u, plan.weights)), OCL_T(out), OCL_LOCAL(sums_size(ocl, job->taps)));
}

/* A range of transformed pictures first, then work-items walk through panels of weights. */
static void by_panels(struct ocl_backend *ocl, struct job *job, struct lim_tensor in,
                      struct lim_tensor w, struct lim_tensor out)
{
    struct by_panels plan = plan_panels(ocl, job, in.n);
    struct lim_tensor v = ocl_scratch(ocl, plan.input + plan.items * job->u_panel);

    for (int first = 0; first < in.n && v.buf; first += plan.step) {
        int n = (int)least((size_t)plan.step, (size_t)(in.n - first));

        job->grid.items[0] = (size_t)n * job->tiles;
        ocl_launch(ocl, kernel(job, OCL_WINO_INPUT), job->grid, PROBLEM(job, n),
                   OCL_T(lim_tensor_images(in, first, n)), OCL_T(v));
        job->grid.items[0] = plan.items;
        ocl_launch(ocl, kernel(job, OCL_WINO_PANELS), job->grid, PROBLEM(job, n), OCL_T(w),
                   OCL_T(v), OCL_T(part(v, plan.input)), OCL_T(lim_tensor_images(out, first, n)),
                   OCL_LOCAL(sums_size(ocl, job->taps)));
    }
}

bool ocl_winograd_three(struct ocl_backend *ocl)
{
    ocl_precompile_three(&ocl->precompile);
    if (!ocl_programs_add(ocl, OCL_FAMILY_WINOGRAD_THREE)) {
        ocl->wino_block[1] = 0;
        lim_warning(
            "convolutions of kernel 5 do without Winograd's method on %s, and may be slower",
            ocl_where(ocl));
        return false;
    }
    if (ocl->test_three(ocl)) {
        ocl_programs_keep(ocl, OCL_FAMILY_WINOGRAD_THREE, OCL_FAMILY_WINOGRAD_THREE);
        return true;
    }
    ocl_programs_drop(ocl, OCL_FAMILY_WINOGRAD_THREE);
    lim_backend_fail(&ocl->base, NULL);
    return false;
}

/* Kernel 5 is rare, and its programs take seconds to compile: they are compiled at its first
 * use. */
static bool ready(struct ocl_backend *ocl, const struct job *job)
{
    if (job->taps == 2 || ocl->kernels[OCL_WINO_THREE_TAPS] || ocl->base.failed)
        return !ocl->base.failed;
    return ocl_winograd_three(ocl);
}

void ocl_winograd_pictures(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                           enum ocl_winograd_way way, struct lim_tensor in, struct lim_tensor w,
                           struct lim_tensor out)
{
    struct job job = job_of(ocl, cv, backward);

    if (!ready(ocl, &job)) {
        lim_backend_fail(&ocl->base, NULL);
        return;
    }
    if (way == OCL_WINO_BEST)
        way = many_tiles(ocl, &job, in.n) ? OCL_WINO_BY_TILES : OCL_WINO_BY_PANELS;
    (way == OCL_WINO_BY_TILES ? by_tiles : by_panels)(ocl, &job, in, w, out);
}

void ocl_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y)
{
    ocl_winograd_pictures((struct ocl_backend *)be, cv, false, OCL_WINO_BEST, x, w, y);
}

void ocl_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    ocl_winograd_pictures((struct ocl_backend *)be, cv, true, OCL_WINO_BEST, dy, w, dx);
}

/* The weight gradient: both transformed pictures of a range of images. */
struct pairs {
    int step;
    size_t input, gradient; /* floats */
};

static struct pairs plan_pairs(const struct ocl_backend *ocl, const struct job *job, int n)
{
    size_t columns = (size_t)ocl->tile_columns;
    size_t fit =
        room(ocl, MOST_PAIRS) / (job->points * (job->depth + job->panels * columns) * job->tiles);
    struct pairs plan = {.step = (int)least(fit > 1 ? fit : 1, (size_t)n)};
    size_t tiles = (size_t)plan.step * job->tiles;

    plan.input = pieces(job->points * (tiles * job->depth + columns / 2), columns) * columns;
    plan.gradient = job->panels * job->points * (tiles + 1) * columns;
    return plan;
}

void ocl_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct job job = job_of(ocl, cv, false);
    struct pairs plan = plan_pairs(ocl, &job, x.n);
    size_t vector = (size_t)ocl->tile_columns / 2;
    struct lim_tensor v, y;

    if (!ready(ocl, &job)) {
        lim_backend_fail(&ocl->base, NULL);
        return;
    }
    v = ocl_scratch(ocl, plan.input + plan.gradient);
    y = part(v, plan.input);
    for (int first = 0; first < x.n && v.buf; first += plan.step) {
        int n = (int)least((size_t)plan.step, (size_t)(x.n - first));
        size_t tiles = (size_t)n * job.tiles;

        job.grid.items[0] = tiles;
        job.grid.items[1] = 1;
        ocl_launch(ocl, kernel(&job, OCL_WINO_PAIRS), job.grid, PROBLEM(&job, n),
                   OCL_T(lim_tensor_images(x, first, n)), OCL_T(lim_tensor_images(dy, first, n)),
                   OCL_T(v), OCL_T(y));
        job.grid.items[0] = job.panels;
        job.grid.items[1] = pieces(job.depth / vector, TAP_GROUPS);
        ocl_launch(ocl, kernel(&job, OCL_WINO_TAPS), job.grid, OCL_I(cv->c), OCL_I(cv->k),
                   OCL_I(cv->r), OCL_I(tiles), OCL_T(v), OCL_T(y), OCL_T(dw),
                   OCL_LOCAL(taps_size(ocl, job.taps)));
    }
}

/* Scratch memory for up to n pictures; fewer pictures may use the other method. */
static size_t need_of(const struct ocl_backend *ocl, const struct lim_conv *cv,
                      enum lim_conv_pass pass, int n)
{
    struct job job = job_of(ocl, cv, pass == LIM_CONV_BACKWARD_DATA);
    struct by_panels panels = plan_panels(ocl, &job, n);
    struct by_tiles tiles = plan_tiles(ocl, &job, n);
    struct pairs pairs = plan_pairs(ocl, &job, n);
    size_t need = panels.input + panels.items * job.u_panel;
    size_t other = tiles.weights + tiles.items * tiles.input;

    if (pass == LIM_CONV_BACKWARD_WEIGHTS)
        return pairs.input + pairs.gradient;
    return many_tiles(ocl, &job, n) && other > need ? other : need;
}

/* Products of a tile for one channel and one output, in all phases. */
static size_t products_of(int r)
{
    size_t n = M + (r > 4 ? 2 : 1), both = n + (r % 2 ? n - 1 : n);

    return both * both;
}

/* If it gains, and one picture fits scratch memory: larger batches are cut into ranges. */
bool ocl_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass)
{
    const struct ocl_backend *ocl = (const struct ocl_backend *)be;
    size_t tiles =
        tiles_of(cv->h, cv->p, cv->pad_top, false) * tiles_of(cv->w, cv->q, cv->pad_left, false);
    size_t direct = (size_t)cv->p * (size_t)cv->q * (size_t)cv->r * (size_t)cv->s;

    return cv->r >= 3 && cv->r <= 5 && cv->s == cv->r && cv->stride == 2 &&
           ocl->wino_block[cv->r > 4] && cv->c >= LEAST_CHANNELS && cv->k >= LEAST_CHANNELS &&
           4 * tiles * products_of(cv->r) < 3 * direct &&
           need_of(ocl, cv, pass, 1) <= allowed(ocl) / 2;
}

bool ocl_winograd_reserve(struct lim_backend *be, const struct lim_conv *cv,
                          enum lim_conv_pass pass)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct job job = job_of(ocl, cv, pass == LIM_CONV_BACKWARD_DATA);

    return (be->planning || ready(ocl, &job)) &&
           ocl_scratch_reserve(ocl, need_of(ocl, cv, pass, cv->n));
}
