/* Threads that take files one after another, and one that reports progress. */
#include "base/condition.h"
#include "base/log.h"
#include "base/thread.h"
#include "data/digest.h"
#include "data/open.h"
#include "data/preprocess.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 256
#define TELL_EVERY 150 /* milliseconds */

struct crew {
    const struct preprocess_job *what;
    atomic_size_t next, done;
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running; /* threads, under the lock */
};

/* Prepares file i into `slot`, which is the thread's own. False without memory for a reason. */
static bool preprocess_one(struct crew *crew, struct preprocessor *p, size_t i, uint32_t slot)
{
    const struct preprocess_job *what = crew->what;
    struct data_file *file = &what->files->list[i];
    struct data_result *result = &what->results[i];
    uint8_t *out = data_cache_slot(what->cache, slot);
    char reason[REASON_SIZE] = "";

    result->what = data_preprocess_file(p, file, out, reason, &result->facts);
    if (result->what == PREPARED) {
        result->slot = slot;
        result->digest = digest_bytes(out, what->cache->picture_bytes);
    } else if (result->what == SKIPPED) {
        file->reason = strdup(reason);
    }
    return result->what != SKIPPED || file->reason;
}

static void work(struct crew *crew)
{
    const struct preprocess_job *what = crew->what;
    const struct lim_dataset_config *config = what->config;
    struct preprocessor p = {.size = config->size,
                             .channels = config->channels,
                             .crop = config->crop,
                             .background = config->background,
                             .max_pixels = config->max_pixels};
    bool has_slot = false;
    uint32_t slot = 0;
    size_t at;

    p.source = what->is_zip ? data_zip_source_create(what->path) : data_folder_source_create();
    while (p.source && !crew->stop && (at = atomic_fetch_add(&crew->next, 1)) < what->end) {
        size_t i = what->order[at];

        if (!what->files->list[i].reason) {
            if (!has_slot)
                slot = atomic_fetch_add(&what->cache->used, 1);
            if (!preprocess_one(crew, &p, i, slot))
                crew->stop = true;
            has_slot = what->results[i].what != PREPARED; /* then the next picture may have it */
        }
        atomic_fetch_add(&crew->done, 1);
    }
    data_preprocessor_finish(&p);
    if (p.source)
        p.source->destroy(p.source);
}

static void *work_in_thread(void *user)
{
    struct crew *crew = user;

    work(crew);
    pthread_mutex_lock(&crew->lock);
    crew->running--;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* False when the user wants to stop. */
static bool tell(const struct crew *crew)
{
    const struct lim_dataset_config *config = crew->what->config;

    return !config->progress ||
           config->progress(config->user, (int)crew->done, (int)crew->what->end);
}

/* Waits for the threads and reports progress meanwhile. True if the user wants to stop. */
static bool watch(struct crew *crew)
{
    bool stopped = false;

    pthread_mutex_lock(&crew->lock);
    while (crew->running) {
        if (condition_wait(&crew->changed, &crew->lock, 1e-3 * TELL_EVERY) != ETIMEDOUT || stopped)
            continue;
        pthread_mutex_unlock(&crew->lock);
        stopped = !tell(crew);
        if (stopped)
            crew->stop = true;
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    return stopped;
}

static int thread_count(const struct preprocess_job *what)
{
    long count = what->config->threads > 0 ? what->config->threads : sysconf(_SC_NPROCESSORS_ONLN);

    if (count > (long)(what->end - what->first))
        count = (long)(what->end - what->first);
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (int)count;
}

enum lim_status data_preprocess_all(const struct preprocess_job *what)
{
    struct crew crew = {.what = what, .next = what->first, .done = what->first};
    pthread_t threads[MAX_THREADS];
    int wanted = thread_count(what), started = 0;
    bool stopped = !tell(&crew);

    pthread_mutex_init(&crew.lock, NULL);
    condition_init(&crew.changed);
    if (!stopped) {
        crew.running = wanted;
        while (started < wanted && !thread_create(&threads[started], work_in_thread, &crew))
            started++;
        pthread_mutex_lock(&crew.lock);
        crew.running -= wanted - started;
        pthread_mutex_unlock(&crew.lock);
        if (started == 0)
            work(&crew);
        stopped = watch(&crew);
        for (int i = 0; i < started; i++)
            pthread_join(threads[i], NULL);
    }
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.lock);

    if (!stopped && crew.done < what->end) {
        lim_error("%s: not enough memory to prepare %zu pictures; fewer --threads need less",
                  what->path, what->end);
        return LIM_ERROR;
    }
    if (stopped || !tell(&crew)) {
        lim_info("%s: stopped after %zu of %zu files", what->path, (size_t)crew.done, what->end);
        return LIM_INTERRUPTED;
    }
    return LIM_OK;
}
