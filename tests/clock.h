/* What the benchmarks time with. */
#ifndef LIMNER_TESTS_CLOCK_H
#define LIMNER_TESTS_CLOCK_H

#include <stdlib.h>
#include <time.h>

static inline double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int clock_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts. */
static inline double clock_median(double *seconds, int count)
{
    qsort(seconds, (size_t)count, sizeof *seconds, clock_ascending);
    return seconds[count / 2];
}

#endif
