#include "data/resize.h"
#include "support/check.h"
#include "support/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A picture as stored, through the resizer. */
static void resize_cropped(const uint8_t *in, int width, int height, int channels, int orientation,
                           int size, int out_channels, enum lim_crop crop, uint8_t *out)
{
    const struct resize_from from = {width, height, channels, orientation};
    const struct resize_to to = {size, out_channels, crop};
    struct resizer r;

    assert_true(data_resizer_begin(&r, from, to));
    for (int y = 0; y < height; y++)
        data_resizer_push(&r, in + (size_t)y * (size_t)(width * channels));
    data_resizer_take(&r, out);
    data_resizer_finish(&r);
}

static void resize(const uint8_t *in, int width, int height, int channels, int orientation,
                   int size, int out_channels, uint8_t *out)
{
    resize_cropped(in, width, height, channels, orientation, size, out_channels, LIM_CROP_CENTER,
                   out);
}

static uint8_t *noise(int width, int height, int channels)
{
    size_t count = (size_t)width * (size_t)height * (size_t)channels;
    uint8_t *pixels = malloc(count);
    uint64_t state = 7;

    assert_non_null(pixels);
    for (size_t i = 0; i < count; i++)
        pixels[i] = (uint8_t)noise_next(&state);
    return pixels;
}

/* The triangle's weight on pixel j of `side` for output i of `size`, not yet normalized. */
static double weight(int side, int size, int i, int j)
{
    double scale = (double)side / size, reach = scale > 1 ? scale : 1;
    double distance = fabs((j + 0.5 - (i + 0.5) * scale) / reach);

    return distance < 1 ? 1 - distance : 0;
}

/* The definition: a sum over the whole square for every output pixel, in double. */
static double expected(const uint8_t *in, int width, int height, int channels, int size, int x,
                       int y, int k)
{
    int side = width < height ? width : height;
    int left = (width - side) / 2, top = (height - side) / 2;
    double sum = 0, total = 0;

    for (int v = 0; v < side; v++) {
        double down = weight(side, size, y, v);

        for (int u = 0; down > 0 && u < side; u++) {
            double w = down * weight(side, size, x, u);

            sum += w * in[((top + v) * width + left + u) * channels + k];
            total += w;
        }
    }
    return sum / total;
}

static void test_reference(void **state)
{
    static const int cases[][4] = {{40, 900, 3, 64}, {900, 40, 1, 64},  {20, 20, 3, 64},
                                   {64, 63, 3, 64},  {63, 64, 1, 64},   {1, 1, 3, 16},
                                   {7, 5, 3, 3},     {300, 200, 3, 64}, {129, 128, 1, 64},
                                   {65, 200, 3, 32}, {3, 2, 1, 50},     {640, 500, 3, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int width = cases[i][0], height = cases[i][1], channels = cases[i][2], size = cases[i][3];
        uint8_t *in = noise(width, height, channels);
        uint8_t *out = malloc((size_t)(size * size * channels));

        assert_non_null(out);
        resize(in, width, height, channels, 1, size, channels, out);
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
                for (int k = 0; k < channels; k++) {
                    double want = expected(in, width, height, channels, size, x, y, k);
                    double got = out[(y * size + x) * channels + k];

                    /* 0.5 for rounding to 8 bits, the rest for sums in float */
                    if (fabs(got - want) > 0.501)
                        fail_msg("%dx%dx%d to %d at %d,%d,%d: %g, not %g", width, height, channels,
                                 size, x, y, k, got, want);
                }
        free(in);
        free(out);
    }
}

static void test_same_size_is_exact(void **state)
{
    uint8_t *in = noise(64, 64, 3), out[64 * 64 * 3];

    (void)state;
    resize(in, 64, 64, 3, 1, 64, 3, out);
    assert_memory_equal(in, out, sizeof out);
    free(in);
}

static void test_constant_stays(void **state)
{
    static const int sides[] = {1, 3, 20, 63, 64, 65, 100, 777, 2000};
    uint8_t out[64 * 64];

    (void)state;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        size_t count = (size_t)sides[i] * (size_t)sides[i];
        uint8_t *in = malloc(count);

        assert_non_null(in);
        for (int value = 0; value < 256; value += 51) {
            memset(in, value, count);
            resize(in, sides[i], sides[i], 1, 1, 64, 1, out);
            for (size_t j = 0; j < sizeof out; j++)
                assert_int_equal(out[j], value);
        }
        free(in);
    }
}

/* Picking pixels instead of averaging them would give black and white. */
static void test_checkerboard_becomes_gray(void **state)
{
    uint8_t in[128 * 128], out[64 * 64];

    (void)state;
    for (int i = 0; i < 128 * 128; i++)
        in[i] = (i / 128 + i) % 2 ? 255 : 0;
    resize(in, 128, 128, 1, 1, 64, 1, out);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++) {
            bool edge = x == 0 || y == 0 || x == 63 || y == 63;

            assert_in_range(out[y * 64 + x], edge ? 120 : 127, edge ? 135 : 128);
        }
}

/* Brightness does not change, and a ramp stays in its place: no shift by half a pixel. */
static void test_ramp_stays_in_place(void **state)
{
    uint8_t in[256 * 256], out[64 * 64];
    int mirrored = 0;

    (void)state;
    for (int i = 0; i < 256 * 256; i++)
        in[i] = (uint8_t)(i % 256);
    resize(in, 256, 256, 1, 1, 64, 1, out);
    for (int x = 0; x < 64; x++) {
        if (x > 0 && x < 63)
            assert_in_range(out[x], x * 4 + 1, x * 4 + 2); /* the mean of 4x ... 4x+3 */
        mirrored += out[x] + out[63 - x] - 255;
    }
    assert_in_range(mirrored + 64, 0, 128);
}

/* By definition, turning comes first and resizing second. */
static void check_orientations(enum lim_crop crop)
{
    static const int shapes[][2] = {{8, 8}, {13, 8}, {8, 13}, {9, 8}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int o = 1; o <= 8; o++) {
            int w = shapes[i][0], h = shapes[i][1];
            int turned_w = o < 5 ? w : h, turned_h = o < 5 ? h : w;
            uint8_t *in = noise(w, h, 3), turned[13 * 13 * 3], want[8 * 8 * 3], out[8 * 8 * 3];

            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++) {
                    /* Exif 2.3, 4.6.4.A: where the first row and the first column are seen */
                    bool first_row_last = o == 3 || o == 4 || o == 6 || o == 7;
                    bool first_column_last = o == 2 || o == 3 || o == 7 || o == 8;
                    int row = first_row_last ? h - 1 - y : y;
                    int column = first_column_last ? w - 1 - x : x;
                    int to_x = o < 5 ? column : row, to_y = o < 5 ? row : column;

                    memcpy(turned + (to_y * turned_w + to_x) * 3, in + (y * w + x) * 3, 3);
                }
            resize_cropped(turned, turned_w, turned_h, 3, 1, 8, 3, crop, want);
            resize_cropped(in, w, h, 3, o, 8, 3, crop, out);
            if (crop != LIM_CROP_NONE)
                assert_memory_equal(out, want, sizeof out);
            for (int j = 0; j < 8 * 8 * 3; j++) /* across first or down first: the same but a bit */
                assert_in_range(out[j] - want[j] + 1, 0, 2);
            free(in);
        }
}

static void test_orientations(void **state)
{
    (void)state;
    check_orientations(LIM_CROP_CENTER);
    check_orientations(LIM_CROP_TOP);
    check_orientations(LIM_CROP_NONE);
}

/* The top of a tall picture; a wide one loses both sides as ever. */
static void test_crop_top(void **state)
{
    uint8_t *tall = noise(8, 13, 3), *wide = noise(13, 8, 3), out[8 * 8 * 3], want[8 * 8 * 3];

    (void)state;
    resize_cropped(tall, 8, 13, 3, 1, 8, 3, LIM_CROP_TOP, out);
    assert_memory_equal(out, tall, sizeof out);
    resize_cropped(wide, 13, 8, 3, 1, 8, 3, LIM_CROP_TOP, out);
    resize(wide, 13, 8, 3, 1, 8, 3, want);
    assert_memory_equal(out, want, sizeof out);
    free(tall);
    free(wide);
}

/* Without a crop each direction has a scale of its own; nothing is lost. */
static void test_crop_none(void **state)
{
    static const int shapes[][2] = {{13, 5}, {5, 13}, {64, 3}, {8, 8}, {1, 40}};
    uint8_t out[8 * 8 * 3];

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int w = shapes[i][0], h = shapes[i][1];
        uint8_t *in = noise(w, h, 3);

        resize_cropped(in, w, h, 3, 1, 8, 3, LIM_CROP_NONE, out);
        for (int j = 0; j < 8 * 8 * 3; j++) {
            double sum = 0, total = 0;

            for (int v = 0; v < h; v++)
                for (int u = 0; u < w; u++) {
                    double share = weight(h, 8, j / 24, v) * weight(w, 8, j / 3 % 8, u);

                    sum += share * in[(v * w + u) * 3 + j % 3];
                    total += share;
                }
            assert_true(fabs(out[j] - sum / total) < 0.502);
        }
        free(in);
    }
}

static void test_gray_and_rgb(void **state)
{
    static const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 200, 200};
    static const uint8_t luma[] = {76, 150, 29, 200}; /* 0.299, 0.587, 0.114 */
    uint8_t out[12];

    (void)state;
    resize(rgb, 2, 2, 3, 1, 2, 1, out);
    assert_memory_equal(out, luma, 4);
    resize(luma, 2, 2, 1, 1, 2, 3, out);
    for (int i = 0; i < 12; i++)
        assert_int_equal(out[i], luma[i / 3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_same_size_is_exact),
        cmocka_unit_test(test_constant_stays),
        cmocka_unit_test(test_checkerboard_becomes_gray),
        cmocka_unit_test(test_ramp_stays_in_place),
        cmocka_unit_test(test_orientations),
        cmocka_unit_test(test_crop_top),
        cmocka_unit_test(test_crop_none),
        cmocka_unit_test(test_gray_and_rgb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
