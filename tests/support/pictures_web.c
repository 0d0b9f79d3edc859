#include "support/pictures_web.h"

#include "config.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#if defined(LIM_HAVE_GIF) || defined(LIM_HAVE_WEBP)
struct buffer {
    uint8_t *bytes;
    size_t size;
};

static void append(struct buffer *buffer, const void *bytes, size_t size)
{
    buffer->bytes = realloc(buffer->bytes, buffer->size + size + 1);
    assert_non_null(buffer->bytes);
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}
#endif

#ifdef LIM_HAVE_GIF
#include <gif_lib.h>

static int on_write(GifFileType *gif, const GifByteType *bytes, int size)
{
    append(gif->UserData, bytes, (size_t)size);
    return size;
}

static void put_frame(GifFileType *gif, const struct gif_spec *spec, const ColorMapObject *map,
                      int add)
{
    static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    GraphicsControlBlock control = {.TransparentColor = spec->clear};
    GifByteType extension[4], row[256];

    EGifGCBToExtension(&control, extension);
    assert_int_equal(EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, extension), GIF_OK);
    assert_int_equal(EGifPutImageDesc(gif, spec->left, spec->top, spec->width, spec->height,
                                      spec->interlaced, spec->own_colors ? map : NULL),
                     GIF_OK);
    for (int pass = 0; pass < (spec->interlaced ? 4 : 1); pass++)
        for (int y = spec->interlaced ? starts[pass] : 0; y < spec->height;
             y += spec->interlaced ? steps[pass] : 1) {
            for (int x = 0; x < spec->width; x++)
                row[x] = (GifByteType)((spec->numbers[y * spec->width + x] + add) % 8);
            assert_int_equal(EGifPutLine(gif, row, spec->width), GIF_OK);
        }
}

uint8_t *make_gif(const struct gif_spec *spec, size_t *size)
{
    struct buffer buffer = {0};
    int error;
    GifFileType *gif = EGifOpen(&buffer, on_write, &error);
    GifColorType colors[8];
    ColorMapObject *map;

    assert_non_null(gif);
    for (int i = 0; i < 8; i++)
        colors[i] = (GifColorType){(GifByteType)(32 * i), (GifByteType)(255 - i), (GifByteType)i};
    map = GifMakeMapObject(8, colors);
    EGifSetGifVersion(gif, true);
    assert_int_equal(EGifPutScreenDesc(gif, spec->canvas_width, spec->canvas_height, 3, 0,
                                       spec->own_colors ? NULL : map),
                     GIF_OK);
    for (int i = 0; i < (spec->frames ? spec->frames : 1); i++)
        put_frame(gif, spec, map, i);
    GifFreeMapObject(map);
    assert_int_equal(EGifCloseFile(gif, &error), GIF_OK);
    *size = buffer.size;
    return buffer.bytes;
}
#else
uint8_t *make_gif(const struct gif_spec *spec, size_t *size)
{
    (void)spec;
    *size = 0;
    return NULL;
}
#endif

#ifdef LIM_HAVE_WEBP
#include <webp/encode.h>

static void put_number(uint8_t *out, int bytes, size_t value)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

/* A chunk of a RIFF file: its name, its length, its bytes, made even. */
static void append_chunk(struct buffer *buffer, const char *name, const void *bytes, size_t size)
{
    uint8_t length[4];

    put_number(length, 4, size);
    append(buffer, name, 4);
    append(buffer, length, 4);
    append(buffer, bytes, size);
    if (size % 2)
        append(buffer, "", 1);
}

/* The chunks of one still picture, without the file around them. */
static struct buffer still(const struct webp_spec *spec, const uint8_t *rgba)
{
    struct buffer buffer = {0};
    uint8_t *file;
    size_t size, skip = 12;

    size = spec->lossy
               ? WebPEncodeRGBA(rgba, spec->width, spec->height, 4 * spec->width, 95, &file)
               : WebPEncodeLosslessRGBA(rgba, spec->width, spec->height, 4 * spec->width, &file);
    assert_true(size > 30);
    if (memcmp(file + 12, "VP8X", 4) == 0)
        skip += 18;
    append(&buffer, file + skip, size - skip);
    WebPFree(file);
    return buffer;
}

static void append_frame(struct buffer *buffer, const struct webp_spec *spec,
                         const struct buffer *picture)
{
    struct buffer frame = {0};
    uint8_t head[16] = {0};

    put_number(head, 3, (size_t)spec->left / 2);
    put_number(head + 3, 3, (size_t)spec->top / 2);
    put_number(head + 6, 3, (size_t)spec->width - 1);
    put_number(head + 9, 3, (size_t)spec->height - 1);
    put_number(head + 12, 3, 100); /* milliseconds */
    append(&frame, head, sizeof head);
    append(&frame, picture->bytes, picture->size);
    append_chunk(buffer, "ANMF", frame.bytes, frame.size);
    free(frame.bytes);
}

uint8_t *make_webp(const struct webp_spec *spec, size_t *size)
{
    size_t pixels = (size_t)spec->width * (size_t)spec->height * 4;
    uint8_t exif[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0};
    uint8_t head[10] = {0}, loop[6] = {0}, length[4];
    uint8_t *black = calloc(pixels, 1);
    struct buffer buffer = {0}, first = still(spec, spec->rgba), next;

    assert_non_null(black);
    for (size_t i = 3; i < pixels; i += 4)
        black[i] = 255;
    next = still(spec, black);
    append(&buffer, "RIFF\0\0\0\0WEBP", 12);
    head[0] = (uint8_t)(0x10 | (spec->frames ? 2 : 0) | (spec->orientation ? 8 : 0));
    put_number(head + 4, 3, (size_t)spec->canvas_width - 1);
    put_number(head + 7, 3, (size_t)spec->canvas_height - 1);
    append_chunk(&buffer, "VP8X", head, sizeof head);
    if (spec->frames)
        append_chunk(&buffer, "ANIM", loop, sizeof loop);
    else
        append(&buffer, first.bytes, first.size);
    for (int i = 0; i < spec->frames; i++)
        append_frame(&buffer, spec, i ? &next : &first);
    exif[18] = (uint8_t)spec->orientation;
    if (spec->orientation)
        append_chunk(&buffer, "EXIF", exif, sizeof exif);
    put_number(length, 4, buffer.size - 8);
    memcpy(buffer.bytes + 4, length, 4);
    free(first.bytes);
    free(next.bytes);
    free(black);
    *size = buffer.size;
    return buffer.bytes;
}
#else
uint8_t *make_webp(const struct webp_spec *spec, size_t *size)
{
    (void)spec;
    *size = 0;
    return NULL;
}
#endif
