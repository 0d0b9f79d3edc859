/* Loops whose turns are shared among threads of OpenMP; without it the one thread does them all. No
 * turn may depend on another, nor a result on who does which. */
#ifndef LIMNER_SRC_BASE_PARALLEL_H
#define LIMNER_SRC_BASE_PARALLEL_H

#define PARALLEL_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define PARALLEL_TURNS(threads, i, count) for (int i = ((void)(threads), 0); i < (count); i++)

/* for (int i = 0; i < count; i++), each thread a range of about as many turns. */
#define PARALLEL(threads, i, count)                                         \
    PARALLEL_PRAGMA(omp parallel for schedule(static) num_threads(threads)) \
    PARALLEL_TURNS(threads, i, count)

/* The same for turns that take unequal time: who is free takes the next one. */
#define PARALLEL_UNEVEN(threads, i, count)                                   \
    PARALLEL_PRAGMA(omp parallel for schedule(dynamic) num_threads(threads)) \
    PARALLEL_TURNS(threads, i, count)

/* PARALLEL whose turns add to the integer `sum`: integers, for their order is nobody's. */
#define PARALLEL_SUM(threads, i, count, sum)                                                   \
    PARALLEL_PRAGMA(omp parallel for schedule(static) num_threads(threads) reduction(+ : sum)) \
    PARALLEL_TURNS(threads, i, count)

#endif
