#include "data/preprocess.h"

#include "data/decode.h"
#include "data/file_type.h"
#include "data/phash.h"

#include <stdio.h>
#include <stdlib.h>

/* Larger buffers are not kept from one file to the next. */
#define KEPT_ROOM ((size_t)16 << 20)

/* Reads on, up to `want` bytes in all, into a buffer that grows with the bytes actually read. */
static bool read_up_to(struct preprocessor *p, size_t *size, size_t want, char *reason)
{
    while (*size < want) {
        long got;

        if (*size == p->room) {
            size_t room = p->room ? p->room * 2 : (size_t)64 << 10;
            uint8_t *bytes = realloc(p->bytes, room);

            if (!bytes) {
                snprintf(reason, REASON_SIZE, "not enough memory for the file");
                return false;
            }
            p->bytes = bytes;
            p->room = room;
        }
        got = p->source->read(p->source, p->bytes + *size,
                              (want < p->room ? want : p->room) - *size, reason);
        if (got <= 0)
            return got == 0;
        *size += (size_t)got;
    }
    return true;
}

static enum lim_format format_of(enum file_type_kind kind)
{
    switch (kind) {
    case FILE_TYPE_PNG:
        return LIM_FORMAT_PNG;
    case FILE_TYPE_JPEG:
        return LIM_FORMAT_JPEG;
    case FILE_TYPE_WEBP:
        return LIM_FORMAT_WEBP;
    case FILE_TYPE_GIF:
        return LIM_FORMAT_GIF;
    default:
        return LIM_FORMAT_OTHER;
    }
}

/* Handles every file that does not decode: is it worth reporting? */
static enum prepared refuse(const struct data_file *file, struct file_type type, char *reason)
{
    if (!data_file_named_picture(file->path) &&
        (type.kind == FILE_TYPE_TEXT || data_file_named_notes(file->path)))
        return PASSED_OVER;
    snprintf(reason, REASON_SIZE, "%s", type.reason);
    return SKIPPED;
}

static enum prepared preprocess_opened(struct preprocessor *p, const struct data_file *file,
                                       uint8_t *out, char *reason, struct data_facts *facts)
{
    struct decode_job job = {.target = p->size,
                             .channels = p->channels,
                             .crop = p->crop,
                             .background = p->background,
                             .max_pixels = p->max_pixels,
                             .facts = facts};
    struct file_type type;
    size_t size = 0;

    if (!read_up_to(p, &size, FILE_TYPE_HEAD, reason))
        return SKIPPED;
    type = data_file_type_of(p->bytes, size);
    facts->format = format_of(type.kind);
    if (type.reason)
        return refuse(file, type, reason);
    if (!read_up_to(p, &size, FILE_SIZE_CAP + 1, reason))
        return SKIPPED;
    if (size > FILE_SIZE_CAP) {
        snprintf(reason, REASON_SIZE, "larger than %zu MiB", FILE_SIZE_CAP >> 20);
        return SKIPPED;
    }
    job.bytes = p->bytes;
    job.size = size;
    job.out = out;
    job.reason = reason;
    if (!data_decode_picture(&job))
        return SKIPPED;
    facts->phash = data_phash_of(out, p->size, p->channels);
    return PREPARED;
}

enum prepared data_preprocess_file(struct preprocessor *p, const struct data_file *file,
                                   uint8_t *out, char *reason, struct data_facts *facts)
{
    enum prepared what;

    if (!p->source->open(p->source, file, reason))
        return SKIPPED;
    what = preprocess_opened(p, file, out, reason, facts);
    p->source->close(p->source);
    if (p->room > KEPT_ROOM)
        data_preprocessor_finish(p);
    return what;
}

void data_preprocessor_finish(struct preprocessor *p)
{
    free(p->bytes);
    p->bytes = NULL;
    p->room = 0;
}
