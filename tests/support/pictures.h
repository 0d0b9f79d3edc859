/* Folders, pictures and archives for the tests of src/data. Asserts inside: a writer that fails
 * fails the test. */
#ifndef LIMNER_TESTS_PICTURES_H
#define LIMNER_TESTS_PICTURES_H

#include <png.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new folder of its own, below $TMPDIR or /tmp; removed with all that is in it. */
char *folder_make(void);
void folder_remove(char *root);

/* "root/name", in one of a few static buffers. */
const char *path_in(const char *root, const char *name);

void put_bytes(const char *root, const char *name, const void *bytes, size_t size);
void put_text(const char *root, const char *name, const char *text);
uint8_t *get_bytes(const char *root, const char *name, size_t *size); /* the caller frees */
void make_folder(const char *root, const char *name);

struct png_spec {
    int width, height, type, depth;
    bool interlaced;
    const uint8_t *rows; /* packed as in the file, height rows without gaps */
    const png_color *palette;
    int palette_count;
    const uint8_t *alphas; /* tRNS of a palette */
    int alpha_count;
    const png_color_16 *clear; /* tRNS of gray and RGB */
    int orientation;           /* 1 to 8: an eXIf chunk; 0: none */
};

void put_png(const char *root, const char *name, const struct png_spec *spec);

/* An 8-bit RGB PNG whose pixels are a function of `seed`. */
void put_noise(const char *root, const char *name, int width, int height, unsigned seed);

/* A PNG that claims this size and has no pixels. */
void put_claim(const char *root, const char *name, uint32_t width, uint32_t height);

struct jpeg_spec {
    int width, height, channels; /* 1, 3, or 4 for CMYK */
    const uint8_t *pixels;       /* as the file is to hold them: Adobe's CMYK is inverted */
    bool progressive, ycck, no_adobe, big_endian;
    int orientation; /* 0: without Exif */
};

/* Quality 95, no chroma subsampling. Does nothing without libjpeg. */
void put_jpeg(const char *root, const char *name, const struct jpeg_spec *spec);

/* An archive of these entries, in clear ones stored. Does nothing without libzip. */
struct zip_entry {
    const char *name;
    const void *bytes;
    size_t size;
    const char *password; /* NULL: in clear */
};

void put_zip(const char *root, const char *name, const struct zip_entry *entries, int count);

/* Whole numbers that are the same everywhere (xorshift64*). */
uint32_t noise_next(uint64_t *state);

#endif
