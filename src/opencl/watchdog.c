/* Some drivers wait forever for a device that hangs, or compile forever. The call does not return,
 * so another thread has to notice: it reports it, and the caller of the library decides. */
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

/* Seconds after which a call that may still end is reported; half of the patience if that is less.
 * Some drivers take a minute to compile everything. */
enum { TOLD_AFTER = 30 };

struct ocl_watchdog {
    struct base_log *log;               /* of the backend that it watches */
    const struct ocl_pending *launches; /* or NULL */
    char where[32];
    double patience; /* seconds; 0: no limit, and no thread */
    void (*hung)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;                  /* under the lock */
    atomic_uint changes;        /* calls begun and ended: odd within one */
    const char *call, *program; /* of the last call */
    bool told;                  /* a call that took long and compiled nothing was reported */
};

static struct ocl_watchdog *_Atomic asked; /* of the call in progress */

void ocl_watchdog_launches(struct ocl_watchdog *watchdog, const struct ocl_pending *launches)
{
    if (watchdog)
        watchdog->launches = launches;
}

void ocl_watchdog_begin(struct ocl_watchdog *watchdog, const char *call, const char *program)
{
    if (!watchdog)
        return;
    watchdog->call = call;
    watchdog->program = program;
    if (program) /* this loads compilers */
        lim_crash_arm();
    atomic_fetch_add(&watchdog->changes, 1);
    atomic_store(&asked, watchdog);
}

void ocl_watchdog_end(struct ocl_watchdog *watchdog)
{
    if (!watchdog)
        return;
    atomic_store(&asked, NULL);
    atomic_fetch_add(&watchdog->changes, 1);
}

bool lim_opencl_asked(char *text, size_t size)
{
    const struct ocl_watchdog *watchdog = atomic_load(&asked);
    const char *parts[5];
    size_t at = 0;

    if (!watchdog || size == 0)
        return false;
    parts[0] = watchdog->call;
    parts[1] = watchdog->program ? " of '" : "";
    parts[2] = watchdog->program ? watchdog->program : "";
    parts[3] = watchdog->program ? "' for " : " for ";
    parts[4] = watchdog->where;
    for (int i = 0; i < 5; i++) /* snprintf is not for handlers of signals */
        for (const char *c = parts[i]; *c && at + 1 < size; c++)
            text[at++] = *c;
    text[at] = '\0';
    return true;
}

static void tell(struct ocl_watchdog *watchdog, double waited)
{
    if (watchdog->program)
        lim_warning("still compiling '%s' for %s after %g seconds: a first start takes longer than "
                    "others; the timeout is %g s (--wait-timeout)",
                    watchdog->program, watchdog->where, waited, watchdog->patience);
    else if (!watchdog->told)
        lim_warning("%s has not answered %s for %g seconds; the timeout is %g s (--wait-timeout)",
                    watchdog->where, watchdog->call, waited, watchdog->patience);
    watchdog->told = watchdog->told || !watchdog->program;
}

static void report(const struct ocl_watchdog *watchdog)
{
    const char *program = watchdog->program;
    char list[512] = "";

    if (watchdog->launches)
        ocl_pending(watchdog->launches, list, sizeof list);
    lim_error("%s has not answered %s%s%s%s for %g second%s%s: it hangs, or is slower than that "
              "(--wait-timeout)",
              watchdog->where, watchdog->call, program ? " of '" : "", program ? program : "",
              program ? "'" : "", watchdog->patience, watchdog->patience == 1 ? "" : "s", list);
    if (watchdog->hung)
        watchdog->hung(watchdog->user);
}

/* Counts its own ticks, not the clock: time in which a process was stopped does not count. */
static void *run(void *user)
{
    struct ocl_watchdog *watchdog = user;
    double tick = watchdog->patience / 8 < 1 ? watchdog->patience / 8 : 1, waited = 0;
    double note = watchdog->patience / 2 < TOLD_AFTER ? watchdog->patience / 2 : TOLD_AFTER;
    unsigned last = 0;

    base_log_enter(watchdog->log);
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->stop) {
        unsigned now;

        condition_wait(&watchdog->changed, &watchdog->lock, tick);
        now = atomic_load(&watchdog->changes);
        waited = now == last && now % 2 ? waited + tick : 0;
        last = now;
        if (watchdog->stop)
            continue;
        if (waited >= note && waited < note + tick)
            tell(watchdog, waited);
        if (waited < watchdog->patience)
            continue;
        report(watchdog);
        break;
    }
    pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

static bool start_thread(struct ocl_watchdog *watchdog)
{
    int error = thread_create(&watchdog->thread, run, watchdog);

    if (error)
        lim_error("no thread could be started to watch the device; too many run already");
    return error == 0;
}

static void destroy(struct ocl_watchdog *watchdog)
{
    pthread_cond_destroy(&watchdog->changed);
    pthread_mutex_destroy(&watchdog->lock);
    free(watchdog);
}

bool ocl_watchdog_start(struct ocl_watchdog **made, const struct lim_device_choice *choice,
                        const char *where)
{
    struct ocl_watchdog *watchdog = calloc(1, sizeof *watchdog);

    *made = NULL;
    if (!watchdog) {
        lim_error("out of host memory");
        return false;
    }
    snprintf(watchdog->where, sizeof watchdog->where, "%s", where);
    watchdog->patience = choice->wait_timeout > 0 ? choice->wait_timeout : 0;
    watchdog->hung = choice->hung;
    watchdog->user = choice->user;
    watchdog->log = base_log_current();
    pthread_mutex_init(&watchdog->lock, NULL);
    condition_init(&watchdog->changed);
    if (watchdog->patience > 0 && !start_thread(watchdog)) {
        destroy(watchdog);
        return false;
    }
    *made = watchdog;
    return true;
}

void ocl_watchdog_stop(struct ocl_watchdog *watchdog)
{
    if (!watchdog)
        return;
    if (watchdog->patience > 0) {
        pthread_mutex_lock(&watchdog->lock);
        watchdog->stop = true;
        pthread_cond_signal(&watchdog->changed);
        pthread_mutex_unlock(&watchdog->lock);
        pthread_join(watchdog->thread, NULL);
    }
    destroy(watchdog);
}
