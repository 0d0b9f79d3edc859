/* --bench: times the same cases. */
#include "base/clock.h"
#include "conform.h"

#include <limner/bench.h>

enum { WARM_UPS = 2, RUNS = 9, MOST_CALLS = 100 };

/* Bytes that must be moved at least once. */
static double traffic(const struct problem *pb)
{
    double bytes = 0.0;

    for (int i = 0; i < pb->count; i++)
        bytes += (pb->o[i].role == ROLE_INOUT ? 8.0 : 4.0) * (double)pb->o[i].count;
    return bytes;
}

/* Seconds of `calls` calls, and the launches of one. False when the device has failed. */
static bool run(struct lim_backend *be, const struct conform_op *op, int i,
                const struct problem *pb, int calls, double *seconds, unsigned *launches)
{
    uint64_t before = lim_backend_launches(be);
    bool ok = lim_backend_finish(be);
    double start = lim_clock();

    for (int call = 0; call < calls; call++)
        op->call(i, be, pb->o);
    ok = ok && lim_backend_finish(be);
    *seconds = lim_clock() - start;
    *launches = (unsigned)((lim_backend_launches(be) - before) / (uint64_t)calls);
    return ok;
}

bool conform_bench(struct session *s, const struct conform_op *op, int i, const char *gemm)
{
    struct problem pb = {.pass = PASS_FLOATS, .rng = {conform_hash(s->seed, op->name)}};
    struct lim_backend *be = conform_backend(s, op, gemm);
    struct placed pl;
    struct timing time = {0};
    double seconds[RUNS];
    int calls = 1;
    bool ok;

    if (!be)
        return false;
    op->build(i, &pb);
    ok = placed_init(&pl, be, &pb);
    if (ok)
        placed_write(&pl, &pb);
    /* The second warm-up shows how many calls take much longer than the clock's step and the
     * wait. */
    for (int warm_up = 0; ok && warm_up < WARM_UPS; warm_up++)
        ok = run(be, op, i, &pb, 1, seconds, &time.launches);
    if (ok)
        calls = lim_clock_calls(seconds[0], MOST_CALLS);
    for (int r = 0; ok && r < RUNS; r++) {
        ok = run(be, op, i, &pb, calls, &seconds[r], &time.launches);
        seconds[r] /= calls;
    }
    if (ok) {
        time.median = lim_clock_median(seconds, RUNS);
        time.fastest = seconds[0];
        time.flops = pb.flops;
        time.bytes = traffic(&pb);
        report_time(s, op, i, gemm, &time);
    }
    placed_finish(&pl);
    problem_finish(&pb);
    return ok;
}
