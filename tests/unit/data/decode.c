/* Every kind of PNG and JPEG gives the pixels that one sees; damage gives a reason and no crash. */
#include "data/decode.h"
#include "config.h"
#include "data/source.h"
#include "support/check.h"
#include "support/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *root;
static char reason[REASON_SIZE];
static uint64_t max_pixels; /* 0: the default */
static uint32_t background; /* 0: white */

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(root);
    return 0;
}

static bool decode_bytes(const uint8_t *bytes, size_t size, int target, int channels, uint8_t *out)
{
    /* A copy that ends where the file ends, so that reading past it is seen. */
    uint8_t *copy = malloc(size ? size : 1);
    struct decode_job job = {.bytes = copy,
                             .size = size,
                             .target = target,
                             .channels = channels,
                             .out = out,
                             .reason = reason,
                             .max_pixels = max_pixels,
                             .background = background};
    bool done;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    reason[0] = 0;
    done = data_decode_picture(&job);
    free(copy);
    assert_true(done == (reason[0] == 0));
    return done;
}

static bool decode_file(const char *name, int target, int channels, uint8_t *out)
{
    size_t size;
    uint8_t *bytes = get_bytes(root, name, &size);
    bool done = decode_bytes(bytes, size, target, channels, out);

    free(bytes);
    return done;
}

static void expect_rgb(const struct png_spec *spec, const uint8_t *want)
{
    uint8_t out[8 * 8 * 3];

    for (int interlaced = 0; interlaced < 2; interlaced++) {
        struct png_spec variant = *spec;

        variant.interlaced = interlaced;
        put_png(root, "a.png", &variant);
        if (!decode_file("a.png", spec->width, 3, out))
            fail_msg("%s", reason);
        assert_memory_equal(out, want, (size_t)(spec->width * spec->height * 3));
    }
}

static void test_png_gray(void **state)
{
    static const uint8_t one_bit[] = {0x80, 0x40};   /* 1 0 / 0 1 */
    static const uint8_t two_bits[] = {0x10, 0xb0};  /* 0 1 / 2 3 */
    static const uint8_t four_bits[] = {0x0f, 0x71}; /* 0 15 / 7 1 */
    static const uint8_t eight_bits[] = {0, 255, 1, 77};
    /* 0x0080 is 0.498 of a step, 0x0081 is 0.502: rounded, not cut */
    static const uint8_t sixteen_bits[] = {0x00, 0x80, 0x00, 0x81, 0xff, 0xff, 0x12, 0x34};
    static const struct {
        int depth;
        const uint8_t *rows;
        uint8_t want[4];
    } cases[] = {{1, one_bit, {255, 0, 0, 255}},
                 {2, two_bits, {0, 85, 170, 255}},
                 {4, four_bits, {0, 255, 119, 17}},
                 {8, eight_bits, {0, 255, 1, 77}},
                 {16, sixteen_bits, {0, 1, 255, 18}}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct png_spec spec = {2, 2, PNG_COLOR_TYPE_GRAY, cases[i].depth, .rows = cases[i].rows};
        uint8_t want[12];

        for (int j = 0; j < 12; j++)
            want[j] = cases[i].want[j / 3];
        expect_rgb(&spec, want);
    }
}

/* Hidden colors are garbage: the paper under them is white. */
static void test_png_alpha(void **state)
{
    static const uint8_t gray[] = {17, 0, 17, 255, 100, 128, 0, 1};
    static const uint8_t gray_seen[] = {255, 255, 255, 17, 17, 17, 177, 177, 177, 254, 254, 254};
    static const uint8_t rgba[] = {250, 3, 99, 0, 250, 3, 99, 255, 0, 100, 200, 128, 9, 9, 9, 0};
    static const uint8_t rgba_seen[] = {255, 255, 255, 250, 3, 99, 127, 177, 227, 255, 255, 255};
    static const uint8_t deep[] = {0xff, 0xff, 0, 0, 0x12, 0x34, 0,    0,    /* hidden */
                                   0xff, 0xff, 0, 0, 0x12, 0x34, 0xff, 0xff, /* whole */
                                   0,    0,    0, 0, 0,    0,    0,    0,    /* hidden black */
                                   0,    0,    0, 0, 0,    0,    0xff, 0xff};
    static const uint8_t deep_seen[] = {255, 255, 255, 255, 0, 18, 255, 255, 255, 0, 0, 0};
    struct png_spec spec = {2, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, .rows = gray};

    (void)state;
    expect_rgb(&spec, gray_seen);
    spec.type = PNG_COLOR_TYPE_RGB_ALPHA;
    spec.rows = rgba;
    expect_rgb(&spec, rgba_seen);
    spec.depth = 16;
    spec.rows = deep;
    expect_rgb(&spec, deep_seen);
}

/* Another ground; gray stays gray on a gray one and takes the color of a colored one. */
static void test_background(void **state)
{
    static const uint8_t gray[] = {17, 0, 17, 255, 100, 128, 200, 0};
    static const uint8_t rgba[] = {250, 3, 99, 0, 250, 3, 99, 255, 0, 100, 200, 128, 9, 9, 9, 0};
    static const uint8_t gray_on_black[] = {0, 0, 0, 17, 17, 17, 50, 50, 50, 0, 0, 0};
    static const uint8_t gray_on_red[] = {255, 0, 0, 17, 17, 17, 177, 50, 50, 255, 0, 0};
    static const uint8_t rgba_on_red[] = {255, 0, 0, 250, 3, 99, 127, 50, 100, 255, 0, 0};
    struct png_spec spec = {2, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, .rows = gray};

    (void)state;
    background = LIM_RGB(0, 0, 0);
    expect_rgb(&spec, gray_on_black);
    background = LIM_RGB(255, 0, 0);
    expect_rgb(&spec, gray_on_red);
    spec.type = PNG_COLOR_TYPE_RGB_ALPHA;
    spec.rows = rgba;
    expect_rgb(&spec, rgba_on_red);
    background = 0;
}

static void test_png_palette_and_clear_colors(void **state)
{
    static const png_color palette[] = {{10, 20, 30}, {40, 50, 60}, {200, 100, 0}, {1, 2, 3}};
    static const uint8_t alphas[] = {255, 0, 128};
    static const uint8_t two_bits[] = {0x10, 0xb0}; /* 0 1 / 2 3 */
    static const uint8_t seen[] = {10, 20, 30, 255, 255, 255, 227, 177, 127, 1, 2, 3};
    static const uint8_t rgb[] = {5, 6, 7, 5, 6, 8, 0, 0, 0, 255, 255, 255};
    static const uint8_t rgb_seen[] = {255, 255, 255, 5, 6, 8, 0, 0, 0, 255, 255, 255};
    static const uint8_t gray[] = {0x10, 0x80}; /* 2 bits: 0 1 / 2 0 */
    static const uint8_t gray_seen[] = {0, 0, 0, 255, 255, 255, 170, 170, 170, 0, 0, 0};
    /* Equal in their upper byte only: the second is not the clear one. */
    static const uint8_t deep[] = {0x40, 0, 0x40, 1, 0, 0, 0xff, 0xff};
    static const uint8_t deep_seen[] = {255, 255, 255, 64, 64, 64, 0, 0, 0, 255, 255, 255};
    static const png_color_16 clear_rgb = {.red = 5, .green = 6, .blue = 7};
    static const png_color_16 clear_gray = {.gray = 1};
    static const png_color_16 clear_deep = {.gray = 0x4000};
    struct png_spec spec = {2, 2, PNG_COLOR_TYPE_PALETTE, 2, .rows = two_bits};

    (void)state;
    spec.palette = palette;
    spec.palette_count = 4;
    spec.alphas = alphas;
    spec.alpha_count = 3;
    expect_rgb(&spec, seen);
    spec = (struct png_spec){2, 2, PNG_COLOR_TYPE_RGB, 8, .rows = rgb, .clear = &clear_rgb};
    expect_rgb(&spec, rgb_seen);
    spec = (struct png_spec){2, 2, PNG_COLOR_TYPE_GRAY, 2, .rows = gray, .clear = &clear_gray};
    expect_rgb(&spec, gray_seen);
    spec = (struct png_spec){2, 2, PNG_COLOR_TYPE_GRAY, 16, .rows = deep, .clear = &clear_deep};
    expect_rgb(&spec, deep_seen);
}

static void test_png_orientation(void **state)
{
    static const uint8_t rows[] = {1, 2, 3, 4};
    struct png_spec spec = {2, 2, PNG_COLOR_TYPE_GRAY, 8, .rows = rows, .orientation = 6};
    uint8_t out[4];

    (void)state;
    put_png(root, "a.png", &spec);
    assert_true(decode_file("a.png", 2, 1, out));
    assert_memory_equal(out, "\3\1\4\2", 4);
}

static void test_claims(void **state)
{
    uint8_t out[3];

    (void)state;
    put_claim(root, "bomb.png", 50000, 50000);
    assert_false(decode_file("bomb.png", 1, 3, out));
    assert_string_equal(reason, "too large (it claims 50000x50000, more than 100000000 pixels; "
                                "--max-pixels raises that)");
    put_claim(root, "line.png", 90000000, 1);
    assert_false(decode_file("line.png", 1, 3, out));
    assert_non_null(strstr(reason, "too large"));
    put_claim(root, "none.png", 10000, 9000);
    assert_false(decode_file("none.png", 1, 3, out));
    assert_non_null(strstr(reason, "PNG"));
}

/* A picture truncated anywhere is refused. */
static void expect_truncated(const char *name)
{
    uint8_t out[16 * 16 * 3];
    size_t size;
    uint8_t *bytes = get_bytes(root, name, &size);

    assert_true(decode_bytes(bytes, size, 16, 3, out));
    for (size_t cut = 4; cut < size; cut++)
        if (decode_bytes(bytes, cut, 16, 3, out))
            fail_msg("%s: the first %zu of %zu bytes are taken for whole", name, cut, size);
    for (size_t quarter = 1; quarter < 4; quarter++) {
        assert_false(decode_bytes(bytes, size * quarter / 4, 16, 3, out));
        assert_non_null(strstr(reason, "truncated"));
    }
    free(bytes);
}

static void test_truncated(void **state)
{
    uint8_t pixels[16 * 16 * 3];
    uint64_t noise = 3;
    struct jpeg_spec spec = {16, 16, 3, pixels, .orientation = 1};

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)noise_next(&noise);
    put_noise(root, "a.png", 16, 16, 1);
    expect_truncated("a.png");
#ifdef LIM_HAVE_JPEG
    put_jpeg(root, "a.jpg", &spec);
    expect_truncated("a.jpg");
    spec.progressive = true;
    put_jpeg(root, "b.jpg", &spec);
    expect_truncated("b.jpg");
#else
    (void)spec;
#endif
}

static void test_recognized_by_content(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *reason;
    } cases[] = {
        {"", 0, "empty file"},
        {"just words", 10, "not a picture (text)"},
        {"\n <!DOCTYPE html>", 17, "not a picture (HTML text)"},
        {"version https://git-lfs.github.com/spec/v1\n", 43,
         "a Git LFS pointer, not the picture (git lfs pull fetches it)"},
        {"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", 18, "BMP picture (convert it to PNG or JPEG)"},
        {"II*\0\0\0\0\0", 8, "TIFF or camera raw picture (convert it to PNG or JPEG)"},
        {"MM\0*\0\0\0\0", 8, "TIFF or camera raw picture (convert it to PNG or JPEG)"},
        {"\0\0\0\0\0\0\0\0", 8, "not a picture (nothing but zeros)"},
        {"\1\2\3\4", 4, "not a picture (unknown format)"},
        {"\x89PNG\n\x1a\n\0", 8, "damaged PNG (its signature: was it sent as text?)"},
    };
    uint8_t out[3];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(decode_bytes((const uint8_t *)cases[i].bytes, cases[i].size, 1, 3, out));
        assert_string_equal(reason, cases[i].reason);
    }
}

#ifdef LIM_HAVE_JPEG
/* A picture of one color, its middle compared within what quality 95 does to it. */
static void expect_color(const struct jpeg_spec *spec, const uint8_t *ink, const uint8_t *want)
{
    uint8_t pixels[16 * 16 * 4], out[16 * 16 * 3];
    struct jpeg_spec variant = *spec;

    for (int i = 0; i < 16 * 16; i++)
        memcpy(pixels + i * spec->channels, ink, (size_t)spec->channels);
    variant.pixels = pixels;
    variant.width = variant.height = 16;
    put_jpeg(root, "a.jpg", &variant);
    if (!decode_file("a.jpg", 16, 3, out))
        fail_msg("%s", reason);
    for (int i = 0; i < 16 * 16 * 3; i++)
        assert_in_range(out[i] + 3, want[i % 3], want[i % 3] + 6);
}

static void test_jpeg_colors(void **state)
{
    static const uint8_t red[] = {200, 30, 60}, gray[] = {77, 77, 77};
    /* Adobe counts paper: full cyan and yellow, half black */
    static const uint8_t paper[] = {0, 255, 0, 128}, green[] = {0, 128, 0};
    static const uint8_t ink[] = {255, 0, 255, 127};
    struct jpeg_spec spec = {.channels = 3};

    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        spec = (struct jpeg_spec){.channels = 3, .progressive = progressive};
        expect_color(&spec, red, red);
        spec.channels = 1;
        expect_color(&spec, gray, gray);
        spec.channels = 4;
        expect_color(&spec, paper, green);
        spec.ycck = true;
        expect_color(&spec, paper, green);
    }
    spec = (struct jpeg_spec){.channels = 4, .no_adobe = true};
    expect_color(&spec, ink, green);
}

/* Where the upper left quarter is seen, by Exif 2.3, 4.6.4.A; then the upper right one. */
static void test_jpeg_orientations(void **state)
{
    static const char corners[8][2][3] = {{"tl", "tr"}, {"tr", "tl"}, {"br", "bl"}, {"bl", "br"},
                                          {"tl", "bl"}, {"tr", "br"}, {"br", "tr"}, {"bl", "tl"}};
    uint8_t pixels[16 * 16] = {0}, out[16 * 16];

    (void)state;
    for (int i = 0; i < 64; i++) {
        pixels[i / 8 * 16 + i % 8] = 250;     /* upper left */
        pixels[i / 8 * 16 + 8 + i % 8] = 125; /* upper right */
    }
    for (int o = 1; o <= 8; o++)
        for (int big = 0; big < 2; big++) {
            struct jpeg_spec spec = {16, 16, 1, pixels, .orientation = o, .big_endian = big};

            put_jpeg(root, "a.jpg", &spec);
            assert_true(decode_file("a.jpg", 16, 1, out));
            for (int k = 0; k < 2; k++) {
                int y = corners[o - 1][k][0] == 'b' ? 12 : 4;
                int x = corners[o - 1][k][1] == 'r' ? 12 : 4;

                assert_in_range(out[y * 16 + x], k ? 120 : 245, k ? 130 : 255);
            }
        }
}
#else
static void test_without_jpeg(void **state)
{
    uint8_t out[3];

    (void)state;
    assert_false(decode_bytes((const uint8_t *)"\xff\xd8\xff\xe0", 4, 1, 3, out));
    assert_string_equal(reason, "JPEG (this limner was built without it)");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_gray),        cmocka_unit_test(test_png_alpha),
        cmocka_unit_test(test_background),      cmocka_unit_test(test_png_palette_and_clear_colors),
        cmocka_unit_test(test_png_orientation), cmocka_unit_test(test_claims),
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_recognized_by_content),
#ifdef LIM_HAVE_JPEG
        cmocka_unit_test(test_jpeg_colors),     cmocka_unit_test(test_jpeg_orientations),
#else
        cmocka_unit_test(test_without_jpeg),
#endif
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
