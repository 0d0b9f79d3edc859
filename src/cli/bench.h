/* What `limner bench` measures, and how. */
#ifndef LIMNER_CLI_BENCH_H
#define LIMNER_CLI_BENCH_H

#include <limner/bench.h>
#include <limner/dcgan.h>
#include <limner/ops.h>

enum { BENCH_RUNS = 1000 };

enum bench_kind { BENCH_MULTIPLY_ADD, BENCH_GEMM, BENCH_COPY, BENCH_CONV, BENCH_STEP, BENCH_PAINT };

struct bench_work {
    struct lim_backend *be;
    enum bench_kind kind;
    int size;   /* of matrices (rows and columns); floats to copy */
    int rounds; /* of a multiply-add loop */
    struct lim_conv cv;
    enum lim_conv_pass pass;
    const struct lim_dcgan_config *config;
};

struct bench_timing {
    double median, best; /* seconds of one run */
    uint64_t launches;   /* of one run */
    uint64_t bytes;      /* that its operations moved (lim_backend_bytes) */
    bool plausible;      /* well above what the clock can tell apart */
};

/* Prepares the work, warms up, and times it by the wall clock; work of less than 2 ms is repeated
 * within a run. False after one log line. */
bool bench_measure(const struct bench_work *work, int runs, struct bench_timing *time);

/* The fewest bytes that a pass can move: input, output and weights, once each. */
double bench_conv_bytes(const struct lim_conv *cv);

/* Operations of a batch: painting, or a training step's minimum, 8 passes of D and 3 of G. */
double bench_gan_flops(const struct lim_dcgan_config *config, bool paint);

#endif
