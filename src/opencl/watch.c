/* Some drivers wait for ever for a device that hangs. The call does not come back, so that another
 * thread has to notice: it tells, and the caller of the library decides. */
#include "opencl.h"

#include "log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ocl_watch {
    struct ocl_backend *ocl;
    double patience; /* seconds */
    void (*hung)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;           /* under the lock */
    atomic_uint changes; /* waits begun and ended: odd within one */
    const char *call;    /* of the last wait */
};

void ocl_wait_begin(struct ocl_backend *ocl, const char *call)
{
    if (!ocl->watch)
        return;
    ocl->watch->call = call;
    atomic_fetch_add(&ocl->watch->changes, 1);
}

void ocl_wait_end(struct ocl_backend *ocl)
{
    if (ocl->watch)
        atomic_fetch_add(&ocl->watch->changes, 1);
}

static void report(const struct ocl_watch *watch)
{
    char list[512];

    ocl_pending(watch->ocl, list, sizeof list);
    lim_error("%s has not answered %s for %g seconds%s: it hangs, or is slower than that "
              "(--wait-timeout)",
              ocl_where(watch->ocl), watch->call, watch->patience, list);
    if (watch->hung)
        watch->hung(watch->user);
}

/* Counts its own ticks, not the clock: a process that was stopped has not waited. */
static void *run(void *user)
{
    struct ocl_watch *watch = user;
    double tick = watch->patience / 8 < 1 ? watch->patience / 8 : 1, waited = 0;
    unsigned last = 0;

    pthread_mutex_lock(&watch->lock);
    while (!watch->stop) {
        struct timespec until;
        unsigned now;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (time_t)tick;
        until.tv_nsec += (long)((tick - (double)(time_t)tick) * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
        now = atomic_load(&watch->changes);
        waited = now == last && now % 2 ? waited + tick : 0;
        last = now;
        if (waited < watch->patience || watch->stop)
            continue;
        report(watch);
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

bool ocl_watch_start(struct ocl_backend *ocl, const struct lim_device_choice *choice)
{
    struct ocl_watch *watch;
    sigset_t all, before;
    int error;

    if (choice->wait_timeout <= 0)
        return true;
    watch = calloc(1, sizeof *watch);
    if (!watch) {
        lim_error("out of host memory");
        return false;
    }
    watch->ocl = ocl;
    watch->patience = choice->wait_timeout;
    watch->hung = choice->hung;
    watch->user = choice->user;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->changed, NULL);
    /* Signals are the main thread's to handle. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&watch->thread, NULL, run, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        ocl->watch = watch;
        return true;
    }
    lim_error("no thread could be started to watch the device; too many run already");
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    return false;
}

void ocl_watch_stop(struct ocl_backend *ocl)
{
    struct ocl_watch *watch = ocl->watch;

    if (!watch)
        return;
    ocl->watch = NULL;
    pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
