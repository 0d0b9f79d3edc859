#include "data/look.h"

#include <stdlib.h>

#define EDGE 32  /* the picture, in grey, before the transform */
#define WAVES 8  /* frequencies along each direction */
#define CELLS 16 /* along each direction, to compare pixels */

/* Cells may differ by this much of 255. Measured on 300 line drawings of 64 x 64, the hardest kind:
 * their copies at JPEG quality 50 were found in 264 cases, at 85 in 300, halved in 297, and none of
 * 12096 different ones of one style was taken for another. At 24 it were 155, 296 and 280. */
#define CELL_TOLERANCE 32

/* A frequency counts as above the median from half a grey level on: of a symmetric picture half of
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

/* The mean of channel k (-1: of luma) in 1/16 over a rectangle. */
static int32_t mean_of(const uint8_t *pixels, int size, int channels, int k, const int box[4])
{
    uint64_t sum = 0, count = (uint64_t)(box[2] - box[0]) * (uint64_t)(box[3] - box[1]);

    for (int y = box[1]; y < box[3]; y++) {
        const uint8_t *p = pixels + ((size_t)y * (size_t)size + (size_t)box[0]) * (size_t)channels;

        for (int x = box[0]; x < box[2]; x++, p += channels)
            sum += k >= 0          ? p[k] * 16u
                   : channels == 1 ? p[0] * 16u
                                   : (299u * p[0] + 587u * p[1] + 114u * p[2]) * 16u / 1000u;
    }
    return (int32_t)(sum / count);
}

static int32_t part_mean(const uint8_t *pixels, int size, int channels, int k, int parts, int x,
                         int y)
{
    const int box[4] = {part_start(x, parts, size), part_start(y, parts, size),
                        part_end(x, parts, size), part_end(y, parts, size)};

    return mean_of(pixels, size, channels, k, box);
}

static int compare_values(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

uint64_t look_of(const uint8_t *pixels, int size, int channels)
{
    int32_t waves[WAVES][EDGE];
    int64_t rows[EDGE][WAVES], values[WAVES * WAVES], sorted[WAVES * WAVES - 1], median;
    uint64_t look = 0;

    for (int u = 0; u < WAVES; u++)
        for (int x = 0; x < EDGE; x++)
            waves[u][x] = cosine((2 * x + 1) * u);
    for (int y = 0; y < EDGE; y++) {
        int32_t grey[EDGE];

        for (int x = 0; x < EDGE; x++)
            grey[x] = part_mean(pixels, size, channels, -1, EDGE, x, y);
        for (int u = 0; u < WAVES; u++) {
            rows[y][u] = 0;
            for (int x = 0; x < EDGE; x++)
                rows[y][u] += (int64_t)waves[u][x] * grey[x];
        }
    }
    for (int v = 0; v < WAVES; v++)
        for (int u = 0; u < WAVES; u++) {
            int64_t sum = 0;

            for (int y = 0; y < EDGE; y++)
                sum += waves[v][y] * rows[y][u];
            values[v * WAVES + u] = sum;
        }
    for (int i = 1; i < WAVES * WAVES; i++) /* without the mean of all */
        sorted[i - 1] = values[i];
    qsort(sorted, WAVES * WAVES - 1, sizeof *sorted, compare_values);
    median = sorted[(WAVES * WAVES - 1) / 2];
    for (int i = 1; i < WAVES * WAVES; i++)
        look |= (uint64_t)(values[i] > median + 16 * DEAD_ZONE) << i;
    return look;
}

int look_distance(uint64_t a, uint64_t b)
{
    uint64_t x = a ^ b;

    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (int)(x * 0x0101010101010101u >> 56);
}

bool look_same(const uint8_t *a, const uint8_t *b, int size, int channels)
{
    int cells = size < CELLS ? size : CELLS;

    for (int y = 0; y < cells; y++)
        for (int x = 0; x < cells; x++)
            for (int k = 0; k < channels; k++)
                if (abs(part_mean(a, size, channels, k, cells, x, y) -
                        part_mean(b, size, channels, k, cells, x, y)) > 16 * CELL_TOLERANCE)
                    return false;
    return true;
}
