/* How limner starts its own threads: only the host program's threads handle signals. */
#ifndef LIMNER_SRC_BASE_THREAD_H
#define LIMNER_SRC_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>

/* pthread_create; the new thread blocks all signals except those that its own faults raise. */
static inline int thread_create(pthread_t *thread, void *(*run)(void *user), void *user)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(thread, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

#endif
