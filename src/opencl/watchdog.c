/* Some drivers wait for ever for a device that hangs, or compile for ever. The call does not come
 * back, so that another thread has to notice: it tells, and the caller of the library decides. */
#include "opencl/watchdog.h"

#include "base/condition.h"
#include "base/log.h"
#include "base/thread.h"
#include "core/backend.h"
#include "opencl/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Seconds after which a call that may still end is told of; half of the patience where that is
 * less. Compiling all that there is takes some drivers a minute. */
enum { TOLD_AFTER = 30 };

struct ocl_watch {
    struct base_log *log;               /* of the backend that it watches */
    const struct ocl_pending *launches; /* or NULL */
    char where[32];
    double patience; /* seconds; 0: any time, and no thread */
    void (*hung)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;                  /* under the lock */
    atomic_uint changes;        /* calls begun and ended: odd within one */
    const char *call, *program; /* of the last call */
    bool told;                  /* of a call that took long and compiled nothing: once */
};

static struct ocl_watch *_Atomic asked; /* of the last call, while it lasts */

void ocl_watch_launches(struct ocl_watch *watch, const struct ocl_pending *launches)
{
    if (watch)
        watch->launches = launches;
}

void ocl_watch_begin(struct ocl_watch *watch, const char *call, const char *program)
{
    if (!watch)
        return;
    watch->call = call;
    watch->program = program;
    if (program) /* where compilers are loaded */
        lim_crash_arm();
    atomic_fetch_add(&watch->changes, 1);
    atomic_store(&asked, watch);
}

void ocl_watch_end(struct ocl_watch *watch)
{
    if (!watch)
        return;
    atomic_store(&asked, NULL);
    atomic_fetch_add(&watch->changes, 1);
}

bool lim_opencl_asked(char *text, size_t size)
{
    const struct ocl_watch *watch = atomic_load(&asked);
    const char *parts[5];
    size_t at = 0;

    if (!watch || size == 0)
        return false;
    parts[0] = watch->call;
    parts[1] = watch->program ? " of '" : "";
    parts[2] = watch->program ? watch->program : "";
    parts[3] = watch->program ? "' for " : " for ";
    parts[4] = watch->where;
    for (int i = 0; i < 5; i++) /* snprintf is not for handlers of signals */
        for (const char *c = parts[i]; *c && at + 1 < size; c++)
            text[at++] = *c;
    text[at] = '\0';
    return true;
}

static void tell(struct ocl_watch *watch, double waited)
{
    if (watch->program)
        lim_warning("still compiling '%s' for %s after %g seconds: a first start takes longer than "
                    "others; it is given %g (--wait-timeout)",
                    watch->program, watch->where, waited, watch->patience);
    else if (!watch->told)
        lim_warning("%s has not answered %s for %g seconds; it is given %g (--wait-timeout)",
                    watch->where, watch->call, waited, watch->patience);
    watch->told = watch->told || !watch->program;
}

static void report(const struct ocl_watch *watch)
{
    const char *program = watch->program;
    char list[512] = "";

    if (watch->launches)
        ocl_pending(watch->launches, list, sizeof list);
    lim_error("%s has not answered %s%s%s%s for %g second%s%s: it hangs, or is slower than that "
              "(--wait-timeout)",
              watch->where, watch->call, program ? " of '" : "", program ? program : "",
              program ? "'" : "", watch->patience, watch->patience == 1 ? "" : "s", list);
    if (watch->hung)
        watch->hung(watch->user);
}

/* Counts its own ticks, not the clock: a process that was stopped has not waited. */
static void *run(void *user)
{
    struct ocl_watch *watch = user;
    double tick = watch->patience / 8 < 1 ? watch->patience / 8 : 1, waited = 0;
    double note = watch->patience / 2 < TOLD_AFTER ? watch->patience / 2 : TOLD_AFTER;
    unsigned last = 0;

    base_log_enter(watch->log);
    pthread_mutex_lock(&watch->lock);
    while (!watch->stop) {
        unsigned now;

        condition_wait(&watch->changed, &watch->lock, tick);
        now = atomic_load(&watch->changes);
        waited = now == last && now % 2 ? waited + tick : 0;
        last = now;
        if (watch->stop)
            continue;
        if (waited >= note && waited < note + tick)
            tell(watch, waited);
        if (waited < watch->patience)
            continue;
        report(watch);
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static bool start_thread(struct ocl_watch *watch)
{
    int error = thread_create(&watch->thread, run, watch);

    if (error)
        lim_error("no thread could be started to watch the device; too many run already");
    return error == 0;
}

static void destroy(struct ocl_watch *watch)
{
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

bool ocl_watch_start(struct ocl_watch **made, const struct lim_device_choice *choice,
                     const char *where)
{
    struct ocl_watch *watch = calloc(1, sizeof *watch);

    *made = NULL;
    if (!watch) {
        lim_error("out of host memory");
        return false;
    }
    snprintf(watch->where, sizeof watch->where, "%s", where);
    watch->patience = choice->wait_timeout > 0 ? choice->wait_timeout : 0;
    watch->hung = choice->hung;
    watch->user = choice->user;
    watch->log = base_log_current();
    pthread_mutex_init(&watch->lock, NULL);
    condition_init(&watch->changed);
    if (watch->patience > 0 && !start_thread(watch)) {
        destroy(watch);
        return false;
    }
    *made = watch;
    return true;
}

void ocl_watch_stop(struct ocl_watch *watch)
{
    if (!watch)
        return;
    if (watch->patience > 0) {
        pthread_mutex_lock(&watch->lock);
        watch->stop = true;
        pthread_cond_signal(&watch->changed);
        pthread_mutex_unlock(&watch->lock);
        pthread_join(watch->thread, NULL);
    }
    destroy(watch);
}
