/* A picture file in memory becomes one prepared square. */
#ifndef LIMNER_SRC_DATA_DECODE_H
#define LIMNER_SRC_DATA_DECODE_H

#include "data/resize.h"

#include <limner/api.h>
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
};

/* False with a reason. Any thread. */
bool decode_picture(const struct decode_job *job);

/* Called by decode_picture, which knows what the bytes are. */
bool decode_png(const struct decode_job *job);
bool decode_jpeg(const struct decode_job *job);

/* Sets the reason; returns false. */
bool decode_refuse(const struct decode_job *job, const char *format, ...) LIM_PRINTF(2, 3);

/* False with a reason if the picture claims to be empty or too large. */
bool decode_check_size(const struct decode_job *job, uint64_t width, uint64_t height);

/* Pictures that must be in memory whole take turns if they are large: true if it must be given back
 * by decode_leave. */
bool decode_enter(uint64_t width, uint64_t height);
void decode_leave(bool entered);

#endif
