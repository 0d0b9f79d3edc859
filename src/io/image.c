#include "io/image.h"

#include "base/log.h"
#include "base/require.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool io_image_is_whole(const struct lim_image *image)
{
    return image && image->pixels && image->width > 0 && image->height > 0 &&
           (image->channels == 1 || image->channels == 3);
}

bool lim_image_init(struct lim_image *image, int width, int height, int channels)
{
    REQUIRE(image, false);
    memset(image, 0, sizeof *image);
    /* 2^30 bytes bounds every product of the three below SIZE_MAX, on 32 bits too. */
    if (width < 1 || height < 1 || (channels != 1 && channels != 3) ||
        (uint64_t)width * (uint64_t)height > ((uint64_t)1 << 30) / (uint64_t)channels) {
        lim_error("a picture of %d x %d with %d channels cannot be made", width, height, channels);
        return false;
    }
    image->pixels = malloc((size_t)width * (size_t)height * (size_t)channels);
    if (!image->pixels) {
        lim_error("no memory for a picture of %d x %d", width, height);
        return false;
    }
    image->width = width;
    image->height = height;
    image->channels = channels;
    return true;
}

void lim_image_finish(struct lim_image *image)
{
    if (!image)
        return;
    free(image->pixels);
    memset(image, 0, sizeof *image);
}

void lim_pixels_to_floats(const uint8_t *pixels, size_t count, float *out)
{
    REQUIRE_OR_RETURN((pixels && out) || count == 0);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)pixels[i] / 127.5f - 1.0f;
}

void lim_floats_to_pixels(const float *x, size_t count, uint8_t *out)
{
    REQUIRE_OR_RETURN((x && out) || count == 0);
    for (size_t i = 0; i < count; i++) {
        float v = floorf(x[i] * 127.5f + 128.0f);

        /* Written so that NaN, which compares false, becomes 0 instead of undefined behavior. */
        out[i] = v > 0.0f ? (uint8_t)(v < 255.0f ? v : 255.0f) : 0;
    }
}
