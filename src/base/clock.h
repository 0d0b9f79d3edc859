/* A monotonic clock and helpers to time work with it. Needs nothing from the library, so that the
 * command and limner-conform can use it too. */
#ifndef LIMNER_SRC_BASE_CLOCK_H
#define LIMNER_SRC_BASE_CLOCK_H

#include <stdlib.h>
#include <time.h>

/* Seconds since an arbitrary moment. */
static inline double lim_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ten ticks: the shortest time that counts as measured. A tick is the larger of the resolution that
 * the clock reports and the one observed. */
static inline double lim_clock_least(void)
{
    struct timespec t;
    double tick =
        clock_getres(CLOCK_MONOTONIC, &t) == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : 0;
    double start = lim_clock(), next = start;

    while (next <= start)
        next = lim_clock();
    return 10 * (tick > next - start ? tick : next - start);
}

/* How many calls, `most` at most, make a sample where one call takes `once` seconds: the sample
 * lasts at least 2 ms, because it includes a wait, and at least ten ticks. */
static inline int lim_clock_calls(double once, int most)
{
    double ticks = lim_clock_least(), least = ticks > 2e-3 ? ticks : 2e-3;

    if (once >= least)
        return 1;
    return once * most > least ? (int)(least / once) + 1 : most;
}

static inline int lim_clock_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts them, the fastest first. */
static inline double lim_clock_median(double *seconds, int count)
{
    qsort(seconds, (size_t)count, sizeof *seconds, lim_clock_compare);
    return seconds[count / 2];
}

#endif
