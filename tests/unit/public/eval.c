#include "unit/public/public.h"

#include <limner/eval.h>

static void refuses(void **state)
{
    (void)state;
    struct lim_eval_config config = lim_eval_defaults();
    const uint8_t *list[1] = {NULL};
    struct lim_eval_result result;
    enum lim_status why = LIM_OK;
    uint8_t pixel = 0;

    assert_string_equal(lim_eval_number_name((enum lim_eval_number)NO_KIND), "unknown");
    assert_string_equal(lim_eval_spoiled_name((enum lim_eval_spoiled)NO_KIND), "unknown");
    REFUSES(assert_null(lim_eval_create(NULL, &config, list, 0, list, 0, &why)));
    assert_int_equal(why, LIM_USAGE);
    REFUSES(assert_null(lim_eval_create(be, NULL, list, 0, list, 0, NULL)));
    REFUSES(assert_null(lim_eval_create(be, &config, NULL, 0, list, 0, NULL)));
    REFUSES(assert_null(lim_eval_create(be, &config, list, 1, list, 1, NULL)));
    REFUSES(assert_null(lim_eval_create(be, &config, list, -1, list, -1, &why)));
    REFUSES(assert_null(lim_eval_open(NULL, &config, here_pictures(), &why)));
    REFUSES(assert_null(lim_eval_open(be, NULL, here_pictures(), &why)));
    REFUSES(assert_null(lim_eval_open(be, &config, NULL, NULL)));
    lim_eval_destroy(NULL);
    REFUSES(assert_int_equal(lim_eval_count(NULL), 0));
    REFUSES(assert_int_equal(lim_eval_searched(NULL), 0));
    REFUSES(assert_int_equal(lim_eval_levels(NULL), 0));
    REFUSES(assert_null(lim_eval_floor(NULL)));
    REFUSES(assert_false(lim_eval_measure(NULL, &pixel, &result, NULL)));
    REFUSES(assert_false(lim_eval_spoil(NULL, LIM_EVAL_BLURRED, &pixel)));
}

int test_eval(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/eval.h", tests, NULL, NULL);
}
