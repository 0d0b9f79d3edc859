#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_memory memory;

    assert_string_equal(lim_memory_part_name((enum lim_memory_part)NO_KIND), "unknown");
    REFUSES(memory = lim_backend_memory(NULL));
    assert_int_equal(memory.total, 0);
    REFUSES(lim_backend_plan(NULL, true));
    REFUSES(assert_int_equal(lim_backend_memory_limits(NULL).host, 0));
}

int test_memory(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/memory.h", tests, NULL, NULL);
}
