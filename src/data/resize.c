#include "data/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct resize_filter {
    int first, count;
    float *weights;
};

/* Pixel centres lie at half integers; weights of one output pixel add up to 1. */
static bool make_filters(struct resizer *r)
{
    double scale = (double)r->side / r->size;
    double reach = scale > 1 ? scale : 1;
    size_t most = (size_t)(2 * reach) + 3, at = 0;

    r->taps = calloc((size_t)r->size, sizeof *r->taps);
    r->weights = malloc(most * (size_t)r->size * sizeof *r->weights);
    if (!r->taps || !r->weights)
        return false;
    for (int i = 0; i < r->size; i++) {
        double centre = (i + 0.5) * scale, total = 0;
        int first = (int)floor(centre - reach), end = (int)ceil(centre + reach);
        struct resize_filter *tap = &r->taps[i];

        first = first < 0 ? 0 : first;
        end = end > r->side ? r->side : end;
        while (first < end && fabs(first + 0.5 - centre) >= reach)
            first++;
        while (end > first && fabs(end - 0.5 - centre) >= reach)
            end--;
        for (int j = first; j < end; j++)
            total += 1 - fabs(j + 0.5 - centre) / reach;
        *tap = (struct resize_filter){first, end - first, r->weights + at};
        for (int j = first; j < end; j++)
            r->weights[at++] = (float)((1 - fabs(j + 0.5 - centre) / reach) / total);
    }
    return true;
}

/* How many output rows can need one and the same row of the picture. */
static int most_open(const struct resizer *r)
{
    int most = 0;

    for (int i = 0, first = 0; i < r->size; i++) {
        while (r->taps[first].first + r->taps[first].count <= r->taps[i].first)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}

bool resizer_begin(struct resizer *r, int width, int height, int channels, int orientation,
                   int size, int out_channels)
{
    int spare_x, spare_y;
    size_t row;

    *r = (struct resizer){.width = width, .channels = channels, .size = size};
    r->out_channels = out_channels;
    r->orientation = orientation;
    r->work_channels = channels < out_channels ? channels : out_channels;
    r->side = width < height ? width : height;
    /* An odd pixel goes to the right or bottom of the picture as people see it. */
    spare_x = width - r->side;
    spare_y = height - r->side;
    r->left = spare_x / 2;
    r->top = spare_y / 2;
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        r->left = spare_x - r->left;
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        r->top = spare_y - r->top;

    if (!make_filters(r))
        return false;
    r->open_room = most_open(r);
    row = (size_t)r->side * (size_t)r->work_channels;
    r->sums = calloc((size_t)r->open_room * row, sizeof *r->sums);
    r->grey = malloc((size_t)r->side);
    r->square = malloc((size_t)size * (size_t)size * (size_t)r->work_channels);
    return r->sums && r->grey && r->square;
}

/* One finished row of sums, across: out[size][c] from sums[side][c]. */
static void squeeze_row(const struct resizer *r, const float *sums, uint8_t *out)
{
    int c = r->work_channels;

    for (int i = 0; i < r->size; i++) {
        const struct resize_filter *tap = &r->taps[i];
        const float *in = sums + (size_t)tap->first * (size_t)c;
        float value[3] = {0};

        for (int j = 0; j < tap->count; j++)
            for (int k = 0; k < c; k++)
                value[k] += tap->weights[j] * in[j * c + k];
        for (int k = 0; k < c; k++)
            out[i * c + k] = (uint8_t)(value[k] + 0.5f);
    }
}

/* Rec. 601 luma in 16-bit fixed point; the weights add up to 65536, so that grey stays the same. */
static void to_grey(const uint8_t *rgb, int count, uint8_t *out)
{
    for (int i = 0; i < count; i++, rgb += 3)
        out[i] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

void resizer_push(struct resizer *r, const uint8_t *row)
{
    int y = r->next_row++ - r->top;
    size_t length = (size_t)r->side * (size_t)r->work_channels;

    if (y < 0 || y >= r->side)
        return;
    row += (size_t)r->left * (size_t)r->channels;
    if (r->channels > r->work_channels) {
        to_grey(row, r->side, r->grey);
        row = r->grey;
    }
    for (int i = r->open_first; i < r->size && r->taps[i].first <= y; i++) {
        float *sums = r->sums + (size_t)(i % r->open_room) * length;
        float weight = r->taps[i].weights[y - r->taps[i].first];

        for (size_t j = 0; j < length; j++)
            sums[j] += weight * (float)row[j];
    }
    while (r->open_first < r->size &&
           r->taps[r->open_first].first + r->taps[r->open_first].count == y + 1) {
        float *sums = r->sums + (size_t)(r->open_first % r->open_room) * length;
        size_t line = (size_t)r->size * (size_t)r->work_channels;

        squeeze_row(r, sums, r->square + (size_t)r->open_first * line);
        memset(sums, 0, length * sizeof *sums);
        r->open_first++;
    }
}

bool resizer_wants_more(const struct resizer *r)
{
    return r->open_first < r->size;
}

void resizer_take(struct resizer *r, uint8_t *out)
{
    int last = r->size - 1, o = r->orientation;
    bool swap = o >= 5;
    bool flip_x = o == 2 || o == 3 || o == 7 || o == 8;
    bool flip_y = o == 3 || o == 4 || o == 6 || o == 7;

    for (int y = 0; y <= last; y++)
        for (int x = 0; x <= last; x++) {
            int from_x = swap ? y : x, from_y = swap ? x : y;
            const uint8_t *in;

            from_x = flip_x ? last - from_x : from_x;
            from_y = flip_y ? last - from_y : from_y;
            in = r->square + (size_t)(from_y * r->size + from_x) * (size_t)r->work_channels;
            for (int k = 0; k < r->out_channels; k++)
                *out++ = in[k < r->work_channels ? k : 0];
        }
}

void resizer_finish(struct resizer *r)
{
    free(r->taps);
    free(r->weights);
    free(r->sums);
    free(r->grey);
    free(r->square);
    *r = (struct resizer){0};
}
