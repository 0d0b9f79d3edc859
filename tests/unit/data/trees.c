/* Hostile trees and archives: paths beyond the system's length, folders beyond all depth, files
 * that turn into pipes, entries that climb, share a place or grow. */
#define _XOPEN_SOURCE 700

#include "config.h"
#include "data/preprocess.h"
#include "support/check.h"
#include "support/pictures.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 4

static char *root;
static struct data_files files;

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    data_files_finish(&files);
    folder_remove(root);
    return 0;
}

/* The outcome for file i, and the reason in `reason`. */
static enum prepared prepare(struct data_source *source, size_t i, char *reason)
{
    struct preprocessor p = {.source = source, .size = SIZE, .channels = 3};
    uint8_t out[SIZE * SIZE * 3];
    struct data_facts facts = {0};
    enum prepared what;

    assert_non_null(source);
    reason[0] = 0;
    what = data_preprocess_file(&p, &files.list[i], out, reason, &facts);
    data_preprocessor_finish(&p);
    source->destroy(source);
    return what;
}

/* 24 folders of 250 letters in each other: 6000 bytes, where Linux takes 4095 in one call. */
static void test_long_path(void **state)
{
    enum { LEVELS = 24, LETTERS = 250 };
    char name[LETTERS + 1], reason[REASON_SIZE];
    int fds[LEVELS + 1], file;
    uint8_t *bytes;
    size_t size;

    (void)state;
    memset(name, 'n', LETTERS);
    name[LETTERS] = 0;
    put_noise(root, "z.png", 8, 8, 1);
    bytes = get_bytes(root, "z.png", &size);
    fds[0] = open(root, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < LEVELS; i++) {
        assert_int_equal(mkdirat(fds[i], name, 0777), 0);
        fds[i + 1] = openat(fds[i], name, O_RDONLY | O_DIRECTORY);
        assert_true(fds[i + 1] >= 0);
    }
    file = openat(fds[LEVELS], "deep.png", O_WRONLY | O_CREAT, 0666);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    free(bytes);

    assert_true(data_folder_list(root, &files));
    assert_int_equal(files.count, 2);
    assert_null(files.list[0].reason);
    assert_true(strlen(files.list[0].path) > LEVELS * LETTERS);
    assert_int_equal(prepare(data_folder_source_create(), 0, reason), PREPARED);
    unlinkat(fds[LEVELS], "deep.png", 0);
    for (int i = LEVELS; i > 0; i--) {
        close(fds[i]);
        unlinkat(fds[i - 1], name, AT_REMOVEDIR);
    }
    close(fds[0]);
}

static void test_depth(void **state)
{
    enum { LEVELS = 505 };
    int fd = open(root, O_RDONLY | O_DIRECTORY);

    (void)state;
    for (int i = 0; i < LEVELS; i++) {
        int next;

        assert_int_equal(mkdirat(fd, "d", 0777), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    close(fd);
    assert_true(data_folder_list(root, &files));
    assert_int_equal(files.count, 1);
    assert_string_equal(files.list[0].reason, "folder too deep in others");
}

/* Links to folders that lead back, and three hundred folders, each seen once. */
static void test_many_folders(void **state)
{
    char name[32];

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%d", i);
        make_folder(root, name);
        snprintf(name, sizeof name, "%d/up", i);
        assert_int_equal(symlink("../", path_in(root, name)), 0);
        snprintf(name, sizeof name, "%d/a.txt", i);
        put_text(root, name, "words");
    }
    assert_true(data_folder_list(root, &files));
    assert_int_equal(files.count, 300);
}

static void test_changes(void **state)
{
    char reason[REASON_SIZE];

    (void)state;
    put_noise(root, "gone.png", 8, 8, 1);
    put_noise(root, "pipe.png", 8, 8, 2);
    put_noise(root, "shorter.png", 8, 8, 3);
    put_noise(root, "became a folder.png", 8, 8, 4);
    assert_true(data_folder_list(root, &files));
    assert_int_equal(files.count, 4);
    assert_int_equal(unlink(path_in(root, "gone.png")), 0);
    assert_int_equal(unlink(path_in(root, "pipe.png")), 0);
    assert_int_equal(mkfifo(path_in(root, "pipe.png"), 0666), 0);
    assert_int_equal(truncate(path_in(root, "shorter.png"), 60), 0);
    assert_int_equal(unlink(path_in(root, "became a folder.png")), 0);
    make_folder(root, "became a folder.png");
    assert_int_equal(prepare(data_folder_source_create(), 0, reason), SKIPPED);
    assert_string_equal(reason, "is no file any more");
    assert_int_equal(prepare(data_folder_source_create(), 1, reason), SKIPPED);
    assert_non_null(strstr(reason, "cannot be read"));
    assert_int_equal(prepare(data_folder_source_create(), 2, reason), SKIPPED);
    assert_string_equal(reason, "is no file any more");
    assert_int_equal(prepare(data_folder_source_create(), 3, reason), SKIPPED);
    assert_string_equal(reason, "truncated PNG");
}

#ifdef LIM_HAVE_ZIP
#include <zip.h>

static const char *reason_of(const char *path)
{
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.list[i].path, path) == 0)
            return files.list[i].reason ? files.list[i].reason : "none";
    return "not listed";
}

static zip_int64_t add(zip_t *archive, const char *name, const void *bytes, size_t size)
{
    zip_source_t *source = zip_source_buffer(archive, bytes, size, 0);
    zip_int64_t at = zip_file_add(archive, name, source, ZIP_FL_ENC_GUESS);

    assert_true(at >= 0);
    return at;
}

static void test_zip_names(void **state)
{
    static const char *const climbing[] = {"/etc/a.png", "..\\a.png", "a/../../b.png", "C:\\a.png"};
    static const char *const fine[] = {"a..png", "..a/b.png", "a:b.png", "-rf.png",
                                       "new\nline.png"};
    char reason[REASON_SIZE] = "";
    zip_t *archive = zip_open(path_in(root, "a.zip"), ZIP_CREATE, NULL);
    zip_int64_t link;

    (void)state;
    for (size_t i = 0; i < sizeof climbing / sizeof *climbing; i++)
        add(archive, climbing[i], "x", 1);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        add(archive, fine[i], "x", 1);
    link = add(archive, "link.png", "a..png", 6);
    zip_file_set_external_attributes(archive, (zip_uint64_t)link, 0, ZIP_OPSYS_UNIX,
                                     0120777u << 16);
    assert_int_equal(zip_close(archive), 0);

    assert_true(data_zip_list(path_in(root, "a.zip"), ENTRIES_CAP, &files, reason));
    for (size_t i = 0; i < sizeof climbing / sizeof *climbing; i++)
        assert_string_equal(reason_of(climbing[i]), "its name leads out of the archive");
    assert_string_equal(reason_of("a..png"), "none");
    assert_string_equal(reason_of("..a/b.png"), "not listed"); /* hidden, but no climbing */
    assert_string_equal(reason_of("a:b.png"), "none");
    assert_string_equal(reason_of("-rf.png"), "none");
    assert_string_equal(reason_of("new\nline.png"), "none");
    assert_non_null(strstr(reason_of("link.png"), "a link"));
}

static void put_number(uint8_t *out, int bytes, size_t value)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

/* One stored entry of 100 bytes that the directory lists `count` times, by the names given. */
static void put_shared(const char *name, int count, bool same_name)
{
    uint8_t bytes[8192] = "PK\3\4\24", *p = bytes + 30 + 8 + 100, *directory = p;

    put_number(bytes + 18, 4, 100);
    put_number(bytes + 22, 4, 100);
    put_number(bytes + 26, 2, 8);
    memcpy(bytes + 30, "0000.png", 8);
    for (int i = 0; i < count; i++) {
        memcpy(p, "PK\1\2\24\3\24", 7);
        put_number(p + 20, 4, 100);
        put_number(p + 24, 4, 100);
        put_number(p + 28, 2, 8);
        snprintf((char *)p + 46, 16, "%04d.png", same_name ? 0 : i);
        p += 46 + 8;
    }
    memset(p, 0, 22);
    memcpy(p, "PK\5\6", 4);
    put_number(p + 8, 2, (size_t)count);
    put_number(p + 10, 2, (size_t)count);
    put_number(p + 12, 4, (size_t)(p - directory));
    put_number(p + 16, 4, (size_t)(directory - bytes));
    put_bytes(root, name, bytes, (size_t)(p - bytes) + 22);
}

static void test_zip_shared_places(void **state)
{
    char reason[REASON_SIZE] = "";

    (void)state;
    put_shared("one.zip", 1, false);
    assert_true(data_zip_list(path_in(root, "one.zip"), ENTRIES_CAP, &files, reason));
    assert_int_equal(files.count, 1);
    data_files_finish(&files);
    put_shared("many.zip", 3, false);
    assert_false(data_zip_list(path_in(root, "many.zip"), 2, &files, reason));
    assert_string_equal(reason, "it holds 3 entries, and the most is 2");
    put_shared("names.zip", 2, true);
    assert_true(data_zip_list(path_in(root, "names.zip"), ENTRIES_CAP, &files, reason));
    assert_int_equal(files.count, 1); /* the last of one name */
    assert_int_equal(files.list[0].key[0], 1);
    data_files_finish(&files);
    put_shared("bomb.zip", 100, false);
    assert_false(data_zip_list(path_in(root, "bomb.zip"), ENTRIES_CAP, &files, reason));
    assert_non_null(strstr(reason, "its entries overlap"));
}

static void test_zip_growing(void **state)
{
    enum { BOMB = 8 << 20 };
    uint8_t *bytes = calloc(BOMB, 1), *picture;
    char reason[REASON_SIZE] = "";
    struct stat st;
    size_t size;
    zip_t *archive;

    (void)state;
    assert_non_null(bytes);
    put_noise(root, "a.png", 8, 8, 1);
    picture = get_bytes(root, "a.png", &size);
    memcpy(bytes, picture, size);
    archive = zip_open(path_in(root, "a.zip"), ZIP_CREATE, NULL);
    add(archive, "bomb.png", bytes, BOMB);
    add(archive, "fine.png", picture, size);
    assert_int_equal(zip_close(archive), 0);
    assert_int_equal(stat(path_in(root, "a.zip"), &st), 0);
    assert_true(st.st_size < BOMB / 500);
    free(picture);
    free(bytes);

    assert_true(data_zip_list(path_in(root, "a.zip"), ENTRIES_CAP, &files, reason));
    assert_int_equal(prepare(data_zip_source_create(path_in(root, "a.zip")), 0, reason), SKIPPED);
    assert_non_null(strstr(reason, "grows more than a hundredfold"));
    assert_int_equal(prepare(data_zip_source_create(path_in(root, "a.zip")), 1, reason), PREPARED);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_long_path),    TEST(test_depth),
        TEST(test_many_folders), TEST(test_changes),
#ifdef LIM_HAVE_ZIP
        TEST(test_zip_names),    TEST(test_zip_shared_places),
        TEST(test_zip_growing),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
