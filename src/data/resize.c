#include "data/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct resize_filter {
    int first, count;
    float *weights;
};

/* The most weights needed to resize `length` pixels to `size`. */
static size_t most_weights(int length, int size)
{
    double scale = (double)length / size;

    return ((size_t)(2 * (scale > 1 ? scale : 1)) + 3) * (size_t)size;
}

/* `length` pixels become `size`. Pixel centers lie at half integers; weights of one output pixel
 * add up to 1. Returns the weights' end. */
static float *make_filters(struct resize_filter *taps, int length, int size, float *weights)
{
    double scale = (double)length / size;
    double reach = scale > 1 ? scale : 1;

    for (int i = 0; i < size; i++) {
        double center = (i + 0.5) * scale, total = 0;
        int first = (int)floor(center - reach), end = (int)ceil(center + reach);

        first = first < 0 ? 0 : first;
        end = end > length ? length : end;
        while (first < end && fabs(first + 0.5 - center) >= reach)
            first++;
        while (end > first && fabs(end - 0.5 - center) >= reach)
            end--;
        for (int j = first; j < end; j++)
            total += 1 - fabs(j + 0.5 - center) / reach;
        taps[i] = (struct resize_filter){first, end - first, weights};
        for (int j = first; j < end; j++)
            *weights++ = (float)((1 - fabs(j + 0.5 - center) / reach) / total);
    }
    return weights;
}

/* The most output rows that use the same row of the picture. */
static int most_open(const struct resizer *r)
{
    int most = 0;

    for (int i = 0, first = 0; i < r->to.size; i++) {
        while (r->down[first].first + r->down[first].count <= r->down[i].first)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}

/* Finds the part of the stored picture that is the square as people see it. */
static void cut_out(struct resizer *r)
{
    int width = r->from.width, height = r->from.height, o = r->from.orientation;
    int side = width < height ? width : height, spare_x = width - side, spare_y = height - side;
    bool top = r->to.crop == LIM_CROP_TOP, on_its_side = o >= 5;

    r->width = width;
    r->height = height;
    if (r->to.crop == LIM_CROP_NONE)
        return;
    r->width = r->height = side;
    /* An odd pixel goes to the right or bottom of the picture as people see it. */
    r->left = top && on_its_side ? 0 : spare_x / 2;
    r->top = top && !on_its_side ? 0 : spare_y / 2;
    if (o == 2 || o == 3 || o == 7 || o == 8)
        r->left = spare_x - r->left;
    if (o == 3 || o == 4 || o == 6 || o == 7)
        r->top = spare_y - r->top;
}

/* Filters, and the sums that they are taken over. */
static bool make_sums(struct resizer *r)
{
    int size = r->to.size;
    size_t row = (size_t)r->width * (size_t)r->work_channels;

    r->across = calloc((size_t)size, sizeof *r->across);
    r->down = calloc((size_t)size, sizeof *r->down);
    r->weights =
        malloc((most_weights(r->width, size) + most_weights(r->height, size)) * sizeof *r->weights);
    if (!r->across || !r->down || !r->weights)
        return false;
    make_filters(r->down, r->height, size, make_filters(r->across, r->width, size, r->weights));
    r->open_room = most_open(r);
    r->sums = calloc((size_t)r->open_room * row, sizeof *r->sums);
    r->line = malloc(row * sizeof *r->line);
    return r->sums && r->line;
}

bool data_resizer_begin(struct resizer *r, struct resize_from from, struct resize_to to)
{
    *r = (struct resizer){.from = from, .to = to};
    r->work_channels = from.channels < to.channels ? from.channels : to.channels;
    cut_out(r);
    r->as_it_is = r->width == to.size && r->height == to.size;
    r->gray = malloc((size_t)r->width);
    r->square = malloc((size_t)to.size * (size_t)to.size * (size_t)r->work_channels);
    return r->gray && r->square && (r->as_it_is || make_sums(r));
}

/* One finished row of sums, across: out[size][c] from sums[width][c]. */
static inline void squeeze(const struct resizer *r, const float *sums, int c, uint8_t *out)
{
    for (int i = 0; i < r->to.size; i++) {
        const struct resize_filter *tap = &r->across[i];
        const float *in = sums + (size_t)tap->first * (size_t)c;
        float value[3] = {0};

        for (int j = 0; j < tap->count; j++)
            for (int k = 0; k < c; k++)
                value[k] += tap->weights[j] * in[j * c + k];
        for (int k = 0; k < c; k++)
            out[i * c + k] = (uint8_t)(value[k] + 0.5f);
    }
}

static void squeeze_row(const struct resizer *r, const float *sums, uint8_t *out)
{
    if (r->work_channels == 3)
        squeeze(r, sums, 3, out);
    else
        squeeze(r, sums, 1, out);
}

/* Rec. 601 luma in 16-bit fixed point; the weights add up to 65536, so that gray stays the same. */
static void to_gray(const uint8_t *rgb, int count, uint8_t *out)
{
    for (int i = 0; i < count; i++, rgb += 3)
        out[i] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* Compiles the inner loops for several machines: the sums are the same at any vector width, as
 * nothing is fused (-ffp-contract=off). */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && \
    !defined(__SANITIZE_THREAD__) /* its runtime is not ready when the version is chosen */
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

WIDE static void to_floats(const uint8_t *restrict row, size_t length, float *restrict line)
{
    for (size_t i = 0; i < length; i++)
        line[i] = row[i];
}

/* sums[length] += weight * line[length], for one output row or two: a row of a picture that becomes
 * smaller belongs to two, nearly always. */
WIDE static void add_line(const float *restrict line, size_t length, float weight,
                          float *restrict sums)
{
    for (size_t i = 0; i < length; i++)
        sums[i] += weight * line[i];
}

WIDE static void add_line_twice(const float *restrict line, size_t length, float weight,
                                float *restrict sums, float weight2, float *restrict sums2)
{
    for (size_t i = 0; i < length; i++) {
        sums[i] += weight * line[i];
        sums2[i] += weight2 * line[i];
    }
}

static float *sums_of(const struct resizer *r, int i, size_t length)
{
    return r->sums + (size_t)(i % r->open_room) * length;
}

static float weight_of(const struct resizer *r, int i, int y)
{
    return r->down[i].weights[y - r->down[i].first];
}

/* Row y of the cut-out, into all output rows that it is part of. */
static void add_row(struct resizer *r, const uint8_t *row, int y, size_t length)
{
    int i = r->open_first, end = i;

    while (end < r->to.size && r->down[end].first <= y)
        end++;
    to_floats(row, length, r->line);
    for (; i + 1 < end; i += 2)
        add_line_twice(r->line, length, weight_of(r, i, y), sums_of(r, i, length),
                       weight_of(r, i + 1, y), sums_of(r, i + 1, length));
    if (i < end)
        add_line(r->line, length, weight_of(r, i, y), sums_of(r, i, length));
}

void data_resizer_push(struct resizer *r, const uint8_t *row)
{
    int y = r->next_row++ - r->top;
    size_t length = (size_t)r->width * (size_t)r->work_channels;
    size_t line = (size_t)r->to.size * (size_t)r->work_channels;

    if (y < 0 || y >= r->height)
        return;
    row += (size_t)r->left * (size_t)r->from.channels;
    if (r->from.channels > r->work_channels) {
        to_gray(row, r->width, r->gray);
        row = r->gray;
    }
    if (r->as_it_is) {
        memcpy(r->square + (size_t)r->open_first++ * line, row, line);
        return;
    }
    add_row(r, row, y, length);
    while (r->open_first < r->to.size &&
           r->down[r->open_first].first + r->down[r->open_first].count == y + 1) {
        float *sums = sums_of(r, r->open_first, length);

        squeeze_row(r, sums, r->square + (size_t)r->open_first * line);
        memset(sums, 0, length * sizeof *sums);
        r->open_first++;
    }
}

bool data_resizer_wants_more(const struct resizer *r)
{
    return r->open_first < r->to.size;
}

void data_resizer_take(struct resizer *r, uint8_t *out)
{
    int last = r->to.size - 1, o = r->from.orientation;
    bool swap = o >= 5;
    bool flip_x = o == 2 || o == 3 || o == 7 || o == 8;
    bool flip_y = o == 3 || o == 4 || o == 6 || o == 7;

    if (o < 2 && r->work_channels == r->to.channels) {
        memcpy(out, r->square, (size_t)r->to.size * (size_t)r->to.size * (size_t)r->work_channels);
        return;
    }
    for (int y = 0; y <= last; y++)
        for (int x = 0; x <= last; x++) {
            int from_x = swap ? y : x, from_y = swap ? x : y;
            const uint8_t *in;

            from_x = flip_x ? last - from_x : from_x;
            from_y = flip_y ? last - from_y : from_y;
            in = r->square + (size_t)(from_y * r->to.size + from_x) * (size_t)r->work_channels;
            for (int k = 0; k < r->to.channels; k++)
                *out++ = in[k < r->work_channels ? k : 0];
        }
}

void data_resizer_finish(struct resizer *r)
{
    free(r->across);
    free(r->down);
    free(r->weights);
    free(r->sums);
    free(r->line);
    free(r->gray);
    free(r->square);
    *r = (struct resizer){0};
}
