#include "data/cache.h"

#include "base/log.h"
#include "data/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Raise this whenever a decoder, the resizer, the pHash or this file begins to give other bytes. */
#define FORMAT 3
#define SLOTS_AT 4096 /* a page, so that pictures begin at one */

/* Bytes of pixels that are checked when a file is loaded: all, or, spread over larger files, as
 * many as can be read in a second or two. */
#define LOOKED_AT ((size_t)4 << 30)

static const char magic[16] = "limner pictures";

/* In this machine's byte order: in a file of another order FORMAT reads as another number. */
struct header {
    char magic[16];
    uint32_t format, result_size;
    uint64_t key;
    uint64_t files, slots, picture_bytes;
    uint64_t table_at, table_size, table_digest;
    uint64_t digest; /* of all that stands before */
};

uint8_t *data_cache_slot(const struct cache *cache, uint32_t slot)
{
    return cache->slots + slot * cache->picture_bytes;
}

/* Slots are read in random order, so reading ahead around one is not worthwhile. */
static void expect_random(const struct cache *cache)
{
    posix_madvise(cache->map, cache->map_size, POSIX_MADV_RANDOM);
}

void data_cache_want(const struct cache *cache, const uint8_t *slot)
{
    size_t page = SLOTS_AT, start = (size_t)(slot - (const uint8_t *)cache->map) / page * page;

    if (cache->map)
        posix_madvise((uint8_t *)cache->map + start,
                      (size_t)(slot - (const uint8_t *)cache->map) - start + cache->picture_bytes,
                      POSIX_MADV_WILLNEED);
}

static uint64_t header_digest(const struct header *header)
{
    return digest_bytes(header, offsetof(struct header, digest));
}

/* What is wrong with the file, or NULL; *stale if it is whole but of something else. */
static const char *check_header(const struct header *h, size_t file_size, uint64_t key,
                                size_t picture_bytes, const struct data_files *files, bool *stale)
{
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return "it does not begin as one";
    *stale = h->format != FORMAT || h->result_size != sizeof(struct data_result);
    if (*stale)
        return "another version of limner wrote it";
    if (h->digest != header_digest(h))
        return "its header is damaged";
    *stale = h->key != key || h->files != files->count || h->picture_bytes != picture_bytes;
    if (*stale)
        return "it is of other pictures or settings";
    if (h->slots > UINT32_MAX || h->table_at != SLOTS_AT + h->slots * picture_bytes ||
        h->table_size > file_size || h->table_at + h->table_size != file_size)
        return "it is cut short";
    return NULL;
}

/* The numbers that the rest relies on: whoever can write the file can forge its digests. */
static bool is_sound(const struct data_result *result, uint64_t slots)
{
    const struct data_facts *facts = &result->facts;

    return result->what <= PASSED_OVER && facts->format < LIM_FORMATS &&
           facts->flags <= (FACT_GRAY | FACT_ALPHA | FACT_CMYK | FACT_ANIMATED) &&
           facts->width <= INT_MAX && facts->height <= INT_MAX &&
           (result->what != PREPARED ||
            (result->slot < slots && facts->width > 0 && facts->height > 0));
}

/* Reads results and reasons; the digest has shown that the table is as it was written. */
static bool read_table(const uint8_t *table, size_t size, uint64_t slots, struct data_files *files,
                       struct data_result *results)
{
    size_t at = files->count * sizeof *results;

    if (size < at || (size > at && table[size - 1] != 0))
        return false;
    memcpy(results, table, at);
    for (size_t i = 0; i < files->count; i++) {
        struct data_file *file = &files->list[i];

        if (!is_sound(&results[i], slots))
            return false;
        if (results[i].what != SKIPPED || file->reason)
            continue;
        if (at >= size || !(file->reason = strdup((const char *)table + at)))
            return false;
        at += strlen(file->reason) + 1;
    }
    return true;
}

static bool pixels_are_whole(const struct cache *cache, const struct data_files *files,
                             const struct data_result *results)
{
    size_t step = files->count * cache->picture_bytes / LOOKED_AT + 1;

    for (size_t i = 0; i < files->count; i += step)
        if (results[i].what == PREPARED && digest_bytes(data_cache_slot(cache, results[i].slot),
                                                        cache->picture_bytes) != results[i].digest)
            return false;
    return true;
}

/* Drops the reasons that came from a table that turned out to be invalid. */
static void forget(struct data_files *files, struct data_result *results, const bool *listed)
{
    for (size_t i = 0; i < files->count; i++) {
        if (!listed[i]) {
            free(files->list[i].reason);
            files->list[i].reason = NULL;
        }
        results[i] = (struct data_result){0};
    }
}

static const char *load(struct cache *cache, uint64_t key, struct data_files *files,
                        struct data_result *results, bool *stale)
{
    const uint8_t *bytes = cache->map;
    struct header h;
    const char *wrong;

    memcpy(&h, bytes, sizeof h);
    wrong = check_header(&h, cache->map_size, key, cache->picture_bytes, files, stale);
    if (wrong)
        return wrong;
    cache->slots = (uint8_t *)cache->map + SLOTS_AT;
    if (digest_bytes(bytes + h.table_at, h.table_size) != h.table_digest ||
        !read_table(bytes + h.table_at, h.table_size, h.slots, files, results))
        return "its table is damaged";
    if (!pixels_are_whole(cache, files, results))
        return "its pixels are damaged";
    cache->used = (unsigned)h.slots;
    expect_random(cache);
    return NULL;
}

/* Maps the whole file to read. False if it is not there; *wrong if it is, but cannot be mapped. */
static bool map_file(struct cache *cache, const char *file, const char **wrong)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    *wrong = NULL;
    if (fd < 0) {
        *wrong = errno == ENOENT || errno == ENOTDIR ? NULL : strerror(errno);
        return *wrong != NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        *wrong = "it is not a regular file";
    } else if (st.st_size < SLOTS_AT) {
        *wrong = "it is cut short";
    } else {
        cache->map_size = (size_t)st.st_size;
        cache->map = mmap(NULL, cache->map_size, PROT_READ, MAP_SHARED, fd, 0);
        if (cache->map == MAP_FAILED) {
            cache->map = NULL;
            *wrong = strerror(errno);
        }
    }
    close(fd);
    return true;
}

bool data_cache_load(struct cache *cache, const char *file, uint64_t key, size_t picture_bytes,
                     struct data_files *files, struct data_result *results)
{
    bool stale = false, *listed;
    const char *wrong;

    *cache = (struct cache){.picture_bytes = picture_bytes};
    if (!map_file(cache, file, &wrong))
        return false;
    listed = calloc(files->count + 1, sizeof *listed);
    for (size_t i = 0; listed && i < files->count; i++)
        listed[i] = files->list[i].reason != NULL;
    if (!wrong)
        wrong = listed ? load(cache, key, files, results, &stale) : "there is no memory";
    if (!wrong) {
        lim_info("pictures come prepared from %s", file);
    } else {
        if (stale)
            lim_info("%s: %s; preparing the pictures again", file, wrong);
        else
            lim_warning("%s: no good as a cache (%s); preparing the pictures again", file, wrong);
        if (listed)
            forget(files, results, listed);
        data_cache_finish(cache);
    }
    free(listed);
    return !wrong;
}

/* Reserves all of it at once: a mapped file that meets a full disk later kills the process. */
static int reserve(int fd, size_t size)
{
#if defined(_POSIX_ADVISORY_INFO) && _POSIX_ADVISORY_INFO > 0
    int error;

    do
        error = posix_fallocate(fd, 0, (off_t)size);
    while (error == EINTR);
    return error;
#else
    return ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
#endif
}

static bool map_new_file(struct cache *cache, const char *file, size_t size)
{
    int error, fd = cache->file.fd;

    error = reserve(fd, size);
    if (error == 0) {
        cache->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (cache->map != MAP_FAILED) {
            cache->map_size = size;
            cache->slots = (uint8_t *)cache->map + SLOTS_AT;
            return true;
        }
        error = errno;
        cache->map = NULL;
    }
    lim_warning("%s: no room for %zu MB of prepared pictures (%s): they stay in memory", file,
                size / 1000000 + 1, strerror(error));
    lim_file_abort(&cache->file);
    return false;
}

/* Creates the folder of `file`, with those above it. */
static bool make_folder_of(struct cache *cache, const char *file)
{
    char *folder = strdup(file), *slash = folder ? strrchr(folder, '/') : NULL;
    bool made = false, good = folder != NULL;

    if (slash && slash != folder) {
        *slash = 0;
        good = lim_folder_make(folder, &made);
        if (good && made) {
            cache->folder = folder;
            return true;
        }
    } else if (!folder) {
        lim_error("%s: no memory", file);
    }
    free(folder);
    return good;
}

bool data_cache_begin(struct cache *cache, const char *file, size_t slots, size_t picture_bytes)
{
    size_t size;

    *cache = (struct cache){.picture_bytes = picture_bytes};
    if (slots > UINT32_MAX || slots > (SIZE_MAX / 2 - SLOTS_AT) / picture_bytes) {
        lim_error("%zu pictures are too many for this machine", slots);
        return false;
    }
    size = SLOTS_AT + slots * picture_bytes;
    if (file) {
        lim_file_sweep(file);
        if (!make_folder_of(cache, file) || !lim_file_begin(&cache->file, file))
            return false;
        if (map_new_file(cache, file, size))
            return true;
    }
    /* Pages that are never written cost nothing. */
    cache->slots = malloc(size);
    if (!cache->slots)
        lim_error("not enough memory for %zu prepared pictures; a smaller size needs less", slots);
    return cache->slots != NULL;
}

static bool write_table(struct lim_file *file, const struct data_files *files,
                        const struct data_result *results, struct header *h)
{
    size_t size = files->count * sizeof *results, at = size;
    uint8_t *table;
    bool good;

    for (size_t i = 0; i < files->count; i++)
        size += files->list[i].reason ? strlen(files->list[i].reason) + 1 : 0;
    table = malloc(size + 1);
    if (!table)
        return false;
    memcpy(table, results, at);
    for (size_t i = 0; i < files->count; i++) {
        const struct data_file *f = &files->list[i];

        /* The list of files supplies its own reasons again next time. */
        if (results[i].what != SKIPPED || !f->reason)
            continue;
        memcpy(table + at, f->reason, strlen(f->reason) + 1);
        at += strlen(f->reason) + 1;
    }
    h->table_size = at;
    h->table_digest = digest_bytes(table, at);
    good = ftruncate(file->fd, (off_t)h->table_at) == 0 && lim_file_seek(file, h->table_at) &&
           lim_file_write(file, table, at);
    if (!good && !file->error)
        file->error = errno ? errno : EIO;
    free(table);
    return true;
}

bool data_cache_commit(struct cache *cache, uint64_t key, const struct data_files *files,
                       const struct data_result *results)
{
    struct header h = {.format = FORMAT,
                       .result_size = sizeof *results,
                       .key = key,
                       .files = files->count,
                       .slots = cache->used,
                       .picture_bytes = cache->picture_bytes};

    if (!cache->file.path)
        return true;
    memcpy(h.magic, magic, sizeof magic);
    h.table_at = SLOTS_AT + h.slots * h.picture_bytes;
    if (!write_table(&cache->file, files, results, &h)) {
        lim_error("%s: no memory to write it", cache->file.path);
        return false;
    }
    h.digest = header_digest(&h);
    memcpy(cache->map, &h, sizeof h);
    if (!cache->file.error && msync(cache->map, SLOTS_AT + h.slots * h.picture_bytes, MS_SYNC) != 0)
        cache->file.error = errno;
    mprotect(cache->map, cache->map_size, PROT_READ);
    expect_random(cache);
    free(cache->folder);
    cache->folder = NULL;
    return lim_file_commit(&cache->file);
}

void data_cache_finish(struct cache *cache)
{
    if (cache->map)
        munmap(cache->map, cache->map_size);
    else
        free(cache->slots);
    if (cache->file.path)
        lim_file_abort(&cache->file);
    if (cache->folder)
        rmdir(cache->folder);
    free(cache->folder);
    *cache = (struct cache){0};
}
