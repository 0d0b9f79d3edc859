/* GIF and WebP for the tests, in memory: the caller frees. NULL without the library. */
#ifndef LIMNER_TESTS_PICTURES_WEB_H
#define LIMNER_TESTS_PICTURES_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gif_spec {
    int canvas_width, canvas_height, left, top, width, height;
    const uint8_t *numbers; /* [height][width], of 8 colors: number n is {32 n, 255 - n, n} */
    int clear;              /* number of the color that is none, -1: there is none */
    bool interlaced, own_colors;
    int frames; /* the same picture again, brighter by one number */
};

uint8_t *make_gif(const struct gif_spec *spec, size_t *size);

struct webp_spec {
    int canvas_width, canvas_height, left, top, width, height;
    const uint8_t *rgba; /* [height][width][4] */
    bool lossy;
    int frames;      /* 0: a plain file; else an animation, the frames after the first black */
    int orientation; /* 1 to 8: an EXIF chunk; 0: none */
};

uint8_t *make_webp(const struct webp_spec *spec, size_t *size);

#endif
