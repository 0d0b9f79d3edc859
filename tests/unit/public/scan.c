#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_scan *scan = lim_scan_create(here_pictures()), empty;

    assert_non_null(scan);
    assert_string_equal(lim_format_name((enum lim_format)NO_KIND), "unknown");
    REFUSES(assert_null(lim_scan_create(NULL)));
    lim_scan_destroy(NULL);
    REFUSES(assert_false(lim_scan_sheet(NULL, here_file("x"))));
    REFUSES(assert_false(lim_scan_sheet(scan, NULL)));
    empty = *scan;
    empty.count = 0;
    REFUSES(assert_false(lim_scan_sheet(&empty, here_file("x"))));
    lim_scan_destroy(scan);
}

int test_scan(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/scan.h", tests, NULL, NULL);
}
