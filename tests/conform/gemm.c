/* Matrix multiplication: every transpose, sizes around tiles and beyond 16 bits, alpha and beta,
 * NaN and infinities that must stay in their rows. */
#include "conform.h"
#include "oracle.h"

#include <math.h>
#include <stdio.h>

enum plant { PLANT_NOTHING, PLANT_NAN, PLANT_INFINITY };

struct gemm_case {
    int m, n, k;
    bool ta, tb;
    float alpha, beta;
    enum plant plant;
    unsigned flags;
};

#define TRANSPOSES(m, n, k, flags)                                                   \
    {m, n, k, false, false, 1, 0, 0, flags}, {m, n, k, false, true, 1, 0, 0, flags}, \
        {m, n, k, true, false, 1, 1, 0, flags},                                      \
    {                                                                                \
        m, n, k, true, true, -2, 3, 0, flags                                         \
    }

static const struct gemm_case table[] = {
    TRANSPOSES(1, 1, 1, CASE_SMALL),
    TRANSPOSES(1, 1, 257, CASE_SMALL),
    TRANSPOSES(1, 19, 5, CASE_SMALL),
    TRANSPOSES(17, 1, 31, CASE_SMALL),
    TRANSPOSES(7, 13, 1, CASE_SMALL),
    TRANSPOSES(15, 16, 17, CASE_SMALL),
    TRANSPOSES(33, 31, 32, 0),
    TRANSPOSES(63, 64, 65, 0),
    TRANSPOSES(64, 65, 63, 0),
    TRANSPOSES(65, 63, 64, 0),
    TRANSPOSES(64, 64, 64, 0),
    TRANSPOSES(127, 128, 129, 0),
    TRANSPOSES(256, 256, 256, 0),
    TRANSPOSES(257, 255, 101, 0),
    TRANSPOSES(65537, 3, 5, 0),
    TRANSPOSES(3, 65537, 2, 0),
    /* The loop over k is the same for every layout of A and B: two of the four test its end. */
    {5, 3, 65537, false, false, 1, 0, 0, 0},
    {5, 3, 65537, false, true, 1, 0, 0, CASE_LONG},
    {5, 3, 65537, true, false, 1, 1, 0, CASE_LONG},
    {5, 3, 65537, true, true, -2, 3, 0, 0},
    TRANSPOSES(48, 64, 8192, CASE_LONG),
    /* Sizes where CLBlast was wrong (CLBlast#542), with rows that do not fill whole tiles. */
    TRANSPOSES(1152, 1250, 40, 0),
    {64, 48, 80, false, false, 2, 0, 0, 0},
    {64, 48, 80, false, false, 1, 1, 0, CASE_SMALL},
    {65, 47, 81, false, true, -1, 2, 0, 0},
    {65, 47, 81, true, false, 0, 1, 0, CASE_SMALL},
    {65, 47, 81, true, true, 3, -1, 0, 0},
    {13, 11, 19, false, false, 1, 0, PLANT_NAN, CASE_SMALL},
    {67, 71, 73, true, false, 1, 0, PLANT_NAN, 0},
    {67, 71, 73, false, true, 1, 1, PLANT_INFINITY, 0},
    /* The products of DCGAN-64, width 64, batch 64: forward, data and weights. */
    {65536, 64, 48, false, false, 1, 0, 0, CASE_BENCH},
    {16384, 128, 1024, false, false, 1, 0, 0, CASE_BENCH},
    {4096, 256, 2048, false, false, 1, 0, 0, CASE_BENCH},
    {1024, 512, 4096, false, false, 1, 0, 0, CASE_BENCH},
    {16384, 1024, 128, false, true, 1, 0, 0, CASE_BENCH},
    {1024, 4096, 512, false, true, 1, 0, 0, CASE_BENCH},
    {48, 64, 65536, true, false, 1, 1, 0, CASE_BENCH},
    {1024, 128, 16384, true, false, 1, 1, 0, CASE_BENCH},
    {4096, 512, 1024, true, false, 1, 1, 0, CASE_BENCH},
};

static unsigned flags(int i)
{
    return table[i].flags;
}

static void label(int i, char *text, size_t size)
{
    static const char *const plants[] = {"", ", a NaN", ", an infinity"};
    const struct gemm_case *g = &table[i];

    snprintf(text, size, "%c%c %dx%dx%d alpha %g beta %g%s", g->ta ? 'T' : 'N', g->tb ? 'T' : 'N',
             g->m, g->n, g->k, (double)g->alpha, (double)g->beta, plants[g->plant]);
}

static void build_gemm(int i, struct problem *pb)
{
    const struct gemm_case *g = &table[i];
    /* The rows of a matrix are n*h*w of its tensor: spread them over these if they divide. */
    int halves = g->m % 2 == 0 ? 2 : 1;
    struct operand *a, *b, *c;

    a = g->ta ? operand_add(pb, "a", ROLE_IN, 1, 1, g->k, g->m)
              : operand_add(pb, "a", ROLE_IN, halves, 1, g->m / halves, g->k);
    b = g->tb ? operand_add(pb, "b", ROLE_IN, g->n, 1, 1, g->k)
              : operand_add(pb, "b", ROLE_IN, 1, g->k, 1, g->n);
    c = operand_add(pb, "c", g->beta == 0.0f ? ROLE_OUT : ROLE_INOUT, halves, g->m / halves, 1,
                    g->n);
    operand_fill(pb, a, 6, 1.0);
    operand_fill(pb, b, 6, 1.0);
    if (g->plant != PLANT_NOTHING)
        a->init[a->count / 2] = g->plant == PLANT_NAN ? NAN : INFINITY;
    if (c->role == ROLE_INOUT)
        operand_fill(pb, c, 100, 3.0);
    pb->flops = 2.0 * g->m * g->n * g->k;
}

/* Beside the product's own rounding: beta * c is one more term of the sum, and scaling by alpha and
 * beta rounds each term once or twice more. */
static void refer_gemm(int i, struct problem *pb)
{
    const struct gemm_case *g = &table[i];
    struct operand *c = &pb->o[2];
    double alpha = (double)g->alpha, beta = (double)g->beta, terms = g->k + (beta != 0.0);
    bool scaled = fabs(alpha) != 1.0 || (beta != 0.0 && beta != 1.0);

    operand_want(c);
    oracle_gemm(g->ta, g->tb, g->m, g->n, g->k, pb->o[0].init, pb->o[1].init, c->want, c->bound);
    for (size_t j = 0; j < c->count; j++) {
        double before = beta == 0.0 ? 0.0 : beta * (double)c->init[j];
        double sum = fabs(alpha) * c->bound[j] + fabs(before);

        c->want[j] = alpha * c->want[j] + before;
        c->bound[j] = bound_products(terms, sum) + (scaled ? 2.0 * U * sum : 0.0);
    }
    c->exact = pb->pass == PASS_INTEGERS;
    c->certain = certain_products(terms);
    c->norm = c->exact ? 0.0 : norm_products(terms);
}

static void call_gemm(int i, struct lim_backend *be, const struct operand *o)
{
    const struct gemm_case *g = &table[i];

    lim_gemm(be, g->ta ? LIM_TRANS : LIM_NO_TRANS, g->tb ? LIM_TRANS : LIM_NO_TRANS, g->alpha,
             o[0].t, o[1].t, g->beta, o[2].t);
}

const struct conform_op conform_gemm[] = {
    {CONFORM_OP("gemm", COUNT_OF(table), gemm), .passes = BOTH_PASSES, .each_gemm = true,
     .flags = flags, .label = label},
};
const int conform_gemm_count = COUNT_OF(conform_gemm);
