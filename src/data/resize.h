/* Rows of a picture in, a small square picture out: crops at the centre, resizes with a triangle
 * filter as wide as the reduction asks for (so nothing aliases), turns it the right way up.
 *
 * Streams: of a picture of any size only a few rows are in memory. Floats are added in one fixed
 * order, so that every machine makes the same bytes. */
#ifndef LIMNER_SRC_DATA_RESIZE_H
#define LIMNER_SRC_DATA_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

struct resize_filter;

struct resizer {
    int width, channels;        /* of the rows that come in: 1 or 3 channels */
    int size, out_channels;     /* of the square that goes out */
    int orientation;            /* Exif, 1 to 8 */
    int side, left, top;        /* the square that is cut out, in the picture as stored */
    int next_row;               /* that will be pushed */
    int work_channels;          /* 1 if either side is grey */
    struct resize_filter *taps; /* [size], the same for both directions */
    float *weights;             /* of all taps */
    int open_first, open_room;  /* output rows being summed up: a ring */
    float *sums;                /* [open_room][side][work_channels] */
    uint8_t *grey;              /* [side], when RGB becomes grey */
    uint8_t *square;            /* [size][size][work_channels], as stored */
};

/* False without memory. resizer_finish is due in either case. */
bool resizer_begin(struct resizer *r, int width, int height, int channels, int orientation,
                   int size, int out_channels);
void resizer_push(struct resizer *r, const uint8_t *row); /* row[width][channels], from the top */
bool resizer_wants_more(const struct resizer *r);         /* rows below the crop need not come */
void resizer_take(struct resizer *r, uint8_t *out);       /* out[size][size][out_channels] */
void resizer_finish(struct resizer *r);

#endif
