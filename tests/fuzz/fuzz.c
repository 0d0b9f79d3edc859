/* nftw */
#define _XOPEN_SOURCE 700

#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[512], path[1024];

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: expected: %s\n", file, line, what);
    abort();
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
