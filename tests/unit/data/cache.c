/* The cache of prepared pictures: when it is reused, and when not. */
#include "data/digest.h"
#include "data/result.h"
#include "support/check.h"
#include "support/pictures.h"

#include <fcntl.h>
#include <limner/dataset.h>
#include <limner/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZE 8
#define BYTES (SIZE * SIZE * 3)

static char *root;
static char said[4096]; /* all that was logged since the last opening */
static char cache[512];
static struct lim_dataset_config config;

static void on_log(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", message);
}

static int set_up(void **state)
{
    (void)state;
    root = folder_make();
    make_folder(root, "in");
    snprintf(cache, sizeof cache, "%s", path_in(root, "new/deep/a.cache"));
    config =
        (struct lim_dataset_config){.size = SIZE, .channels = 3, .threads = 2, .cache_file = cache};
    lim_log_set(on_log, NULL, LIM_LOG_INFO);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(root);
    lim_log_set(NULL, NULL, LIM_LOG_INFO);
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
    struct lim_dataset *ds;

    said[0] = 0;
    ds = lim_dataset_open(path_in(root, "in"), &config, NULL);
    assert_non_null(ds);
    return ds;
}

static void assert_same(const struct lim_dataset *a, const struct lim_dataset *b)
{
    const struct lim_skipped *skipped[2];

    assert_int_equal(lim_dataset_count(a), lim_dataset_count(b));
    assert_int_equal(lim_dataset_ignored(a), lim_dataset_ignored(b));
    assert_int_equal(lim_dataset_unseen(a), lim_dataset_unseen(b));
    assert_true(lim_dataset_fingerprint(a) == lim_dataset_fingerprint(b));
    for (int i = 0; i < lim_dataset_count(a); i++)
        assert_memory_equal(lim_dataset_picture(a, i), lim_dataset_picture(b, i), BYTES);
    assert_int_equal(lim_dataset_skipped(a, &skipped[0]), lim_dataset_skipped(b, &skipped[1]));
    for (int i = 0; i < lim_dataset_skipped(a, NULL); i++) {
        assert_string_equal(skipped[0][i].path, skipped[1][i].path);
        assert_string_equal(skipped[0][i].reason, skipped[1][i].reason);
    }
}

/* Opens twice, through the file and in memory: whatever stood in the file, both must agree. */
static void expect(const char *words)
{
    const char *file = config.cache_file;
    struct lim_dataset *cached = open_in(), *plain;

    if (words && !strstr(said, words))
        fail_msg("not '%s' but '%s'", words, said);
    else if (words)
        ;
    else
        assert_string_equal(said, "");
    assert_int_equal(access(file, F_OK), 0);
    config.cache_file = NULL;
    plain = open_in();
    config.cache_file = file;
    assert_same(cached, plain);
    lim_dataset_destroy(cached);
    lim_dataset_destroy(plain);
}

static void test_found_again(void **state)
{
    (void)state;
    put_many(0, 20);
    put_bytes(root, "in/broken.png", "\x89PNG\r\n\x1a\n", 8);
    put_text(root, "in/odd.jpg", "<html>");
    put_text(root, "in/notes.txt", "not a picture");
    expect(NULL);
    expect("prepared from");
    config.mirror = true; /* of batches, not of pictures */
    config.threads = 1;
    expect("prepared from");
}

/* Each change of files or settings is noticed; the file is then of the new ones. */
static void test_stale(void **state)
{
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    (void)state;
    put_many(0, 20);
    expect(NULL);
    put_many(20, 1);
    expect("other pictures or settings");
    expect("prepared from");
    assert_int_equal(unlink(path_in(root, "in/003.png")), 0);
    expect("other pictures or settings");
    put_noise(root, "in/004.png", SIZE, SIZE, 400);
    expect("other pictures or settings");
    assert_int_equal(utimensat(AT_FDCWD, path_in(root, "in/005.png"), times, 0), 0);
    expect("other pictures or settings");
    assert_int_equal(rename(path_in(root, "in/005.png"), path_in(root, "in/5.png")), 0);
    expect("other pictures or settings");
    config.crop = LIM_CROP_TOP;
    expect("other pictures or settings");
    config.background = LIM_RGB(0, 0, 0);
    expect("other pictures or settings");
    config.limit = 7;
    expect("other pictures or settings");
    config.limit = 8;
    expect("other pictures or settings");
    config.limit = 0;
    expect("other pictures or settings");
    expect("prepared from");
}

/* Any changed byte, or a missing end: the pictures are prepared again. */
static void test_damaged(void **state)
{
    uint8_t *whole, *bytes;
    size_t size;

    (void)state;
    put_many(0, 20);
    config.threads = 1; /* one after another, so that no slot stays empty */
    put_bytes(root, "in/000 broken.png", "\x89PNG\r\n\x1a\n", 8);
    expect(NULL);
    whole = get_bytes(root, "new/deep/a.cache", &size);
    bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t at = 0; at < size; at += at < 88 ? 1 : at < 4096 ? 4096 - at : 487) {
        memcpy(bytes, whole, size);
        bytes[at] ^= 0x40;
        put_bytes(root, "new/deep/a.cache", bytes, size);
        if (at < 88 || at >= 4096) { /* between them: nothing */
            expect("preparing the pictures again");
            expect("prepared from");
        }
    }
    for (size_t cut = 0; cut < size; cut += 1 + size / 9) {
        put_bytes(root, "new/deep/a.cache", whole, cut);
        expect("preparing the pictures again");
    }
    put_text(root, "new/deep/a.cache", "something else");
    expect("preparing the pictures again");
    free(bytes);
    free(whole);
}

/* Places in a file, as cache.c lays it out. */
enum { FORMAT = 16, KEY = 24, TABLE_AT = 56, TABLE_SIZE = 64, TABLE_DIGEST = 72, DIGEST = 80 };

/* Writes a file with `value` (4 or 8 bytes) at `place`, of the header or (in_table) of the first
 * result, under digests that fit; expects that it is prepared again, for that reason. */
static void forge(bool in_table, size_t place, uint64_t value, size_t value_size, const char *why)
{
    uint64_t at, table_size, digest;
    size_t size;
    uint8_t *bytes;

    unlink(config.cache_file);
    expect(NULL);
    bytes = get_bytes(root, "new/deep/a.cache", &size);
    memcpy(&at, bytes + TABLE_AT, sizeof at);
    memcpy(&table_size, bytes + TABLE_SIZE, sizeof table_size);
    memcpy(bytes + (in_table ? at : 0) + place, &value, value_size);
    if (in_table) {
        digest = digest_bytes(bytes + at, table_size);
        memcpy(bytes + TABLE_DIGEST, &digest, sizeof digest);
    }
    digest = digest_bytes(bytes, DIGEST);
    memcpy(bytes + DIGEST, &digest, sizeof digest);
    put_bytes(root, "new/deep/a.cache", bytes, size);
    free(bytes);
    expect(why);
}

/* Invalid numbers are refused although the digests agree: anyone who can write the file can forge
 * them. */
static void test_forged(void **state)
{
    static const size_t fields[] = {
        offsetof(struct data_result, slot),         offsetof(struct data_result, what),
        offsetof(struct data_result, facts.format), offsetof(struct data_result, facts.width),
        offsetof(struct data_result, facts.height), offsetof(struct data_result, facts.flags)};
    static const uint64_t values[] = {0, 7, 1u << 31, 1ull << 44, UINT64_MAX >> 1, UINT64_MAX};

    (void)state;
    put_many(0, 3);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        forge(true, fields[i], 0xffffffff, 4, "its table is damaged");
    forge(true, offsetof(struct data_result, facts.width), 0, 4, "its table is damaged");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t place = FORMAT; place < KEY; place += 4)
            forge(false, place, values[i], 4, "preparing the pictures again");
        for (size_t place = KEY; place < DIGEST; place += 8)
            forge(false, place, values[i], 8, "preparing the pictures again");
    }
}

static bool stop_late(void *user, int done, int total)
{
    (void)user;
    return done < total;
}

/* An unfinished cache leaves nothing behind, folders included. */
static void test_unfinished(void **state)
{
    enum lim_status why = LIM_OK;
    struct stat st;

    (void)state;
    put_many(0, 3);
    config.progress = stop_late;
    assert_null(lim_dataset_open(path_in(root, "in"), &config, &why));
    assert_int_equal(why, LIM_INTERRUPTED);
    assert_int_equal(stat(path_in(root, "new/deep"), &st), -1);
    config.progress = NULL;
    folder_remove(strdup(path_in(root, "in")));
    make_folder(root, "in");
    put_text(root, "in/a.png", "no");
    assert_null(lim_dataset_open(path_in(root, "in"), &config, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_int_equal(stat(path_in(root, "new/deep"), &st), -1);
}

/* Linux counts memory against this limit, but not mapped files; a sanitizer needs more of it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#if defined(__linux__) && !defined(SANITIZED)
#define LARGE 256

static int open_with_little_memory(const char *path)
{
    const struct rlimit limit = {32u << 20, 32u << 20};
    struct lim_dataset *ds;
    uint8_t *batch = malloc(4 * LARGE * LARGE * 3);
    int count;

    if (!batch || setrlimit(RLIMIT_DATA, &limit) != 0)
        return 1;
    ds = lim_dataset_open(path, &config, NULL);
    if (!ds)
        return strstr(said, "memory") ? 2 : 3;
    count = lim_dataset_count(ds);
    for (uint64_t step = 0; step < (uint64_t)count / 4; step++)
        lim_dataset_batch(ds, 1, step, 4, batch);
    lim_dataset_destroy(ds);
    free(batch);
    return count == 300 ? 0 : 4;
}

/* 59 MB of pixels where there are 32 MB of memory: only through the file, both times. */
static void test_larger_than_memory(void **state)
{
    static const int wanted[] = {2, 0, 0};

    (void)state;
    put_many(0, 300);
    config.size = LARGE;
    config.threads = 1;
    for (int i = 0; i < 3; i++) {
        int status = 0;
        pid_t child;

        config.cache_file = i ? cache : NULL;
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(open_with_little_memory(path_in(root, "in")));
        assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), wanted[i]);
    }
}
#endif

/* A writer that was killed leaves a file behind, which the next one takes away; one that is alive
 * keeps its own. */
static void test_left_behind(void **state)
{
    char mine[600];
    pid_t child;

    (void)state;
    put_many(0, 3);
    make_folder(root, "new");
    make_folder(root, "new/deep");
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(0);
    assert_true(waitpid(child, NULL, 0) == child);
    snprintf(mine, sizeof mine, "new/deep/a.cache.%ld-0.tmp", (long)child);
    put_text(root, mine, "half");
    put_text(root, "new/deep/b.cache.1-0.tmp", "of another");
    put_text(root, "new/deep/a.cache.1-0.tmp", "of a process that lives");
    put_text(root, "new/deep/a.cache.tmp", "of a user");
    expect(NULL);
    assert_int_equal(access(path_in(root, mine), F_OK), -1);
    assert_int_equal(access(path_in(root, "new/deep/b.cache.1-0.tmp"), F_OK), 0);
    assert_int_equal(access(path_in(root, "new/deep/a.cache.1-0.tmp"), F_OK), 0);
    assert_int_equal(access(path_in(root, "new/deep/a.cache.tmp"), F_OK), 0);
}

/* A folder of caches has one for each set of settings; an impossible place is an error. */
static void test_folder(void **state)
{
    char folder[512];
    enum lim_status why = LIM_OK;

    (void)state;
    put_many(0, 5);
    snprintf(folder, sizeof folder, "%s", path_in(root, "caches"));
    config.cache_file = NULL;
    config.cache_dir = folder;
    lim_dataset_destroy(open_in());
    assert_string_equal(said, "");
    config.channels = 1;
    lim_dataset_destroy(open_in());
    assert_string_equal(said, "");
    config.channels = 3;
    lim_dataset_destroy(open_in());
    assert_non_null(strstr(said, "caches/in-"));
    put_text(root, "file", "in the way");
    snprintf(folder, sizeof folder, "%s", path_in(root, "file"));
    said[0] = 0;
    assert_null(lim_dataset_open(path_in(root, "in"), &config, &why));
    assert_int_equal(why, LIM_ERROR);
    assert_ptr_equal(strchr(said, '\n') + 1, said + strlen(said)); /* one line */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found_again),
        TEST(test_stale),
        TEST(test_damaged),
        TEST(test_forged),
        TEST(test_unfinished),
#if defined(__linux__) && !defined(SANITIZED)
        TEST(test_larger_than_memory),
#endif
        TEST(test_left_behind),
        TEST(test_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
