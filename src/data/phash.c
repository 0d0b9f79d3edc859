#include "data/phash.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SIZE 4096 /* of a prepared picture: lim_dataset_open */
#define EDGE 32        /* the picture, in gray, before the transform */
#define WAVES 8        /* frequencies along each direction */
#define CELLS 16       /* along each direction, to compare pixels */
#define SKETCH 4       /* parts of a sketch, likewise */

/* Cells may differ by this much of 255. Measured on 300 line drawings of 64 x 64, the hardest kind:
 * their copies at JPEG quality 50 were found in 264 cases, at 85 in 300, halved in 297, and none of
 * 12096 different ones of one style was taken for another. At 24 it was 155, 296 and 280. */
#define CELL_TOLERANCE 32

/* A frequency counts as above the median from half a gray level on: of a symmetric picture half of
 * them are zero, and noise must not decide their bits. */
#define DEAD_ZONE ((int64_t)SCALE * SCALE * EDGE * EDGE / 4 / 2)

/* cos(k pi / 64) for k = 0 .. 32. */
#define SCALE 16384
static const int32_t cosines[33] = {16384, 16364, 16305, 16207, 16069, 15893, 15679, 15426, 15137,
                                    14811, 14449, 14053, 13623, 13160, 12665, 12140, 11585, 11003,
                                    10394, 9760,  9102,  8423,  7723,  7005,  6270,  5520,  4756,
                                    3981,  3196,  2404,  1606,  804,   0};

static int32_t cosine(int k)
{
    k %= 128;
    k = k > 64 ? 128 - k : k;
    return k > 32 ? -cosines[64 - k] : cosines[k];
}

/* The first pixel of part i of `parts`, and one past its last: at least one pixel. */
static int part_start(int i, int parts, int size)
{
    return i * size / parts;
}

static int part_end(int i, int parts, int size)
{
    int start = part_start(i, parts, size), end = (i + 1) * size / parts;

    return end > start ? end : start + 1;
}

/* Row y of EDGE x EDGE means of luma, in 1/16. A part has at most 128 x 128 pixels, so that 16 bits
 * hold the sum of a column, and 32 that of all, even in thousandths. */
static inline void gray_row(const uint8_t *pixels, int size, int channels, int y,
                            int16_t gray[EDGE])
{
    static const uint32_t luma[3] = {299, 587, 114};
    int top = part_start(y, EDGE, size), bottom = part_end(y, EDGE, size);
    uint16_t columns[MOST_SIZE * 3];

    memset(columns, 0, (size_t)(size * channels) * sizeof *columns);
    for (int row = top; row < bottom; row++)
        for (int i = 0; i < size * channels; i++)
            columns[i] = (uint16_t)(columns[i] + pixels[row * size * channels + i]);
    for (int x = 0; x < EDGE; x++) {
        int left = part_start(x, EDGE, size), right = part_end(x, EDGE, size);
        uint32_t total = 0;

        for (int i = left; i < right; i++)
            for (int k = 0; k < channels; k++)
                total += columns[i * channels + k] * (channels == 1 ? 1000 : luma[k]);
        gray[x] = (int16_t)(total / (uint32_t)((right - left) * (bottom - top)) * 16 / 1000);
    }
}

/* The mean of channel k of a cell, in 1/16. */
static int cell_mean(const uint8_t *pixels, int size, int channels, int k, int cells, int x, int y)
{
    int left = part_start(x, cells, size), right = part_end(x, cells, size);
    int top = part_start(y, cells, size), bottom = part_end(y, cells, size);
    uint32_t sum = 0;

    for (int row = top; row < bottom; row++)
        for (int i = left; i < right; i++)
            sum += pixels[(row * size + i) * channels + k];
    return (int)(16 * sum / (uint32_t)((right - left) * (bottom - top)));
}

static int compare_values(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

uint64_t data_phash_of(const uint8_t *pixels, int size, int channels)
{
    int16_t waves[WAVES][EDGE], gray[EDGE];
    int32_t rows[WAVES][EDGE];
    int64_t values[WAVES * WAVES], sorted[WAVES * WAVES - 1], median;
    uint64_t phash = 0;

    for (int u = 0; u < WAVES; u++)
        for (int x = 0; x < EDGE; x++)
            waves[u][x] = (int16_t)cosine((2 * x + 1) * u);
    for (int y = 0; y < EDGE; y++) {
        if (channels == 3)
            gray_row(pixels, size, 3, y, gray);
        else
            gray_row(pixels, size, 1, y, gray);
        /* 32 products of 16384 and 16 * 255 are just below 2^31. */
        for (int u = 0; u < WAVES; u++) {
            rows[u][y] = 0;
            for (int x = 0; x < EDGE; x++)
                rows[u][y] += waves[u][x] * gray[x];
        }
    }
    for (int v = 0; v < WAVES; v++)
        for (int u = 0; u < WAVES; u++) {
            int64_t sum = 0;

            for (int y = 0; y < EDGE; y++)
                sum += (int64_t)waves[v][y] * rows[u][y];
            values[v * WAVES + u] = sum;
        }
    for (int i = 1; i < WAVES * WAVES; i++) /* without the mean of all */
        sorted[i - 1] = values[i];
    qsort(sorted, WAVES * WAVES - 1, sizeof *sorted, compare_values);
    median = sorted[(WAVES * WAVES - 1) / 2];
    for (int i = 1; i < WAVES * WAVES; i++)
        phash |= (uint64_t)(values[i] > median + 16 * DEAD_ZONE) << i;
    return phash;
}

int data_phash_distance(uint64_t a, uint64_t b)
{
    uint64_t x = a ^ b;

    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (int)(x * 0x0101010101010101u >> 56);
}

bool data_phash_same(const uint8_t *a, const uint8_t *b, int size, int channels)
{
    int cells = size < CELLS ? size : CELLS;

    for (int y = 0; y < cells; y++)
        for (int x = 0; x < cells; x++)
            for (int k = 0; k < channels; k++)
                if (abs(cell_mean(a, size, channels, k, cells, x, y) -
                        cell_mean(b, size, channels, k, cells, x, y)) > 16 * CELL_TOLERANCE)
                    return false;
    return true;
}

/* Cells that agree have means that do, whatever part of them is taken. */
struct phash_sketch data_sketch_of(const uint8_t *pixels, int size, int channels)
{
    int cells = size < CELLS ? size : CELLS;
    struct phash_sketch sketch = {{{0}}};

    for (int k = 0; k < channels; k++) {
        int sums[SKETCH * SKETCH] = {0}, counts[SKETCH * SKETCH] = {0};

        for (int y = 0; y < cells; y++)
            for (int x = 0; x < cells; x++) {
                int part = y * SKETCH / cells * SKETCH + x * SKETCH / cells;

                sums[part] += cell_mean(pixels, size, channels, k, cells, x, y);
                counts[part]++;
            }
        for (int i = 0; i < SKETCH * SKETCH; i++)
            if (counts[i])
                sketch.means[k][i] = (uint8_t)(sums[i] / counts[i] / 16);
    }
    return sketch;
}

bool data_sketches_agree(const struct phash_sketch *a, const struct phash_sketch *b)
{
    const uint8_t *left = a->means[0], *right = b->means[0];
    int most = 0;

    for (int i = 0; i < 3 * SKETCH * SKETCH; i++) {
        int apart = left[i] > right[i] ? left[i] - right[i] : right[i] - left[i];

        most = apart > most ? apart : most;
    }
    return most <= CELL_TOLERANCE + 1; /* one for what the divisions cut off */
}
