/* Opens a data set: finds the files, has all cores prepare them, puts what came out in order. */
#include "data/open.h"

#include "data/prepare.h"
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 256
#define TELL_EVERY 150 /* milliseconds */

struct result {
    uint8_t *picture;
    uint64_t hash;
};

struct opening {
    const char *path;
    bool is_zip;
    const struct lim_dataset_config *config;
    size_t picture_bytes;
    struct data_files *files;
    struct result *results; /* one a file */
    atomic_size_t next, done;
    atomic_bool stop, no_memory;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running; /* threads, under the lock */
};

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    return hash_bytes(hash, bytes, sizeof bytes);
}

#define HASH_START 0xcbf29ce484222325u

/* False: no memory for one more picture, or one more reason. */
static bool prepare_one(struct opening *o, struct preparer *p, size_t i)
{
    struct data_file *file = &o->files->list[i];
    struct result *result = &o->results[i];
    char reason[REASON_SIZE] = "";

    result->picture = malloc(o->picture_bytes);
    if (!result->picture)
        return false;
    switch (prepare_file(p, file, result->picture, reason)) {
    case PREPARED:
        result->hash = hash_bytes(HASH_START, result->picture, o->picture_bytes);
        return true;
    case PASSED_OVER:
        file->passed_over = true;
        break;
    case SKIPPED:
        file->reason = strdup(reason);
        break;
    }
    free(result->picture);
    result->picture = NULL;
    return file->reason || file->passed_over;
}

static void work(struct opening *o)
{
    const struct lim_dataset_config *config = o->config;
    struct preparer p = {.size = config->size,
                         .channels = config->channels,
                         .crop = config->crop,
                         .background = config->background};
    size_t i;

    p.source = o->is_zip ? zip_source_create(o->path) : folder_source_create();
    while (p.source && !o->stop && (i = atomic_fetch_add(&o->next, 1)) < o->files->count) {
        if (!o->files->list[i].reason && !prepare_one(o, &p, i)) {
            o->no_memory = true;
            o->stop = true;
        }
        atomic_fetch_add(&o->done, 1);
    }
    preparer_finish(&p);
    if (p.source)
        p.source->destroy(p.source);
}

static void *work_in_thread(void *user)
{
    struct opening *o = user;

    work(o);
    pthread_mutex_lock(&o->lock);
    o->running--;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* False when the user wants to stop. */
static bool tell(const struct opening *o)
{
    const struct lim_dataset_config *config = o->config;

    return !config->progress || config->progress(config->user, (int)o->done, (int)o->files->count);
}

/* Waits for the threads, telling of the progress meanwhile. True if the user wants to stop. */
static bool watch(struct opening *o)
{
    bool stopped = false;
    struct timespec until;

    pthread_mutex_lock(&o->lock);
    while (o->running) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TELL_EVERY * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&o->changed, &o->lock, &until) != ETIMEDOUT || stopped)
            continue;
        pthread_mutex_unlock(&o->lock);
        stopped = !tell(o);
        if (stopped)
            o->stop = true;
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return stopped;
}

static int thread_count(const struct opening *o)
{
    long count = o->config->threads > 0 ? o->config->threads : sysconf(_SC_NPROCESSORS_ONLN);

    if (count > (long)o->files->count)
        count = (long)o->files->count;
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (int)count;
}

static enum lim_status prepare_all(struct opening *o)
{
    pthread_t threads[MAX_THREADS];
    int wanted = thread_count(o), started = 0;
    bool stopped = !tell(o);

    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, NULL);
    if (!stopped) {
        o->running = wanted;
        while (started < wanted && !pthread_create(&threads[started], NULL, work_in_thread, o))
            started++;
        pthread_mutex_lock(&o->lock);
        o->running -= wanted - started;
        pthread_mutex_unlock(&o->lock);
        if (started == 0)
            work(o);
        stopped = watch(o);
        for (int i = 0; i < started; i++)
            pthread_join(threads[i], NULL);
    }
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);

    if (!stopped && o->done < o->files->count) {
        lim_error("%s: not enough memory for %zu pictures of %dx%d; a smaller size needs less",
                  o->path, o->files->count, o->config->size, o->config->size);
        return LIM_ERROR;
    }
    if (stopped || !tell(o)) {
        lim_info("%s: stopped after %zu of %zu files", o->path, (size_t)o->done, o->files->count);
        return LIM_INTERRUPTED;
    }
    return LIM_OK;
}

/* Moves pictures and reasons to where the data set keeps them, in the order of the names. */
static bool collect(struct opening *o, struct lim_dataset *ds)
{
    size_t count = o->files->count;
    uint64_t hash =
        hash_number(hash_number(HASH_START, (uint64_t)ds->size), (uint64_t)ds->channels);

    ds->pictures = malloc((count + 1) * sizeof *ds->pictures);
    ds->skipped = malloc((count + 1) * sizeof *ds->skipped);
    if (!ds->pictures || !ds->skipped)
        return false;
    ds->ignored = o->files->ignored;
    for (size_t i = 0; i < count; i++) {
        const struct data_file *file = &o->files->list[i];

        if (file->reason) {
            ds->skipped[ds->skipped_count++] = (struct lim_skipped){file->path, file->reason};
        } else if (file->passed_over) {
            ds->ignored++;
        } else {
            hash = hash_number(hash, o->results[i].hash);
            ds->pictures[ds->count++] = o->results[i].picture;
            o->results[i].picture = NULL;
        }
    }
    ds->fingerprint = hash;
    return true;
}

static enum lim_status prepare_files(struct lim_dataset *ds, const char *path, bool is_zip,
                                     const struct lim_dataset_config *config)
{
    struct opening o = {.path = path, .is_zip = is_zip, .config = config, .files = &ds->files};
    enum lim_status status = LIM_ERROR;

    o.picture_bytes = (size_t)ds->size * (size_t)ds->size * (size_t)ds->channels;
    o.results = calloc(ds->files.count + 1, sizeof *o.results);
    if (o.results)
        status = prepare_all(&o);
    else
        lim_error("%s: not enough memory for %zu pictures", path, ds->files.count);
    if (status == LIM_OK && !collect(&o, ds)) {
        lim_error("%s: not enough memory for %zu pictures", path, ds->files.count);
        status = LIM_ERROR;
    }
    for (size_t i = 0; o.results && i < ds->files.count; i++)
        free(o.results[i].picture);
    free(o.results);
    return status;
}

/* What there is at `path`, said once if it is no use. */
static enum lim_status list_files(const char *path, struct data_files *files, bool *is_zip)
{
    char reason[REASON_SIZE];
    struct stat st;

    if (stat(path, &st)) {
        explain_missing(path, errno);
        return LIM_BAD_INPUT;
    }
    if (S_ISDIR(st.st_mode)) {
        if (folder_list(path, files))
            return LIM_OK;
        lim_error("%s: not enough memory for the names of the files", path);
        return LIM_ERROR;
    }
    *is_zip = true;
    if (!file_is_zip(path)) {
        lim_error("%s: neither a folder nor a .zip archive; give the folder that holds the "
                  "pictures",
                  path);
        return LIM_BAD_INPUT;
    }
    if (zip_list(path, files, reason))
        return LIM_OK;
    lim_error("%s: the archive cannot be read (%s); is it whole?", path, reason);
    return LIM_BAD_INPUT;
}

struct lim_dataset *lim_dataset_open(const char *path, const struct lim_dataset_config *config,
                                     enum lim_status *why)
{
    struct lim_dataset *ds = NULL;
    enum lim_status status = LIM_USAGE;
    bool is_zip = false;

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
        status = prepare_files(ds, path, is_zip, config);
    if (status == LIM_OK && ds->count == 0) {
        explain_nothing_usable(path, ds);
        status = LIM_BAD_INPUT;
    }
done:
    if (status != LIM_OK) {
        lim_dataset_destroy(ds);
        ds = NULL;
    }
    if (why)
        *why = status;
    return ds;
}
