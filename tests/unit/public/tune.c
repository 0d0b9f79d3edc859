#include "unit/public/public.h"

static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV, .out = 2, .kernel = 1, .stride = 1, .bias = true}};

static void refuses(void **state)
{
    (void)state;
    const struct lim_tune_network network = {'D', rows, 1, 2, 1, {0}};
    struct lim_tune_work work = {"x", &network, 1, 1, {0}}, wrong = work;
    struct lim_tune_config config = lim_tune_defaults(), small = config;
    struct lim_tune_rates rates = {NULL, NULL};
    enum lim_tune_mode mode;

    assert_int_equal(config.struct_size, sizeof config);
    assert_int_equal(config.mode, LIM_TUNE_FAST);
    config.cache_dir = small.cache_dir = "off";
    REFUSES(assert_false(lim_tune_parse(NULL, &mode)));
    REFUSES(assert_false(lim_tune_parse("fast", NULL)));
    REFUSES(lim_tune_load(NULL, "off"));
    REFUSES(assert_int_equal(lim_tune(NULL, &work, &config), LIM_USAGE));
    REFUSES(assert_int_equal(lim_tune(be, NULL, &config), LIM_USAGE));
    REFUSES(assert_int_equal(lim_tune(be, &work, NULL), LIM_USAGE));
    small.struct_size = 4;
    REFUSES(assert_int_equal(lim_tune(be, &work, &small), LIM_USAGE));
    config.mode = (enum lim_tune_mode)NO_KIND;
    REFUSES(assert_int_equal(lim_tune(be, &work, &config), LIM_USAGE));
    config.mode = LIM_TUNE_FAST;
    wrong.batch = 0;
    REFUSES(assert_int_equal(lim_tune(be, &wrong, &config), LIM_USAGE));
    wrong = work;
    wrong.networks = NULL;
    REFUSES(assert_int_equal(lim_tune(be, &wrong, &config), LIM_USAGE));
    REFUSES(assert_false(lim_tune_keep_rate(NULL, "off", "x", 1)));
    REFUSES(assert_false(lim_tune_keep_rate(be, "off", NULL, 1)));
    REFUSES(assert_false(lim_tune_keep_rate(be, "off", "x", NAN)));
    REFUSES(assert_true(lim_tune_rate(NULL, "x") == 0));
    REFUSES(assert_true(lim_tune_rate(&rates, "x") == 0));
    rates.work = "x";
    REFUSES(assert_true(lim_tune_rate(&rates, NULL) == 0));
}

int test_tune(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/tune.h", tests, NULL, NULL);
}
