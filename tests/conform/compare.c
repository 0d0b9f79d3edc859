/* Three ways to compare, and the bounds that several operations share. */
#include "conform.h"

#include <float.h>
#include <math.h>

/* Roundings are a random walk: an error grows with the root of the number of terms, and never
 * exceeds the error that it would have if all had the same sign. */
static double likely(double terms)
{
    return 4.0 * fmax(sqrt(terms), 8.0);
}

static double most(double terms)
{
    return 1.01 * terms;
}

double bound_products(double terms, double sum)
{
    return fmin(likely(terms), most(terms)) * U * sum;
}

bool certain_products(double terms)
{
    return most(terms) < likely(terms);
}

double norm_products(double terms)
{
    return 2.0 * fmax(sqrt(terms), 8.0) * U;
}

double bound_sum(double terms, double sum)
{
    return likely(terms) * U * sum;
}

double ulp(double x)
{
    return ldexp(1.0, ilogb(fmax(fabs(x), (double)FLT_MIN)) - 23);
}

/* Zeros are equal whatever their sign; so are NaNs. Denormal numbers may be flushed (optional in
 * OpenCL, section 7.2 of its C specification): then zero is accepted for values below FLT_MIN. */
static double error(double got, double want)
{
    if (isnan(got) || isnan(want) || isinf(got) || isinf(want))
        return (isnan(got) && isnan(want)) || got == want ? 0.0 : INFINITY;
    if (got == 0.0 && fabs(want) < (double)FLT_MIN)
        return 0.0;
    return fabs(got - want);
}

static double ratio_of(double err, double bound)
{
    if (err == 0.0)
        return 0.0;
    return isfinite(err) && bound > 0.0 ? err / bound : INFINITY;
}

static void raise_to(struct worst *worst, enum kind kind, double ratio)
{
    worst->asked[kind] = true;
    worst->ratio[kind] = fmax(worst->ratio[kind], ratio);
}

/* Two results that both keep the bound differ by at most twice the bound. */
static bool compare_cpu(const struct operand *o, struct worst *worst, struct miss *miss)
{
    double worst_ratio = 0.0;

    *miss = (struct miss){.o = o};
    for (size_t i = 0; i < o->count; i++) {
        double got = (double)o->got[i], cpu = (double)o->cpu[i];
        double bound = o->exact ? 0.0 : 2.0 * o->bound[i];
        /* Either of them may have flushed a denormal number. */
        double ratio = ratio_of(fmin(error(got, cpu), error(cpu, got)), bound);

        if (ratio > worst_ratio) {
            worst_ratio = ratio;
            miss->index = i;
            miss->got = got;
            miss->want = cpu;
            miss->bound = bound;
        }
        miss->misses += ratio > 1.0;
    }
    raise_to(worst, KIND_CPU, worst_ratio);
    return miss->misses == 0;
}

bool conform_compare(const struct operand *o, struct worst *worst, struct miss *miss,
                     enum kind *kind)
{
    double worst_ratio = -1.0, error2 = 0.0, want2 = 0.0;

    *miss = (struct miss){.o = o};
    *kind = o->exact ? KIND_EQUAL : KIND_ELEMENT;
    for (size_t i = 0; i < o->count; i++) {
        double want = o->exact ? (double)(float)o->want[i] : o->want[i];
        double bound = o->exact ? 0.0 : o->bound[i];
        double err = error((double)o->got[i], want), ratio = ratio_of(err, bound);

        if (ratio > worst_ratio) {
            worst_ratio = ratio;
            miss->index = i;
            miss->got = (double)o->got[i];
            miss->want = want;
            miss->bound = bound;
        }
        miss->misses += ratio > 1.0;
        if (isfinite(want)) {
            error2 += err * err;
            want2 += want * want;
        }
    }
    raise_to(worst, *kind, worst_ratio);
    if (worst_ratio > 0.5 && o->certain)
        worst->certain = o->name;
    worst->close = worst->close || (!o->certain && worst_ratio > 0.5);
    if (miss->misses)
        return false;
    if (o->norm > 0.0) {
        double ratio = ratio_of(sqrt(error2), o->norm * sqrt(want2));

        raise_to(worst, KIND_NORM, ratio);
        worst->close = worst->close || ratio > 0.5;
        *kind = KIND_NORM;
        miss->misses = o->count;
        miss->got = sqrt(error2 / want2);
        miss->want = 0.0;
        miss->bound = o->norm;
        if (ratio > 1.0)
            return false;
    }
    *kind = KIND_CPU;
    return !o->cpu || compare_cpu(o, worst, miss);
}

void worst_merge(struct worst *into, const struct worst *from)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (from->asked[kind])
            raise_to(into, (enum kind)kind, from->ratio[kind]);
    into->close = into->close || from->close;
    if (from->certain)
        into->certain = from->certain;
}
