/* Runs one case: twice or once, between guard bands, from outputs full of NaN; then compares. */
#include "conform.h"

#include <limner/bench.h>

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
        if (s->capped && gemm && !op->conv)
            lim_backend_use_gemm(s->capped, gemm);
    }
    if (s->capped && op->conv)
        lim_backend_use_conv(s->capped, gemm);
    return s->capped;
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
             "'%s'[%zu][%zu][%zu][%zu] = %.9g, %s %.9g, %s %.3g, allowed %.3g; %zu of %zu "
             "elements are outside",
             o->name, row / ((size_t)o->w * (size_t)o->h), h, w, c, m->got,
             kind == KIND_CPU ? "the CPU path has" : "wanted", m->want,
             kind == KIND_CPU ? "difference" : "error", m->got - m->want, m->bound, m->misses,
             o->count);
}

/* Runs the problem `runs` times; `got` holds the outputs of the first run. False fills `text`. */
static bool run_often(int runs, struct lim_backend *be, const struct conform_op *op, int i,
                      struct problem *pb, struct placed *pl, char *text, size_t size)
{
    for (int run = 0; run < runs; run++) {
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

/* The same on the CPU path, once; its outputs go into operand.cpu. */
static bool run_on_cpu(struct lim_backend *cpu, const struct conform_op *op, int i,
                       struct problem *pb, char *text, size_t size)
{
    struct placed pl;
    bool good = placed_init(&pl, cpu, pb);

    snprintf(text, size, "the CPU path has failed");
    if (good) {
        placed_write(&pl, pb);
        op->call(i, cpu, pb->o);
        good = lim_backend_finish(cpu) && placed_read(&pl, pb, text, size);
    }
    for (int k = 0; good && k < pb->count; k++) {
        struct operand *o = &pb->o[k];

        if (o->role == ROLE_IN)
            continue;
        o->cpu = conform_alloc(o->count, sizeof *o->cpu);
        memcpy(o->cpu, placed_values(&pl, pb, k), o->count * sizeof *o->cpu);
    }
    placed_finish(&pl);
    return good;
}

static bool check(const struct conform_op *op, int i, struct problem *pb, struct worst *worst,
                  char *text, size_t size)
{
    bool good = true;

    op->refer(i, pb);
    for (int k = 0; k < pb->count; k++) {
        struct miss miss;
        enum kind kind;

        /* Only `relate` judges an output without a wanted value. */
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

/* One pass. `worst` is for this pass only; false fills `text`. */
static bool pass_conforms(struct session *s, struct lim_backend *be, const struct conform_op *op,
                          int i, struct problem *pb, struct worst *worst, char *text, size_t size)
{
    struct placed pl;
    bool good;

    op->build(i, pb);
    snprintf(text, size, "no memory on the device");
    good = placed_init(&pl, be, pb) && run_often(s->once ? 1 : 2, be, op, i, pb, &pl, text, size);
    placed_finish(&pl);
    return good && (!s->cpu || run_on_cpu(s->cpu, op, i, pb, text, size)) &&
           check(op, i, pb, worst, text, size);
}

enum outcome conform_case(struct session *s, const struct conform_op *op, int i, const char *gemm,
                          struct worst *worst)
{
    struct lim_backend *be = conform_backend(s, op, gemm);
    unsigned floats = op->passes & 1u << PASS_FLOATS;
    unsigned passes = s->once && floats ? floats : op->passes;
    enum outcome outcome = OUTCOME_PASSED;
    char label[128], text[512];

    if (!be)
        return OUTCOME_BROKEN;
    op->label(i, label, sizeof label);
    for (int pass = 0; pass < PASSES && outcome != OUTCOME_BROKEN; pass++) {
        uint64_t seed = conform_hash(conform_hash(s->seed, op->name), label);
        struct problem pb = {
            .pass = (enum pass)pass, .rng = {seed}, .conv = op->conv ? gemm : NULL};
        struct worst here = {0};
        bool good;

        if (!(passes & 1u << pass))
            continue;
        good = pass_conforms(s, be, op, i, &pb, &here, text, sizeof text);
        report_case(s, op, i, gemm, &pb, seed, &here, good ? NULL : text);
        worst_merge(worst, &here);
        if (!good)
            outcome = lim_backend_ok(be) ? OUTCOME_FAILED : OUTCOME_BROKEN;
        problem_finish(&pb);
    }
    return outcome;
}
