/* Messy folders and archives: what is used, what is skipped and why, in which order. */
#include "config.h"
#include "support/check.h"
#include "support/pictures.h"

#include <limner/dataset.h>
#include <limner/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 8
#define BYTES (SIZE * SIZE * 3)

static char *root, logged[2048];
static int logged_lines;

static void on_log(void *user, enum lim_log_level level, const char *line)
{
    (void)user;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
    logged_lines++;
}

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    logged_lines = 0;
    lim_log_set(on_log, NULL, LIM_LOG_WARNING);
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
    enum lim_status why = LIM_ERROR;
    struct lim_dataset *ds = lim_dataset_open(path, &config, &why);

    if (!ds)
        fail_msg("%s", logged);
    assert_int_equal(why, LIM_OK);
    assert_int_equal(logged_lines, 0);
    return ds;
}

/* One line that has `part` in it, and status 6. */
static void expect_refused(const char *path, const char *part)
{
    struct lim_dataset_config config = {.size = SIZE, .channels = 3};
    enum lim_status why = LIM_OK;

    logged_lines = 0;
    assert_null(lim_dataset_open(path, &config, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_int_equal(logged_lines, 1);
    if (!strstr(logged, part))
        fail_msg("'%s' is not in '%s'", part, logged);
}

/* The reason for the file whose path ends in `name`; NULL if it was not skipped. */
static const char *reason_of(const struct lim_dataset *ds, const char *name)
{
    const struct lim_skipped *list;
    int count = lim_dataset_skipped(ds, &list);

    for (int i = 0; i < count; i++) {
        size_t length = strlen(list[i].path), wanted = strlen(name);

        if (length >= wanted && strcmp(list[i].path + length - wanted, name) == 0)
            return list[i].reason;
    }
    return NULL;
}

static void expect_reason(const struct lim_dataset *ds, const char *name, const char *part)
{
    const char *reason = reason_of(ds, name);

    if (!reason || !strstr(reason, part))
        fail_msg("%s: '%s', not '%s'", name, reason ? reason : "used", part);
}

static void put_many(int count)
{
    char name[32];

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%03d.png", i);
        put_noise(root, name, SIZE, SIZE, (unsigned)i);
    }
}

static void test_messy_folder(void **state)
{
    static const uint8_t zeros[40] = {0};
    size_t size;
    uint8_t *bytes;
    char name[32];
    struct lim_dataset *ds;
    int count = 0;

    (void)state;
    make_folder(root, "sub folder");
    make_folder(root, "sub folder/deep");
    make_folder(root, ".git");
    make_folder(root, "__MACOSX");
    /* used */
    put_noise(root, "plain.png", 40, 90, 1), count++;
    put_noise(root, "UPPER.PNG", 20, 20, 2), count++;
    put_noise(root, "no extension", 8, 7, 3), count++;
    put_noise(root, "-rf.png", 8, 8, 4), count++;
    put_noise(root, "new\nline.png", 8, 8, 5), count++;
    put_noise(root, "not utf-8 \xff\xfe.png", 8, 8, 6), count++;
    put_noise(root, "sub folder/deep/wrong name.txt", 8, 8, 7), count++;
    put_noise(root, "sub folder/called.gif", 8, 8, 8), count++;
    /* passed over */
    put_noise(root, ".hidden.png", 8, 8, 9);
    put_noise(root, ".git/a.png", 8, 8, 10);
    put_noise(root, ".git/b.png", 8, 8, 10);
    put_text(root, "__MACOSX/._plain.png", "x");
    put_text(root, "Thumbs.db", "x");
    put_text(root, "labels.csv", "a,b\n");
    put_text(root, "README", "words\n");
    put_bytes(root, "notes.json", "", 0);
    /* skipped */
    put_text(root, "text.png", "just words\n");
    put_text(root, "page.jpg", "<!DOCTYPE html><html></html>");
    put_bytes(root, "empty.png", "", 0);
    put_bytes(root, "zeros.jpg", zeros, sizeof zeros);
    put_bytes(root, "film.mp4",
              "\0\0\0\x18"
              "ftypmp42\0\0\0\0",
              16);
    put_claim(root, "bomb.png", 60000, 60000);
    bytes = get_bytes(root, "plain.png", &size);
    for (size_t quarter = 1; quarter < 4; quarter++) {
        snprintf(name, sizeof name, "cut%zu.png", quarter);
        put_bytes(root, name, bytes, size * quarter / 4);
    }
    free(bytes);

    ds = open_with(root, 0);
    assert_int_equal(lim_dataset_count(ds), count);
    assert_int_equal(lim_dataset_skipped(ds, NULL), 9);
    assert_int_equal(lim_dataset_ignored(ds), 7); /* .git and __MACOSX count as one each */
    expect_reason(ds, "/text.png", "not a picture (text)");
    expect_reason(ds, "/page.jpg", "HTML");
    expect_reason(ds, "/empty.png", "empty file");
    expect_reason(ds, "/zeros.jpg", "zeros");
    expect_reason(ds, "/film.mp4", "video");
    expect_reason(ds, "/bomb.png", "too large");
    expect_reason(ds, "/cut1.png", "truncated PNG");
    expect_reason(ds, "/cut2.png", "truncated PNG");
    expect_reason(ds, "/cut3.png", "truncated PNG");
    lim_dataset_destroy(ds);
}

static void test_links(void **state)
{
    struct lim_dataset *ds;
    char *elsewhere = folder_make();

    (void)state;
    make_folder(root, "a");
    put_noise(root, "a/one.png", 8, 8, 1);
    put_noise(elsewhere, "two.png", 8, 8, 2);
    assert_int_equal(symlink("..", path_in(root, "a/loop")), 0);
    assert_int_equal(symlink("self", path_in(root, "self")), 0);
    assert_int_equal(symlink("nowhere.png", path_in(root, "broken.png")), 0);
    assert_int_equal(symlink("a/one.png", path_in(root, "again.png")), 0);
    assert_int_equal(link(path_in(root, "a/one.png"), path_in(root, "hard.png")), 0);
    assert_int_equal(symlink(elsewhere, path_in(root, "outside")), 0);
    assert_int_equal(symlink(elsewhere, path_in(root, "outside too")), 0);
    ds = open_with(root, 1);
    assert_int_equal(lim_dataset_count(ds), 2);
    assert_int_equal(lim_dataset_skipped(ds, NULL), 2);
    expect_reason(ds, "/broken.png", "broken link");
    expect_reason(ds, "/self", "broken link");
    lim_dataset_destroy(ds);
    folder_remove(elsewhere);
}

static void test_unreadable(void **state)
{
    struct lim_dataset *ds;

    (void)state;
    if (geteuid() == 0)
        skip(); /* root reads everything */
    make_folder(root, "locked");
    put_many(1);
    put_noise(root, "locked.png", 8, 8, 1);
    assert_int_equal(chmod(path_in(root, "locked"), 0), 0);
    assert_int_equal(chmod(path_in(root, "locked.png"), 0), 0);
    ds = open_with(root, 1);
    assert_int_equal(lim_dataset_count(ds), 1);
    expect_reason(ds, "/locked", "folder cannot be read (Permission denied)");
    expect_reason(ds, "/locked.png", "cannot be read (Permission denied)");
    lim_dataset_destroy(ds);
    assert_int_equal(chmod(path_in(root, "locked"), 0700), 0);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused(root, "empty");
    expect_refused(path_in(root, "cats/all"), "the nearest that exists is");
    expect_refused("no such folder", "the nearest that exists is the current folder");
    put_text(root, "a.png", "words");
    put_text(root, "b.png", "words");
    put_bytes(root, "c.png", "", 0);
    put_text(root, "d.txt", "words");
    expect_refused(root, "no usable pictures in 4 files: 2 x not a picture (text) such as a.png, "
                         "1 x empty file such as c.png, 1 hidden or text; ");
    expect_refused(path_in(root, "a.png"), "neither a folder nor a .zip");
    assert_int_equal(logged_lines, 1);
}

/* The order is that of the names, however they came to the disk. */
static void test_order_and_threads(void **state)
{
    struct lim_dataset *one, *many;
    size_t size;

    (void)state;
    for (int i = 20; i-- > 0;) {
        char name[32];

        snprintf(name, sizeof name, "%02d.png", i);
        put_noise(root, name, SIZE, SIZE, (unsigned)i);
    }
    put_text(root, "05.png", "words");
    one = open_with(root, 1);
    many = open_with(root, 3);
    assert_int_equal(lim_dataset_count(one), 19);
    assert_true(lim_dataset_fingerprint(one) == lim_dataset_fingerprint(many));
    for (int i = 0; i < 19; i++) {
        uint64_t noise = (unsigned)(i < 5 ? i : i + 1) * 2u + 1;
        const uint8_t *picture = lim_dataset_picture(many, i);

        for (size = 0; size < BYTES; size++)
            assert_int_equal(picture[size], (uint8_t)noise_next(&noise));
    }
    lim_dataset_destroy(many);
    put_noise(root, "05.png", SIZE, SIZE, 99);
    many = open_with(root, 3);
    assert_true(lim_dataset_fingerprint(one) != lim_dataset_fingerprint(many));
    lim_dataset_destroy(many);
    lim_dataset_destroy(one);
}

static bool stop_at_once(void *user, int done, int total)
{
    (void)done;
    *(int *)user = total;
    return false;
}

static void test_stopping(void **state)
{
    int total = 0;
    struct lim_dataset_config config = {
        .size = SIZE, .channels = 3, .threads = 2, .progress = stop_at_once, .user = &total};
    enum lim_status why = LIM_OK;

    (void)state;
    put_many(5);
    assert_null(lim_dataset_open(root, &config, &why));
    assert_int_equal(why, LIM_INTERRUPTED);
    assert_int_equal(total, 5);
}

#ifdef LIM_HAVE_ZIP
static void test_zip_is_like_a_folder(void **state)
{
    static const char *const names[] = {"a/b.png", "a.png", "c d.png", "text.png"};
    struct zip_entry entries[8];
    struct lim_dataset *folder, *archive;
    int count = 0;

    (void)state;
    make_folder(root, "in");
    make_folder(root, "in/a");
    for (int i = 0; i < 4; i++) {
        char name[64];
        struct zip_entry *e = &entries[count++];

        snprintf(name, sizeof name, "in/%s", names[i]);
        if (i == 3)
            put_text(root, name, "words");
        else
            put_noise(root, name, 9, 12, (unsigned)i);
        *e = (struct zip_entry){.name = names[i]};
        e->bytes = get_bytes(root, name, &e->size);
    }
    entries[count++] = (struct zip_entry){"__MACOSX/._a.png", "x", 1, NULL};
    entries[count++] = (struct zip_entry){"__MACOSX/a/._b.png", "x", 1, NULL};
    entries[count++] = (struct zip_entry){"notes.txt", "x", 1, NULL};
    put_zip(root, "p.data", entries, count); /* known by its content */
    folder = open_with(path_in(root, "in"), 2);
    archive = open_with(path_in(root, "p.data"), 2);
    assert_int_equal(lim_dataset_count(archive), 3);
    assert_true(lim_dataset_fingerprint(folder) == lim_dataset_fingerprint(archive));
    assert_int_equal(lim_dataset_ignored(archive), 2);
    expect_reason(archive, "text.png", "not a picture (text)");
    lim_dataset_destroy(archive);
    lim_dataset_destroy(folder);
    for (int i = 0; i < 4; i++)
        free((void *)entries[i].bytes);
}

static void test_zip_damage(void **state)
{
    size_t size, length, at;
    uint8_t *picture, *bytes;
    struct zip_entry entries[5] = {{.name = "../climbs.png"},
                                   {.name = "fine.png"},
                                   {.name = "broken.png"},
                                   {.name = "huge.png"},
                                   {.name = "secret.png", .password = "x"}};
    struct lim_dataset *ds;

    (void)state;
    put_noise(root, "in.png", 8, 8, 1);
    picture = get_bytes(root, "in.png", &size);
    for (int i = 0; i < 5; i++) {
        entries[i].bytes = picture;
        entries[i].size = size;
    }
    put_zip(root, "p.zip", entries, 5);
    bytes = get_bytes(root, "p.zip", &length);
    for (at = 0; memcmp(bytes + at, "broken.png", 10) != 0; at++)
        ;
    bytes[at + 10 + size / 2] ^= 1; /* its stored bytes follow the name */
    for (at = length - 8; memcmp(bytes + at, "huge.png", 8) != 0; at--)
        ;
    memset(bytes + at - 46 + 24, 0x7f, 4); /* the directory claims 2 GB */
    put_bytes(root, "q.zip", bytes, length);

    ds = open_with(path_in(root, "q.zip"), 1);
    assert_int_equal(lim_dataset_count(ds), 1);
    expect_reason(ds, "../climbs.png", "leads out of the archive");
    expect_reason(ds, "broken.png", "damaged entry");
    expect_reason(ds, "huge.png", "larger than 256 MiB");
    expect_reason(ds, "secret.png", "encrypted");
    lim_dataset_destroy(ds);
    put_bytes(root, "half.zip", bytes, length / 2);
    expect_refused(path_in(root, "half.zip"), "cannot be read");
    free(bytes);
    free(picture);
}

static void test_pngsuite(void **state)
{
    const char *path = getenv("LIMNER_TEST_PNGSUITE");
    const struct lim_skipped *list;
    struct lim_dataset *ds;

    (void)state;
    if (!path)
        skip();
    ds = open_with(path, 2);
    assert_int_equal(lim_dataset_count(ds), 161);
    assert_int_equal(lim_dataset_skipped(ds, &list), 14);
    for (int i = 0; i < 14; i++) {
        assert_int_equal(strrchr(list[i].path, '/')[1], 'x'); /* the broken ones */
        assert_true(strlen(list[i].reason) > 0);
    }
    lim_dataset_destroy(ds);
}
#else
static void test_without_zip(void **state)
{
    (void)state;
    put_bytes(root, "a.zip", "PK\3\4", 4);
    expect_refused(path_in(root, "a.zip"), "built without .zip");
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A run of limner 0.1.0 goes on with the pictures that it knows by this number, and holds out the
 * same.
 */
static void test_identities_are_kept(void **state)
{
    static const uint8_t first_bytes[] = {232, 127, 26, 177, 2, 77, 87, 238, 19, 217, 176};
    struct lim_dataset_config config = {
        .size = SIZE, .channels = 3, .threads = 1, .holdout = 0.25, .limit = 32};
    enum lim_status why = LIM_ERROR;
    struct lim_dataset *ds;

    (void)state;
    put_many(40);
    ds = lim_dataset_open(root, &config, &why);
    assert_non_null(ds);
    assert_true(lim_dataset_fingerprint(ds) == 0x5bf1c369117f6705u);
    assert_int_equal(lim_dataset_held_out(ds), sizeof first_bytes);
    for (int i = 0; i < (int)sizeof first_bytes; i++)
        assert_int_equal(lim_dataset_held_out_picture(ds, i)[0], first_bytes[i]);
    lim_dataset_destroy(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_messy_folder),
        TEST(test_links),
        TEST(test_unreadable),
        TEST(test_refusals),
        TEST(test_order_and_threads),
        TEST(test_stopping),
        TEST(test_identities_are_kept),
#ifdef LIM_HAVE_ZIP
        TEST(test_zip_is_like_a_folder),
        TEST(test_zip_damage),
        TEST(test_pngsuite),
#else
        TEST(test_without_zip),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
