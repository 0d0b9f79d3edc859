/* Convolutions by Winograd's F(4x4, 2x2): the host side of cl/winograd.cl, for CPUs. */
#include "opencl.h"

#include <string.h>

enum {
    M = 4,
    POINTS = (M + 1) * (M + 1),
    PHASES = 4,
    TAP_GROUPS = 4, /* GROUPS of cl/winograd.cl */
    LEAST_CHANNELS = 16,
    /* Floats: of transformed weights that may be read again for every block of tiles; of
     * transformed pictures in one range of images. */
    MOST_WEIGHTS = 6 << 20,
    MOST_INPUT = 4 << 20,
    MOST_PAIRS = 2 << 20
};

void ocl_winograd_init(struct ocl_backend *ocl)
{
    size_t a_tile = (size_t)(POINTS * ocl->tile_columns) * sizeof(float);
    size_t taps = a_tile * (size_t)(ocl->tile_columns / 2);

    /* llvmpipe ends long loops too early: see gemm.c. */
    if (!ocl->limits.is_cpu || strncmp(ocl->base.name, "llvmpipe", 8) == 0 ||
        taps > ocl->limits.local_mem)
        return;
    /* Half of it: the rest may be taken by the driver itself. */
    ocl->wino_block = 64;
    while (ocl->wino_block > ocl->tile_rows &&
           (size_t)ocl->wino_block * a_tile > ocl->limits.local_mem / 2)
        ocl->wino_block /= 2;
    if ((size_t)ocl->wino_block * a_tile > ocl->limits.local_mem)
        ocl->wino_block = 0;
}

static size_t pieces(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As the macros PROBLEM and TAKE_PROBLEM of cl/winograd.cl have it, for one picture. */
struct job {
    struct lim_conv cv;
    bool backward;
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
    struct job job = {.cv = *cv, .backward = backward};

    job.down = tiles_of(cv->h, cv->p, cv->pad_top, backward);
    job.across = tiles_of(cv->w, cv->q, cv->pad_left, backward);
    job.tiles = job.down * job.across;
    job.sets = backward ? PHASES : 1;
    job.depth = groups * vector * (backward ? 1 : PHASES);
    job.panels = pieces((size_t)(backward ? cv->c : cv->k), columns);
    job.u_panel = POINTS * (job.depth + 1) * columns;
    job.v_rows = job.depth * (size_t)ocl->tile_rows;
    job.grid = (struct ocl_grid){{1, 1, 1}, {1, 1, 1}};
    return job;
}

/* Transformed input of so many tiles, in all sets. */
static size_t input_floats(const struct ocl_backend *ocl, const struct job *job, size_t tiles)
{
    size_t blocks = pieces(tiles, (size_t)ocl->tile_rows);

    return job->sets * POINTS * (blocks * job->v_rows + (size_t)ocl->tile_columns / 2);
}

bool ocl_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass)
{
    const struct ocl_backend *ocl = (const struct ocl_backend *)be;
    size_t tiles =
        tiles_of(cv->h, cv->p, cv->pad_top, false) * tiles_of(cv->w, cv->q, cv->pad_left, false);
    size_t direct = (size_t)cv->p * (size_t)cv->q * 16 / PHASES;

    (void)pass;
    return ocl->wino_block && cv->r == 4 && cv->s == 4 && cv->stride == 2 &&
           cv->c >= LEAST_CHANNELS && cv->k >= LEAST_CHANNELS && 4 * tiles * POINTS < 3 * direct;
}

#define PROBLEM(job, n)                                                                       \
    OCL_I(n), OCL_I((job)->cv.h), OCL_I((job)->cv.w), OCL_I((job)->cv.c), OCL_I((job)->cv.k), \
        OCL_I((job)->cv.p), OCL_I((job)->cv.q), OCL_I((job)->cv.pad_top),                     \
        OCL_I((job)->cv.pad_left), OCL_I((job)->backward), OCL_I((job)->down),                \
        OCL_I((job)->across)

static struct lim_tensor part(struct lim_tensor t, size_t from)
{
    t.offset += from;
    return t;
}

/* Many tiles: all transformed weights first, then work-items walk through blocks of tiles. */
static void by_tiles(struct ocl_backend *ocl, struct job *job, struct lim_tensor in,
                     struct lim_tensor w, struct lim_tensor out)
{
    size_t block = (size_t)ocl->wino_block, blocks = pieces((size_t)in.n * job->tiles, block);
    size_t items = least(blocks, 2 * (size_t)ocl->limits.units);
    size_t weights = job->sets * job->panels * job->u_panel;
    size_t input = input_floats(ocl, job, block) / job->sets;
    struct lim_tensor u = ocl_scratch(ocl, weights + items * input);

    if (!u.buf)
        return;
    job->grid.items[0] = PHASES * pieces((size_t)in.c, (size_t)ocl->tile_columns / 2);
    job->grid.items[1] = job->panels;
    ocl_launch(ocl, OCL_WINO_WEIGHTS, job->grid, PROBLEM(job, in.n), OCL_T(w), OCL_T(u));
    job->grid.items[0] = items;
    job->grid.items[1] = 1;
    ocl_launch(ocl, OCL_WINO_TILES, job->grid, PROBLEM(job, in.n), OCL_T(in), OCL_T(u),
               OCL_T(part(u, weights)), OCL_T(out),
               OCL_LOCAL(POINTS * block * (size_t)ocl->tile_columns * sizeof(float)));
}

/* Many weights: a range of transformed pictures first, then work-items walk through panels. */
static void by_panels(struct ocl_backend *ocl, struct job *job, struct lim_tensor in,
                      struct lim_tensor w, struct lim_tensor out)
{
    size_t fit = MOST_INPUT / (job->sets * POINTS * job->depth * job->tiles);
    int step = (int)least(fit > 1 ? fit : 1, (size_t)in.n);
    size_t input = input_floats(ocl, job, (size_t)step * job->tiles);
    size_t items = least(job->panels * job->sets, 2 * (size_t)ocl->limits.units);
    size_t local = (size_t)(POINTS * ocl->wino_block * ocl->tile_columns) * sizeof(float);
    struct lim_tensor v = ocl_scratch(ocl, input + items * job->u_panel);

    for (int first = 0; first < in.n && v.buf; first += step) {
        int n = (int)least((size_t)step, (size_t)(in.n - first));

        job->grid.items[0] = (size_t)n * job->tiles;
        ocl_launch(ocl, OCL_WINO_INPUT, job->grid, PROBLEM(job, n),
                   OCL_T(lim_tensor_images(in, first, n)), OCL_T(v));
        job->grid.items[0] = items;
        ocl_launch(ocl, OCL_WINO_PANELS, job->grid, PROBLEM(job, n), OCL_T(w), OCL_T(v),
                   OCL_T(part(v, input)), OCL_T(lim_tensor_images(out, first, n)),
                   OCL_LOCAL(local));
    }
}

static void run(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                struct lim_tensor in, struct lim_tensor w, struct lim_tensor out)
{
    struct job job = job_of(ocl, cv, backward);
    size_t blocks = pieces((size_t)in.n * job.tiles, (size_t)ocl->wino_block);

    if (blocks >= 2 * (size_t)ocl->limits.units &&
        job.sets * job.panels * job.u_panel <= MOST_WEIGHTS)
        by_tiles(ocl, &job, in, w, out);
    else
        by_panels(ocl, &job, in, w, out);
}

void ocl_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y)
{
    run((struct ocl_backend *)be, cv, false, x, w, y);
}

void ocl_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    run((struct ocl_backend *)be, cv, true, dy, w, dx);
}

void ocl_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct job job = job_of(ocl, cv, false);
    size_t columns = (size_t)ocl->tile_columns, vector = columns / 2;
    size_t tile = POINTS * (job.depth + job.panels * columns), groups = job.depth / vector;
    size_t fit = MOST_PAIRS / (tile * job.tiles), input;
    int step = (int)least(fit > 1 ? fit : 1, (size_t)x.n);
    struct lim_tensor v;

    input = POINTS * ((size_t)step * job.tiles * job.depth + vector);
    input = pieces(input, columns) * columns;
    v = ocl_scratch(ocl, input + job.panels * POINTS * ((size_t)step * job.tiles + 1) * columns);
    for (int first = 0; first < x.n && v.buf; first += step) {
        int n = (int)least((size_t)step, (size_t)(x.n - first));
        size_t tiles = (size_t)n * job.tiles;
        struct lim_tensor y = part(v, input);

        job.grid.items[0] = tiles;
        job.grid.items[1] = 1;
        ocl_launch(ocl, OCL_WINO_PAIRS, job.grid, PROBLEM(&job, n),
                   OCL_T(lim_tensor_images(x, first, n)), OCL_T(lim_tensor_images(dy, first, n)),
                   OCL_T(v), OCL_T(y));
        job.grid.items[0] = job.panels;
        job.grid.items[1] = pieces(groups, TAP_GROUPS);
        ocl_launch(ocl, OCL_WINO_TAPS, job.grid, OCL_I(cv->c), OCL_I(cv->k), OCL_I(tiles), OCL_T(v),
                   OCL_T(y), OCL_T(dw), OCL_LOCAL(POINTS * vector * columns * sizeof(float)));
    }
}
