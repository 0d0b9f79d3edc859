/* A picture file in memory becomes one prepared square. */
#ifndef LIMNER_SRC_DATA_DECODE_H
#define LIMNER_SRC_DATA_DECODE_H

#include "data/resize.h"

#include <limner/api.h>
#include <limner/dataset.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Claims beyond this are refused before memory is taken. */
#define PIXEL_CAP 100000000
#define SIDE_CAP 1000000

struct decode_job {
    const uint8_t *bytes;
    size_t size;
    int target, channels; /* wanted */
    uint8_t *out;         /* [target][target][channels] */
    char *reason;         /* REASON_SIZE bytes, set when it fails */
    enum lim_crop crop;
    uint32_t background; /* LIM_RGB(r, g, b); 0: white */
};

/* False with a reason. Any thread. */
bool decode_picture(const struct decode_job *job);

/* Called by decode_picture, which knows what the bytes are. */
bool decode_png(const struct decode_job *job);
bool decode_jpeg(const struct decode_job *job);

/* Readies a resizer for rows[width][channels], channels 1 or 3. False with a reason; resizer_finish
 * is due in either case. */
bool decode_begin(const struct decode_job *job, struct resizer *r, int width, int height,
                  int channels, int orientation);

/* Pixels of `channels` samples, the last of 2 or 4 being alpha, have so many once they lie on the
 * background: 1 or 3. */
int decode_flat_channels(const struct decode_job *job, int channels);

/* Lays in[count][channels], channels 2 or 4, over the background: out[count][flat channels]. */
void decode_flatten(const struct decode_job *job, const uint8_t *in, int count, int channels,
                    uint8_t *out);

/* Sets the reason; returns false. */
bool decode_refuse(const struct decode_job *job, const char *format, ...) LIM_PRINTF(2, 3);

/* False with a reason if the picture claims to be empty or too large. */
bool decode_check_size(const struct decode_job *job, uint64_t width, uint64_t height);

/* Pictures that must be in memory whole take turns if they are large: true if it must be given back
 * by decode_leave. */
bool decode_enter(uint64_t width, uint64_t height);
void decode_leave(bool entered);

#endif
