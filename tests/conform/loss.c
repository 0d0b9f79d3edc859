/* Losses on logits, and the optimiser. */
#include "conform.h"
#include "oracle.h"

#include <math.h>
#include <stdio.h>

/* ---- losses: case = length * TARGETS + target */

static const float targets[] = {0.0f, 1.0f, 0.9f};

enum { TARGETS = COUNT_OF(targets) };

static float target_of(int i)
{
    return targets[i % TARGETS];
}

static unsigned bce_flags(int i)
{
    return conform_length_flags(i / TARGETS);
}

static void bce_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d logits, target %g", conform_lengths[i / TARGETS],
             (double)target_of(i));
}

static void build_bce(int i, struct problem *pb)
{
    static const float edges[] = {0.0f, 100.0f, -100.0f, 1e-6f, -1e-6f, 16.0f, -16.0f};
    struct operand *logits = operand_add_line(pb, "logits", ROLE_IN, i / TARGETS);

    operand_fill(pb, logits, 9, 4.0);
    if (logits->count > 32)
        operand_plant(logits, edges, COUNT_OF(edges));
    operand_add(pb, "stats", ROLE_OUT, 1, 1, 1, 2);
    operand_add_line(pb, "dlogits", ROLE_OUT, i / TARGETS);
}

/* 8 ulp + 4u of each loss, 8 ulp of each sigmoid; then the error of the means. */
static void refer_bce(int i, struct problem *pb)
{
    struct operand *logits = &pb->o[0], *stats = &pb->o[1], *d = &pb->o[2];
    double n = (double)logits->count, t = (double)target_of(i), loss_error = 0.0, s_error = 0.0;

    operand_want(stats);
    operand_want(d);
    for (size_t j = 0; j < logits->count; j++) {
        double l = (double)logits->init[j], loss = oracle_bce(l, t), s = oracle_sigmoid(l);

        stats->want[0] += loss / n;
        stats->want[1] += s / n;
        loss_error += (8.0 * ulp(loss) + 4.0 * U) / n;
        s_error += 8.0 * ulp(s) / n;
        d->want[j] = (s - t) / n;
        d->bound[j] = 8.0 * ulp(s) / n + 4.0 * U * fabs(d->want[j]);
    }
    stats->bound[0] = loss_error + bound_sum(n, stats->want[0]);
    stats->bound[1] = s_error + bound_sum(n, stats->want[1]);
}

static void call_bce(int i, struct lim_backend *be, const struct operand *o)
{
    lim_bce_logits(be, o[0].t, target_of(i), o[1].t, o[2].t);
}

/* ---- Adam: case = length * SETTINGS + setting */

static const struct {
    uint64_t t;
    struct lim_adam_desc desc;
} settings[] = {
    {1, {2e-4f, 0.5f, 0.999f, 1e-8f}},
    {2, {2e-4f, 0.5f, 0.999f, 1e-8f}},
    {10, {1e-3f, 0.9f, 0.999f, 1e-8f}},
    {100000, {0.1f, 0.9f, 0.99f, 1e-3f}},
};

enum { SETTINGS = COUNT_OF(settings) };

static unsigned adam_flags(int i)
{
    return conform_length_flags(i / SETTINGS);
}

static void adam_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d parameters, step %llu, lr %g", conform_lengths[i / SETTINGS],
             (unsigned long long)settings[i % SETTINGS].t, (double)settings[i % SETTINGS].desc.lr);
}

enum { G, M, V, P };

/* "Integers": nothing to learn, g = m = v = 0, must change nothing. */
static void build_adam(int i, struct problem *pb)
{
    int length = i / SETTINGS;
    struct operand *v;

    operand_fill(pb, operand_add_line(pb, "g", ROLE_IN, length), 0, 0.01);
    operand_fill(pb, operand_add_line(pb, "m", ROLE_INOUT, length), 0,
                 settings[i % SETTINGS].t == 1 ? 0.0 : 0.01);
    v = operand_add_line(pb, "v", ROLE_INOUT, length);
    for (size_t j = 0; j < v->count; j++)
        v->init[j] = pb->pass == PASS_INTEGERS || settings[i % SETTINGS].t == 1
                         ? 0.0f
                         : (float)(1e-4 * (0.5 + rng_uniform(&pb->rng)));
    operand_fill(pb, operand_add_line(pb, "p", ROLE_INOUT, length), 1000, 0.02);
}

/* m, v: 2u of the sizes of both terms; p: half an ulp, and 16u of the change, where m counts with
 * the sizes of its terms, for they may cancel. */
static void refer_adam(int i, struct problem *pb)
{
    const struct lim_adam_desc *a = &settings[i % SETTINGS].desc;
    double b1 = (double)a->beta1, b2 = (double)a->beta2, t = (double)settings[i % SETTINGS].t;
    double correct1 = 1.0 - pow(b1, t), correct2 = 1.0 - pow(b2, t);
    struct operand *o = pb->o;

    for (int k = M; k <= P; k++) {
        operand_want(&o[k]);
        o[k].exact = pb->pass == PASS_INTEGERS;
        o[k].certain = true;
    }
    for (size_t j = 0; j < o[P].count; j++) {
        double g = (double)o[G].init[j], m = b1 * (double)o[M].init[j];
        double v = b2 * (double)o[V].init[j], dm = (1.0 - b1) * g, dv = (1.0 - b2) * g * g;
        double rate = (double)a->lr / correct1 / (sqrt((v + dv) / correct2) + (double)a->eps);

        o[M].want[j] = m + dm;
        o[M].bound[j] = 2.0 * U * (fabs(m) + fabs(dm));
        o[V].want[j] = v + dv;
        o[V].bound[j] = 2.0 * U * (v + dv);
        o[P].want[j] = (double)o[P].init[j] - rate * (m + dm);
        o[P].bound[j] = 0.5 * ulp(o[P].want[j]) + 16.0 * U * rate * (fabs(m) + fabs(dm));
    }
}

static void call_adam(int i, struct lim_backend *be, const struct operand *o)
{
    lim_adam(be, &settings[i % SETTINGS].desc, settings[i % SETTINGS].t, o[G].t, o[M].t, o[V].t,
             o[P].t);
}

const struct conform_op conform_loss[] = {
    {CONFORM_OP("bce_logits", LENGTHS *TARGETS, bce), .passes = 1u << PASS_FLOATS,
     .flags = bce_flags, .label = bce_label},
    {CONFORM_OP("adam", LENGTHS *SETTINGS, adam), .passes = BOTH_PASSES, .flags = adam_flags,
     .label = adam_label},
};
const int conform_loss_count = COUNT_OF(conform_loss);
