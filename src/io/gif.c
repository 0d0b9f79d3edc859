/* The animation of a training, through cgif. */
#include <limner/image.h>

#include "base/log.h"
#include "base/require.h"
#include "io/file.h"
#include "io/image.h"
#include "io/palette.h"

#include <cgif.h>
#include <stdlib.h>
#include <string.h>

static int write_bytes(void *user, const uint8_t *data, const size_t size)
{
    return lim_file_write(user, data, size) ? 0 : -1;
}

/* Frame i of n counts (i + 1)^2 / n^2: the first ones are noise, and would take the palette. */
static struct lim_palette *make_palette(const struct lim_image *frames, int count)
{
    struct lim_palette *palette = calloc(1, sizeof *palette);

    if (!palette) {
        lim_error("no memory for an animation");
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        double late = (double)(i + 1) / count;

        lim_palette_add(palette, frames + i, late * late);
    }
    lim_palette_make(palette);
    return palette;
}

/* Squared distance of a palette's color from a pixel. */
static int distance(const struct lim_palette *palette, uint8_t index, const struct lim_image *image,
                    size_t pixel)
{
    const uint8_t *at = image->pixels + pixel * (size_t)image->channels,
                  *c = palette->colors[index];
    int sum = 0;

    for (int i = 0; i < 3; i++) {
        int d = at[image->channels == 3 ? i : 0] - c[i];

        sum += d * d;
    }
    return sum;
}

/* Noise does not compress, and early frames are noise. A pixel keeps the color that is shown, or
 * takes its left neighbor's, where that is near enough: runs and still places cost little. The
 * nearer the end, the less is let through; the last frame, which is held, is exact. */
static void settle(const struct lim_palette *palette, const struct lim_image *image, int number,
                   int count, uint8_t *indices, uint8_t *shown)
{
    enum { FIRST = 60, LATE = 24 }; /* distances, in levels: half seen in motion; hardly */
    size_t pixels = (size_t)image->width * (size_t)image->height;
    double age = (double)number / count;
    double level = number == count - 1 ? 0.0 : LATE + (FIRST - LATE) * (1.0 - age) * (1.0 - age);
    int limit = (int)(level * level);

    for (size_t p = 0; p < pixels && limit > 0; p++) {
        if (number > 0 && distance(palette, shown[p], image, p) < limit)
            indices[p] = shown[p];
        else if (p % (size_t)image->width && distance(palette, indices[p - 1], image, p) < limit)
            indices[p] = indices[p - 1];
    }
    memcpy(shown, indices, pixels);
}

/* False where cgif or the file failed. */
static bool encode(CGIF *gif, const struct lim_palette *palette, const struct lim_image *frames,
                   int count, int frame_time, int last_time)
{
    size_t pixels = (size_t)frames->width * (size_t)frames->height;
    uint8_t *indices = malloc(2 * pixels), *shown = indices ? indices + pixels : NULL;
    bool ok = indices != NULL;

    for (int i = 0; ok && i < count; i++) {
        CGIF_FrameConfig frame = {
            .pImageData = indices,
            .genFlags = CGIF_FRAME_GEN_USE_DIFF_WINDOW | CGIF_FRAME_GEN_USE_TRANSPARENCY,
            .delay = (uint16_t)(i == count - 1 ? last_time : frame_time),
        };

        lim_palette_map(palette, frames + i, indices);
        settle(palette, frames + i, i, count, indices, shown);
        ok = cgif_addframe(gif, &frame) == CGIF_OK;
    }
    free(indices);
    return ok;
}

bool lim_gif_write(const char *path, const struct lim_image *frames, int count, int frame_time,
                   int last_time)
{
    struct lim_palette *palette;
    struct lim_file file;
    CGIF_Config config = {
        .attrFlags = CGIF_ATTR_IS_ANIMATED,
        .pWriteFn = write_bytes,
        .pContext = &file,
        .numLoops = CGIF_INFINITE_LOOP,
    };
    CGIF *gif;
    bool ok, same = true;

    REQUIRE(path && frames, false);
    REQUIRE(frame_time >= 0 && frame_time <= UINT16_MAX, false);
    REQUIRE(last_time >= 0 && last_time <= UINT16_MAX, false);
    for (int i = 0; i < count; i++)
        REQUIRE(io_image_is_whole(frames + i), false);
    for (int i = 0; i < count; i++)
        same = same && frames[i].width == frames->width && frames[i].height == frames->height;
    if (count < 1 || !same) {
        lim_error("%s: an animation needs at least one frame, and all of one size", path);
        return false;
    }
    if (frames->width > UINT16_MAX || frames->height > UINT16_MAX) {
        lim_error("%s: %d x %d pixels are more than a GIF can hold", path, frames->width,
                  frames->height);
        return false;
    }
    palette = make_palette(frames, count);
    if (!palette)
        return false;
    if (!lim_file_begin(&file, path)) {
        free(palette);
        return false;
    }
    config.pGlobalPalette = &palette->colors[0][0];
    config.numGlobalPaletteEntries = (uint16_t)palette->count;
    config.width = (uint16_t)frames->width;
    config.height = (uint16_t)frames->height;
    gif = cgif_newgif(&config);
    ok = gif && encode(gif, palette, frames, count, frame_time, last_time);
    if (gif && cgif_close(gif) != CGIF_OK)
        ok = false;
    free(palette);
    if (ok || file.error)
        return lim_file_commit(&file); /* which tells a failed write */
    lim_error("%s: the animation cannot be encoded", path);
    lim_file_abort(&file);
    return false;
}
