/* The comparison of limner-conform: what must never pass, and what must. */
#include "conform.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Is `got` accepted where `want` is asked, with this bound (0: equal bits)? */
static bool accepted(float got, double want, double bound)
{
    struct operand o = {.name = "y",
                        .role = ROLE_OUT,
                        .n = 1,
                        .h = 1,
                        .w = 1,
                        .c = 1,
                        .count = 1,
                        .exact = bound == 0.0,
                        .want = &want,
                        .bound = &bound,
                        .got = &got};
    struct worst worst = {0};
    struct miss miss;
    enum kind kind;

    return conform_compare(&o, &worst, &miss, &kind);
}

static void nan_and_infinity_match_only_themselves(void **state)
{
    (void)state;
    assert_false(accepted(NAN, 1.0, 0.0));
    assert_false(accepted(NAN, 1.0, INFINITY));
    assert_false(accepted(1.0f, (double)NAN, 100.0));
    assert_false(accepted(INFINITY, 1.0, 1e300));
    assert_false(accepted(-INFINITY, (double)INFINITY, 1.0));
    assert_false(accepted(NAN, (double)INFINITY, 1.0));
    assert_true(accepted(NAN, (double)NAN, 0.0));
    assert_true(accepted(INFINITY, (double)INFINITY, 0.0));
}

static void bounds_are_kept(void **state)
{
    (void)state;
    assert_true(accepted(1.5f, 1.0, 0.5));
    assert_false(accepted(1.5f, 1.0, 0.49));
    assert_true(accepted(-0.0f, 0.0, 0.0));
    assert_false(accepted(nextafterf(1.0f, 2.0f), 1.0, 0.0));
    /* Denormal numbers may be flushed, and no others. */
    assert_true(accepted(0.0f, 1e-39, 0.0));
    assert_false(accepted(0.0f, 2.0 * (double)FLT_MIN, 0.0));
}

/* One element in a hundred thousand that is 30 % wrong is lost in a norm. */
static void one_wrong_element_is_found(void **state)
{
    enum { COUNT = 100000 };
    float *got = conform_alloc(COUNT, sizeof *got);
    struct operand o = {.name = "y", .n = 1, .h = 1, .w = 1, .c = COUNT, .count = COUNT};
    struct worst worst = {0};
    struct miss miss;
    enum kind kind;

    (void)state;
    operand_want(&o);
    o.got = got;
    o.norm = 0.01;
    for (int i = 0; i < COUNT; i++) {
        got[i] = 1.0f;
        o.want[i] = 1.0;
        o.bound[i] = 1e-6;
    }
    got[777] = 1.3f;
    assert_false(conform_compare(&o, &worst, &miss, &kind));
    assert_int_equal(kind, KIND_ELEMENT);
    assert_int_equal(miss.index, 777);
    assert_int_equal(miss.misses, 1);
    free(got);
    free(o.want);
    free(o.bound);
}

/* The CPU path's results are held against the device's: equal where bits must be, else within the
 * bounds of both. */
static void the_cpu_path_must_agree(void **state)
{
    float got = 1.0f, cpu = 1.0f;
    double want = 1.0, bound = 0.25;
    struct operand o = {.name = "y", .n = 1, .h = 1, .w = 1, .c = 1, .count = 1};
    struct worst worst = {0};
    struct miss miss;
    enum kind kind;

    (void)state;
    o.want = &want;
    o.bound = &bound;
    o.got = &got;
    o.cpu = &cpu;
    cpu = 1.5f;
    assert_true(conform_compare(&o, &worst, &miss, &kind));
    assert_true(worst.asked[KIND_CPU] && worst.ratio[KIND_CPU] == 1.0);
    cpu = NAN;
    assert_false(conform_compare(&o, &worst, &miss, &kind));
    cpu = 1.51f;
    assert_false(conform_compare(&o, &worst, &miss, &kind));
    assert_int_equal(kind, KIND_CPU);
    o.exact = true;
    cpu = nextafterf(1.0f, 2.0f);
    assert_false(conform_compare(&o, &worst, &miss, &kind));
    cpu = 1.0f;
    assert_true(conform_compare(&o, &worst, &miss, &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nan_and_infinity_match_only_themselves),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(one_wrong_element_is_found),
        cmocka_unit_test(the_cpu_path_must_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
