/* A condition that is waited for by the clock that nobody sets: by the other, a wait of a second
 * lasts an hour where the time is set back by one. */
#ifndef LIMNER_SRC_BASE_CONDITION_H
#define LIMNER_SRC_BASE_CONDITION_H

#include <pthread.h>
#include <time.h>

static inline void condition_init(pthread_cond_t *condition)
{
#ifdef __APPLE__
    pthread_cond_init(condition, NULL);
#else
    pthread_condattr_t by;

    pthread_condattr_init(&by);
    pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &by);
    pthread_condattr_destroy(&by);
#endif
}

/* Waits so long at most; the lock is held. What pthread_cond_timedwait returns. */
static inline int condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};

    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
#ifdef __APPLE__
    return pthread_cond_timedwait_relative_np(condition, lock, &time);
#else
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    time.tv_sec += now.tv_sec + (now.tv_nsec + time.tv_nsec) / 1000000000;
    time.tv_nsec = (now.tv_nsec + time.tv_nsec) % 1000000000;
    return pthread_cond_timedwait(condition, lock, &time);
#endif
}

#endif
