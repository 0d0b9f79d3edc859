#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    const uint32_t counter[4] = {0}, key[2] = {0};
    uint32_t words[4];

    REFUSES(lim_philox(NULL, key, words));
    REFUSES(lim_philox(counter, NULL, words));
    REFUSES(lim_philox(counter, key, NULL));
    REFUSES(lim_random_uniform(1, LIM_RANDOM_TEST, 0, 4, NULL));
    REFUSES(lim_random_normal(1, LIM_RANDOM_TEST, 0, 4, NULL));
    REFUSES(assert_int_equal(lim_random_below(1, LIM_RANDOM_TEST, 0, 0), 0));
    here_clear();
    lim_random_normal(1, (enum lim_random_purpose)NO_KIND, 0, 0, NULL);
    assert_int_equal(here_log.errors, 0);
}

int test_random(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/random.h", tests, NULL, NULL);
}
