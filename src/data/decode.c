#include "data/decode.h"

#include "data/sniff.h"
#include "data/source.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

/* Below this a picture in memory whole (progressive JPEG: 6 bytes a pixel) is no burden, even one
 * on every thread. */
#define LARGE_PIXELS 16000000

static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

bool decode_refuse(const struct decode_job *job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(job->reason, REASON_SIZE, format, args);
    va_end(args);
    return false;
}

bool decode_check_size(const struct decode_job *job, uint64_t width, uint64_t height)
{
    uint64_t most = job->max_pixels ? job->max_pixels : LIM_MAX_PIXELS;

    if (width == 0 || height == 0)
        return decode_refuse(job, "damaged picture (it claims no pixels)");
    if (width > SIDE_CAP || height > SIDE_CAP)
        return decode_refuse(job, "too large (it claims %" PRIu64 "x%" PRIu64 ")", width, height);
    if (width * height > most)
        return decode_refuse(job,
                             "too large (it claims %" PRIu64 "x%" PRIu64 ", more than %" PRIu64
                             " pixels; --max-pixels raises that)",
                             width, height, most);
    return true;
}

static uint32_t background_of(const struct decode_job *job)
{
    return job->background ? job->background : LIM_RGB(255, 255, 255);
}

/* Channels once the last of 2 or 4, alpha, is gone. */
static int flat_channels(const struct decode_job *job, int channels)
{
    uint32_t colour = background_of(job) & 0xffffff;

    if (channels == 2) /* grey stays grey on a grey ground */
        return colour == (colour & 0xff) * 0x10101 ? 1 : 3;
    return channels < 3 ? 1 : 3;
}

bool decode_begin(const struct decode_job *job, struct resizer *r, int width, int height,
                  int channels, int orientation)
{
    const struct resize_from from = {width, height, flat_channels(job, channels), orientation};
    const struct resize_to to = {job->target, job->channels, job->crop};

    return resizer_begin(r, from, to) ||
           decode_refuse(job, "not enough memory for %dx%d", width, height);
}

size_t decode_row_size(int width)
{
    return (size_t)width * 3;
}

void decode_push(const struct decode_job *job, struct resizer *r, const uint8_t *row, int channels,
                 uint8_t *flat)
{
    uint32_t colour = background_of(job);
    const unsigned ground[3] = {colour >> 16 & 0xff, colour >> 8 & 0xff, colour & 0xff};
    int colours = flat_channels(job, channels);
    uint8_t *out = flat;

    if (channels == 1 || channels == 3) {
        resizer_push(r, row);
        return;
    }
    for (int i = 0; i < r->from.width; i++, row += channels) {
        unsigned alpha = row[channels - 1];

        for (int k = 0; k < colours; k++) {
            unsigned value = row[channels == 2 ? 0 : k];

            *out++ = (uint8_t)((value * alpha + ground[k] * (255 - alpha) + 127) / 255);
        }
    }
    resizer_push(r, flat);
}

bool decode_enter(uint64_t width, uint64_t height)
{
    return width * height > LARGE_PIXELS && pthread_mutex_lock(&large) == 0;
}

void decode_leave(bool entered)
{
    if (entered)
        pthread_mutex_unlock(&large);
}

bool decode_picture(const struct decode_job *job)
{
    struct sniff sniff = sniff_bytes(job->bytes, job->size < SNIFF_SIZE ? job->size : SNIFF_SIZE);

    if (sniff.kind == SNIFF_PNG)
        return decode_png(job);
    if (sniff.kind == SNIFF_JPEG)
        return decode_jpeg(job);
    if (sniff.kind == SNIFF_WEBP)
        return decode_webp(job);
    if (sniff.kind == SNIFF_GIF)
        return decode_gif(job);
    return decode_refuse(job, "%s", sniff.reason);
}
