/* A picture file in memory becomes one prepared square. */
#ifndef LIMNER_SRC_DATA_DECODE_H
#define LIMNER_SRC_DATA_DECODE_H

#include "data/resize.h"
#include "data/result.h"

#include <limner/api.h>
#include <limner/dataset.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIDE_CAP 1000000 /* pixels */

struct decode_job {
    const uint8_t *bytes;
    size_t size;
    int target, channels; /* wanted */
    uint8_t *out;         /* [target][target][channels] */
    char *reason;         /* REASON_SIZE bytes, set when it fails */
    struct data_facts
        *facts; /* zeroed; filled here except `phash`; may be NULL for data_decode_picture */
    enum lim_crop crop;
    uint32_t background; /* LIM_RGB(r, g, b); 0: white */
    uint64_t max_pixels; /* larger ones are refused before memory is taken; 0: LIM_MAX_PIXELS */
};

/* False with a reason. Any thread. */
bool data_decode_picture(const struct decode_job *job);

/* Called by data_decode_picture, which has determined the format. */
bool data_decode_png(const struct decode_job *job);
bool data_decode_jpeg(const struct decode_job *job);
bool data_decode_webp(const struct decode_job *job);
bool data_decode_gif(const struct decode_job *job);

/* Prepares a resizer for rows[width][channels], which data_decode_push takes: 1 gray, 2 gray and
 * alpha, 3 RGB, 4 RGBA. False with a reason; data_resizer_finish is due in either case. */
bool data_decode_begin(const struct decode_job *job, struct resizer *r, int width, int height,
                       int channels, int orientation);

/* The next row, from the top: laid over the background if it has alpha, noted in the facts,
 * resized. `flat`: room of data_decode_row_size(width) bytes; it is overwritten, and it may be the
 * row. */
void data_decode_push(const struct decode_job *job, struct resizer *r, const uint8_t *row,
                      int channels, uint8_t *flat);
size_t data_decode_row_size(int width);

/* Sets the reason; returns false. */
bool data_decode_refuse(const struct decode_job *job, const char *format, ...) LIM_PRINTF(2, 3);

/* False with a reason if the picture claims to be empty or too large. */
bool data_decode_check_size(const struct decode_job *job, uint64_t width, uint64_t height);

/* Pictures that must be in memory whole take turns if they are large: true if it must be given back
 * by data_decode_leave. */
bool data_decode_enter(uint64_t width, uint64_t height);
void data_decode_leave(bool entered);

#endif
