/* Opens a data set: finds the files, takes the prepared pictures from the cache or has them
 * prepared, and decides which are trained on. */
#include "data/open.h"

#include "base/log.h"
#include "base/require.h"
#include "data/digest.h"
#include "data/duplicates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Maps a picture's digest to [0, 1): a picture below the share is held out. */
static double lot(uint64_t digest)
{
    return (double)(digest >> 11) * 0x1p-53;
}

/* Moves pictures and reasons to the data set's arrays, in the order of the names. */
static bool collect(struct lim_dataset *ds, const struct lim_dataset_config *config)
{
    size_t count = ds->files.count;
    struct duplicate *copies = NULL;
    uint64_t hash = digest_word(digest_word(0, (uint64_t)ds->size), (uint64_t)ds->channels);

    ds->pictures = malloc((count + 1) * sizeof *ds->pictures);
    ds->held_out = malloc((count + 1) * sizeof *ds->held_out);
    ds->skipped = malloc((count + 1) * sizeof *ds->skipped);
    if (!ds->pictures || !ds->held_out || !ds->skipped)
        return false;
    if (config->drop != LIM_DROP_NONE && !(copies = data_duplicates_find(ds)))
        return false;
    ds->ignored = ds->files.ignored;
    for (size_t i = 0; i < count; i++) {
        const struct data_file *file = &ds->files.list[i];
        const struct data_result *result = &ds->results[i];

        if (file->reason) {
            ds->skipped[ds->skipped_count++] = (struct lim_skipped){file->path, file->reason};
        } else if (result->what == PASSED_OVER) {
            ds->ignored++;
        } else if (result->what == UNSEEN) {
            ds->unseen++;
        } else if (copies && (copies[i].kind == LIM_COPY_EXACT ||
                              (copies[i].kind == LIM_COPY_NEAR && config->drop == LIM_DROP_NEAR))) {
            ds->dropped++;
        } else if (lot(result->digest) < config->holdout) {
            ds->held_out[ds->held_out_count++] = data_cache_slot(&ds->cache, result->slot);
        } else {
            ds->pictures[ds->count++] = data_cache_slot(&ds->cache, result->slot);
            hash = digest_word(hash, result->digest);
        }
    }
    free(copies);
    ds->fingerprint = digest_end(hash);
    return true;
}

struct ranked {
    uint64_t rank;
    uint32_t file;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;

    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->file < right->file ? -1 : left->file > right->file;
}

/* The files in the order in which they are tried: by name, or, with a limit, in a random but always
 * equal order, because the first by name may all be of one kind. */
static uint32_t *make_order(const struct lim_dataset *ds, const char *path, bool drawn)
{
    size_t count = ds->files.count;
    uint32_t *order = malloc((count + 1) * sizeof *order);
    struct ranked *ranks = drawn ? malloc((count + 1) * sizeof *ranks) : NULL;

    if (!order || (drawn && !ranks)) {
        free(order);
        free(ranks);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
        if (drawn) {
            const char *name = data_file_name(&ds->files.list[i], path);

            ranks[i] = (struct ranked){digest_bytes(name, strlen(name)), (uint32_t)i};
        }
    }
    if (drawn)
        qsort(ranks, count, sizeof *ranks, compare_ranks);
    for (size_t i = 0; drawn && i < count; i++)
        order[i] = ranks[i].file;
    free(ranks);
    return order;
}

/* With a limit: prepares that many files, then as many more as were unusable, and so on. */
static enum lim_status preprocess_in_order(struct preprocess_job *p, uint64_t *usable)
{
    uint64_t limit = p->config->limit ? p->config->limit : UINT64_MAX;
    enum lim_status status = LIM_OK;

    do {
        uint64_t wanted = limit - *usable, left = p->files->count - p->first;

        p->end = p->first + (size_t)(wanted < left ? wanted : left);
        status = data_preprocess_all(p);
        for (; status == LIM_OK && p->first < p->end; p->first++)
            *usable += p->results[p->order[p->first]].what == PREPARED;
    } while (status == LIM_OK && *usable < limit && p->first < p->files->count);
    return status;
}

static enum lim_status preprocess_anew(struct lim_dataset *ds, struct preprocess_job *p,
                                       size_t picture_bytes, const char *place, uint64_t key)
{
    uint32_t *order = make_order(ds, p->path, p->config->limit > 0);
    enum lim_status status = LIM_ERROR;
    uint64_t usable = 0;

    if (!order) {
        lim_error("%s: not enough memory for the names of the files", p->path);
        return LIM_ERROR;
    }
    p->order = order;
    if (data_cache_begin(&ds->cache, place, ds->files.count, picture_bytes))
        status = preprocess_in_order(p, &usable);
    free(order);
    if (status == LIM_OK && usable > 0 &&
        !data_cache_commit(&ds->cache, key, &ds->files, ds->results))
        status = LIM_ERROR;
    return status;
}

static enum lim_status preprocess_files(struct lim_dataset *ds, const char *path, bool is_zip,
                                        const struct lim_dataset_config *config)
{
    struct preprocess_job p = {
        .path = path, .is_zip = is_zip, .config = config, .files = &ds->files, .cache = &ds->cache};
    size_t bytes = (size_t)ds->size * (size_t)ds->size * (size_t)ds->channels;
    enum lim_status status = LIM_ERROR;
    bool no_place;
    char *place = data_cache_place(path, config, &no_place);
    uint64_t key = place ? data_cache_key(path, &ds->files, config) : 0;

    ds->results = calloc(ds->files.count + 1, sizeof *ds->results);
    p.results = ds->results;
    if (!ds->results || (!place && !no_place))
        lim_error("%s: not enough memory for %zu pictures", path, ds->files.count);
    else if (place && data_cache_load(&ds->cache, place, key, bytes, &ds->files, ds->results))
        status = LIM_OK;
    else
        status = preprocess_anew(ds, &p, bytes, place, key);
    free(place);
    if (status == LIM_OK && !collect(ds, config)) {
        lim_error("%s: not enough memory for %zu pictures", path, ds->files.count);
        status = LIM_ERROR;
    }
    return status;
}

/* Lists the files at `path`; one log line if that is unusable. */
static enum lim_status list_files(const char *path, struct data_files *files, bool *is_zip)
{
    char reason[REASON_SIZE];
    struct stat st;

    if (stat(path, &st)) {
        data_explain_missing(path, errno);
        return LIM_BAD_INPUT;
    }
    if (S_ISDIR(st.st_mode)) {
        if (data_folder_list(path, files))
            return LIM_OK;
        lim_error("%s: not enough memory for the names of the files", path);
        return LIM_ERROR;
    }
    *is_zip = true;
    if (!S_ISREG(st.st_mode) || !data_file_is_zip(path)) {
        lim_error("%s: neither a folder nor a .zip archive; give the folder that holds the "
                  "pictures",
                  path);
        return LIM_BAD_INPUT;
    }
    if (data_zip_list(path, ENTRIES_CAP, files, reason))
        return LIM_OK;
    lim_error("%s: the archive cannot be read (%s); is it whole?", path, reason);
    return LIM_BAD_INPUT;
}

/* Are there several pictures that all look the same to the network? */
static bool all_the_same(const struct lim_dataset *ds)
{
    const struct data_result *first = NULL;
    int usable = 0;

    for (size_t i = 0; i < ds->files.count; i++) {
        const struct data_result *result = &ds->results[i];

        if (result->what != PREPARED)
            continue;
        first = first ? first : result;
        if (result->digest != first->digest)
            return false;
        usable++;
    }
    return usable > 1;
}

struct lim_dataset *lim_dataset_open(const char *path, const struct lim_dataset_config *config,
                                     enum lim_status *why)
{
    struct lim_dataset *ds = NULL;
    enum lim_status status = LIM_USAGE;
    bool is_zip = false, looked = false;

    if (why)
        *why = LIM_USAGE;
    REQUIRE(path && config, NULL);
    REQUIRE((unsigned)config->crop <= LIM_CROP_NONE, NULL);
    REQUIRE((unsigned)config->drop <= LIM_DROP_NEAR, NULL);
    REQUIRE(config->holdout >= 0 && config->holdout <= 1 && config->threads >= 0, NULL);
    if (config->size < 1 || config->size > 4096 ||
        (config->channels != 1 && config->channels != 3)) {
        lim_error("pictures of size %d with %d channels: sizes are 1 to 4096, channels 1 or 3",
                  config->size, config->channels);
        goto done;
    }
    status = LIM_ERROR;
    ds = calloc(1, sizeof *ds);
    if (!ds) {
        lim_error("%s: not enough memory", path);
        goto done;
    }
    ds->size = config->size;
    ds->channels = config->channels;
    ds->mirror = config->mirror;
    status = list_files(path, &ds->files, &is_zip);
    if (status == LIM_OK)
        status = preprocess_files(ds, path, is_zip, config);
    looked = status == LIM_OK;
    if (status == LIM_OK && ds->count == 0) {
        if (ds->held_out_count)
            data_explain_nothing_left(path, ds);
        else
            data_explain_nothing_usable(path, ds);
        status = LIM_BAD_INPUT;
    }
    if (status == LIM_OK && all_the_same(ds)) {
        data_explain_all_the_same(path, ds);
        status = LIM_BAD_INPUT;
    }
done:
    if (why)
        *why = status;
    if (status == LIM_OK || (looked && config->keep_unusable))
        return ds;
    lim_dataset_destroy(ds);
    return NULL;
}
