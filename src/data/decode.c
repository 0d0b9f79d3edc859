#include "data/decode.h"

#include "data/digest.h"
#include "data/file_type.h"
#include "data/source.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

/* A picture smaller than this may be in memory whole (progressive JPEG: 6 bytes a pixel), even one
 * on every thread. */
#define LARGE_PIXELS 16000000

static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

bool data_decode_refuse(const struct decode_job *job, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(job->reason, REASON_SIZE, format, args);
    va_end(args);
    return false;
}

bool data_decode_check_size(const struct decode_job *job, uint64_t width, uint64_t height)
{
    uint64_t most = job->max_pixels ? job->max_pixels : LIM_MAX_PIXELS;

    if (width == 0 || height == 0)
        return data_decode_refuse(job, "damaged picture (it claims no pixels)");
    if (width > SIDE_CAP || height > SIDE_CAP)
        return data_decode_refuse(job, "too large (it claims %" PRIu64 "x%" PRIu64 ")", width,
                                  height);
    if (width * height > most)
        return data_decode_refuse(job,
                                  "too large (it claims %" PRIu64 "x%" PRIu64 ", more than %" PRIu64
                                  " pixels; --max-pixels raises that)",
                                  width, height, most);
    return true;
}

static uint32_t background_of(const struct decode_job *job)
{
    return job->background ? job->background : LIM_RGB(255, 255, 255);
}

/* Channels without alpha, the last of 2 or 4. */
static int flat_channels(const struct decode_job *job, int channels)
{
    uint32_t color = background_of(job) & 0xffffff;

    if (channels == 2) /* gray stays gray on a gray ground */
        return color == (color & 0xff) * 0x10101 ? 1 : 3;
    return channels < 3 ? 1 : 3;
}

bool data_decode_begin(const struct decode_job *job, struct resizer *r, int width, int height,
                       int channels, int orientation)
{
    const struct resize_from from = {width, height, flat_channels(job, channels), orientation};
    const struct resize_to to = {job->target, job->channels, job->crop};
    struct data_facts *facts = job->facts;
    bool lies = orientation >= 5;

    facts->width = (uint32_t)(lies ? height : width);
    facts->height = (uint32_t)(lies ? width : height);
    facts->pixels = digest_word((uint64_t)width << 32 | (uint64_t)height, (uint64_t)orientation);
    facts->flags |= FACT_GRAY;
    return data_resizer_begin(r, from, to) ||
           data_decode_refuse(job, "not enough memory for %dx%d", width, height);
}

size_t data_decode_row_size(int width)
{
    return (size_t)width * 3;
}

/* Writes a row[width] of RGB to `gray`, which may be the row, if it has no color. */
static bool make_gray(const uint8_t *row, int width, uint8_t *gray)
{
    for (const uint8_t *p = row, *end = row + (size_t)width * 3; p < end; p += 3)
        if (p[0] != p[1] || p[0] != p[2])
            return false;
    for (int i = 0; i < width; i++)
        gray[i] = row[3 * i];
    return true;
}

static void note_row(struct data_facts *facts, const uint8_t *row, int width, int channels,
                     uint8_t *room)
{
    size_t size = (size_t)width * (size_t)channels;

    if (channels == 3 && make_gray(row, width, room)) {
        row = room;
        size = (size_t)width;
    } else if (channels == 3) {
        facts->flags &= ~(uint32_t)FACT_GRAY;
    }
    facts->pixels = digest_word(facts->pixels, digest_bytes(row, size));
}

void data_decode_push(const struct decode_job *job, struct resizer *r, const uint8_t *row,
                      int channels, uint8_t *flat)
{
    uint32_t color = background_of(job);
    const unsigned ground[3] = {color >> 16 & 0xff, color >> 8 & 0xff, color & 0xff};
    int colors = flat_channels(job, channels);
    uint8_t *out = flat;
    unsigned least = 255;

    if (channels == 1 || channels == 3) {
        data_resizer_push(r, row);
        note_row(job->facts, row, r->from.width, channels, flat);
        return;
    }
    for (int i = 0; i < r->from.width; i++, row += channels) {
        unsigned alpha = row[channels - 1];

        least = alpha < least ? alpha : least;
        for (int k = 0; k < colors; k++) {
            unsigned value = row[channels == 2 ? 0 : k];

            *out++ = (uint8_t)((value * alpha + ground[k] * (255 - alpha) + 127) / 255);
        }
    }
    data_resizer_push(r, flat);
    if (least < 255)
        job->facts->flags |= FACT_ALPHA;
    note_row(job->facts, flat, r->from.width, colors, flat);
}

bool data_decode_enter(uint64_t width, uint64_t height)
{
    return width * height > LARGE_PIXELS && pthread_mutex_lock(&large) == 0;
}

void data_decode_leave(bool entered)
{
    if (entered)
        pthread_mutex_unlock(&large);
}

bool data_decode_picture(const struct decode_job *asked)
{
    struct file_type type = data_file_type_of(
        asked->bytes, asked->size < FILE_TYPE_HEAD ? asked->size : FILE_TYPE_HEAD);
    struct data_facts unwanted = {0};
    struct decode_job own = *asked;
    const struct decode_job *job = &own;

    if (!own.facts)
        own.facts = &unwanted;
    if (type.kind == FILE_TYPE_PNG)
        return data_decode_png(job);
    if (type.kind == FILE_TYPE_JPEG)
        return data_decode_jpeg(job);
    if (type.kind == FILE_TYPE_WEBP)
        return data_decode_webp(job);
    if (type.kind == FILE_TYPE_GIF)
        return data_decode_gif(job);
    return data_decode_refuse(job, "%s", type.reason);
}
