/* The memory of prepared pictures: slots of one size, in a mapped file that the next training
 * reuses, or in plain memory. The file is written while the pictures are decoded, so that the
 * pixels need never be in memory all at once; it has a temporary name until it is whole.
 *
 *     header, 4096 bytes | slots | a struct data_result for each file | reasons of skipped ones
 *
 * A file is used if its key is the same (names, sizes, times, settings, version of limner) and
 * everything in it agrees with its digests. */
#ifndef LIMNER_SRC_DATA_CACHE_H
#define LIMNER_SRC_DATA_CACHE_H

#include "data/result.h"
#include "data/source.h"
#include "io/file.h"

#include <limner/dataset.h>
#include <stdatomic.h>

struct cache {
    size_t picture_bytes;
    uint8_t *slots;
    void *map; /* of the file; NULL: slots is memory of its own */
    size_t map_size;
    struct lim_file file; /* while it is being written; file.stream NULL else */
    char *folder;         /* made for it, and removed together with an unfinished file */
    atomic_uint used;     /* slots */
    size_t file_size;
};

/* Where the configuration wants the cache of `path`: the caller frees. NULL with *none: nowhere;
 * NULL alone: no memory. */
char *data_cache_place(const char *path, const struct lim_dataset_config *config, bool *none);

/* The pictures' `path` is not part of the key: a folder may be moved. */
uint64_t data_cache_key(const char *path, const struct data_files *files,
                        const struct lim_dataset_config *config);

/* Takes pictures, results[files->count] and reasons from the file. False if there is none to use;
 * one line says why, unless it is not there at all. */
bool data_cache_load(struct cache *cache, const char *file, uint64_t key, size_t picture_bytes,
                     struct data_files *files, struct data_result *results);

/* Makes room for `slots` pictures in `file`, or in memory if that is NULL or has no room (after one
 * warning). False after one log line. data_cache_finish is due in either case. */
bool data_cache_begin(struct cache *cache, const char *file, size_t slots, size_t picture_bytes);

/* The slot of a picture, to be written or read. */
uint8_t *data_cache_slot(const struct cache *cache, uint32_t slot);

/* Announces that this slot will be read soon: the system then fetches it ahead from a file larger
 * than the memory. Any thread. */
void data_cache_want(const struct cache *cache, const uint8_t *slot);

/* All pictures are in their slots: makes the file whole and gives it its name. In memory: does
 * nothing. False after one log line. */
bool data_cache_commit(struct cache *cache, uint64_t key, const struct data_files *files,
                       const struct data_result *results);
void data_cache_finish(struct cache *cache);

#endif
