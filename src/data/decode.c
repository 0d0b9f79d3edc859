#include "data/decode.h"

#include "data/sniff.h"
#include "data/source.h"

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
    if (width == 0 || height == 0)
        return decode_refuse(job, "damaged picture (it claims no pixels)");
    if (width > SIDE_CAP || height > SIDE_CAP || width * height > PIXEL_CAP)
        return decode_refuse(job, "too large (it claims %llux%llu, limner takes 100 megapixels)",
                             (unsigned long long)width, (unsigned long long)height);
    return true;
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
    return decode_refuse(job, "%s", sniff.reason);
}
