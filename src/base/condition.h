/* A condition variable that waits by the monotonic clock: by the wall clock, a wait of a second
 * lasts an hour if the time is set back by an hour. */
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

/* Waits at most that long, with the lock held. Returns what pthread_cond_timedwait does. */
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
