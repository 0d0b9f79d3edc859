/* GIF: the first frame, on its canvas. The frames behind it must be whole, but are not decoded. */
#include "config.h"
#include "data/decode.h"

#ifdef LIM_HAVE_GIF
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct decode_job *job;
    size_t at; /* bytes read */
    GifFileType *gif;
    int clear; /* the transparent color; -1: none */
    struct resizer resizer;
    uint8_t *frame; /* [frame height][frame width], color numbers */
    uint8_t *row, *flat;
    bool entered;
};

static int on_read(GifFileType *gif, GifByteType *out, int size)
{
    struct reading *r = gif->UserData;
    size_t left = r->job->size - r->at, got = (size_t)size < left ? (size_t)size : left;

    memcpy(out, r->job->bytes + r->at, got);
    r->at += got;
    return (int)got;
}

static bool refuse_error(const struct reading *r, int error)
{
    const char *text = GifErrorString(error);

    if (error == D_GIF_ERR_NOT_ENOUGH_MEM)
        return data_decode_refuse(r->job, "not enough memory");
    if (r->at == r->job->size || error == D_GIF_ERR_EOF_TOO_SOON || error == D_GIF_ERR_READ_FAILED)
        return data_decode_refuse(r->job, "truncated GIF");
    return data_decode_refuse(r->job, "damaged GIF (%s)", text ? text : "unknown error");
}

/* Reads up to the first frame's description. */
static bool find_frame(struct reading *r)
{
    GifRecordType type;
    GifByteType *part;
    GraphicsControlBlock control;
    int code;

    while (DGifGetRecordType(r->gif, &type) == GIF_OK) {
        if (type == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(r->gif) == GIF_OK || refuse_error(r, r->gif->Error);
        if (type == TERMINATE_RECORD_TYPE)
            return data_decode_refuse(r->job, "damaged GIF (there is no picture in it)");
        if (DGifGetExtension(r->gif, &code, &part) != GIF_OK)
            break;
        while (part) {
            if (code == GRAPHICS_EXT_FUNC_CODE &&
                DGifExtensionToGCB(part[0], part + 1, &control) == GIF_OK)
                r->clear = control.TransparentColor;
            if (DGifGetExtensionNext(r->gif, &part) != GIF_OK)
                return refuse_error(r, r->gif->Error);
        }
    }
    return refuse_error(r, r->gif->Error);
}

static bool read_frame(struct reading *r)
{
    static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    const GifImageDesc *image = &r->gif->Image;
    int passes = image->Interlace ? 4 : 1;

    r->entered = data_decode_enter((uint64_t)image->Width, (uint64_t)image->Height);
    r->frame = malloc((size_t)image->Width * (size_t)image->Height);
    if (!r->frame)
        return refuse_error(r, D_GIF_ERR_NOT_ENOUGH_MEM);
    for (int pass = 0; pass < passes; pass++) {
        int step = image->Interlace ? steps[pass] : 1;

        for (int y = starts[pass]; y < image->Height; y += step)
            if (DGifGetLine(r->gif, r->frame + (size_t)y * (size_t)image->Width, image->Width) !=
                GIF_OK)
                return refuse_error(r, r->gif->Error);
    }
    return true;
}

/* One row of color numbers as RGBA. */
static bool color_row(const struct reading *r, const ColorMapObject *map, const uint8_t *numbers,
                      uint8_t *rgba)
{
    for (int x = 0; x < r->gif->Image.Width; x++, rgba += 4) {
        if (numbers[x] == r->clear) {
            memset(rgba, 0, 4);
        } else if (numbers[x] >= map->ColorCount) {
            return false;
        } else {
            const GifColorType *color = &map->Colors[numbers[x]];

            rgba[0] = color->Red;
            rgba[1] = color->Green;
            rgba[2] = color->Blue;
            rgba[3] = 255;
        }
    }
    return true;
}

static bool push_canvas(struct reading *r, int width, int height)
{
    const GifImageDesc *image = &r->gif->Image;
    const ColorMapObject *map = image->ColorMap ? image->ColorMap : r->gif->SColorMap;

    if (!map)
        return data_decode_refuse(r->job, "damaged GIF (it has no colors)");
    if (!data_decode_begin(r->job, &r->resizer, width, height, 4, 1))
        return false;
    r->row = calloc((size_t)width, 4);
    r->flat = malloc(data_decode_row_size(width));
    if (!r->row || !r->flat)
        return refuse_error(r, D_GIF_ERR_NOT_ENOUGH_MEM);
    for (int y = 0; y < height; y++) {
        int inner = y - image->Top;

        if (inner < 0 || inner >= image->Height)
            memset(r->row, 0, (size_t)width * 4);
        else if (!color_row(r, map, r->frame + (size_t)inner * (size_t)image->Width,
                            r->row + (size_t)image->Left * 4))
            return data_decode_refuse(r->job, "damaged GIF (a pixel of a color that is not there)");
        data_decode_push(r->job, &r->resizer, r->row, 4, r->flat);
    }
    data_resizer_take(&r->resizer, r->job->out);
    return true;
}

/* Skips blocks of up to 255 bytes, each after its length, up to length 0. False at the end. */
static bool pass_parts(const uint8_t *bytes, size_t size, size_t *at)
{
    while (*at < size) {
        size_t length = bytes[*at];

        *at += 1 + length;
        if (length == 0)
            return *at <= size;
    }
    return false;
}

/* Is everything after the first frame complete? A missing end mark is accepted, and so are bytes
 * that are not GIF: they follow a whole picture. */
static bool rest_is_whole(const uint8_t *bytes, size_t size, size_t at, bool *animated)
{
    *animated = false;
    while (at < size && (bytes[at] == 0x21 || bytes[at] == 0x2c)) {
        if (bytes[at] == 0x21) { /* an extension: its label */
            at += 2;
        } else { /* a frame: its place, its own colors, bits of a code */
            if (size - at < 11)
                return false;
            *animated = true;
            at += 11 + (bytes[at + 9] & 0x80 ? (size_t)3 << ((bytes[at + 9] & 7) + 1) : 0);
        }
        if (!pass_parts(bytes, size, &at))
            return false;
    }
    return true;
}

static bool read_gif(struct reading *r)
{
    int error = 0, width, height;
    const GifImageDesc *image;
    bool animated;

    r->gif = DGifOpen(r, on_read, &error);
    if (!r->gif)
        return refuse_error(r, error);
    if (!find_frame(r))
        return false;
    image = &r->gif->Image;
    if (!data_decode_check_size(r->job, (uint64_t)image->Width, (uint64_t)image->Height))
        return false;
    /* A frame may reach beyond the canvas: the canvas grows, as in browsers. */
    width = image->Left + image->Width;
    height = image->Top + image->Height;
    width = width > r->gif->SWidth ? width : r->gif->SWidth;
    height = height > r->gif->SHeight ? height : r->gif->SHeight;
    if (!data_decode_check_size(r->job, (uint64_t)width, (uint64_t)height) || !read_frame(r))
        return false;
    if (!rest_is_whole(r->job->bytes, r->job->size, r->at, &animated))
        return data_decode_refuse(r->job, "truncated GIF");
    if (animated)
        r->job->facts->flags |= FACT_ANIMATED;
    return push_canvas(r, width, height);
}

bool data_decode_gif(const struct decode_job *job)
{
    struct reading r = {.job = job, .clear = -1};
    bool done = read_gif(&r);

    if (r.gif)
        DGifCloseFile(r.gif, NULL);
    data_resizer_finish(&r.resizer);
    free(r.frame);
    free(r.row);
    free(r.flat);
    data_decode_leave(r.entered);
    return done;
}

#else

bool data_decode_gif(const struct decode_job *job)
{
    return data_decode_refuse(job, "GIF (this limner was built without it)");
}

#endif
