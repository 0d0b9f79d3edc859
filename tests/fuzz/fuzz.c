/* nftw */
#define _XOPEN_SOURCE 700

#include "fuzz.h"
#include "io/hash.h"

#include <ftw.h>
#include <inttypes.h>
#include <limner/log.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static char folder[512], path[1024];

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: expected: %s\n", file, line, what);
    abort();
}

/* Whatever an input holds, what is said of it is one line that no terminal obeys. */
static void check_line(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    FUZZ_EXPECT(*message);
    for (const unsigned char *at = (const unsigned char *)message; *at; at++)
        FUZZ_EXPECT(*at >= 0x20 && *at != 0x7f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    lim_log_set(check_line, NULL, LIM_LOG_DEBUG);
    return 0;
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(name);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    if (!*folder) {
        /* In memory where there is such a place: every input is written to a file. */
        snprintf(folder, sizeof folder, "%s/limner-fuzz-XXXXXX",
                 tmp && *tmp                     ? tmp
                 : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                 : "/tmp");
        FUZZ_EXPECT(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    return folder;
}

void fuzz_clear(void)
{
    remove_folder();
    FUZZ_EXPECT(mkdir(folder, 0700) == 0);
}

const char *fuzz_path(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

const char *fuzz_put(const char *name, const uint8_t *data, size_t size)
{
    FILE *file = fopen(fuzz_path(name), "wb");

    FUZZ_EXPECT(file && fwrite(data, 1, size, file) == size);
    FUZZ_EXPECT(fclose(file) == 0);
    return path;
}

unsigned fuzz_choice(const uint8_t *data, size_t size)
{
    unsigned choice = 0;

    for (size_t i = 0; i < size; i++)
        choice = choice * 31 + data[i];
    return choice;
}

void fuzz_mend_digits(uint8_t *data, size_t size, size_t from, const char *mark)
{
    size_t length = strlen(mark);
    char digits[17];
    bool xxh3;

    for (size_t i = from; i + length + 16 <= size; i++) {
        if (memcmp(data + i, mark, length) != 0)
            continue;
        i += length;
        xxh3 = i + 5 + 16 <= size && memcmp(data + i, "xxh3-", 5) == 0;
        i += xxh3 ? 5 : 0;
        memset(data + i, '0', 16);
        snprintf(digits, sizeof digits, "%016" PRIx64,
                 xxh3 ? XXH3_64bits(data + from, size - from)
                      : lim_hash(LIM_HASH_START, data + from, size - from));
        memcpy(data + i, digits, 16);
        return;
    }
}
