/* Pictures in memory and in PNG files: colors, grids, texts, whole files. */
#include <limner/limner.h>

#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/limner-image-XXXXXX";
static char last_line[2048];
static int lines;

static void keep_line(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", message);
}

static const char *in_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void every_value_survives_the_way_to_floats_and_back(void **state)
{
    uint8_t values[256], back[256];
    float x[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        values[i] = (uint8_t)i;
    lim_pixels_to_floats(values, 256, x);
    assert_true(x[0] == -1.0f && x[255] == 1.0f);
    lim_floats_to_pixels(x, 256, back);
    assert_memory_equal(values, back, 256);
}

static void floats_out_of_range_are_clamped(void **state)
{
    const float x[] = {-1.5f, 1.5f, -1e30f, 1e30f, 0.0f};
    const uint8_t want[] = {0, 255, 0, 255, 128};
    uint8_t got[5];

    (void)state;
    lim_floats_to_pixels(x, 5, got);
    assert_memory_equal(got, want, 5);
}

static void a_png_comes_back_as_written(void **state)
{
    const struct lim_text texts[] = {{"seed", "7"}, {"Title", "Bild eines K\xc3\xb6nigs"}};

    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        struct lim_image image, back;
        size_t bytes = (size_t)(7 * 5 * channels);

        assert_true(lim_image_init(&image, 7, 5, channels));
        for (size_t i = 0; i < bytes; i++)
            image.pixels[i] = (uint8_t)(i * 37);
        assert_true(lim_png_write(in_folder("a.png"), &image, texts, 2));
        assert_true(lim_png_read(in_folder("a.png"), &back));
        assert_int_equal(back.width, 7);
        assert_int_equal(back.height, 5);
        assert_int_equal(back.channels, channels);
        assert_memory_equal(back.pixels, image.pixels, bytes);
        lim_image_finish(&image);
        lim_image_finish(&back);
    }
}

static void texts_stand_in_the_file(void **state)
{
    const struct lim_text text = {"seed", "12345"};
    struct lim_image image;
    char bytes[4096];
    FILE *stream;
    size_t size, i;

    (void)state;
    assert_true(lim_image_init(&image, 2, 2, 3));
    assert_true(lim_png_write(in_folder("t.png"), &image, &text, 1));
    lim_image_finish(&image);
    stream = fopen(in_folder("t.png"), "rb");
    assert_non_null(stream);
    size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (i = 0; i + 10 < size && memcmp(bytes + i,
                                        "seed\0"
                                        "12345",
                                        10) != 0;
         i++)
        ;
    assert_true(i + 10 < size);
}

static void a_grid_holds_each_picture_unchanged(void **state)
{
    enum { SIZE = 16, COUNT = 5, COLUMNS = 3, BYTES = SIZE * SIZE * 3 };
    uint8_t pictures[COUNT * BYTES];
    struct lim_image grid;

    (void)state;
    for (int i = 0; i < COUNT * BYTES; i++)
        pictures[i] = (uint8_t)(i * 13 + i / BYTES);
    assert_true(lim_grid_make(&grid, pictures, COUNT, SIZE, 3, COLUMNS));
    assert_int_equal(grid.width, COLUMNS * (SIZE + 2) + 2);
    assert_int_equal(grid.height, 2 * (SIZE + 2) + 2);
    for (int i = 0; i < COUNT; i++) {
        for (int y = 0; y < SIZE; y++) {
            int gy = 2 + i / COLUMNS * (SIZE + 2) + y, gx = 2 + i % COLUMNS * (SIZE + 2);

            assert_memory_equal(grid.pixels + 3 * (gy * grid.width + gx),
                                pictures + i * BYTES + y * SIZE * 3, SIZE * 3);
        }
    }
    assert_int_equal(grid.pixels[0], 255); /* the border */
    assert_int_equal(grid.pixels[3 * grid.width * grid.height - 3 * (SIZE + 2)], 255); /* no 6th */
    lim_image_finish(&grid);
}

static void a_failed_write_says_so_once_and_leaves_nothing(void **state)
{
    struct lim_image image;
    char path[256];

    (void)state;
    assert_true(lim_image_init(&image, 2, 2, 3));
    snprintf(path, sizeof path, "%s/missing/a.png", folder);
    lines = 0;
    assert_false(lim_png_write(path, &image, NULL, 0));
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, path));
    lines = 0;
    assert_false(lim_png_write(folder, &image, NULL, 0)); /* a folder is not replaced */
    assert_int_equal(lines, 1);
    lim_image_finish(&image);
}

static void what_is_no_png_is_refused(void **state)
{
    struct lim_image image;
    FILE *stream = fopen(in_folder("no.png"), "wb");

    (void)state;
    fputs("<html>not a picture</html>", stream);
    fclose(stream);
    lines = 0;
    assert_false(lim_png_read(in_folder("no.png"), &image));
    assert_false(lim_png_read(in_folder("absent.png"), &image));
    assert_int_equal(lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_survives_the_way_to_floats_and_back),
        cmocka_unit_test(floats_out_of_range_are_clamped),
        cmocka_unit_test(a_png_comes_back_as_written),
        cmocka_unit_test(texts_stand_in_the_file),
        cmocka_unit_test(a_grid_holds_each_picture_unchanged),
        cmocka_unit_test(a_failed_write_says_so_once_and_leaves_nothing),
        cmocka_unit_test(what_is_no_png_is_refused),
    };
    int failed;

    lim_log_set(keep_line, NULL, LIM_LOG_ERROR);
    if (!mkdtemp(folder))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (const char *const *name = (const char *const[]){"a.png", "t.png", "no.png", NULL}; *name;
         name++)
        unlink(in_folder(*name));
    return rmdir(folder) == 0 ? failed : 1; /* nothing else was left behind */
}
