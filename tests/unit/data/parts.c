/* The parts of a data set: as many as the limit asks for, and those held out. */
#include "support/check.h"
#include "support/pictures.h"

#include <limner/dataset.h>
#include <limner/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 8
#define BYTES (SIZE * SIZE * 3)

static char *root, said[2048]; /* the last line that was logged */
static struct lim_dataset_config config;

static void on_log(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(said, sizeof said, "%s", message);
}

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    make_folder(root, "in");
    config = (struct lim_dataset_config){.size = SIZE, .channels = 3, .threads = 2};
    lim_log_set(on_log, NULL, LIM_LOG_WARNING);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(root);
    return 0;
}

static void put_many(int first, int count)
{
    char name[32];

    for (int i = first; i < first + count; i++) {
        snprintf(name, sizeof name, "in/%03d.png", i);
        put_noise(root, name, SIZE, SIZE, (unsigned)i);
    }
}

static struct lim_dataset *open_in(void)
{
    struct lim_dataset *ds = lim_dataset_open(path_in(root, "in"), &config, NULL);

    assert_non_null(ds);
    return ds;
}

/* As many as asked for, despite unreadable files; spread; the same in any place. */
static void test_limit(void **state)
{
    struct lim_dataset *ds, *all;
    int later = 0;

    (void)state;
    put_many(0, 200);
    for (int i = 0; i < 50; i++) {
        char name[32];

        snprintf(name, sizeof name, "in/bad%d.png", i);
        put_text(root, name, "no");
    }
    all = open_in();
    config.limit = 40;
    ds = open_in();
    assert_int_equal(lim_dataset_count(ds), 40);
    assert_int_equal(lim_dataset_count(ds) + lim_dataset_skipped(ds, NULL) + lim_dataset_unseen(ds),
                     250);
    assert_in_range(lim_dataset_skipped(ds, NULL), 1, 30);
    for (int i = 0, j = 0; i < 40; i++, j++) { /* in the order of the names */
        while (memcmp(lim_dataset_picture(ds, i), lim_dataset_picture(all, j), BYTES) != 0)
            j++;
        later += j >= 100;
    }
    assert_in_range(later, 8, 32); /* of 40: 20, four sigma either way */
    assert_int_equal(rename(path_in(root, "in"), path_in(root, "moved")), 0);
    lim_dataset_destroy(all);
    all = lim_dataset_open(path_in(root, "moved/"), &config, NULL);
    assert_non_null(all);
    assert_true(lim_dataset_fingerprint(ds) == lim_dataset_fingerprint(all));
    lim_dataset_destroy(all);
    lim_dataset_destroy(ds);
    config.limit = 1000; /* more than there are */
    ds = lim_dataset_open(path_in(root, "moved"), &config, NULL);
    assert_int_equal(lim_dataset_count(ds), 200);
    lim_dataset_destroy(ds);
}

/* Is this picture among those held out, or (held false) trained on? */
static bool is_in(const struct lim_dataset *ds, bool held, const uint8_t *picture)
{
    int count = held ? lim_dataset_held_out(ds) : lim_dataset_count(ds);

    for (int i = 0; i < count; i++)
        if (memcmp(held ? lim_dataset_held_out_picture(ds, i) : lim_dataset_picture(ds, i), picture,
                   BYTES) == 0)
            return true;
    return false;
}

/* The share that was asked for; a held-out picture and its copies stay held out when others are
 * added. */
static void test_holdout(void **state)
{
    struct lim_dataset *before, *after, *more;
    enum lim_status why = LIM_OK;

    (void)state;
    put_many(0, 300);
    config.holdout = 0.2;
    before = open_in();
    assert_in_range(lim_dataset_held_out(before), 32, 88); /* 60, four sigma either way */
    assert_int_equal(lim_dataset_held_out(before) + lim_dataset_count(before), 300);
    put_many(300, 100);
    for (int i = 0; i < 300; i++) {
        char name[32];

        snprintf(name, sizeof name, "in/copy%03d.png", i);
        put_noise(root, name, SIZE, SIZE, (unsigned)i);
    }
    after = open_in();
    config.holdout = 0.3; /* those of 0.2 and others */
    more = open_in();
    for (int i = 0; i < lim_dataset_held_out(before); i++) {
        assert_true(is_in(after, true, lim_dataset_held_out_picture(before, i)));
        assert_false(is_in(after, false, lim_dataset_held_out_picture(before, i)));
        assert_true(is_in(more, true, lim_dataset_held_out_picture(before, i)));
    }
    for (int i = 0; i < lim_dataset_count(before); i++)
        assert_true(is_in(after, false, lim_dataset_picture(before, i)));
    assert_true(lim_dataset_held_out(more) > lim_dataset_held_out(after));
    lim_dataset_destroy(before);
    lim_dataset_destroy(after);
    lim_dataset_destroy(more);

    /* A single picture that falls to the held-out side leaves nothing. */
    config.holdout = 1;
    said[0] = 0;
    assert_null(lim_dataset_open(path_in(root, "in"), &config, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_non_null(strstr(said, "held out"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_holdout, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
