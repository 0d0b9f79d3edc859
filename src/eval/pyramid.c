/* Laplacian pyramids (Burt and Adelson 1983), as Karras et al. 2018 (arXiv 1710.10196, section 5)
 * cut pictures into levels of detail: a level is a picture less its half-size version enlarged
 * again; the coarsest one is what remains. */
#include "eval/eval.h"

#include <limner/image.h>
#include <string.h>

enum { COARSEST = 16 }; /* levels end at 16 x 16, or with the last of at least that size */

int eval_level_count(int size)
{
    int count = 1;

    while (eval_level_side(size, count) >= COARSEST && count < LIM_EVAL_MAX_LEVELS)
        count++;
    return count;
}

int eval_level_side(int size, int level)
{
    while (level-- > 0)
        size = (size + 1) / 2;
    return size;
}

size_t eval_pyramid_floats(int size, int channels)
{
    size_t floats = 0;

    for (int i = eval_level_count(size); i-- > 0;) {
        size_t side = (size_t)eval_level_side(size, i);

        floats += side * side * (size_t)channels;
    }
    return floats;
}

/* Index i of n, mirrored at the first and last one, which are not repeated: c b | a b c | b a. */
static int mirrored(int i, int n)
{
    i = i < 0 ? -i : i;
    return i < n ? i : 2 * (n - 1) - i;
}

/* out[i] = the binomial filter (1 4 6 4 1)/16 of x[n][length] at i, over the first index. */
static void filter_at(const float *x, int i, int n, int length, float *out)
{
    const float *one[2] = {x + (size_t)mirrored(i - 1, n) * (size_t)length,
                           x + (size_t)mirrored(i + 1, n) * (size_t)length};
    const float *two[2] = {x + (size_t)mirrored(i - 2, n) * (size_t)length,
                           x + (size_t)mirrored(i + 2, n) * (size_t)length};

    x += (size_t)i * (size_t)length;
    out += (size_t)i * (size_t)length;
    for (int k = 0; k < length; k++)
        out[k] =
            0.375f * x[k] + 0.25f * (one[0][k] + one[1][k]) + 0.0625f * (two[0][k] + two[1][k]);
}

/* The same for all i: the inside is one long loop, for a short second index. */
static void filter(const float *x, int n, int length, float *out)
{
    int inside = length < 16 && n > 4 ? (n - 4) * length : 0;
    const float *at = x + 2 * length;

    for (int k = 0; k < inside; k++)
        out[2 * length + k] = 0.375f * at[k] + 0.25f * (at[k - length] + at[k + length]) +
                              0.0625f * (at[k - 2 * length] + at[k + 2 * length]);
    for (int i = 0; i < n; i++)
        if (!inside || i < 2 || i >= n - 2)
            filter_at(x, i, n, length, out);
}

void eval_blur(float *x, int side, int channels, float *scratch)
{
    size_t row = (size_t)side * (size_t)channels;

    filter(x, side, side * channels, scratch); /* down the rows */
    for (int y = 0; y < side; y++)             /* along each of them */
        filter(scratch + (size_t)y * row, side, channels, x + (size_t)y * row);
}

/* Blurs x[side][side], and keeps every second row and column of it. */
static void shrink(const float *x, int side, int channels, float *out, float *scratch)
{
    int half = (side + 1) / 2;
    float *blurred = scratch, *more = scratch + (size_t)side * (size_t)side * (size_t)channels;

    memcpy(blurred, x, (size_t)side * (size_t)side * (size_t)channels * sizeof *x);
    eval_blur(blurred, side, channels, more);
    for (int i = 0; i < half * half; i++)
        for (int k = 0; k < channels; k++)
            out[i * channels + k] =
                blurred[(2 * (i / half) * side + 2 * (i % half)) * channels + k];
}

/* x[side][side] -= small[half][half] with zeros between its pixels, blurred, times four. */
static void subtract_enlarged(float *x, int side, int channels, const float *small, float *scratch)
{
    int half = (side + 1) / 2;
    size_t floats = (size_t)side * (size_t)side * (size_t)channels;

    memset(scratch, 0, floats * sizeof *scratch);
    for (int i = 0; i < half * half; i++)
        for (int k = 0; k < channels; k++)
            scratch[(2 * (i / half) * side + 2 * (i % half)) * channels + k] =
                4 * small[i * channels + k];
    eval_blur(scratch, side, channels, scratch + floats);
    for (size_t i = 0; i < floats; i++)
        x[i] -= scratch[i];
}

void eval_pyramid(const uint8_t *picture, int size, int channels, float *out, float *scratch)
{
    int levels = eval_level_count(size);

    lim_pixels_to_floats(picture, (size_t)size * (size_t)size * (size_t)channels, out);
    for (int i = 0; i + 1 < levels; i++) {
        int side = eval_level_side(size, i);
        float *next = out + (size_t)side * (size_t)side * (size_t)channels;

        shrink(out, side, channels, next, scratch);
        subtract_enlarged(out, side, channels, next, scratch);
        out = next;
    }
}
