/* Assembling a batch takes a fraction of a millisecond, but reads memory that no cache holds: a
 * thread does it while the device computes. */
#include "base/clock.h"
#include "base/log.h"
#include "base/require.h"
#include "base/thread.h"

#include <limner/dataset.h>
#include <stdlib.h>

/* Batches made ahead, and the one that the trainer holds. */
#define DEPTH 4

struct lim_prefetch {
    const struct lim_dataset *ds;
    uint64_t seed, first_step;
    int batch;
    size_t bytes;    /* of one batch */
    uint8_t *pixels; /* [DEPTH][bytes] */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t made, given; /* batches, under the lock */
    bool stop;            /* under the lock */
    double waited;
};

static void *make_batches(void *user)
{
    struct lim_prefetch *p = user;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        /* Batch `given - 1` is still being read. */
        while (!p->stop && p->made + 1 >= p->given + DEPTH)
            pthread_cond_wait(&p->changed, &p->lock);
        if (p->stop)
            break;
        pthread_mutex_unlock(&p->lock);
        lim_dataset_batch(p->ds, p->seed, p->first_step + p->made, p->batch,
                          p->pixels + p->made % DEPTH * p->bytes);
        pthread_mutex_lock(&p->lock);
        p->made++;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct lim_prefetch *lim_prefetch_create(const struct lim_dataset *ds, uint64_t seed,
                                         uint64_t first_step, int batch)
{
    struct lim_prefetch *p;
    size_t size;

    REQUIRE(ds && batch >= 1 && batch <= lim_dataset_count(ds), NULL);
    size = (size_t)lim_dataset_size(ds);
    p = calloc(1, sizeof *p);
    if (!p)
        goto no_memory;
    p->ds = ds;
    p->seed = seed;
    p->first_step = first_step;
    p->batch = batch;
    p->bytes = (size_t)batch * size * size * (size_t)lim_dataset_channels(ds);
    p->pixels = malloc(DEPTH * p->bytes);
    if (!p->pixels)
        goto no_memory;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (thread_create(&p->thread, make_batches, p) == 0)
        return p;
    lim_error("no thread could be started to prepare pictures; too many run already");
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->pixels);
    free(p);
    return NULL;
no_memory:
    lim_error("not enough memory to prepare batches of %d pictures; a smaller batch needs less",
              batch);
    free(p);
    return NULL;
}

const uint8_t *lim_prefetch_next(struct lim_prefetch *p)
{
    const uint8_t *pixels;

    REQUIRE(p, NULL);
    pthread_mutex_lock(&p->lock);
    if (p->made == p->given) {
        double start = lim_clock();

        while (p->made == p->given)
            pthread_cond_wait(&p->changed, &p->lock);
        p->waited += lim_clock() - start;
    }
    pixels = p->pixels + p->given++ % DEPTH * p->bytes;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return pixels;
}

double lim_prefetch_waited(const struct lim_prefetch *p)
{
    REQUIRE(p, 0);
    return p->waited;
}

void lim_prefetch_destroy(struct lim_prefetch *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->pixels);
    free(p);
}
