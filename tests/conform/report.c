/* The output of limner-conform: a table or, with --json, an object per line. */
#include "conform.h"

#include <limner/limner.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const passes[PASSES] = {"integers", "floats"};
static const char *const kinds[KINDS] = {"integers", "element", "norm", "cpu"};

/* ---- JSON */

static cJSON *object(const char *type)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "type", type);
    return o;
}

/* The operation, which gemm, and with i >= 0 the case. */
static cJSON *object_of(const char *type, const struct conform_op *op, int i, const char *gemm)
{
    cJSON *o = object(type);
    char label[128];

    cJSON_AddStringToObject(o, "op", op->name);
    if (gemm)
        cJSON_AddStringToObject(o, op->conv ? "conv" : "gemm", gemm);
    if (i >= 0) {
        op->label(i, label, sizeof label);
        cJSON_AddNumberToObject(o, "case", i);
        cJSON_AddStringToObject(o, "label", label);
    }
    return o;
}

/* Prints and frees it. */
static void print(cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);

    if (!text) {
        fprintf(stderr, "limner-conform: no memory for a line of JSON\n");
        exit(1);
    }
    puts(text);
    fflush(stdout);
    free(text);
    cJSON_Delete(o);
}

/* error / bound of each requested comparison; an infinity is null. */
static void add_worst(cJSON *o, const struct worst *worst)
{
    cJSON *ratios = cJSON_AddObjectToObject(o, "error_over_bound");

    for (int kind = 0; kind < KINDS; kind++)
        if (worst->asked[kind])
            cJSON_AddNumberToObject(ratios, kinds[kind], worst->ratio[kind]);
}

/* ---- the table */

/* "equal", or error/bound; "-" if nothing of that kind was requested. */
static void print_ratio(const struct worst *worst, enum kind kind)
{
    double ratio = worst->ratio[kind];

    if (!worst->asked[kind])
        printf(" %8s", "-");
    else if (ratio == 0.0)
        printf(" %8s", "equal");
    else if (isinf(ratio))
        printf(" %8s", "DIFFERS");
    else
        printf(" %8.3f", ratio);
}

static void print_failure(const struct session *s, const struct conform_op *op, int i,
                          const char *gemm, enum pass pass, uint64_t seed, const char *what)
{
    char label[128];

    op->label(i, label, sizeof label);
    printf("FAILED %s%s%s, case %d (%s, %s), seed %016" PRIx64 ":\n       %s\n", op->name,
           gemm ? " by " : "", gemm ? gemm : "", i, label, passes[pass], seed, what);
    printf("       again: limner-conform %s%s%s --op %s --case %d --seed %" PRIu64 "\n", s->again,
           !gemm      ? ""
           : op->conv ? " --conv "
                      : " --gemm ",
           gemm ? gemm : "", op->name, i, s->seed);
}

/* ---- both */

void report_start(const struct session *s, bool bench)
{
    if (s->json) {
        cJSON *o = object("device");
        char seed[24];

        /* As text: JSON numbers are exact only up to 2^53. */
        snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
        cJSON_AddStringToObject(o, "name", lim_backend_name(s->be));
        cJSON_AddStringToObject(o, "option", s->again);
        cJSON_AddStringToObject(o, "version", lim_version());
        cJSON_AddStringToObject(o, "seed", seed);
        print(o);
        return;
    }
    printf("%s (%s), seed %" PRIu64 "\n", lim_backend_name(s->be), lim_backend_option(s->be),
           s->seed);
    if (bench) {
        printf("%-22s %-8s %4s  %-40s %9s %9s %8s %7s %s\n", "operation", "gemm", "case", "shape",
               "median ms", "fastest", "GFLOP/s", "GB/s", "launches");
        return;
    }
    printf("Each number is the largest error found, as a share of what is allowed: over 1 fails, "
           "over 0.5\nis pointed out where it is not to be expected.\n"
           "  integers  sums of small integers, exact in any order of additions\n"
           "  element   floats against a reference in double, each by itself\n"
           "  norm      the same, all together\n");
    if (s->cpu)
        printf("  CPU       floats against limner's CPU path, each by itself\n");
    printf("  (x: worst rounding)  x has few terms, its bound is the most that rounding them can "
           "do: to come\n                       near is usual and means nothing\n"
           "\n%-30s %5s %8s %8s %8s",
           "operation", "cases", "integers", "element", "norm");
    printf("%s  verdict\n", s->cpu ? "      CPU" : "");
}

void report_listed(const struct session *s, const struct conform_op *op, int i)
{
    unsigned flags = op->flags(i);
    char label[128];

    if (s->json) {
        cJSON *o = object_of("listed", op, i, NULL);

        cJSON_AddBoolToObject(o, "small", flags & CASE_SMALL);
        cJSON_AddBoolToObject(o, "long", flags & CASE_LONG);
        cJSON_AddBoolToObject(o, "bench", flags & CASE_BENCH);
        print(o);
        return;
    }
    op->label(i, label, sizeof label);
    printf("%-22s %4d  %s%s%s%s\n", op->name, i, label, flags & CASE_SMALL ? "  (small)" : "",
           flags & CASE_LONG ? "  (long)" : "", flags & CASE_BENCH ? "  (bench)" : "");
}

void report_case(const struct session *s, const struct conform_op *op, int i, const char *gemm,
                 const struct problem *pb, uint64_t seed, const struct worst *worst,
                 const char *what)
{
    cJSON *o;
    char hex[24];

    if (!s->json) {
        if (what)
            print_failure(s, op, i, gemm, pb->pass, seed, what);
        return;
    }
    o = object_of("case", op, i, gemm);
    snprintf(hex, sizeof hex, "%016" PRIx64, seed);
    cJSON_AddStringToObject(o, "pass", passes[pb->pass]);
    cJSON_AddStringToObject(o, "seed", hex);
    cJSON_AddBoolToObject(o, "ok", !what);
    add_worst(o, worst);
    if (what)
        cJSON_AddStringToObject(o, "what", what);
    print(o);
}

void report_op(const struct session *s, const struct conform_op *op, const char *gemm, int cases,
               int failed, bool broken, const struct worst *worst)
{
    char name[64];

    if (s->json) {
        cJSON *o = object_of("operation", op, -1, gemm);

        cJSON_AddNumberToObject(o, "cases", cases);
        cJSON_AddNumberToObject(o, "failed", failed);
        cJSON_AddBoolToObject(o, "device_failed", broken);
        add_worst(o, worst);
        cJSON_AddBoolToObject(o, "over_half", worst->close);
        print(o);
        return;
    }
    snprintf(name, sizeof name, "%s%s%s", op->name, gemm ? " " : "", gemm ? gemm : "");
    printf("%-30s %5d", name, cases);
    for (int kind = 0; kind < (s->cpu ? KINDS : KIND_CPU); kind++)
        print_ratio(worst, (enum kind)kind);
    if (broken)
        printf("  BROKEN\n");
    else if (failed)
        printf("  FAILED (%d of %d)\n", failed, cases);
    else if (worst->close)
        printf("  ok, but over half of the bound\n");
    else if (worst->certain)
        printf("  ok (%s: worst rounding)\n", worst->certain);
    else
        printf("  ok\n");
    fflush(stdout);
}

void report_time(const struct session *s, const struct conform_op *op, int i, const char *gemm,
                 const struct timing *time)
{
    char label[128], flops[16] = "";

    if (s->json) {
        cJSON *o = object_of("time", op, i, gemm);

        cJSON_AddNumberToObject(o, "median_ms", 1e3 * time->median);
        cJSON_AddNumberToObject(o, "fastest_ms", 1e3 * time->fastest);
        if (time->flops > 0.0)
            cJSON_AddNumberToObject(o, "gflop_per_s", 1e-9 * time->flops / time->median);
        cJSON_AddNumberToObject(o, "gb_per_s", 1e-9 * time->bytes / time->median);
        cJSON_AddNumberToObject(o, "launches", time->launches);
        print(o);
        return;
    }
    op->label(i, label, sizeof label);
    if (time->flops > 0.0)
        snprintf(flops, sizeof flops, "%.1f", 1e-9 * time->flops / time->median);
    printf("%-22s %-8s %4d  %-40s %9.3f %9.3f %8s %7.1f %8u\n", op->name, gemm ? gemm : "", i,
           label, 1e3 * time->median, 1e3 * time->fastest, flops, 1e-9 * time->bytes / time->median,
           time->launches);
    fflush(stdout);
}

void report_end(const struct session *s, int cases, int failed)
{
    if (s->json) {
        cJSON *o = object("end");

        cJSON_AddNumberToObject(o, "cases", cases);
        cJSON_AddNumberToObject(o, "failed", failed);
        print(o);
        return;
    }
    printf("\n%d of %d cases conform\n", cases - failed, cases);
}

void report_skipped(const struct session *s, const char *why)
{
    if (s->json) {
        cJSON *o = object("skipped");

        cJSON_AddStringToObject(o, "why", why);
        print(o);
        return;
    }
    printf("nothing checked: %s\n", why);
}
