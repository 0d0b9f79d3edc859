/* Time that only goes forward. */
#ifndef LIMNER_SRC_CLOCK_H
#define LIMNER_SRC_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double lim_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
