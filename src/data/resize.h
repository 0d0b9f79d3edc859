/* Rows of a picture in, a small square picture out: cuts out a square, resizes with a triangle
 * filter as wide as the reduction needs (so nothing aliases), turns it upright.
 *
 * Streams: of a picture of any size only a few rows are in memory. Floats are added in one fixed
 * order, so that every machine makes the same bytes. */
#ifndef LIMNER_SRC_DATA_RESIZE_H
#define LIMNER_SRC_DATA_RESIZE_H

#include <limner/dataset.h>
#include <stdbool.h>
#include <stdint.h>

struct resize_filter;

struct resize_from {
    int width, height, channels; /* of the picture as stored; 1 or 3 channels */
    int orientation;             /* Exif, 1 to 8 */
};

struct resize_to {
    int size, channels; /* 1 or 3 */
    enum lim_crop crop;
};

struct resizer {
    struct resize_from from;
    struct resize_to to;
    int left, top, width, height;        /* what is cut out, in the picture as stored */
    bool as_it_is;                       /* that is of the wanted size: no filters, no sums */
    int next_row;                        /* that will be pushed */
    int work_channels;                   /* 1 if either side is gray */
    struct resize_filter *across, *down; /* [size] each */
    float *weights;                      /* of both */
    int open_first, open_room;           /* output rows being summed up: a ring */
    float *sums;                         /* [open_room][width][work_channels] */
    float *line;                         /* [width][work_channels]: the row that came in */
    uint8_t *gray;                       /* [width], when RGB becomes gray */
    uint8_t *square;                     /* [size][size][work_channels], as stored */
};

/* False without memory. data_resizer_finish is due in either case. */
bool data_resizer_begin(struct resizer *r, struct resize_from from, struct resize_to to);
void data_resizer_push(struct resizer *r,
                       const uint8_t *row);              /* row[width][channels], from the top */
bool data_resizer_wants_more(const struct resizer *r);   /* rows below the crop need not come */
void data_resizer_take(struct resizer *r, uint8_t *out); /* out[size][size][out_channels] */
void data_resizer_finish(struct resizer *r);

#endif
