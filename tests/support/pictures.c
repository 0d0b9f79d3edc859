/* nftw */
#define _XOPEN_SOURCE 700

#include "support/pictures.h"

#include "config.h"
#include "support/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *folder_make(void)
{
    const char *tmp = getenv("TMPDIR");
    char *root = malloc(512);

    assert_non_null(root);
    snprintf(root, 512, "%s/limner-data-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(root));
    return root;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void folder_remove(char *root)
{
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(root);
}

const char *path_in(const char *root, const char *name)
{
    static char buffers[4][1024];
    static int next;
    char *buffer = buffers[next = (next + 1) % 4];

    snprintf(buffer, sizeof buffers[0], "%s/%s", root, name);
    return buffer;
}

void make_folder(const char *root, const char *name)
{
    assert_int_equal(mkdir(path_in(root, name), 0777), 0);
}

static FILE *create_file(const char *root, const char *name)
{
    FILE *file = fopen(path_in(root, name), "wb");

    assert_non_null(file);
    return file;
}

void put_bytes(const char *root, const char *name, const void *bytes, size_t size)
{
    FILE *file = create_file(root, name);

    assert_int_equal(size ? fwrite(bytes, 1, size, file) : 0, size);
    assert_int_equal(fclose(file), 0);
}

void put_text(const char *root, const char *name, const char *text)
{
    put_bytes(root, name, text, strlen(text));
}

uint8_t *get_bytes(const char *root, const char *name, size_t *size)
{
    FILE *file = fopen(path_in(root, name), "rb");
    struct stat st;
    uint8_t *bytes;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    *size = (size_t)st.st_size;
    bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void put_png(const char *root, const char *name, const struct png_spec *spec)
{
    FILE *file = create_file(root, name);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    int passes;
    /* Exif: a little-endian TIFF header, one entry: orientation, a short. */
    uint8_t exif[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0};

    assert_false(setjmp(png_jmpbuf(png)));
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)spec->width, (png_uint_32)spec->height, spec->depth,
                 spec->type, spec->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (spec->palette)
        png_set_PLTE(png, info, spec->palette, spec->palette_count);
    if (spec->alphas || spec->clear)
        png_set_tRNS(png, info, spec->alphas, spec->alpha_count, spec->clear);
    if (spec->orientation) {
        exif[18] = (uint8_t)spec->orientation;
        png_set_eXIf_1(png, info, sizeof exif, exif);
    }
    png_write_info(png, info);
    passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < spec->height; y++)
            png_write_row(png, spec->rows + (size_t)y * png_get_rowbytes(png, info));
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
}

uint32_t noise_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 0x2545f4914f6cdd1du >> 32);
}

void put_noise(const char *root, const char *name, int width, int height, unsigned seed)
{
    size_t size = (size_t)width * (size_t)height * 3;
    uint8_t *rows = malloc(size);
    uint64_t state = seed * 2u + 1;
    struct png_spec spec = {width, height, PNG_COLOR_TYPE_RGB, 8, .rows = rows};

    assert_non_null(rows);
    for (size_t i = 0; i < size; i++)
        rows[i] = (uint8_t)noise_next(&state);
    put_png(root, name, &spec);
    free(rows);
}

void put_claim(const char *root, const char *name, uint32_t width, uint32_t height)
{
    FILE *file = create_file(root, name);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    uint8_t header[13] = {[8] = 8, [9] = PNG_COLOR_TYPE_RGB};

    assert_non_null(png);
    png_save_uint_32(header, width);
    png_save_uint_32(header + 4, height);
    png_init_io(png, file);
    png_write_sig(png);
    png_write_chunk(png, (png_const_bytep) "IHDR", header, sizeof header);
    png_write_chunk(png, (png_const_bytep) "IDAT", header, 4);
    png_write_chunk(png, (png_const_bytep) "IEND", NULL, 0);
    png_destroy_write_struct(&png, NULL);
    assert_int_equal(fclose(file), 0);
}

#ifdef LIM_HAVE_JPEG
#include <jpeglib.h>

static void write_exif(struct jpeg_compress_struct *jpeg, const struct jpeg_spec *spec)
{
    static const uint8_t little[] = {'E', 'x', 'i', 'f', 0,    0, 'I', 'I', 42, 0, 8, 0,
                                     0,   0,   1,   0,   0x12, 1, 3,   0,   1,  0, 0, 0};
    static const uint8_t big[] = {'E', 'x', 'i', 'f', 0, 0,    'M', 'M', 0, 42, 0, 0,
                                  0,   8,   0,   1,   1, 0x12, 0,   3,   0, 0,  0, 1};
    uint8_t exif[32] = {0};

    memcpy(exif, spec->big_endian ? big : little, sizeof little);
    exif[spec->big_endian ? 25 : 24] = (uint8_t)spec->orientation;
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif, sizeof exif);
}

void put_jpeg(const char *root, const char *name, const struct jpeg_spec *spec)
{
    FILE *file = create_file(root, name);
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)spec->width;
    jpeg.image_height = (JDIMENSION)spec->height;
    jpeg.input_components = spec->channels;
    jpeg.in_color_space = spec->channels == 1   ? JCS_GRAYSCALE
                          : spec->channels == 3 ? JCS_RGB
                                                : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    if (spec->ycck)
        jpeg_set_colorspace(&jpeg, JCS_YCCK);
    if (spec->no_adobe)
        jpeg.write_Adobe_marker = FALSE;
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    if (spec->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (spec->orientation)
        write_exif(&jpeg, spec);
    for (int y = 0; y < spec->height; y++) {
        JSAMPROW row = (JSAMPROW)spec->pixels + (size_t)y * (size_t)(spec->width * spec->channels);

        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
}
#else
void put_jpeg(const char *root, const char *name, const struct jpeg_spec *spec)
{
    (void)root;
    (void)name;
    (void)spec;
}
#endif

#ifdef LIM_HAVE_ZIP
#include <zip.h>

void put_zip(const char *root, const char *name, const struct zip_entry *entries, int count)
{
    int code = 0;
    zip_t *archive = zip_open(path_in(root, name), ZIP_CREATE | ZIP_EXCL, &code);

    assert_non_null(archive);
    for (int i = 0; i < count; i++) {
        const struct zip_entry *e = &entries[i];
        zip_source_t *source = zip_source_buffer(archive, e->bytes, e->size, 0);
        zip_int64_t at = zip_file_add(archive, e->name, source, ZIP_FL_ENC_GUESS);

        assert_true(at >= 0);
        zip_set_file_compression(archive, (zip_uint64_t)at, ZIP_CM_STORE, 0);
        if (e->password)
            assert_int_equal(
                zip_file_set_encryption(archive, (zip_uint64_t)at, ZIP_EM_TRAD_PKWARE, e->password),
                0);
    }
    assert_int_equal(zip_close(archive), 0);
}
#else
void put_zip(const char *root, const char *name, const struct zip_entry *entries, int count)
{
    (void)root;
    (void)name;
    (void)entries;
    (void)count;
}
#endif
