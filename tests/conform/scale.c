/* Products of vectors, norms, and scaling by a number that is on the device. */
#include "conform.h"

#include <math.h>
#include <stdio.h>

/* ---- dot and norm: case = length */

static unsigned line_flags(int i)
{
    return conform_length_flags(i);
}

static void line_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d elements", conform_lengths[i]);
}

static void build_dot(int i, struct problem *pb)
{
    operand_fill(pb, operand_add_line(pb, "a", ROLE_IN, i), 2, 1.0);
    operand_fill(pb, operand_add(pb, "b", ROLE_IN, conform_lengths[i], 1, 1, 1), 2, 1.0);
    operand_add(pb, "s", ROLE_OUT, 1, 1, 1, 1);
}

static void refer_dot(int i, struct problem *pb)
{
    struct operand *a = &pb->o[0], *b = &pb->o[1], *s = &pb->o[2];
    double size = 0.0;

    (void)i;
    operand_want(s);
    s->exact = pb->pass == PASS_INTEGERS;
    for (size_t j = 0; j < a->count; j++) {
        s->want[0] += (double)a->init[j] * (double)b->init[j];
        size += fabs((double)a->init[j] * (double)b->init[j]);
    }
    s->bound[0] = bound_sum((double)a->count, size);
}

static void call_dot(int i, struct lim_backend *be, const struct operand *o)
{
    (void)i;
    lim_dot(be, o[0].t, o[1].t, o[2].t);
}

/* Every third vector is 0, whose norm is 1e-12. */
static void build_norm(int i, struct problem *pb)
{
    struct operand *a = operand_add_line(pb, "a", ROLE_IN, i);

    operand_fill(pb, a, 2, 1.0);
    for (size_t j = 0; i % 3 == 2 && j < a->count; j++)
        a->init[j] = 0.0f;
    operand_add(pb, "s", ROLE_OUT, 1, 1, 1, 1);
}

/* A root halves the relative error of its argument, and adds its own, 3 ulp. */
static void refer_norm(int i, struct problem *pb)
{
    struct operand *a = &pb->o[0], *s = &pb->o[1];
    double sum = 0.0;

    (void)i;
    operand_want(s);
    for (size_t j = 0; j < a->count; j++)
        sum += (double)a->init[j] * (double)a->init[j];
    s->want[0] = fmax(sqrt(sum), 1e-12);
    s->bound[0] = 0.5 * bound_sum((double)a->count, s->want[0]) + 3.0 * ulp(s->want[0]);
}

static void call_norm(int i, struct lim_backend *be, const struct operand *o)
{
    (void)i;
    lim_norm(be, o[0].t, o[1].t);
}

/* ---- scale: case = length * WAYS + way; every second one in place */

static const struct {
    float alpha, beta;
    bool divide;
} ways[] = {{1.0f, 0.0f, true}, {-2.0f, 1.0f, true}, {-1.0f, 0.0f, false}, {0.5f, -0.25f, false}};

enum { WAYS = COUNT_OF(ways) };

static bool in_place(int i)
{
    return (i / WAYS + i) % 2 == 1;
}

static unsigned scale_flags(int i)
{
    return conform_length_flags(i / WAYS);
}

static void scale_label(int i, char *text, size_t size)
{
    snprintf(text, size, "%d elements %s s, alpha %g, beta %g%s", conform_lengths[i / WAYS],
             ways[i % WAYS].divide ? "by" : "times", (double)ways[i % WAYS].alpha,
             (double)ways[i % WAYS].beta, in_place(i) ? ", in place" : "");
}

/* Of integers s is 4: nothing is rounded. */
static void build_scale(int i, struct problem *pb)
{
    struct operand *s = operand_add(pb, "s", ROLE_IN, 1, 1, 1, 1);
    bool reads = ways[i % WAYS].beta != 0.0f;

    s->init[0] = pb->pass == PASS_INTEGERS ? 4.0f : 0.37f;
    operand_fill(pb, operand_add_line(pb, "x", in_place(i) ? ROLE_INOUT : ROLE_IN, i / WAYS), 1000,
                 1.0);
    if (!in_place(i)) {
        struct operand *y =
            operand_add(pb, "y", reads ? ROLE_INOUT : ROLE_OUT, conform_lengths[i / WAYS], 1, 1, 1);

        if (reads)
            operand_fill(pb, y, 1000, 1.0);
    }
}

/* The factor is a quotient (2.5 ulp) or a product; then a product each, and a sum. */
static void refer_scale(int i, struct problem *pb)
{
    struct operand *x = &pb->o[1], *y = &pb->o[pb->count - 1];
    double alpha = (double)ways[i % WAYS].alpha, beta = (double)ways[i % WAYS].beta;
    double s = (double)pb->o[0].init[0], factor = ways[i % WAYS].divide ? alpha / s : alpha * s;

    operand_want(y);
    y->exact = pb->pass == PASS_INTEGERS;
    y->certain = true;
    for (size_t j = 0; j < y->count; j++) {
        double first = factor * (double)x->init[j];
        double second = beta == 0.0 ? 0.0 : beta * (double)y->init[j];

        y->want[j] = first + second;
        y->bound[j] = U * (8.0 * fabs(first) + 2.0 * fabs(second));
    }
}

static void call_scale(int i, struct lim_backend *be, const struct operand *o)
{
    lim_scale(be, ways[i % WAYS].alpha, o[0].t, ways[i % WAYS].divide, o[1].t, ways[i % WAYS].beta,
              o[in_place(i) ? 1 : 2].t);
}

const struct conform_op conform_scale[] = {
    {CONFORM_OP("dot", LENGTHS, dot), .passes = BOTH_PASSES, .flags = line_flags,
     .label = line_label},
    {CONFORM_OP("norm", LENGTHS, norm), .passes = BOTH_PASSES, .flags = line_flags,
     .label = line_label},
    {CONFORM_OP("scale", LENGTHS *WAYS, scale), .passes = BOTH_PASSES, .flags = scale_flags,
     .label = scale_label},
};
const int conform_scale_count = COUNT_OF(conform_scale);
