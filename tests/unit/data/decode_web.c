/* GIF and WebP: the first frame as one sees it, cut files refused. */
#include "config.h"
#include "data/decode.h"
#include "data/source.h"
#include "support/check.h"
#include "support/pictures_web.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 8

static char reason[REASON_SIZE];
static uint8_t out[SIDE * SIDE * 3];

static bool decode(const uint8_t *bytes, size_t size)
{
    /* A copy that ends where the file ends, so that reading past it is seen. */
    uint8_t *copy = malloc(size ? size : 1);
    struct decode_job job = {
        .bytes = copy, .size = size, .target = SIDE, .channels = 3, .out = out, .reason = reason};
    bool done;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    reason[0] = 0;
    done = data_decode_picture(&job);
    free(copy);
    assert_true(done == (reason[0] == 0));
    return done;
}

#if defined(LIM_HAVE_GIF) || defined(LIM_HAVE_WEBP)
static void expect_pixel(int x, int y, int red, int green, int blue)
{
    const uint8_t *p = out + (y * SIDE + x) * 3;

    if (p[0] != red || p[1] != green || p[2] != blue)
        fail_msg("pixel %d, %d is %d %d %d, not %d %d %d", x, y, p[0], p[1], p[2], red, green,
                 blue);
}

/* A picture truncated anywhere except in its last `forgiven` bytes is refused. */
static void expect_truncated(const uint8_t *bytes, size_t size, size_t forgiven)
{
    assert_true(decode(bytes, size));
    for (size_t cut = 12; cut < size - forgiven; cut++)
        if (decode(bytes, cut))
            fail_msg("the first %zu of %zu bytes are taken for whole", cut, size);
    for (size_t quarter = 1; quarter < 4; quarter++) {
        assert_false(decode(bytes, size * quarter / 4));
        assert_non_null(strstr(reason, "truncated"));
    }
}
#endif

#ifdef LIM_HAVE_GIF
static uint8_t numbers[SIDE * SIDE];

static void fill_numbers(void)
{
    for (int i = 0; i < SIDE * SIDE; i++)
        numbers[i] = (uint8_t)((i + i / SIDE) % 8);
}

static void expect_gif(const struct gif_spec *spec)
{
    size_t size;
    uint8_t *bytes = make_gif(spec, &size);

    if (!decode(bytes, size))
        fail_msg("%s", reason);
    free(bytes);
}

static void test_gif(void **state)
{
    (void)state;
    fill_numbers();
    for (int i = 0; i < 8; i++) {
        struct gif_spec spec = {SIDE, SIDE, 0, 0, SIDE, SIDE, numbers, .clear = -1};

        spec.interlaced = i & 1;
        spec.own_colors = i & 2;
        spec.frames = i & 4 ? 3 : 1;
        expect_gif(&spec);
        for (int j = 0; j < SIDE * SIDE; j++)
            expect_pixel(j % SIDE, j / SIDE, 32 * numbers[j], 255 - numbers[j], numbers[j]);
    }
}

static void test_gif_canvas(void **state)
{
    static const uint8_t two[] = {1, 2, 3, 4};
    struct gif_spec spec = {SIDE, SIDE, 2, 3, 2, 2, two, .clear = 3};
    uint8_t *bytes;
    size_t size;

    (void)state;
    expect_gif(&spec);
    expect_pixel(2, 3, 32, 254, 1);
    expect_pixel(3, 3, 64, 253, 2);
    expect_pixel(2, 4, 255, 255, 255); /* clear */
    expect_pixel(3, 4, 128, 251, 4);
    expect_pixel(0, 0, 255, 255, 255); /* outside of the frame */
    /* A canvas smaller than its frame grows. */
    fill_numbers();
    spec = (struct gif_spec){1, 1, 0, 0, SIDE, SIDE, numbers, .clear = -1};
    expect_gif(&spec);
    expect_pixel(7, 7, 32 * numbers[63], 255 - numbers[63], numbers[63]);
    spec = (struct gif_spec){60000, 60000, 0, 0, SIDE, SIDE, numbers, .clear = -1};
    bytes = make_gif(&spec, &size);
    assert_false(decode(bytes, size));
    assert_non_null(strstr(reason, "too large (it claims 60000x60000"));
    free(bytes);
}

static void test_gif_truncated(void **state)
{
    struct gif_spec spec = {SIDE, SIDE, 0, 0, SIDE, SIDE, numbers, .clear = -1};
    uint8_t *bytes;
    size_t size;

    (void)state;
    fill_numbers();
    bytes = make_gif(&spec, &size);
    expect_truncated(bytes, size, 1); /* the end mark may be missing */
    free(bytes);
    spec.frames = 2;
    bytes = make_gif(&spec, &size);
    assert_true(decode(bytes, size));
    assert_false(decode(bytes, size - 5));
    assert_non_null(strstr(reason, "truncated"));
    /* Nothing but a header, and an end. */
    assert_false(decode((const uint8_t *)"GIF89a\1\0\1\0\0\0\0;", 14));
    assert_non_null(strstr(reason, "there is no picture in it"));
    free(bytes);
}
#else
static void test_without_gif(void **state)
{
    (void)state;
    assert_false(decode((const uint8_t *)"GIF89a\1\0\1\0", 10));
    assert_string_equal(reason, "GIF (this limner was built without it)");
}
#endif

#ifdef LIM_HAVE_WEBP
static uint8_t rgba[SIDE * SIDE * 4];

/* The upper half whole and of many colors, the lower one clear, its colors garbage. */
static void fill_rgba(bool clear)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        rgba[4 * i] = (uint8_t)(i * 3);
        rgba[4 * i + 1] = (uint8_t)(200 - i);
        rgba[4 * i + 2] = (uint8_t)(i * i);
        rgba[4 * i + 3] = i < SIDE * SIDE / 2 || !clear ? 255 : 0;
    }
}

static void expect_webp(const struct webp_spec *spec)
{
    size_t size;
    uint8_t *bytes = make_webp(spec, &size);

    if (!decode(bytes, size))
        fail_msg("%s", reason);
    free(bytes);
}

static void test_webp(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct webp_spec spec = {SIDE, SIDE, 0, 0, SIDE, SIDE, .rgba = rgba};

        fill_rgba(i & 1);
        spec.frames = i & 2 ? 2 : 0;
        expect_webp(&spec);
        for (int j = 0; j < SIDE * SIDE; j++) {
            const uint8_t *p = rgba + 4 * j;

            if (p[3])
                expect_pixel(j % SIDE, j / SIDE, p[0], p[1], p[2]);
            else
                expect_pixel(j % SIDE, j / SIDE, 255, 255, 255);
        }
    }
}

static void test_webp_lossy(void **state)
{
    struct webp_spec spec = {SIDE, SIDE, 0, 0, SIDE, SIDE, rgba, .lossy = true};

    (void)state;
    for (int i = 0; i < SIDE * SIDE; i++)
        memcpy(rgba + 4 * i, (uint8_t[]){200, 30, 60, i < SIDE * SIDE / 2 ? 255 : 0}, 4);
    expect_webp(&spec);
    assert_in_range(out[0], 196, 204);
    assert_in_range(out[1], 26, 34);
    assert_in_range(out[2], 56, 64);
    expect_pixel(7, 7, 255, 255, 255);
}

static void test_webp_canvas_and_orientation(void **state)
{
    struct webp_spec spec = {SIDE, SIDE, 2, 4, 2, 2, rgba, .frames = 3};

    (void)state;
    fill_rgba(false);
    expect_webp(&spec);
    expect_pixel(2, 4, rgba[0], rgba[1], rgba[2]);
    expect_pixel(3, 5, rgba[12], rgba[13], rgba[14]);
    expect_pixel(1, 4, 255, 255, 255);
    spec = (struct webp_spec){SIDE, SIDE, 0, 0, SIDE, SIDE, rgba, .orientation = 6};
    expect_webp(&spec);
    expect_pixel(SIDE - 1, 0, rgba[0], rgba[1], rgba[2]);
    expect_pixel(SIDE - 1, 1, rgba[4], rgba[5], rgba[6]);
}

static void test_webp_damage(void **state)
{
    struct webp_spec spec = {SIDE, SIDE, 0, 0, SIDE, SIDE, .rgba = rgba};
    uint8_t *bytes;
    size_t size;

    (void)state;
    fill_rgba(true);
    for (int i = 0; i < 2; i++) {
        spec.lossy = i;
        bytes = make_webp(&spec, &size);
        expect_truncated(bytes, size, 0);
        free(bytes);
    }
    spec.lossy = false;
    bytes = make_webp(&spec, &size);
    memset(bytes + 24, 0x3f, 2); /* the canvas is 16192 pixels wide, its picture 8 */
    assert_false(decode(bytes, size));
    free(bytes);
    spec = (struct webp_spec){16000, 16000, 0, 0, SIDE, SIDE, rgba, .frames = 1};
    bytes = make_webp(&spec, &size);
    assert_false(decode(bytes, size));
    assert_non_null(strstr(reason, "too large (it claims 16000x16000"));
    free(bytes);
}
#else
static void test_without_webp(void **state)
{
    (void)state;
    assert_false(decode((const uint8_t *)"RIFF\0\0\0\0WEBPVP8 ", 16));
    assert_string_equal(reason, "WebP (this limner was built without it)");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef LIM_HAVE_GIF
        cmocka_unit_test(test_gif),
        cmocka_unit_test(test_gif_canvas),
        cmocka_unit_test(test_gif_truncated),
#else
        cmocka_unit_test(test_without_gif),
#endif
#ifdef LIM_HAVE_WEBP
        cmocka_unit_test(test_webp),
        cmocka_unit_test(test_webp_lossy),
        cmocka_unit_test(test_webp_canvas_and_orientation),
        cmocka_unit_test(test_webp_damage),
#else
        cmocka_unit_test(test_without_webp),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
