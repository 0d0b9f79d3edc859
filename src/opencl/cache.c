#include "opencl/cache.h"

#include "base/cache_folder.h"
#include "base/file_time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { PATH = 4096, LONGEST_KEY = 1 << 16 };

#define TEMPORARY "writing-" /* the start of the name of a file that is being written */

static const char magic[8] = "limprog2";

/* XXH3_64bits detects accidents, not attacks: whoever can write here could replace the program. */
struct header {
    char magic[8];
    uint64_t key_size, payload_size, key_hash, payload_hash;
    uint64_t hash; /* of the bytes before it */
};

static bool path_of(char *path, const char *folder, const char *family, const char *key,
                    const char *end)
{
    int n = snprintf(path, PATH, "%s/%s-%016llx%s", folder, family,
                     (unsigned long long)XXH3_64bits(key, strlen(key)), end);

    return n > 0 && n < PATH;
}

char *ocl_cache_folder(const char *wanted)
{
    return lim_cache_folder(wanted, "programs");
}

/* Reads a whole regular file; NULL if that fails. The caller frees the result. */
static unsigned char *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    unsigned char *bytes = NULL;
    struct stat st;

    *size = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= OCL_CACHE_CAP)
        bytes = malloc((size_t)st.st_size + 1);
    while (bytes && *size < (size_t)st.st_size) {
        ssize_t n = read(fd, bytes + *size, (size_t)st.st_size - *size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        *size += (size_t)n;
    }
    close(fd);
    return bytes;
}

/* Is it what ocl_cache_write wrote under this key? */
static bool whole(const unsigned char *file, size_t size, const char *key, struct header *h)
{
    size_t key_size = strlen(key);

    if (size < sizeof *h)
        return false;
    memcpy(h, file, sizeof *h);
    if (memcmp(h->magic, magic, sizeof magic) != 0 ||
        h->hash != XXH3_64bits(h, offsetof(struct header, hash)) || h->key_size != key_size ||
        h->payload_size == 0 || h->payload_size > size ||
        sizeof *h + key_size + h->payload_size != size)
        return false;
    return h->key_hash == XXH3_64bits(file + sizeof *h, key_size) &&
           memcmp(file + sizeof *h, key, key_size) == 0 &&
           h->payload_hash == XXH3_64bits(file + sizeof *h + key_size, (size_t)h->payload_size);
}

/* Has the process that left the mark died? One that is alive may be loading just now. */
static bool left_by_the_dead(const char *mark)
{
    size_t size;
    unsigned char *text = read_file(mark, &size);
    long pid;

    if (!text)
        return false;
    text[size] = '\0';
    pid = strtol((char *)text, NULL, 10);
    free(text);
    return pid <= 0 || (pid != (long)getpid() && kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

static void leave_mark(const char *mark)
{
    int fd = open(mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return;
    dprintf(fd, "%ld", (long)getpid());
    close(fd);
}

void *ocl_cache_read(const char *folder, const char *family, const char *key, size_t *size)
{
    char path[PATH], mark[PATH];
    struct header h;
    unsigned char *file;
    size_t file_size;

    if (!path_of(path, folder, family, key, ".bin") ||
        !path_of(mark, folder, family, key, ".loading"))
        return NULL;
    if (left_by_the_dead(mark)) {
        ocl_cache_drop(folder, family, key);
        return NULL;
    }
    file = read_file(path, &file_size);
    if (!file)
        return NULL;
    if (!whole(file, file_size, key, &h)) {
        unlink(path);
        free(file);
        return NULL;
    }
    leave_mark(mark);
    *size = (size_t)h.payload_size;
    memmove(file, file + sizeof h + h.key_size, *size);
    return file;
}

void ocl_cache_good(const char *folder, const char *family, const char *key)
{
    char mark[PATH];

    if (path_of(mark, folder, family, key, ".loading"))
        unlink(mark);
}

void ocl_cache_drop(const char *folder, const char *family, const char *key)
{
    char path[PATH];

    if (path_of(path, folder, family, key, ".bin"))
        unlink(path);
    ocl_cache_good(folder, family, key);
}

bool ocl_write_all(int fd, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

struct entry {
    char *name;
    struct timespec time;
    size_t size;
};

static int oldest_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->time,
                          *y = &((const struct entry *)b)->time;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Files of ours, including those that killed writers left; no other files. */
static bool is_ours(const char *name)
{
    size_t length = strlen(name);

    return (length > 4 && strcmp(name + length - 4, ".bin") == 0) ||
           strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0;
}

static void trim(const char *folder, size_t cap)
{
    DIR *dir = opendir(folder);
    struct entry *list = NULL;
    size_t count = 0, room = 0, total = 0;
    struct dirent *next;
    struct stat st;

    while (dir && (next = readdir(dir)) != NULL) {
        if (!is_ours(next->d_name) || fstatat(dirfd(dir), next->d_name, &st, 0) != 0)
            continue;
        if (count == room) {
            struct entry *more = realloc(list, (room = 2 * room + 16) * sizeof *list);

            if (!more)
                break;
            list = more;
        }
        list[count] = (struct entry){strdup(next->d_name), lim_file_time(&st), (size_t)st.st_size};
        total += list[count++].size;
    }
    if (count > 0)
        qsort(list, count, sizeof *list, oldest_first);
    for (size_t i = 0; i < count; i++) {
        if (total > cap && list[i].name && unlinkat(dirfd(dir), list[i].name, 0) == 0)
            total -= list[i].size;
        free(list[i].name);
    }
    free(list);
    if (dir)
        closedir(dir);
}

void ocl_cache_write(const char *folder, const char *family, const char *key, const void *payload,
                     size_t size, size_t cap)
{
    struct header h = {.key_size = strlen(key), .payload_size = size};
    char path[PATH], temporary[PATH];
    bool good;
    int fd;

    if (size == 0 || h.key_size > LONGEST_KEY || sizeof h + h.key_size + size > OCL_CACHE_CAP ||
        !path_of(path, folder, family, key, ".bin") ||
        snprintf(temporary, PATH, "%s/" TEMPORARY "XXXXXX", folder) >= PATH)
        return;
    memcpy(h.magic, magic, sizeof magic);
    h.key_hash = XXH3_64bits(key, strlen(key));
    h.payload_hash = XXH3_64bits(payload, size);
    h.hash = XXH3_64bits(&h, offsetof(struct header, hash));
    fd = mkstemp(temporary);
    if (fd < 0)
        return;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    good = ocl_write_all(fd, &h, sizeof h) && ocl_write_all(fd, key, strlen(key)) &&
           ocl_write_all(fd, payload, size);
    if (close(fd) != 0 || !good || rename(temporary, path) != 0)
        unlink(temporary);
    else
        trim(folder, cap);
}
