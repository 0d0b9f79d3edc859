#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_host host = lim_host_defaults();

    assert_int_equal(host.struct_size, sizeof host);
    REFUSES(lim_host_set(NULL));
    host.struct_size = 1;
    REFUSES(lim_host_set(&host));
    REFUSES(lim_host_init(NULL, sizeof host));
    REFUSES(lim_host_init(&host, 1));
}

int test_host(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/host.h", tests, NULL, NULL);
}
