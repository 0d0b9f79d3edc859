#include "unit/public/public.h"

#include <stdio.h>

static void tells(void **state)
{
    (void)state;
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", LIM_VERSION_MAJOR, LIM_VERSION_MINOR,
             LIM_VERSION_PATCH);
    assert_string_equal(lim_version(), text);
    assert_int_equal(lim_version_number(), LIM_VERSION);
    assert_true(lim_version_matches());
    assert_true(LIM_VERSION_AT_LEAST(0, 1, 0));
    assert_false(LIM_VERSION_AT_LEAST(LIM_VERSION_MAJOR, LIM_VERSION_MINOR, LIM_VERSION_PATCH + 1));
    assert_true(LIM_VERSION_NUMBER(1, 0, 0) > LIM_VERSION_NUMBER(0, 99, 99));
}

int test_version(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells)};

    return cmocka_run_group_tests_name("limner/version.h", tests, NULL, NULL);
}
