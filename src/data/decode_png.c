/* PNG of every color type, depth and interlacing. An animated one (APNG) gives its still picture,
 * which viewers without animation show.
 *
 * The numbers in the file are used as the colors: gAMA, cHRM, sRGB and iCCP are ignored on purpose.
 * Few files have them, programs disagree about them, and half a folder that is lighter than the
 * other half is worse for a network than a whole folder that is a little too dark. */
#include "data/decode.h"
#include "data/exif.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that must survive libpng's longjmp. */
struct reading {
    const struct decode_job *job;
    png_structp png;
    png_infop info;
    size_t at; /* bytes read */
    bool truncated;
    char message[128];
    struct resizer resizer;
    png_bytep whole; /* an interlaced picture */
    png_bytep row;
    uint8_t *flat; /* a row without alpha */
    bool entered;
};

static void on_error(png_structp png, png_const_charp message)
{
    struct reading *r = png_get_error_ptr(png);

    snprintf(r->message, sizeof r->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    /* Warnings are about damaged metadata: color profiles, comments. */
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep out, size_t size)
{
    struct reading *r = png_get_io_ptr(png);

    if (size > r->job->size - r->at) {
        r->truncated = true;
        png_error(png, "the file ends early");
    }
    memcpy(out, r->job->bytes + r->at, size);
    r->at += size;
}

static int orientation(struct reading *r)
{
#ifdef PNG_eXIf_SUPPORTED
    png_uint_32 size = 0;
    png_bytep exif = NULL;

    if (png_get_eXIf_1(r->png, r->info, &size, &exif) && exif)
        return data_exif_orientation(exif, size);
#endif
    return 1;
}

/* Chunks that do not change a pixel are not read, so that they can neither fail nor cost memory. */
static void pass_over_notes(png_structp png)
{
    static const png_byte notes[] = "bKGD\0cHRM\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                    "sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";

    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, notes, sizeof notes / 5);
}

/* Everything becomes 8 bits a sample: gray, gray and alpha, RGB or RGBA. */
static int request_8_bits(struct reading *r)
{
    int passes;

    png_set_expand(r->png); /* palettes, few bits, tRNS */
    png_set_scale_16(r->png);
    passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    return passes;
}

/* APNG declares itself, with the number of frames, before the first pixel. */
static bool is_animated(const uint8_t *bytes, size_t size)
{
    size_t at = 8;

    while (at < size && size - at >= 16) {
        size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                        (size_t)bytes[at + 2] << 8 | bytes[at + 3];

        if (memcmp(bytes + at + 4, "acTL", 4) == 0)
            return bytes[at + 8] || bytes[at + 9] || bytes[at + 10] || bytes[at + 11] > 1;
        if (memcmp(bytes + at + 4, "IDAT", 4) == 0 || length > size - at - 12)
            return false;
        at += 12 + length;
    }
    return false;
}

static bool read_rows(struct reading *r)
{
    const struct decode_job *job = r->job;
    int width = (int)png_get_image_width(r->png, r->info);
    int height = (int)png_get_image_height(r->png, r->info);
    int way_up = orientation(r);
    int passes = request_8_bits(r);
    int channels = png_get_channels(r->png, r->info);
    size_t row_size = png_get_rowbytes(r->png, r->info);

    if (!data_decode_begin(job, &r->resizer, width, height, channels, way_up))
        return false;
    if (is_animated(job->bytes, job->size))
        job->facts->flags |= FACT_ANIMATED;
    r->flat = malloc(data_decode_row_size(width));
    if (passes > 1) {
        r->entered = data_decode_enter((uint64_t)width, (uint64_t)height);
        r->whole = malloc(row_size * (size_t)height);
    } else {
        r->row = malloc(row_size);
    }
    if (!r->flat || !(r->whole || r->row))
        return data_decode_refuse(job, "not enough memory for %dx%d", width, height);

    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < height; y++) {
            png_bytep row = r->whole ? r->whole + (size_t)y * row_size : r->row;

            png_read_row(r->png, row, NULL);
            if (pass == passes - 1)
                data_decode_push(job, &r->resizer, row, channels, r->flat);
        }
    png_read_end(r->png, NULL); /* checks the pixels' checksum and what follows */
    data_resizer_take(&r->resizer, job->out);
    return true;
}

static bool read_png(struct reading *r)
{
    const struct decode_job *job = r->job;

    if (setjmp(png_jmpbuf(r->png))) {
        if (r->truncated)
            return data_decode_refuse(job, "truncated PNG");
        return data_decode_refuse(job, "damaged PNG (%s)", r->message);
    }
    png_set_read_fn(r->png, r, on_read);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours says more; see below */
    pass_over_notes(r->png);
    png_read_info(r->png, r->info);
    return data_decode_check_size(job, png_get_image_width(r->png, r->info),
                                  png_get_image_height(r->png, r->info)) &&
           read_rows(r);
}

bool data_decode_png(const struct decode_job *job)
{
    struct reading r = {.job = job};
    bool done = false;

    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    if (r.info)
        done = read_png(&r);
    else
        data_decode_refuse(job, "not enough memory");
    png_destroy_read_struct(&r.png, &r.info, NULL);
    data_resizer_finish(&r.resizer);
    free(r.whole);
    free(r.row);
    free(r.flat);
    data_decode_leave(r.entered);
    return done;
}
