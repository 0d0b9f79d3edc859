/* JPEG: baseline and progressive, gray, color, CMYK and YCCK. Damage is refused, not painted over.
 */
#include "config.h"
#include "data/decode.h"
#include "data/exif.h"

#ifdef LIM_HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* A progressive file may have any number of passes over the picture, each a handful of bytes; real
 * ones have about ten. */
#define SCAN_CAP 200

struct reading {
    const struct decode_job *job;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    bool truncated, unusual;
    char message[JMSG_LENGTH_MAX];
    struct resizer resizer;
    uint8_t *row, *flat;
    bool entered;
};

static struct reading *reading_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void on_error(j_common_ptr jpeg)
{
    struct reading *r = reading_of(jpeg);

    jpeg->err->format_message(jpeg, r->message);
    r->truncated = jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JERR_INPUT_EOF;
    /* 12 bits a sample, lossless, two channels: rare, and not damaged */
    r->unusual =
        jpeg->err->msg_code == JERR_BAD_PRECISION || jpeg->err->msg_code == JERR_SOF_UNSUPPORTED ||
        jpeg->err->msg_code == JERR_ARITH_NOTIMPL || jpeg->err->msg_code == JERR_CONVERSION_NOTIMPL;
    longjmp(r->jump, 1);
}

/* Level -1 is a warning: libjpeg would continue and fill the missing part with gray. */
static void on_message(j_common_ptr jpeg, int level)
{
    const struct jpeg_error_mgr *err = jpeg->err;

    if (level >= 0)
        return;
    switch (err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
        return; /* unusual headers, but complete pixels */
    case JWRN_EXTRANEOUS_DATA:
        /* Some cameras pad the end by a few bytes. */
        if (err->msg_parm.i[0] <= 4 && err->msg_parm.i[1] == JPEG_EOI)
            return;
        break;
    }
    on_error(jpeg);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct reading *r = reading_of(jpeg);

    if (r->jpeg.input_scan_number > SCAN_CAP) {
        snprintf(r->message, sizeof r->message, "more than %d scans", SCAN_CAP);
        longjmp(r->jump, 1);
    }
}

static int orientation(struct reading *r)
{
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 && memcmp(m->data, "Exif\0", 6) == 0)
            return data_exif_orientation(m->data + 6, m->data_length - 6);
    return 1;
}

/* Converts cmyk[count][4] to the colors on paper. Adobe's files are inverted: 255 is no ink. */
static void print_cmyk(const uint8_t *cmyk, int count, bool adobe, uint8_t *rgb)
{
    for (int i = 0; i < count; i++, cmyk += 4)
        for (int k = 0; k < 3; k++) {
            unsigned color = adobe ? cmyk[k] : 255u - cmyk[k];
            unsigned black = adobe ? cmyk[3] : 255u - cmyk[3];

            *rgb++ = (uint8_t)((color * black + 127) / 255);
        }
}

static bool read_rows(struct reading *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    int width = (int)jpeg->output_width, channels = jpeg->output_components;

    /* libjpeg-turbo writes rows that are aligned around the caches, and they are read at once. */
    r->row = malloc((size_t)width * (size_t)channels + 1);
    r->flat = malloc(data_decode_row_size(width));
    if (!r->row || !r->flat)
        return data_decode_refuse(r->job, "not enough memory for %dx%d", width,
                                  (int)jpeg->output_height);
    if (!data_decode_begin(r->job, &r->resizer, width, (int)jpeg->output_height,
                           channels == 1 ? 1 : 3, orientation(r)))
        return false;
    if (channels == 4)
        r->job->facts->flags |= FACT_CMYK;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = r->row + 1;

        jpeg_read_scanlines(jpeg, &row, 1);
        if (channels == 4)
            print_cmyk(row, width, jpeg->saw_Adobe_marker, r->flat);
        data_decode_push(r->job, &r->resizer, channels == 4 ? r->flat : row, channels == 1 ? 1 : 3,
                         r->flat);
    }
    jpeg_finish_decompress(jpeg);
    data_resizer_take(&r->resizer, r->job->out);
    return true;
}

static bool read_jpeg(struct reading *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;

    if (setjmp(r->jump)) {
        if (r->truncated)
            return data_decode_refuse(r->job, "truncated JPEG");
        if (r->unusual)
            return data_decode_refuse(r->job, "JPEG of a kind that limner does not read (%s)",
                                      r->message);
        return data_decode_refuse(r->job, "damaged JPEG (%s)", r->message);
    }
    jpeg_create_decompress(jpeg);
    jpeg->client_data = r;
    jpeg->progress = &r->progress;
    jpeg_mem_src(jpeg, r->job->bytes, (unsigned long)r->job->size);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    if (!data_decode_check_size(r->job, jpeg->image_width, jpeg->image_height))
        return false;
    if (jpeg->num_components == 1)
        jpeg->out_color_space = JCS_GRAYSCALE;
    else
        jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    if (jpeg_has_multiple_scans(jpeg))
        r->entered = data_decode_enter(jpeg->image_width, jpeg->image_height);
    jpeg_start_decompress(jpeg);
    return read_rows(r);
}

bool data_decode_jpeg(const struct decode_job *job)
{
    struct reading r = {.job = job};
    bool done;

    r.jpeg.err = jpeg_std_error(&r.errors);
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.errors.output_message = on_output;
    r.progress.progress_monitor = on_progress;
    r.jpeg.client_data = &r;
    done = read_jpeg(&r);
    jpeg_destroy_decompress(&r.jpeg);
    data_resizer_finish(&r.resizer);
    free(r.row);
    free(r.flat);
    data_decode_leave(r.entered);
    return done;
}

#else

bool data_decode_jpeg(const struct decode_job *job)
{
    return data_decode_refuse(job, "JPEG (this limner was built without it)");
}

#endif
