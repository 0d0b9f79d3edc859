/* The animation, read back with giflib. */
#include <limner/image.h>

#include "support/check.h"

#include <gif_lib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 48, FRAMES = 12, PIXELS = SIDE * SIDE };

static char path[] = "/tmp/limner-gif-XXXXXX";

/* Noise that turns into a smooth picture; the upper left corner never changes. */
static void paint(struct lim_image *frame, int number)
{
    for (int i = 0; i < PIXELS; i++) {
        int x = i % SIDE, y = i / SIDE;
        uint8_t smooth[3] = {(uint8_t)(x * 5), (uint8_t)(y * 5), (uint8_t)(128 + x - y)};

        for (int c = 0; c < 3; c++) {
            uint32_t noise = (uint32_t)(i * 3 + c + number * 7919) * 2654435761u >> 24;
            int late = number == FRAMES - 1 ? FRAMES : number;

            frame->pixels[3 * i + c] =
                (uint8_t)((smooth[c] * late + (int)noise * (FRAMES - late)) / FRAMES);
            if (x < 8 && y < 8)
                frame->pixels[3 * i + c] = (uint8_t)(40 * (c + 1));
        }
    }
}

static void setup_frames(struct lim_image frames[FRAMES])
{
    for (int i = 0; i < FRAMES; i++) {
        assert_true(lim_image_init(frames + i, SIDE, SIDE, 3));
        paint(frames + i, i);
    }
}

/* Lays the frame over what is shown so far, as a viewer does. */
static void show(const GifFileType *gif, int number, uint8_t shown[PIXELS])
{
    const SavedImage *image = gif->SavedImages + number;
    GraphicsControlBlock control = {.TransparentColor = NO_TRANSPARENT_COLOR};

    DGifSavedExtensionToGCB((GifFileType *)(uintptr_t)gif, number, &control);
    assert_null(image->ImageDesc.ColorMap); /* one palette for all */
    for (int y = 0; y < image->ImageDesc.Height; y++) {
        for (int x = 0; x < image->ImageDesc.Width; x++) {
            uint8_t index = image->RasterBits[y * image->ImageDesc.Width + x];

            if (index != control.TransparentColor)
                shown[(y + image->ImageDesc.Top) * SIDE + x + image->ImageDesc.Left] = index;
        }
    }
}

static double psnr(const GifFileType *gif, const uint8_t shown[PIXELS],
                   const struct lim_image *want)
{
    double error = 0.0;

    for (int i = 0; i < PIXELS; i++) {
        const GifColorType *c = gif->SColorMap->Colors + shown[i];
        double r = c->Red - want->pixels[3 * i], g = c->Green - want->pixels[3 * i + 1];
        double b = c->Blue - want->pixels[3 * i + 2];

        error += r * r + g * g + b * b;
    }
    return 10.0 * log10(255.0 * 255.0 * 3 * PIXELS / error);
}

static void frames_come_back_in_order_with_one_palette(void **state)
{
    struct lim_image frames[FRAMES];
    uint8_t shown[PIXELS] = {0};
    GraphicsControlBlock control;
    GifFileType *gif;
    int error, corner = -1;

    (void)state;
    setup_frames(frames);
    assert_true(lim_gif_write(path, frames, FRAMES, 12, 300));
    gif = DGifOpenFileName(path, &error);
    assert_non_null(gif);
    assert_int_equal(DGifSlurp(gif), GIF_OK);
    assert_int_equal(gif->ImageCount, FRAMES);
    assert_int_equal(gif->SWidth, SIDE);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(DGifSavedExtensionToGCB(gif, i, &control), GIF_OK);
        assert_int_equal(control.DelayTime, i == FRAMES - 1 ? 300 : 12);
        show(gif, i, shown);
        if (corner < 0)
            corner = shown[0];
        for (int k = 0; k < 8; k++) /* still pixels stay still */
            assert_int_equal(shown[k * SIDE + k], corner);
        for (int other = 0; other < FRAMES; other++)
            if (abs(other - i) > 2)
                assert_true(psnr(gif, shown, frames + i) > psnr(gif, shown, frames + other));
    }
    /* The late frames own the palette: the last one, which is held, looks right. */
    if (psnr(gif, shown, frames + FRAMES - 1) < 32.0)
        fail_msg("last frame: %.1f dB", psnr(gif, shown, frames + FRAMES - 1));
    DGifCloseFile(gif, &error);
    for (int i = 0; i < FRAMES; i++)
        lim_image_finish(frames + i);
}

static void few_colors_are_kept_exactly(void **state)
{
    static const uint8_t colors[4][3] = {{255, 0, 0}, {0, 200, 17}, {255, 255, 255}, {3, 3, 3}};
    struct lim_image frame;
    uint8_t shown[PIXELS] = {0};
    GifFileType *gif;
    int error;

    (void)state;
    assert_true(lim_image_init(&frame, SIDE, SIDE, 3));
    for (int i = 0; i < PIXELS; i++)
        memcpy(frame.pixels + 3 * i, colors[(i / 6) % 4], 3);
    assert_true(lim_gif_write(path, &frame, 1, 10, 100));
    gif = DGifOpenFileName(path, &error);
    assert_non_null(gif);
    assert_int_equal(DGifSlurp(gif), GIF_OK);
    show(gif, 0, shown);
    assert_true(isinf(psnr(gif, shown, &frame)));
    DGifCloseFile(gif, &error);
    lim_image_finish(&frame);
}

/* No frame, or frames of two sizes: refused, and the file of before stays. */
static void impossible_frames_are_refused(void **state)
{
    struct lim_image frames[2];
    FILE *stream;

    (void)state;
    assert_true(lim_image_init(frames, SIDE, SIDE, 3));
    assert_true(lim_image_init(frames + 1, SIDE, SIDE - 1, 3));
    memset(frames[0].pixels, 0, PIXELS * 3);
    memset(frames[1].pixels, 0, (PIXELS - SIDE) * 3);
    assert_true(lim_gif_write(path, frames, 1, 10, 100));
    assert_false(lim_gif_write(path, frames, 0, 10, 100));
    assert_false(lim_gif_write(path, frames, 2, 10, 100));
    stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fgetc(stream), 'G');
    fclose(stream);
    lim_image_finish(frames);
    lim_image_finish(frames + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_in_order_with_one_palette),
        cmocka_unit_test(few_colors_are_kept_exactly),
        cmocka_unit_test(impossible_frames_are_refused),
    };
    int fd = mkstemp(path), failed;

    if (fd < 0)
        return 1;
    close(fd);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
