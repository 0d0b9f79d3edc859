/* Loops whose iterations are shared among OpenMP threads; without OpenMP one thread runs them all.
 * No iteration may depend on another, and no result on which thread runs which. */
#ifndef LIMNER_SRC_BASE_PARALLEL_H
#define LIMNER_SRC_BASE_PARALLEL_H

#define PARALLEL_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define PARALLEL_TURNS(threads, i, count) for (int i = ((void)(threads), 0); i < (count); i++)

/* for (int i = 0; i < count; i++), each thread gets a range of about equal length. */
#define PARALLEL(threads, i, count)                                         \
    PARALLEL_PRAGMA(omp parallel for schedule(static) num_threads(threads)) \
    PARALLEL_TURNS(threads, i, count)

/* The same for iterations that take unequal time: a free thread takes the next one. */
#define PARALLEL_UNEVEN(threads, i, count)                                   \
    PARALLEL_PRAGMA(omp parallel for schedule(dynamic) num_threads(threads)) \
    PARALLEL_TURNS(threads, i, count)

/* PARALLEL whose iterations add to `sum`: an integer, because the order is undefined. */
#define PARALLEL_SUM(threads, i, count, sum)                                                   \
    PARALLEL_PRAGMA(omp parallel for schedule(static) num_threads(threads) reduction(+ : sum)) \
    PARALLEL_TURNS(threads, i, count)

#endif
