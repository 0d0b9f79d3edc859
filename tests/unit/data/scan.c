/* What a scan counts, which pictures it takes for copies, and what dropping them leaves. */
#include "config.h"
#include "data/phash.h"
#include "support/check.h"
#include "support/pictures.h"

#include <limner/dataset.h>
#include <limner/log.h>
#include <limner/scan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 32

static char *root, logged[2048];

static void on_log(void *user, enum lim_log_level level, const char *line)
{
    (void)user;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    logged[0] = 0;
    lim_log_set(on_log, NULL, LIM_LOG_WARNING);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(root);
    return 0;
}

/* Smooth blobs whose places and colors depend on `seed`: what a resize hardly changes. */
static void draw(uint8_t *rgb, int width, int height, unsigned seed, int lighter)
{
    uint64_t state = seed * 7919u + 1;
    int blobs[6][6];

    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++)
            blobs[i][k] = (int)(noise_next(&state) % 256);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, rgb += 3) {
            rgb[0] = rgb[1] = rgb[2] = (uint8_t)(60 + lighter);
            for (int i = 0; i < 6; i++) {
                int dx = x * 256 / width - blobs[i][0], dy = y * 256 / height - blobs[i][1];
                int r = 30 + blobs[i][2] / 4;

                for (int k = 0; k < 3 && dx * dx + dy * dy < r * r; k++)
                    rgb[k] = (uint8_t)(blobs[i][3 + k] * 3 / 4 + lighter);
            }
        }
}

static void put_drawn(const char *name, int width, int height, unsigned seed, int lighter)
{
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    struct png_spec spec = {
        .width = width, .height = height, .type = PNG_COLOR_TYPE_RGB, .depth = 8, .rows = rgb};

    assert_non_null(rgb);
    draw(rgb, width, height, seed, lighter);
    put_png(root, name, &spec);
    free(rgb);
}

static struct lim_dataset *open_with(enum lim_drop drop)
{
    struct lim_dataset_config config = {.size = SIZE, .channels = 3, .threads = 2, .drop = drop};
    struct lim_dataset *ds = lim_dataset_open(root, &config, NULL);

    if (!ds)
        fail_msg("%s", logged);
    return ds;
}

static const struct lim_picture *picture_of(const struct lim_scan *scan, const char *name)
{
    for (int i = 0; i < scan->count; i++)
        if (strcmp(scan->pictures[i].path, path_in(root, name)) == 0)
            return &scan->pictures[i];
    fail_msg("%s is not among the pictures", name);
    return NULL;
}

static void expect_copy(const struct lim_scan *scan, const char *name, enum lim_copy kind,
                        const char *of)
{
    const struct lim_picture *p = picture_of(scan, name);

    assert_int_equal(p->copy, kind);
    if (of)
        assert_string_equal(scan->pictures[p->copy_of].path, path_in(root, of));
    else
        assert_int_equal(p->copy_of, -1);
}

/* Interlaced or not, gray as gray or as RGB: the pixels count, not the file. */
static void test_exact_copies(void **state)
{
    static const uint8_t gray[4 * 4] = {0, 9, 90, 200, 7, 70, 255, 1, 0, 50, 60, 70, 3, 1, 4, 1};
    uint8_t rgb[sizeof gray * 3];
    struct png_spec spec = {.width = 4, .height = 4, .depth = 8, .rows = gray};
    struct lim_dataset *ds;
    struct lim_scan *scan;

    (void)state;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = gray[i / 3];
    put_png(root, "a gray.png", &spec);
    spec.interlaced = true;
    put_png(root, "b interlaced.png", &spec);
    spec.type = PNG_COLOR_TYPE_RGB;
    spec.rows = rgb;
    put_png(root, "c rgb.png", &spec);
    spec.width = 2; /* the same bytes in another shape */
    spec.height = 8;
    put_png(root, "d shape.png", &spec);
    rgb[0] = 1;
    spec.width = spec.height = 4;
    put_png(root, "e other.png", &spec);

    ds = open_with(LIM_DROP_NONE);
    scan = lim_scan_create(ds);
    assert_non_null(scan);
    expect_copy(scan, "a gray.png", LIM_COPY_NONE, NULL);
    expect_copy(scan, "b interlaced.png", LIM_COPY_EXACT, "a gray.png");
    expect_copy(scan, "c rgb.png", LIM_COPY_EXACT, "a gray.png");
    expect_copy(scan, "d shape.png", LIM_COPY_NONE, NULL);
    assert_int_not_equal(picture_of(scan, "e other.png")->copy, LIM_COPY_EXACT);
    assert_int_equal(scan->exact, 2);
    assert_int_equal(scan->exact_groups, 1);
    assert_int_equal(scan->gray, 4);
    assert_false(picture_of(scan, "e other.png")->gray);
    lim_scan_destroy(scan);
    lim_dataset_destroy(ds);
}

static void test_near_copies(void **state)
{
    struct lim_dataset *ds;
    struct lim_scan *scan;
    uint64_t all, without_exact;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        char name[16];

        snprintf(name, sizeof name, "m%02u.png", i);
        put_drawn(name, 64, 64, i, 0);
    }
    put_drawn("n larger.png", 96, 96, 3, 0);
    put_drawn("n lighter.png", 64, 64, 7, 6);
    put_drawn("n same.png", 64, 64, 9, 0);
    put_drawn("o larger again.png", 96, 96, 3, 0);

    ds = open_with(LIM_DROP_NONE);
    scan = lim_scan_create(ds);
    assert_non_null(scan);
    assert_int_equal(scan->count, 44);
    assert_int_equal(scan->near_copies, 2);
    assert_int_equal(scan->exact, 2);
    assert_int_equal(scan->groups, 3);
    expect_copy(scan, "n larger.png", LIM_COPY_NEAR, "m03.png");
    expect_copy(scan, "o larger again.png", LIM_COPY_EXACT, "m03.png");
    expect_copy(scan, "n lighter.png", LIM_COPY_NEAR, "m07.png");
    expect_copy(scan, "n same.png", LIM_COPY_EXACT, "m09.png");
    all = lim_dataset_fingerprint(ds);
    lim_scan_destroy(scan);
    lim_dataset_destroy(ds);

    ds = open_with(LIM_DROP_EXACT);
    assert_int_equal(lim_dataset_count(ds), 42);
    assert_int_equal(lim_dataset_dropped(ds), 2);
    without_exact = lim_dataset_fingerprint(ds);
    assert_true(without_exact != all);
    lim_dataset_destroy(ds);

    ds = open_with(LIM_DROP_NEAR);
    assert_int_equal(lim_dataset_count(ds), 40);
    assert_int_equal(lim_dataset_dropped(ds), 4);
    assert_true(lim_dataset_fingerprint(ds) != without_exact);
    scan = lim_scan_create(ds);
    assert_non_null(scan);
    assert_int_equal(scan->count, 44); /* the report is of what is there */
    lim_scan_destroy(scan);
    lim_dataset_destroy(ds);
}

/* A small detail is what tells drawings apart: the pHash alone does not, the pixels do. */
static void test_look(void **state)
{
    uint8_t a[SIZE * SIZE * 3], b[sizeof a];

    (void)state;
    draw(a, SIZE, SIZE, 1, 0);
    memcpy(b, a, sizeof b);
    for (int y = 10; y < 12; y++)
        for (int x = 10; x < 12; x++)
            for (int k = 0; k < 3; k++)
                b[(y * SIZE + x) * 3 + k] ^= 0x80;
    assert_in_range(data_phash_distance(data_phash_of(a, SIZE, 3), data_phash_of(b, SIZE, 3)), 0,
                    PHASH_BITS);
    assert_true(data_phash_same(a, a, SIZE, 3));
    assert_false(data_phash_same(a, b, SIZE, 3));
    draw(b, SIZE, SIZE, 2, 0);
    assert_true(data_phash_distance(data_phash_of(a, SIZE, 3), data_phash_of(b, SIZE, 3)) >
                PHASH_BITS);
    assert_int_equal(data_phash_distance(0, UINT64_MAX), 64);
    assert_int_equal(data_phash_distance(5, 6), 2);
    /* The same on every machine. Where another pHash is wanted, FORMAT in cache.c rises too. */
    assert_true(data_phash_of(b, SIZE, 3) == 0x2114715ae35c45e8);
    memset(a, 200, sizeof a); /* nothing but one color: the same at every size and channel count */
    assert_true(data_phash_of(a, SIZE, 3) == 0 && data_phash_of(a, 5, 3) == 0 &&
                data_phash_of(a, SIZE, 1) == 0);
}

/* The sketch only saves time: it must never tell apart what the pixels do not. */
static void test_sketch(void **state)
{
    static const int sizes[] = {1, 3, 5, 16, 20, 32};
    uint8_t a[SIZE * SIZE * 3], b[sizeof a];
    uint64_t noise = 1;
    int same = 0, told_apart = 0;

    (void)state;
    for (int round = 0; round < 6 * 2 * 50; round++) {
        int size = sizes[round % 6], channels = round / 6 % 2 ? 3 : 1, by = round % 70;
        struct phash_sketch sketch, other;

        for (int i = 0; i < size * size * channels; i++) {
            a[i] = (uint8_t)(noise_next(&noise) % 180);
            b[i] = (uint8_t)(a[i] + by);
        }
        sketch = data_sketch_of(a, size, channels);
        other = data_sketch_of(b, size, channels);
        if (data_phash_same(a, b, size, channels)) {
            same++;
            assert_true(data_sketches_agree(&sketch, &other));
        } else {
            told_apart += !data_sketches_agree(&sketch, &other);
        }
    }
    assert_true(same > 200 && told_apart > 100);
}

static void test_counts(void **state)
{
    static const uint8_t clear[2 * 2] = {0, 255, 1, 128}, opaque[2 * 2] = {90, 255, 1, 255};
    struct png_spec spec = {
        .width = 2, .height = 1, .type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8, .rows = clear};
    struct lim_dataset *ds;
    struct lim_scan *scan;

    (void)state;
    put_png(root, "clear.png", &spec);
    spec.rows = opaque;
    put_png(root, "opaque.png", &spec);
    put_noise(root, "32.png", 32, 100, 1);
    put_noise(root, "31.png", 31, 31, 2);
    put_noise(root, "big.png", 640, 400, 3);
    put_noise(root, "noted.gif", 64, 60, 4); /* by content */
    put_text(root, "text.png", "no");
    put_text(root, "notes.txt", "no");
    put_claim(root, "huge.png", 1000000, 1000000);

    ds = open_with(LIM_DROP_NONE);
    scan = lim_scan_create(ds);
    assert_non_null(scan);
    assert_int_equal(scan->count, 6);
    assert_int_equal(scan->skipped, 2);
    assert_int_equal(scan->ignored, 1);
    assert_int_equal(scan->used[LIM_FORMAT_PNG], 6);
    assert_int_equal(scan->lost[LIM_FORMAT_PNG], 1);
    assert_int_equal(scan->lost[LIM_FORMAT_OTHER], 1);
    assert_int_equal(scan->alpha, 1);
    assert_int_equal(scan->gray, 2);
    assert_int_equal(scan->enlarged, 3);
    assert_int_equal(scan->bins[0], 2); /* below 16 */
    assert_int_equal(scan->bins[1], 1); /* 31 */
    assert_int_equal(scan->bins[2], 2); /* 32, 60 */
    assert_int_equal(scan->bins[5], 1); /* 400 */
    assert_int_equal(scan->square, 2);
    assert_int_equal(scan->wide, 3);
    assert_int_equal(scan->tall, 1);
    assert_int_equal(scan->min_width, 2);
    assert_int_equal(scan->max_height, 400);
    assert_int_equal(scan->verdict, LIM_VERDICT_POOR);
    assert_true(scan->advice_count >= 2 && strstr(scan->advice[0], "6 different pictures"));
    lim_scan_destroy(scan);
    lim_dataset_destroy(ds);
}

static void test_jpeg_kinds(void **state)
{
#ifdef LIM_HAVE_JPEG
    uint8_t ink[16 * 8 * 4];
    struct jpeg_spec spec = {.width = 16, .height = 8, .channels = 4, .pixels = ink};
    struct lim_dataset *ds;
    struct lim_scan *scan;

    for (size_t i = 0; i < sizeof ink; i++)
        ink[i] = (uint8_t)(i * 5);
    put_jpeg(root, "ink.jpg", &spec);
    spec.channels = 3;
    spec.orientation = 6;
    put_jpeg(root, "turned.jpg", &spec);
    ds = open_with(LIM_DROP_NONE);
    scan = lim_scan_create(ds);
    assert_non_null(scan);
    assert_int_equal(scan->used[LIM_FORMAT_JPEG], 2);
    assert_int_equal(scan->cmyk, 1);
    assert_true(picture_of(scan, "ink.jpg")->cmyk);
    assert_int_equal(picture_of(scan, "turned.jpg")->width, 8);
    assert_int_equal(picture_of(scan, "turned.jpg")->height, 16);
    lim_scan_destroy(scan);
    lim_dataset_destroy(ds);
#endif
    (void)state;
}

static void test_all_the_same(void **state)
{
    struct lim_dataset_config config = {.size = SIZE, .channels = 3};
    enum lim_status why = LIM_OK;

    (void)state;
    put_noise(root, "a.png", 40, 40, 1);
    put_noise(root, "b.png", 40, 40, 1);
    put_noise(root, "c.png", 40, 40, 1);
    assert_null(lim_dataset_open(root, &config, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_non_null(strstr(logged, "all 3 usable pictures are the same"));
    put_noise(root, "d.png", 40, 40, 2);
    lim_dataset_destroy(open_with(LIM_DROP_NONE));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exact_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_near_copies, set_up, tear_down),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_sketch),
        cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jpeg_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_the_same, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
