#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    char text[8] = "before";

    assert_string_equal(lim_printable(NULL, text, sizeof text), "");
    assert_null(lim_printable("x", NULL, 8));
    strcpy(text, "before");
    assert_ptr_equal(lim_printable("x", text, 0), text);
    assert_string_equal(text, "before");
    assert_string_equal(lim_printable("x", text, 1), "");
}

int test_log(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/log.h", tests, NULL, NULL);
}
