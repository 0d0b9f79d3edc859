/* Pictures in host memory and in files: 8 bits a sample, rows from the top, channels interleaved.
 *
 * Thread-safety: any thread; nothing is shared. */
#ifndef LIMNER_IMAGE_H
#define LIMNER_IMAGE_H

#include <limner/api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

LIM_BEGIN

/* `channels` is 1 (gray) or 3 (RGB); pixels[height][width][channels]. The caller owns the memory.
 */
struct lim_image {
    int width, height, channels;
    uint8_t *pixels;
};

/* False after one log line (no memory); lim_image_finish frees the memory; a zeroed struct is
 * allowed. */
LIM_API bool lim_image_init(struct lim_image *image, int width, int height, int channels);
LIM_API void lim_image_finish(struct lim_image *image);

/* v/127.5 - 1, and its inverse: clamp(floor(x*127.5 + 128), 0, 255). */
LIM_API void lim_pixels_to_floats(const uint8_t *pixels, size_t count, float *out);
LIM_API void lim_floats_to_pixels(const float *x, size_t count, uint8_t *out);

/* A text chunk of a PNG: keyword of 1 to 79 Latin-1 characters, text in UTF-8. */
struct lim_text {
    const char *key, *value;
};

/* Writes a PNG under a temporary name and renames it. False after one log line. */
LIM_API bool lim_png_write(const char *path, const struct lim_image *image,
                           const struct lim_text *texts, int text_count);

/* Reads a PNG that lim_png_write wrote (or any other, reduced to gray or RGB over white). */
LIM_API bool lim_png_read(const char *path, struct lim_image *image);

/* `count` pictures of size x size side by side, `columns` a row, two pixels of white between and
 * around them; empty places are white. Initializes `grid`. */
LIM_API bool lim_grid_make(struct lim_image *grid, const uint8_t *pictures, int count, int size,
                           int channels, int columns);

/* An animated GIF: all frames share one palette, computed over all of them with more weight on
 * later frames; the last frame is held for `last_time`. At least one frame, all of one size. Times
 * in 1/100 s. Temporary name, rename. Returns false after one log line. */
LIM_API bool lim_gif_write(const char *path, const struct lim_image *frames, int count,
                           int frame_time, int last_time);

LIM_END

#endif
