/* One palette of at most 256 colors for many pictures. */
#ifndef LIMNER_SRC_IO_PALETTE_H
#define LIMNER_SRC_IO_PALETTE_H

#include <limner/image.h>

#include <stdbool.h>
#include <stdint.h>

enum { LIM_PALETTE_BITS = 5, LIM_PALETTE_CELLS = 1 << 3 * LIM_PALETTE_BITS };

/* Colors are counted in cells of 2^3 values a side: a color's error within a cell is below what a
 * 256-color palette can show. */
struct lim_palette {
    int count;
    uint8_t colors[256][3];
    uint8_t nearest[LIM_PALETTE_CELLS]; /* palette index of each cell */
    double weight[LIM_PALETTE_CELLS];   /* of the pixels seen in it */
    double sum[LIM_PALETTE_CELLS][3];
};

/* Start with a zeroed struct; add every picture with its weight; then make. Deterministic. */
void lim_palette_add(struct lim_palette *palette, const struct lim_image *image, double weight);
void lim_palette_make(struct lim_palette *palette);

/* One index a pixel. */
void lim_palette_map(const struct lim_palette *palette, const struct lim_image *image,
                     uint8_t *indices);

#endif
