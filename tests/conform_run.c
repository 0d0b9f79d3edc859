/* Runs one case: twice, between guard bands, from outputs full of NaN; then compares. */
#include "conform.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct lim_backend *conform_backend(struct session *s, const struct conform_op *op,
                                    const char *gemm)
{
    if (!op->workspace)
        return s->be;
    if (!s->capped) {
        struct lim_device_choice choice = s->choice;

        choice.workspace = op->workspace;
        s->capped = lim_backend_create(&choice, NULL);
        if (s->capped && gemm)
            lim_backend_use_gemm(s->capped, gemm);
    }
    return s->capped;
}

static void print_failure(const struct session *s, const struct conform_op *op, int i,
                          const char *gemm, enum pass pass, uint64_t seed, const char *what)
{
    char label[128];

    op->label(i, label, sizeof label);
    printf("FAILED %s%s%s, case %d (%s, %s), seed %016" PRIx64 ":\n       %s\n", op->name,
           gemm ? " by " : "", gemm ? gemm : "", i, label,
           pass == PASS_INTEGERS ? "integers" : "floats", seed, what);
    printf("       again: limner-conform %s%s%s --op %s --case %d --seed %" PRIu64 "\n", s->again,
           gemm ? " --gemm " : "", gemm ? gemm : "", op->name, i, s->seed);
}

static void describe(const struct miss *m, enum kind kind, char *text, size_t size)
{
    const struct operand *o = m->o;
    size_t c = m->index % (size_t)o->c, row = m->index / (size_t)o->c;
    size_t w = row % (size_t)o->w, h = row / (size_t)o->w % (size_t)o->h;

    if (kind == KIND_NORM) {
        snprintf(text, size, "'%s': relative error %.3g in the norm, %.3g allowed", o->name, m->got,
                 m->bound);
        return;
    }
    snprintf(text, size,
             "'%s'[%zu][%zu][%zu][%zu] = %.9g, wanted %.9g, error %.3g, allowed %.3g; %zu of %zu "
             "elements are outside",
             o->name, row / ((size_t)o->w * (size_t)o->h), h, w, c, m->got, m->want,
             m->got - m->want, m->bound, m->misses, o->count);
}

/* Runs the problem twice; `got` holds the outputs of the first run. False fills `text`. */
static bool run_twice(struct lim_backend *be, const struct conform_op *op, int i,
                      struct problem *pb, struct placed *pl, char *text, size_t size)
{
    for (int run = 0; run < 2; run++) {
        placed_write(pl, pb);
        op->call(i, be, pb->o);
        if (!lim_backend_finish(be)) {
            snprintf(text, size, "the device has failed");
            return false;
        }
        if (!placed_read(pl, pb, text, size))
            return false;
        for (int k = 0; k < pb->count; k++) {
            struct operand *o = &pb->o[k];
            const float *values = placed_values(pl, pb, k);

            if (o->role == ROLE_IN)
                continue;
            if (run == 0) {
                memcpy(o->got, values, o->count * sizeof *values);
            } else if (memcmp(o->got, values, o->count * sizeof *values) != 0) {
                snprintf(text, size, "'%s' differs between two runs on equal inputs", o->name);
                return false;
            }
        }
    }
    return true;
}

static bool check(const struct conform_op *op, int i, struct problem *pb, struct worst *worst,
                  char *text, size_t size)
{
    bool good = true;

    op->refer(i, pb);
    for (int k = 0; k < pb->count; k++) {
        struct miss miss;
        enum kind kind;

        /* An output without a wanted value is judged by `relate` alone. */
        if (pb->o[k].role == ROLE_IN || !pb->o[k].want)
            continue;
        if (!conform_compare(&pb->o[k], worst, &miss, &kind) && good) {
            describe(&miss, kind, text, size);
            good = false;
        }
    }
    if (good && op->relate) {
        good = op->relate(i, pb, text, size);
        worst->asked[KIND_EQUAL] = true;
        if (!good)
            worst->ratio[KIND_EQUAL] = INFINITY;
    }
    return good;
}

enum outcome conform_case(struct session *s, const struct conform_op *op, int i, const char *gemm,
                          struct worst *worst)
{
    struct lim_backend *be = conform_backend(s, op, gemm);
    enum outcome outcome = OUTCOME_PASSED;
    char label[128], text[512];

    if (!be)
        return OUTCOME_BROKEN;
    op->label(i, label, sizeof label);
    for (int pass = 0; pass < PASSES && outcome != OUTCOME_BROKEN; pass++) {
        uint64_t seed = conform_hash(conform_hash(s->seed, op->name), label);
        struct problem pb = {.pass = (enum pass)pass, .rng = {seed}};
        struct placed pl;

        if (!(op->passes & 1u << pass))
            continue;
        op->build(i, &pb);
        if (!placed_init(&pl, be, &pb)) {
            outcome = OUTCOME_BROKEN;
        } else if (!run_twice(be, op, i, &pb, &pl, text, sizeof text) ||
                   !check(op, i, &pb, worst, text, sizeof text)) {
            print_failure(s, op, i, gemm, (enum pass)pass, seed, text);
            outcome = lim_backend_ok(be) ? OUTCOME_FAILED : OUTCOME_BROKEN;
        }
        placed_finish(&pl);
        problem_finish(&pb);
    }
    return outcome;
}
