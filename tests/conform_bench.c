/* --bench: the same cases against the clock. */
#include "conform.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UPS = 2, RUNS = 9 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Bytes that must move at least once. */
static double traffic(const struct problem *pb)
{
    double bytes = 0.0;

    for (int i = 0; i < pb->count; i++)
        bytes += (pb->o[i].role == ROLE_INOUT ? 8.0 : 4.0) * (double)pb->o[i].count;
    return bytes;
}

bool conform_bench(struct session *s, const struct conform_op *op, int i, const char *gemm)
{
    struct problem pb = {.pass = PASS_FLOATS, .rng = {conform_hash(s->seed, op->name)}};
    struct lim_backend *be = conform_backend(s, op, gemm);
    struct placed pl;
    char label[128];
    double seconds[RUNS];
    uint64_t launches = 0;
    bool ok;

    if (!be)
        return false;
    op->label(i, label, sizeof label);
    op->build(i, &pb);
    ok = placed_init(&pl, be, &pb);
    if (ok)
        placed_write(&pl, &pb);
    for (int run = -WARM_UPS; ok && run < RUNS; run++) {
        double start;

        ok = lim_backend_finish(be);
        launches = lim_backend_launches(be);
        start = now();
        op->call(i, be, pb.o);
        ok = ok && lim_backend_finish(be);
        if (run >= 0)
            seconds[run] = now() - start;
        launches = lim_backend_launches(be) - launches;
    }
    if (ok) {
        double median;

        qsort(seconds, RUNS, sizeof *seconds, ascending);
        median = seconds[RUNS / 2];
        printf("%-22s %-8s %4d  %-40s %9.3f ms", op->name, gemm ? gemm : "", i, label,
               1e3 * median);
        if (pb.flops > 0.0)
            printf(" %8.1f GFLOP/s", 1e-9 * pb.flops / median);
        else
            printf(" %8s        ", "");
        printf(" %7.1f GB/s %4llu launches\n", 1e-9 * traffic(&pb) / median,
               (unsigned long long)launches);
    }
    placed_finish(&pl);
    problem_finish(&pb);
    return ok;
}
