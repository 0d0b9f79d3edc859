/* Median cut (Heckbert 1982) by largest spread of squared error, then Lloyd's rounds of k-means,
 * both over the cells of a histogram. */
#include "io/palette.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 6 };

struct box {
    int first, count; /* of the list of cells */
    int axis;         /* the one with the largest squared error */
    double error;     /* weighted, along that axis */
};

static int cell_of(const uint8_t rgb[3])
{
    int shift = 8 - LIM_PALETTE_BITS;

    return (rgb[0] >> shift) << 2 * LIM_PALETTE_BITS | (rgb[1] >> shift) << LIM_PALETTE_BITS |
           rgb[2] >> shift;
}

static void rgb_of(const struct lim_image *image, size_t pixel, uint8_t rgb[3])
{
    const uint8_t *at = image->pixels + pixel * (size_t)image->channels;

    for (int i = 0; i < 3; i++)
        rgb[i] = at[image->channels == 3 ? i : 0];
}

void lim_palette_add(struct lim_palette *palette, const struct lim_image *image, double weight)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;

    for (size_t p = 0; p < pixels; p++) {
        uint8_t rgb[3];
        int cell;

        rgb_of(image, p, rgb);
        cell = cell_of(rgb);
        palette->weight[cell] += weight;
        for (int i = 0; i < 3; i++)
            palette->sum[cell][i] += weight * rgb[i];
    }
}

static double mean(const struct lim_palette *palette, int cell, int axis)
{
    return palette->sum[cell][axis] / palette->weight[cell];
}

/* Fills in a box's axis and error. */
static void measure(const struct lim_palette *palette, const int *cells, struct box *box)
{
    box->error = -1.0;
    for (int axis = 0; axis < 3; axis++) {
        double weight = 0.0, sum = 0.0, error = 0.0;

        for (int i = box->first; i < box->first + box->count; i++) {
            weight += palette->weight[cells[i]];
            sum += palette->sum[cells[i]][axis];
        }
        for (int i = box->first; i < box->first + box->count; i++) {
            double d = mean(palette, cells[i], axis) - sum / weight;

            error += palette->weight[cells[i]] * d * d;
        }
        if (error > box->error) {
            box->error = error;
            box->axis = axis;
        }
    }
    if (box->count < 2)
        box->error = 0.0;
}

/* Moves the cells whose mean lies below the box's own to its front; returns their number. */
static int split(const struct lim_palette *palette, int *cells, const struct box *box)
{
    double weight = 0.0, sum = 0.0;
    int front = box->first, end = box->first + box->count;

    for (int i = box->first; i < end; i++) {
        weight += palette->weight[cells[i]];
        sum += palette->sum[cells[i]][box->axis];
    }
    for (int i = box->first; i < end; i++) {
        if (mean(palette, cells[i], box->axis) < sum / weight) {
            int cell = cells[i];

            cells[i] = cells[front];
            cells[front++] = cell;
        }
    }
    return front - box->first;
}

/* Cuts all cells into at most 256 boxes; returns their number. */
static int cut(const struct lim_palette *palette, int *cells, int cell_count, struct box boxes[256])
{
    int count = 1;

    boxes[0] = (struct box){.first = 0, .count = cell_count};
    measure(palette, cells, boxes);
    while (count < 256) {
        struct box *worst = boxes, *second = boxes + count;
        int front;

        for (int i = 1; i < count; i++)
            if (boxes[i].error > worst->error)
                worst = boxes + i;
        if (!(worst->error > 0.0))
            break;
        front = split(palette, cells, worst);
        if (front == 0 || front == worst->count) { /* all alike but for rounding */
            worst->error = 0.0;
            continue;
        }
        *second = (struct box){.first = worst->first + front, .count = worst->count - front};
        worst->count = front;
        measure(palette, cells, worst);
        measure(palette, cells, second);
        count++;
    }
    return count;
}

static int nearest(const struct lim_palette *palette, const double rgb[3])
{
    double best = 1e30;
    int found = 0;

    for (int i = 0; i < palette->count; i++) {
        double distance = 0.0;

        for (int j = 0; j < 3; j++) {
            double d = rgb[j] - palette->colors[i][j];

            distance += d * d;
        }
        if (distance < best) {
            best = distance;
            found = i;
        }
    }
    return found;
}

/* Assigns each cell to its nearest color; with `move`, colors then become the mean of their
 * cells. */
static void assign(struct lim_palette *palette, const int *cells, int cell_count, bool move)
{
    double sum[256][4] = {{0.0}};

    for (int i = 0; i < cell_count; i++) {
        int cell = cells[i], at;
        double rgb[3];

        for (int j = 0; j < 3; j++)
            rgb[j] = mean(palette, cell, j);
        at = nearest(palette, rgb);
        palette->nearest[cell] = (uint8_t)at;
        sum[at][3] += palette->weight[cell];
        for (int j = 0; j < 3; j++)
            sum[at][j] += palette->sum[cell][j];
    }
    for (int i = 0; move && i < palette->count; i++)
        for (int j = 0; j < 3 && sum[i][3] > 0.0; j++)
            palette->colors[i][j] = (uint8_t)(sum[i][j] / sum[i][3] + 0.5);
}

void lim_palette_make(struct lim_palette *palette)
{
    static const int most = LIM_PALETTE_CELLS;
    int cells[LIM_PALETTE_CELLS], cell_count = 0;
    struct box boxes[256];

    for (int i = 0; i < most; i++)
        if (palette->weight[i] > 0.0)
            cells[cell_count++] = i;
    palette->count = cell_count ? cut(palette, cells, cell_count, boxes) : 1;
    for (int i = 0; cell_count && i < palette->count; i++) {
        double weight = 0.0, sum[3] = {0.0};

        for (int k = boxes[i].first; k < boxes[i].first + boxes[i].count; k++) {
            weight += palette->weight[cells[k]];
            for (int j = 0; j < 3; j++)
                sum[j] += palette->sum[cells[k]][j];
        }
        for (int j = 0; j < 3; j++)
            palette->colors[i][j] = (uint8_t)(sum[j] / weight + 0.5);
    }
    for (int round = 0; round < ROUNDS; round++)
        assign(palette, cells, cell_count, true);
    assign(palette, cells, cell_count, false);
}

void lim_palette_map(const struct lim_palette *palette, const struct lim_image *image,
                     uint8_t *indices)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;

    for (size_t p = 0; p < pixels; p++) {
        uint8_t rgb[3];

        rgb_of(image, p, rgb);
        indices[p] = palette->nearest[cell_of(rgb)];
    }
}
