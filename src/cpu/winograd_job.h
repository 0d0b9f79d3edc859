/* What the three passes share: how pictures fall into tiles, and the transformed input. */
#ifndef LIMNER_SRC_CPU_WINOGRAD_JOB_H
#define LIMNER_SRC_CPU_WINOGRAD_JOB_H

#include "cpu.h"
#include "winograd_tile.h"

enum {
    WINO_PHASES = 4,     /* of rows times of columns: phase / 2 and phase % 2 */
    WINO_BLOCK = 64,     /* tiles in a product; ranges are multiples of it */
    WINO_RANGE = 1 << 19 /* floats transformed at once, about: 2 MiB */
};

/* Where tiles lie along one axis. Element e of tile t in phase a is the source's row start[a] + t *
 * tile + e * step; result i of the tile is the output's row to[a] + (t * m + i) * to_step, which is
 * there where t * m + i < count[a]. */
struct cpu_winograd_axis {
    int start[2], tile, step;
    int to[2], to_step, count[2];
    int tiles;
};

struct cpu_winograd_job {
    const struct cpu_winograd *set;
    int m, points;
    struct cpu_winograd_axis down, across;
    struct lim_tensor in;
    int groups;                 /* of WINO_LANES channels of `in` */
    int total;                  /* tiles of all pictures */
    int first, tiles, capacity; /* the range; how large ranges are */

    /* Transformed input: WINO_LANES channels of one tile lie together, those of CPU_ROWS tiles in a
     * row; next come the other groups of all phases, or other tiles. In floats: */
    size_t point, group, block;
    float *v;
    const float *zeros; /* as many as `in` has channels, and WINO_LANES more */
};

/* A tile's picture and place in it. */
struct cpu_winograd_place {
    int n, y, x;
};

/* `forward`: from x to y, else from dy to dx. `more` floats a tile lie beside the transformed input
 * in the cache; `along` tells which groups or tiles are to lie close. */
struct cpu_winograd_job cpu_winograd_job(struct lim_backend *be, const struct lim_conv *cv,
                                         struct lim_tensor in, bool forward, size_t more,
                                         bool groups_together);

/* Floats that the transformed input and the zeros take; `memory` may be NULL, to ask only. */
size_t cpu_winograd_place_input(struct cpu_winograd_job *job, float *memory);

void cpu_winograd_input(struct lim_backend *be, const struct cpu_winograd_job *job);

struct cpu_winograd_place cpu_winograd_place(const struct cpu_winograd_job *job, int tile);

/* The channels of a pixel, or `outside`. */
const float *cpu_winograd_pixel(struct lim_tensor t, int n, int y, int x, const float *outside);

/* Copies channels from..last-1 of some pixels, fewer than `lanes`, so that they can be read whole.
 */
void cpu_winograd_fill_up(int pixels, int from, int last, int lanes, const float *const *in,
                          float *copy, const float **to);

#endif
