/* How batches walk through a data set: pure functions of (seed, step), each picture at most once an
 * epoch, another order in the next. */
#include "support/check.h"
#include "support/pictures.h"

#include <limner/dataset.h>
#include <stdio.h>
#include <string.h>

#define SIZE 8
#define BYTES (SIZE * SIZE * 3)

static char *root;

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

static struct lim_dataset *open_with(const char *path, int threads)
{
    struct lim_dataset_config config = {.size = SIZE, .channels = 3, .threads = threads};
    struct lim_dataset *ds = lim_dataset_open(path, &config, NULL);

    assert_non_null(ds);
    return ds;
}

static void put_many(int count)
{
    char name[32];

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%03d.png", i);
        put_noise(root, name, SIZE, SIZE, (unsigned)i);
    }
}

/* Which picture each one of a batch is; -1 for none. */
static void identify(const struct lim_dataset *ds, const uint8_t *batch, int count, int *out)
{
    for (int i = 0; i < count; i++) {
        out[i] = -1;
        for (int j = 0; j < lim_dataset_count(ds); j++)
            if (memcmp(batch + i * BYTES, lim_dataset_picture(ds, j), BYTES) == 0)
                out[i] = j;
        assert_true(out[i] >= 0);
    }
}

static void test_batches(void **state)
{
    static const int cases[][2] = {{1, 1}, {9, 9}, {9, 4}, {63, 63}, {65, 64}, {65, 8}};
    static uint8_t batch[64 * BYTES], again[64 * BYTES];

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int count = cases[c][0], size = cases[c][1], steps = count / size, moved = 0;
        int order[2][65];
        struct lim_dataset *ds;

        put_many(count);
        ds = open_with(root, 2);
        assert_int_equal(lim_dataset_count(ds), count);
        for (int epoch = 0; epoch < 2; epoch++) {
            int met[65] = {0};

            for (int s = 0; s < steps; s++) {
                uint64_t step = (uint64_t)(epoch * steps + s);

                lim_dataset_batch(ds, 5, step, size, batch);
                lim_dataset_batch(ds, 5, step, size, again);
                assert_memory_equal(batch, again, (size_t)size * BYTES);
                identify(ds, batch, size, order[epoch] + s * size);
            }
            for (int i = 0; i < steps * size; i++)
                assert_int_equal(met[order[epoch][i]]++, 0);
        }
        for (int i = 0; i < steps * size; i++)
            moved += order[0][i] != order[1][i];
        assert_true(count == 1 || moved > count / 2);
        if (count == 65) { /* another seed is another order */
            lim_dataset_batch(ds, 5, 0, 8, batch);
            lim_dataset_batch(ds, 6, 0, 8, again);
            assert_memory_not_equal(batch, again, 8 * BYTES);
        }
        lim_dataset_destroy(ds);
    }
}

/* Half of the pictures of a step, other ones each epoch; the same again for the same step. */
static void test_mirror(void **state)
{
    struct lim_dataset_config config = {.size = SIZE, .channels = 3, .mirror = true};
    static uint8_t plain[16 * BYTES], batch[16 * BYTES], again[16 * BYTES];
    struct lim_dataset *ds, *without;
    int flipped[16] = {0}, all = 0;

    (void)state;
    put_many(16);
    without = open_with(root, 1);
    ds = lim_dataset_open(root, &config, NULL);
    assert_non_null(ds);
    assert_true(lim_dataset_fingerprint(ds) == lim_dataset_fingerprint(without));
    for (uint64_t epoch = 0; epoch < 100; epoch++) {
        lim_dataset_batch(without, 5, epoch, 16, plain);
        lim_dataset_batch(ds, 5, epoch, 16, batch);
        lim_dataset_batch(ds, 5, epoch, 16, again);
        assert_memory_equal(batch, again, sizeof batch);
        for (int i = 0; i < 16; i++) {
            bool same = memcmp(plain + i * BYTES, batch + i * BYTES, BYTES) == 0;

            for (int j = 0; j < BYTES && !same; j++) {
                int pixel = j / 3, x = pixel % SIZE, back = pixel - x + SIZE - 1 - x;

                assert_int_equal(batch[i * BYTES + j], plain[i * BYTES + back * 3 + j % 3]);
            }
            flipped[i] += !same;
            all += !same;
        }
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(flipped[i], 25, 75); /* of 100: 50, five sigma either way */
    assert_in_range(all, 700, 900);
    lim_dataset_destroy(ds);
    lim_dataset_destroy(without);
}

/* Every picture comes to every place about equally often. */
static void test_shuffle_is_even(void **state)
{
    static uint8_t batch[10 * BYTES];
    int met[10][10] = {{0}};
    struct lim_dataset *ds;

    (void)state;
    put_many(10);
    ds = open_with(root, 1);
    for (uint64_t epoch = 0; epoch < 1000; epoch++) {
        int order[10];

        lim_dataset_batch(ds, 1, epoch, 10, batch);
        identify(ds, batch, 10, order);
        for (int i = 0; i < 10; i++)
            met[i][order[i]]++;
    }
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 10; j++)
            assert_in_range(met[i][j], 50, 150); /* 100, five sigma either way */
    lim_dataset_destroy(ds);
}

static void test_prefetch(void **state)
{
    static uint8_t batch[4 * BYTES];
    struct lim_dataset *ds;
    struct lim_prefetch *p;

    (void)state;
    put_many(9);
    ds = open_with(root, 1);
    p = lim_prefetch_create(ds, 5, 100, 4);
    assert_non_null(p);
    for (uint64_t step = 100; step < 200; step++) {
        const uint8_t *pixels = lim_prefetch_next(p);

        lim_dataset_batch(ds, 5, step, 4, batch);
        assert_memory_equal(pixels, batch, sizeof batch);
    }
    assert_true(lim_prefetch_waited(p) >= 0);
    lim_prefetch_destroy(p);
    lim_prefetch_destroy(lim_prefetch_create(ds, 5, 0, 4)); /* unused */
    lim_prefetch_destroy(NULL);
    lim_dataset_destroy(ds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_batches),
        TEST(test_mirror),
        TEST(test_shuffle_is_even),
        TEST(test_prefetch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
