#include <limner/random.h>

#include "support/check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* From kat_vectors of Random123, the authors' own library: philox4x32, 10 rounds. */
static void known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];

        lim_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

enum { MANY = 1 << 16 };

static float values[MANY];

static void check_moments(double mean, double variance, double tolerance)
{
    double sum = 0.0, squares = 0.0;

    for (int i = 0; i < MANY; i++)
        sum += values[i];
    sum /= MANY;
    for (int i = 0; i < MANY; i++)
        squares += (values[i] - sum) * (values[i] - sum);
    assert_true(fabs(sum - mean) < tolerance);
    assert_true(fabs(squares / MANY - variance) < tolerance);
}

/* Five standard errors: the seed is fixed, so this either always passes or never. */
static void moments(void **state)
{
    (void)state;
    lim_random_uniform(3, LIM_RANDOM_TEST, 0, MANY, values);
    for (int i = 0; i < MANY; i++)
        assert_true(values[i] >= 0.0f && values[i] < 1.0f);
    check_moments(0.5, 1.0 / 12.0, 0.006);
    lim_random_normal(3, LIM_RANDOM_TEST, 0, MANY, values);
    check_moments(0.0, 1.0, 0.028);
}

static void element_does_not_depend_on_count(void **state)
{
    (void)state;
    lim_random_normal(9, LIM_RANDOM_TEST, 4, 64, values);
    for (size_t count = 1; count < 9; count++) {
        float few[9];

        few[count] = -7.0f;
        lim_random_normal(9, LIM_RANDOM_TEST, 4, count, few);
        assert_memory_equal(few, values, count * sizeof *few);
        assert_true(few[count] == -7.0f);
    }
}

static void streams_differ(void **state)
{
    float a[8], b[8];

    (void)state;
    lim_random_normal(1, LIM_RANDOM_WEIGHTS, 0, 8, a);
    lim_random_normal(2, LIM_RANDOM_WEIGHTS, 0, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
    lim_random_normal(1, LIM_RANDOM_LATENT, 0, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
    lim_random_normal(1, LIM_RANDOM_WEIGHTS, 1, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
    lim_random_normal(1ull << 32 | 1, LIM_RANDOM_WEIGHTS, 0, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void below_stays_below(void **state)
{
    const uint64_t wide = 3ull << 62;
    bool upper = false;
    int seen[5] = {0};

    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t x = lim_random_below(1, LIM_RANDOM_TEST, i, wide);

        assert_true(x < wide);
        upper |= x > 1ull << 63;
        x = lim_random_below(1, LIM_RANDOM_TEST, i, 5);
        assert_true(x < 5);
        seen[x]++;
        assert_int_equal(lim_random_below(1, LIM_RANDOM_TEST, i, 1), 0);
    }
    assert_true(upper);
    for (int i = 0; i < 5; i++)
        assert_true(seen[i] > 50 && seen[i] < 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(moments),
        cmocka_unit_test(element_does_not_depend_on_count),
        cmocka_unit_test(streams_differ),
        cmocka_unit_test(below_stays_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
