/* Time that only goes forward. The command sees nothing of the library but its public headers, so
 * it has a clock of its own. */
#ifndef LIMNER_CLI_CLOCK_H
#define LIMNER_CLI_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
