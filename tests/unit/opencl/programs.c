/* The cache of compiled programs: what is damaged, foreign, full, read-only, raced for, or deadly.
 * usage: test_programs FOLDER. Exit code 77 where there is no OpenCL device for the last test. */
#include "opencl/backend.h"
#include "opencl/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

static char base[1024], *folder;
static const char payload[] = "a compiled program";

/* A folder of its own for each test. */
static int make(void **state)
{
    static int number;
    char path[1100];

    (void)state;
    snprintf(path, sizeof path, "%s/%ld-%d", base, (long)getpid(), number++);
    folder = ocl_cache_folder(path);
    return folder ? 0 : -1;
}

static int give_back(void **state)
{
    (void)state;
    free(folder);
    return 0;
}

/* Files whose names end so; the path of the last in `path`. */
static int files(const char *end, char *path, size_t size)
{
    DIR *dir = opendir(folder);
    struct dirent *next;
    int count = 0;

    assert_non_null(dir);
    while ((next = readdir(dir)) != NULL) {
        size_t length = strlen(next->d_name), tail = strlen(end);

        if (*next->d_name == '.' || length < tail || strcmp(next->d_name + length - tail, end) != 0)
            continue;
        if (path)
            snprintf(path, size, "%s/%s", folder, next->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

static void keep(const char *key)
{
    ocl_cache_write(folder, "conv", key, payload, sizeof payload, OCL_CACHE_CAP);
}

static bool is_there(const char *key)
{
    size_t size = 0;
    void *got = ocl_cache_read(folder, "conv", key, &size);
    bool right = got && size == sizeof payload && memcmp(got, payload, size) == 0;

    assert_true(!got || right); /* what is given is what was kept, or nothing */
    free(got);
    ocl_cache_good(folder, "conv", key);
    return right;
}

static size_t load_bytes(const char *path, unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static void store_bytes(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void is_found_under_its_key_alone(void **state)
{
    size_t size;

    (void)state;
    assert_false(is_there("key"));
    keep("key");
    assert_true(is_there("key"));
    assert_false(is_there("Key"));
    assert_null(ocl_cache_read(folder, "gemm", "key", &size));
    assert_int_equal(files("", NULL, 0), 1);
}

/* For any changed length of a file, and any flipped bit. */
static void damage_is_refused_and_removed(void **state)
{
    unsigned char file[512], hurt[513];
    char path[2048];
    size_t size;

    (void)state;
    keep("key");
    assert_int_equal(files(".bin", path, sizeof path), 1);
    size = load_bytes(path, file, sizeof file);
    assert_true(size > sizeof payload && size < sizeof file);
    for (size_t length = 0; length <= size + 1; length++) {
        memcpy(hurt, file, size);
        hurt[size] = 0;
        store_bytes(path, hurt, length);
        assert_int_equal(is_there("key"), length == size);
        assert_int_equal(access(path, F_OK) == 0, length == size);
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(hurt, file, size);
        hurt[i] ^= (unsigned char)(1u << i % 8);
        store_bytes(path, hurt, size);
        assert_false(is_there("key"));
        assert_int_not_equal(access(path, F_OK), 0);
    }
    keep("key");
    assert_true(is_there("key"));
}

/* Sizes that are none of this file, under a digest that fits: as cache.c lays them out. */
static void forged_sizes_are_refused(void **state)
{
    enum { KEY_SIZE = 8, PAYLOAD_SIZE = 16, KEY_HASH = 24, PAYLOAD_HASH = 32, DIGEST = 40 };
    static const size_t places[] = {KEY_SIZE, PAYLOAD_SIZE, KEY_HASH, PAYLOAD_HASH};
    const uint64_t all = UINT64_MAX;
    unsigned char file[512], forged[512];
    char path[2048];
    size_t size;

    (void)state;
    keep("key");
    assert_int_equal(files(".bin", path, sizeof path), 1);
    size = load_bytes(path, file, sizeof file);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint64_t was;

        memcpy(&was, file + places[i], sizeof was);
        for (int v = 0; v < 10; v++) {
            const uint64_t values[] = {0,        1,        was + 1,       was - 1,    size,
                                       1u << 31, all >> 1, all - was + 1, all - size, all};
            uint64_t digest;

            memcpy(forged, file, size);
            memcpy(forged + places[i], &values[v], sizeof values[v]);
            digest = XXH3_64bits(forged, DIGEST);
            memcpy(forged + DIGEST, &digest, sizeof digest);
            store_bytes(path, forged, size);
            assert_int_equal(is_there("key"), values[v] == was);
        }
    }
    keep("key");
    assert_true(is_there("key"));
}

/* Another program's file in the place of this one. */
static void foreign_files_are_refused(void **state)
{
    char ours[2048], other[2080];

    (void)state;
    keep("one");
    assert_int_equal(files(".bin", ours, sizeof ours), 1);
    snprintf(other, sizeof other, "%s.moved", ours);
    assert_int_equal(rename(ours, other), 0);
    keep("two");
    assert_int_equal(files(".bin", ours, sizeof ours), 1);
    assert_int_equal(rename(other, ours), 0);
    assert_false(is_there("two"));
    assert_int_equal(mkdir(ours, 0777), 0);
    assert_false(is_there("two"));
    keep("two");
    assert_false(is_there("two"));
    assert_int_equal(rmdir(ours), 0);
    assert_int_equal(mkfifo(ours, 0666), 0); /* to read it would wait for ever */
    assert_false(is_there("two"));
}

static void wait_for_all(int count)
{
    for (int i = 0; i < count; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* Eight processes that write, read and remove the same two entries. */
static void processes_may_race(void **state)
{
    (void)state;
    for (int process = 0; process < 8; process++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child > 0)
            continue;
        for (int i = 0; i < 200; i++) {
            const char *key = (process + i) % 2 ? "one" : "two";
            size_t size = sizeof payload;
            void *got;

            keep(key);
            got = ocl_cache_read(folder, "conv", key, &size);
            if (size != sizeof payload || (got && memcmp(got, payload, size) != 0))
                _exit(1);
            free(got);
            ocl_cache_good(folder, "conv", key);
            if (i % 50 == 49)
                ocl_cache_drop(folder, "conv", key);
        }
        _exit(0);
    }
    wait_for_all(8);
    keep("one");
    assert_true(is_there("one"));
    assert_int_equal(files(".bin", NULL, 0), files("", NULL, 0)); /* nothing half-written is left */
}

/* A process died between loading a program and its first use: nobody loads it again. */
static void a_deadly_file_kills_once(void **state)
{
    pid_t child;

    (void)state;
    keep("key");
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        size_t size;

        _exit(ocl_cache_read(folder, "conv", "key", &size) ? 0 : 1);
    }
    wait_for_all(1);
    assert_int_equal(files(".loading", NULL, 0), 1);
    assert_false(is_there("key"));
    assert_int_equal(files("", NULL, 0), 0);
    keep("key");
    assert_true(is_there("key"));
}

/* The oldest go; files of other kinds stay. */
static void the_folder_stays_small(void **state)
{
    char path[2048];
    struct timespec old[2] = {{1000, 0}, {1000, 0}};

    (void)state;
    keep("old");
    assert_int_equal(files(".bin", path, sizeof path), 1);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    snprintf(path, sizeof path, "%s/note.txt", folder);
    store_bytes(path, (const unsigned char *)payload, sizeof payload);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    keep("new");
    ocl_cache_write(folder, "conv", "newest", payload, sizeof payload, 200);
    assert_false(is_there("old"));
    assert_true(is_there("newest"));
    assert_int_equal(access(path, F_OK), 0);
}

static void homes_that_cannot_be_written(void **state)
{
    char path[2048];

    (void)state;
    keep("key");
    assert_int_equal(files(".bin", path, sizeof path), 1);
    assert_null(ocl_cache_folder(path)); /* a file is no folder */
    assert_null(ocl_cache_folder("off"));
    assert_null(ocl_cache_folder(""));
    ocl_cache_write("/nonexistent/folder", "conv", "key", payload, sizeof payload, 1000);
    if (geteuid() == 0)
        return; /* who may write anywhere */
    assert_int_equal(chmod(folder, 0555), 0);
    keep("other");
    assert_false(is_there("other"));
    assert_true(is_there("key"));
    assert_int_equal(chmod(folder, 0777), 0);
}

static bool no_device;

/* Opens a device with the folder as its cache; how many of its programs came from there. */
static int open_device(void)
{
    char top[2048];
    struct lim_device_choice choice = {.device = "opencl", .cache_dir = top};
    struct lim_conv five = {.n = 1,
                            .h = 8,
                            .w = 8,
                            .c = 16,
                            .k = 16,
                            .r = 5,
                            .s = 5,
                            .stride = 2,
                            .pad_top = 1,
                            .pad_left = 1,
                            .pad_bottom = 2,
                            .pad_right = 2};
    struct lim_backend *be;
    int loaded = 0;

    snprintf(top, sizeof top, "%s", folder);
    *strrchr(top, '/') = '\0'; /* without "programs" */
    be = lim_backend_create(&choice, NULL);
    assert_non_null(be);
    /* A family that is not built before something asks for it. */
    assert_true(lim_conv_init(&five) && lim_conv_reserve(be, &five));
    for (int family = 0; family < OCL_FAMILIES; family++)
        loaded += ((struct ocl_backend *)be)->from_cache[family];
    lim_backend_destroy(be);
    return loaded;
}

static void a_device_starts_from_it(void **state)
{
    struct lim_device_info *list = NULL;
    const char *why;
    char path[2048];
    int loaded;

    (void)state;
    no_device = lim_device_list(&list, &why) == 0 || list[0].device < 0;
    lim_device_list_free(list);
    if (no_device)
        skip();
    assert_int_equal(open_device(), 0);
    loaded = open_device();
    /* Drivers may give no binaries; what they have given is loaded. */
    assert_int_equal(loaded, files(".bin", NULL, 0));
    assert_int_equal(files(".loading", NULL, 0), 0);
    if (loaded == 0)
        return;
    files(".bin", path, sizeof path);
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(open_device(), loaded - 1);
    assert_int_equal(open_device(), loaded);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, give_back)
    const struct CMUnitTest tests[] = {
        TEST(is_found_under_its_key_alone), TEST(damage_is_refused_and_removed),
        TEST(forged_sizes_are_refused),     TEST(foreign_files_are_refused),
        TEST(processes_may_race),           TEST(a_deadly_file_kills_once),
        TEST(the_folder_stays_small),       TEST(homes_that_cannot_be_written),
        TEST(a_device_starts_from_it),
    };
    int failed;

    if (argc != 2)
        return 2;
    snprintf(base, sizeof base, "%s", argv[1]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed ? failed : no_device ? 77 : 0;
}
