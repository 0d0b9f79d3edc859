/* Winograd's transforms of whole tiles, F(m x m, 2x2), m = 2, 3, 4; channels are vectors. */
#ifndef LIMNER_SRC_CPU_WINOGRAD_TILE_H
#define LIMNER_SRC_CPU_WINOGRAD_TILE_H

#include <stddef.h>

enum {
    WINO_LANES = 16,  /* channels that a transform does at once */
    WINO_MOST = 4,    /* m */
    WINO_POINTS = 25, /* (m + 1)^2 */
    WINO_PIXELS = 16  /* m^2 */
};

/* One for each instruction set; all give the same bits. Elements of a tile come in order of rows,
 * then columns; "points" are the (m + 1)^2 of the transform, `point` floats from one to the next.
 */
struct cpu_winograd {
    const char *kernel; /* goes with this cpu_kernel */

    /* WINO_LANES channels of (m + 1)^2 pixels at in[i] + channel. */
    void (*input)(int m, const float *const *in, size_t channel, float *points, size_t point);
    /* `lanes`, a multiple of WINO_LANES, of 2x2 taps. */
    void (*weights)(int m, int lanes, const float *const taps[4], float *points, size_t point);
    /* To m^2 pixels at out[i]. */
    void (*output)(int m, int lanes, const float *points, size_t point, float *const *out);
    /* The adjoint of output. */
    void (*gradient)(int m, int lanes, const float *const *in, float *points, size_t point);
    /* The adjoint of weights, added to taps. */
    void (*taps)(int m, int lanes, const float *points, size_t point, float *const taps[4]);
};

/* The one for a cpu_kernel's name. */
const struct cpu_winograd *cpu_winograd_for(const char *kernel);

#endif
