#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    uint8_t pixels[4 * 4 * 3] = {0}, out[2] = {0};
    float floats[2] = {0};
    struct lim_image image, whole = {4, 4, 3, pixels}, wrong = {4, 4, 2, pixels};
    const struct lim_image empty = {4, 4, 3, NULL}, flat = {4, 0, 3, pixels};
    const struct lim_text no_key = {NULL, "x"}, no_value = {"x", NULL},
                          long_key = {"a keyword of a text chunk may have seventy-nine characters, "
                                      "and this one has many more",
                                      "x"};

    REFUSES(assert_false(lim_image_init(NULL, 1, 1, 1)));
    REFUSES(assert_false(lim_image_init(&image, -1, 1, 1)));
    REFUSES(assert_false(lim_image_init(&image, 1, 1, 2)));
    REFUSES(assert_false(lim_image_init(&image, 1 << 30, 1 << 30, 3)));
    lim_image_finish(NULL);
    lim_image_finish(&image);
    REFUSES(lim_pixels_to_floats(NULL, 2, floats));
    REFUSES(lim_pixels_to_floats(out, 2, NULL));
    REFUSES(lim_floats_to_pixels(NULL, 2, out));
    here_clear();
    lim_floats_to_pixels(NULL, 0, NULL);
    assert_int_equal(here_log.errors, 0);

    REFUSES(assert_false(lim_png_write(NULL, &whole, NULL, 0)));
    REFUSES(assert_false(lim_png_write(here_file("x"), NULL, NULL, 0)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &empty, NULL, 0)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &flat, NULL, 0)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &wrong, NULL, 0)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &whole, NULL, 1)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &whole, &no_key, 1)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &whole, &no_value, 1)));
    REFUSES(assert_false(lim_png_write(here_file("x"), &whole, &no_value, -1)));
    lim_png_write(here_file("x"), &whole, &long_key, 1); /* as libpng likes */
    REFUSES(assert_false(lim_png_read(NULL, &image)));
    REFUSES(assert_false(lim_png_read(here_file("x"), NULL)));
    REFUSES(assert_false(lim_grid_make(NULL, pixels, 1, 4, 3, 1)));
    REFUSES(assert_false(lim_grid_make(&image, NULL, 1, 4, 3, 1)));
    REFUSES(assert_false(lim_grid_make(&image, pixels, 0, 4, 3, 1)));
    REFUSES(assert_false(lim_grid_make(&image, pixels, 1, 4, 2, 1)));
    REFUSES(assert_false(lim_grid_make(&image, pixels, 1, INT32_MAX, 3, INT32_MAX)));
    REFUSES(assert_false(lim_gif_write(NULL, &whole, 1, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), NULL, 1, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &whole, 0, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &whole, -1, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &empty, 1, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &wrong, 1, 1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &whole, 1, -1, 1)));
    REFUSES(assert_false(lim_gif_write(here_file("x"), &whole, 1, 1, 1 << 16)));
}

int test_image(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/image.h", tests, NULL, NULL);
}
