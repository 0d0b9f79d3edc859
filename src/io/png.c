/* PNG through libpng: written with text chunks, read as gray or RGB over white. */
#include <limner/image.h>

#include "base/log.h"
#include "base/require.h"
#include "io/file.h"
#include "io/image.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* On a failure libpng calls longjmp with png_jmpbuf; this keeps its message. */
struct failure {
    char text[128];
};

static void on_error(png_structp png, png_const_charp text)
{
    struct failure *failure = png_get_error_ptr(png);

    snprintf(failure->text, sizeof failure->text, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
    if (!lim_file_write(png_get_io_ptr(png), data, size))
        png_error(png, "write failed");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 128)
            return false;
    return true;
}

/* tEXt is Latin-1: enough for ASCII, and the chunk every viewer shows; iTXt for the rest. */
static void set_texts(png_structp png, png_infop info, const struct lim_text *texts, int count)
{
    for (int i = 0; i < count; i++) {
        bool ascii = is_ascii(texts[i].value);
        png_text text = {
            .compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
            .key = (png_charp)(uintptr_t)texts[i].key,
            .text = (png_charp)(uintptr_t)texts[i].value,
            .text_length = ascii ? strlen(texts[i].value) : 0,
            .itxt_length = ascii ? 0 : strlen(texts[i].value),
        };

        png_set_text(png, info, &text, 1);
    }
}

static bool are_texts(const struct lim_text *texts, int count)
{
    bool good = count == 0 || (count > 0 && texts);

    for (int i = 0; good && i < count; i++)
        good = texts[i].key && texts[i].value;
    return good;
}

/* Apart from lim_png_write, so that no variable of this frame changes after setjmp. */
static bool encode(png_structp png, png_infop info, const struct lim_image *image,
                   const struct lim_text *texts, int text_count)
{
    size_t stride = (size_t)image->width * (size_t)image->channels;

    if (setjmp(png_jmpbuf(png)))
        return false;
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 image->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    set_texts(png, info, texts, text_count);
    png_write_info(png, info);
    for (int y = 0; y < image->height; y++)
        png_write_row(png, image->pixels + (size_t)y * stride);
    png_write_end(png, NULL);
    return true;
}

bool lim_png_write(const char *path, const struct lim_image *image, const struct lim_text *texts,
                   int text_count)
{
    struct failure failure = {""};
    struct lim_file file;
    png_infop info;
    png_structp png;

    REQUIRE(path && io_image_is_whole(image) && are_texts(texts, text_count), false);
    if (!lim_file_begin(&file, path))
        return false;
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, on_error, on_warning);
    info = png ? png_create_info_struct(png) : NULL;
    if (info) {
        png_set_write_fn(png, &file, write_bytes, flush_nothing);
        if (encode(png, info, image, texts, text_count) || file.error) {
            png_destroy_write_struct(&png, &info);
            return lim_file_commit(&file); /* which tells a failed write */
        }
    }
    lim_error("%s: cannot be written as PNG: %s", path, info ? failure.text : "no memory");
    png_destroy_write_struct(&png, &info);
    lim_file_abort(&file);
    return false;
}

/* libpng's simplified interface does the reductions: palettes, 16 bits, alpha over white. */
bool lim_png_read(const char *path, struct lim_image *image)
{
    const png_color white = {255, 255, 255};
    png_image png = {.version = PNG_IMAGE_VERSION};
    bool color, ok = false;
    FILE *stream;

    REQUIRE(image, false);
    memset(image, 0, sizeof *image);
    REQUIRE(path, false);
    stream = lim_file_open(path);
    if (!stream)
        return false;
    if (!png_image_begin_read_from_stdio(&png, stream)) {
        lim_error("%s: cannot be read as PNG: %s", path, png.message);
    } else {
        color = png.format & PNG_FORMAT_FLAG_COLOR;
        png.format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
        if (png.width > 1 << 16 || png.height > 1 << 16)
            lim_error("%s: %u x %u pixels are too many", path, png.width, png.height);
        else if (lim_image_init(image, (int)png.width, (int)png.height, color ? 3 : 1)) {
            ok = png_image_finish_read(&png, &white, image->pixels, 0, NULL);
            if (!ok) {
                lim_error("%s: cannot be read as PNG: %s", path, png.message);
                lim_image_finish(image);
            }
        }
    }
    png_image_free(&png);
    fclose(stream);
    return ok;
}
