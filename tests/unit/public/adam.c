#include "unit/public/public.h"

static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV, .out = 2, .kernel = 1, .stride = 1, .bias = true}};

static void refuses(void **state)
{
    (void)state;
    const struct lim_adam_desc desc = lim_adam_defaults();
    struct lim_net *net = lim_net_create(be, rows, 1, 2, 2, 1, 1);
    struct lim_optimizer *opt = lim_optimizer_create(be, net, &desc);
    const struct lim_device_choice choice = {.device = "cpu"};
    struct lim_backend *other = lim_backend_create(&choice, NULL);

    assert_non_null(opt);
    REFUSES(assert_null(lim_optimizer_create(NULL, net, &desc)));
    REFUSES(assert_null(lim_optimizer_create(other, net, &desc)));
    REFUSES(assert_null(lim_optimizer_create(be, NULL, &desc)));
    REFUSES(assert_null(lim_optimizer_create(be, net, NULL)));
    lim_backend_destroy(other);
    lim_optimizer_destroy(NULL);
    REFUSES(lim_optimizer_step(NULL));
    REFUSES(assert_null(lim_optimizer_m(NULL, 0).buf));
    REFUSES(assert_null(lim_optimizer_m(opt, 1).buf));
    REFUSES(assert_null(lim_optimizer_v(opt, -1).buf));
    REFUSES(assert_int_equal(lim_optimizer_chunks(NULL), 0));
    REFUSES(assert_int_equal(lim_optimizer_t(NULL), 0));
    REFUSES(lim_optimizer_set_t(NULL, 1));
    REFUSES(lim_optimizer_set_lr(NULL, 1.0f));
    lim_optimizer_destroy(opt);
    lim_net_destroy(net);
}

int test_adam(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/adam.h", tests, NULL, NULL);
}
