/* Losses on logits, and the optimizer. */
#include "conform.h"
#include "oracle.h"

#include <math.h>
#include <stdio.h>

/* ---- losses: case = length * LOSSES + row */

static const struct {
    enum lim_loss_kind kind;
    float target;
} losses[] = {
    {LIM_LOSS_BCE, 0.0f},     {LIM_LOSS_BCE, 1.0f},     {LIM_LOSS_BCE, 0.9f},
    {LIM_LOSS_HINGE, 1.0f},   {LIM_LOSS_HINGE, -1.0f},  {LIM_LOSS_SQUARES, 1.0f},
    {LIM_LOSS_SQUARES, 0.0f}, {LIM_LOSS_SQUARES, 0.9f}, {LIM_LOSS_LINEAR, 1.0f},
    {LIM_LOSS_LINEAR, -1.0f},
};

enum { LOSSES = COUNT_OF(losses) };

static unsigned loss_flags(int i)
{
    return conform_length_flags(i / LOSSES);
}

static void loss_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%s of %d logits, target %g", lim_loss_name(losses[i % LOSSES].kind),
             conform_lengths[i / LOSSES], (double)losses[i % LOSSES].target);
}

static void build_loss(int i, struct problem *pb)
{
    static const float edges[] = {0.0f, 100.0f, -100.0f, 1e-6f, -1e-6f, 16.0f, -16.0f, 1.0f, -1.0f};
    struct operand *logits = operand_add_line(pb, "logits", ROLE_IN, i / LOSSES);

    operand_fill(pb, logits, 9, 4.0);
    if (logits->count > 32)
        operand_plant(logits, edges, COUNT_OF(edges));
    operand_add(pb, "stats", ROLE_OUT, 1, 1, 1, 2);
    operand_add_line(pb, "dlogits", ROLE_OUT, i / LOSSES);
}

/* Cross entropy: 8 ulp + 4u of each loss, 8 ulp of each sigmoid. The others are two or three
 * operations: 4u of the sizes of their terms. Then the error of the means is added. */
static void refer_loss(int i, struct problem *pb)
{
    struct operand *logits = &pb->o[0], *stats = &pb->o[1], *d = &pb->o[2];
    enum lim_loss_kind kind = losses[i % LOSSES].kind;
    double n = (double)logits->count, t = (double)losses[i % LOSSES].target;
    double error[2] = {0.0, 0.0}, size_of[2] = {0.0, 0.0};

    operand_want(stats);
    operand_want(d);
    for (size_t j = 0; j < logits->count; j++) {
        double l = (double)logits->init[j];
        struct oracle_loss f = oracle_loss(kind, l, t);
        bool curved = kind == LIM_LOSS_BCE;

        stats->want[0] += f.loss / n;
        stats->want[1] += f.score / n;
        size_of[0] += fabs(f.loss) / n;
        size_of[1] += fabs(f.score) / n;
        error[0] +=
            (curved ? 8.0 * ulp(f.loss) + 4.0 * U : 4.0 * U * (fabs(f.loss) + 1.0 + fabs(t * l))) /
            n;
        error[1] += curved ? 8.0 * ulp(f.score) / n : 0.0;
        d->want[j] = f.slope / n;
        d->bound[j] = (curved ? 8.0 * ulp(f.score) / n : 0.0) + 4.0 * U * fabs(d->want[j]);
    }
    for (int k = 0; k < 2; k++)
        stats->bound[k] = error[k] + bound_sum(n, size_of[k]);
}

static void call_loss(int i, struct lim_backend *be, const struct operand *o)
{
    lim_loss(be, losses[i % LOSSES].kind, losses[i % LOSSES].target, o[0].t, o[1].t, o[2].t);
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

/* m, v: 2u of the sizes of both terms; p: half an ulp, and 16u of the change, in which m counts
 * with the sizes of its terms, because they may cancel. */
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
    {CONFORM_OP("loss", LENGTHS *LOSSES, loss), .passes = 1u << PASS_FLOATS, .flags = loss_flags,
     .label = loss_label},
    {CONFORM_OP("adam", LENGTHS *SETTINGS, adam), .passes = BOTH_PASSES, .flags = adam_flags,
     .label = adam_label},
};
const int conform_loss_count = COUNT_OF(conform_loss);
