/* What the three passes share: how pictures are cut into tiles, and transformed input and
 * weights. */
#ifndef LIMNER_SRC_CPU_WINOGRAD_JOB_H
#define LIMNER_SRC_CPU_WINOGRAD_JOB_H

#include "cpu/cpu.h"

enum {
    WINO_PHASES = 4, /* two of rows times two of columns */
    WINO_NEAR = 8 /* groups of channels that are multiplied while a panel's part for them, 16 KiB,
                     is in the first-level cache */
};

/* The places of tiles along one axis. Element e of tile t in phase a is the source's row start[a] +
 * t * tile + e * step; result i of the tile is the output's row to[a] + (t * m + i) * to_step,
 * which exists if t * m + i < count[a]. */
struct cpu_winograd_axis {
    int start[2], tile, step;
    int to[2], to_step, count[2];
    int tiles;
};

/* The even or odd rows and columns, and the kernel's that meet them. */
struct cpu_winograd_phase {
    int down, across; /* 0 or 1 */
    struct wino_shape shape;
};

struct cpu_winograd_job {
    const struct cpu_kernel *kernel;
    int m, points;
    struct wino_shape whole; /* with the points of all phases */
    struct cpu_winograd_phase phases[WINO_PHASES];
    struct cpu_winograd_axis down, across;
    struct lim_tensor in;
    int groups;         /* of WINO_LANES channels of `in` */
    int total;          /* tiles of all pictures */
    size_t zeros_size;  /* floats: at least as many as `in` has channels */
    const float *zeros; /* the caller sets it before tiles are transformed */
};

/* A tile's picture and place in it. */
struct cpu_winograd_place {
    int n, y, x;
};

/* `forward`: from x to y, else from dy to dx. */
struct cpu_winograd_job cpu_winograd_job(struct lim_backend *be, const struct lim_conv *cv,
                                         struct lim_tensor in, bool forward);

/* Steps of a tile's transformed input, in floats: from point to point, from one group of channels
 * to the next, and from WINO_NEAR groups to the next ones. */
struct cpu_winograd_layout {
    size_t point, group, near;
};

static inline bool cpu_winograd_has(const struct wino_shape *shape, int point)
{
    return point / shape->n < shape->m + shape->down - 1 &&
           point % shape->n < shape->m + shape->across - 1;
}

struct cpu_winograd_range {
    int first, last;
};

/* The phases that have a point: first to last - 1. */
struct cpu_winograd_range cpu_winograd_phases_of(const struct cpu_winograd_job *job, int point);

/* One tile in phases first..last-1. */
void cpu_winograd_input_tile(const struct cpu_winograd_job *job, int first, int last, int tile,
                             float *v, const struct cpu_winograd_layout *layout);

struct cpu_winograd_place cpu_winograd_place(const struct cpu_winograd_job *job, int tile);

/* The channels of a pixel, or `outside`. */
const float *cpu_winograd_pixel(struct lim_tensor t, int n, int y, int x, const float *outside);

/* Copies channels from..last-1 of some pixels, fewer than `lanes`, so that they can be read whole.
 */
void cpu_winograd_fill_up(int pixels, int from, int last, int lanes, const float *const *in,
                          float *copy, const float **to);

/* Prefetches `count` floats. */
static inline void cpu_fetch(const float *from, int count)
{
#if defined(__GNUC__)
    for (int i = 0; i < count; i += 16)
        __builtin_prefetch(from + i);
#else
    (void)from;
    (void)count;
#endif
}

/* Both passes that write pictures. Weights are u[panel][set][point][group][WINO_LANES]
 * [CPU_COLUMNS], input v[set][point][group / WINO_NEAR][tile / CPU_ROWS][group % WINO_NEAR]
 * [CPU_ROWS][WINO_LANES]: in the order in which they are read. */
struct cpu_winograd_pictures {
    struct cpu_winograd_job job;
    const struct lim_conv *cv;
    bool backward;
    int sets;   /* 1 where all phases sum into one output, or WINO_PHASES where each has its own */
    int groups; /* of all phases that are summed */
    struct cpu_winograd_range ranges[WINO_PHASES][WINO_POINTS]; /* of groups: of a set's points */
    int panels;
    const float *w;
    struct lim_tensor out;
    size_t u_point, u_panel; /* floats */
    struct cpu_winograd_layout v;
};

/* One group of one panel of one set, to u. */
void cpu_winograd_weights_group(const struct cpu_winograd_pictures *pc, int panel, int set,
                                int group, float *u);

/* All panels. */
void cpu_winograd_weights(struct lim_backend *be, const struct cpu_winograd_pictures *pc, float *u);

#endif
