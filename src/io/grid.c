#include <limner/image.h>

#include "base/log.h"
#include "base/require.h"

#include <string.h>

enum { GAP = 2 }; /* pixels of white between and around the pictures */

bool lim_grid_make(struct lim_image *grid, const uint8_t *pictures, int count, int size,
                   int channels, int columns)
{
    const int limit =
        1 << 20; /* keeps the sums below inside an int; lim_image_init says the rest */
    size_t row;
    int rows;

    REQUIRE(grid, false);
    memset(grid, 0, sizeof *grid);
    REQUIRE(pictures, false);
    if (count < 1 || size < 1 || size > limit || columns < 1 || columns > limit / (size + GAP) ||
        count > limit) {
        lim_error("a grid of %d pictures of %d x %d in %d columns cannot be made", count, size,
                  size, columns);
        return false;
    }
    rows = (count - 1) / columns + 1;
    if (rows > limit / (size + GAP)) {
        lim_error("a grid of %d rows of %d x %d pixels is too tall: use more columns", rows, size,
                  size);
        return false;
    }
    if (!lim_image_init(grid, columns * (size + GAP) + GAP, rows * (size + GAP) + GAP, channels))
        return false;
    row = (size_t)size * (size_t)channels;
    memset(grid->pixels, 255, (size_t)grid->width * (size_t)grid->height * (size_t)channels);
    for (int i = 0; i < count; i++) {
        size_t left = (size_t)(GAP + i % columns * (size + GAP));
        size_t top = (size_t)(GAP + i / columns * (size + GAP));

        for (int y = 0; y < size; y++)
            memcpy(grid->pixels +
                       ((top + (size_t)y) * (size_t)grid->width + left) * (size_t)channels,
                   pictures + ((size_t)i * (size_t)size + (size_t)y) * row, row);
    }
    return true;
}
