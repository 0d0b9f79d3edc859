#include "unit/public/public.h"

#include <limner/bench.h>

static const struct lim_layer_desc rows[] = {
    {.kind = LIM_LAYER_CONV, .out = 2, .kernel = 1, .stride = 1, .bias = true}};

static void refuses(void **state)
{
    (void)state;
    static const struct lim_layer_desc strange = {.kind = (enum lim_layer_kind)NO_KIND};
    static const struct lim_layer_desc odd = {.kind = LIM_LAYER_ACTIVATION,
                                              .activation = (enum lim_activation)NO_KIND};
    struct lim_net *net = lim_net_create(be, rows, 1, 2, 2, 1, 2);
    struct lim_tensor x = lim_tensor_of(buf, 0, 2, 2, 2, 1), none = {.buf = NULL}, y;
    struct lim_conv cv;
    uint64_t params, state_floats;
    int a = 1, b = 1, c = 1;

    assert_non_null(net);
    REFUSES(assert_false(lim_conv_of_row(NULL, 1, &a, &b, &cv)));
    REFUSES(assert_false(lim_conv_of_row(rows, 1, NULL, &b, &cv)));
    REFUSES(assert_false(lim_conv_of_row(rows, 1, &a, NULL, &cv)));
    REFUSES(assert_false(lim_conv_of_row(rows, 1, &a, &b, NULL)));
    assert_false(lim_conv_of_row(&strange, 1, &a, &b, &cv));
    REFUSES(assert_null(lim_net_create(NULL, rows, 1, 2, 2, 1, 1)));
    REFUSES(assert_null(lim_net_create(be, NULL, 1, 2, 2, 1, 1)));
    REFUSES(assert_null(lim_net_create(be, rows, 0, 2, 2, 1, 1)));
    REFUSES(assert_null(lim_net_create(be, rows, 1, 0, 2, 1, 1)));
    REFUSES(assert_null(lim_net_create(be, rows, 1, 2, 2, -1, 1)));
    REFUSES(assert_null(lim_net_create(be, rows, 1, 2, 2, 1, 0)));
    REFUSES(assert_null(lim_net_create(be, rows, 1, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX)));
    REFUSES(assert_null(lim_net_create(be, &strange, 1, 2, 2, 1, 1)));
    REFUSES(assert_null(lim_net_create(be, &odd, 1, 2, 2, 1, 1)));
    REFUSES(assert_false(lim_rows_count(NULL, 1, 2, 2, 1, &params, &state_floats)));
    REFUSES(assert_false(lim_rows_count(rows, 1, 2, 2, 0, &params, &state_floats)));
    REFUSES(assert_false(lim_rows_count(rows, 1, 2, 2, 1, NULL, &state_floats)));
    REFUSES(assert_false(lim_rows_count(&strange, 1, 2, 2, 1, &params, &state_floats)));
    REFUSES(lim_net_set_step(NULL, 1, 1));
    lim_net_destroy(NULL);
    REFUSES(assert_false(lim_net_init(NULL, 1)));

    REFUSES_OP(assert_null(lim_net_backward(net, x, LIM_WANT_PARAMS).buf)); /* no forward pass */
    REFUSES(assert_null(lim_net_forward(NULL, x, LIM_TRAIN).buf));
    REFUSES_OP(assert_null(lim_net_forward(net, none, LIM_TRAIN).buf));
    REFUSES_OP(lim_net_forward(net, lim_tensor_of(buf, 0, 3, 2, 2, 1), LIM_TRAIN));
    REFUSES_OP(lim_net_forward(net, lim_tensor_of(buf, 0, 1, 2, 2, 2), LIM_TRAIN));
    REFUSES_OP(lim_net_forward(net, lim_tensor_of(buf, 60, 2, 2, 2, 1), LIM_TRAIN));
    REFUSES_OP(lim_net_forward(net, lim_tensor_of(buf, SIZE_MAX, 2, 2, 2, 1), LIM_TRAIN));
    REFUSES_OP(lim_net_forward(net, x, (enum lim_mode)NO_KIND));
    y = lim_net_forward(net, x, LIM_TRAIN);
    assert_non_null(y.buf);
    REFUSES(assert_null(lim_net_backward(NULL, y, LIM_WANT_PARAMS).buf));
    REFUSES_OP(lim_net_backward(net, none, LIM_WANT_PARAMS));
    REFUSES_OP(lim_net_backward(net, x, LIM_WANT_PARAMS)); /* of the input's shape */
    REFUSES_OP(lim_net_backward(net, y, 8));
    REFUSES(lim_net_zero_grads(NULL));
    REFUSES(assert_int_equal(lim_net_chunks(NULL), 0));
    REFUSES(assert_null(lim_net_params(net, 1).buf));
    REFUSES(assert_null(lim_net_params(NULL, 0).buf));
    REFUSES(assert_null(lim_net_grads(net, -1).buf));
    REFUSES(assert_null(lim_net_state(NULL).buf));
    assert_null(lim_net_state(net).buf);
    REFUSES(assert_int_equal(lim_net_part_count(NULL), 0));
    REFUSES(assert_string_equal(lim_net_part(net, 2).name, ""));
    REFUSES(assert_null(lim_net_part(NULL, 0).tensor.buf));
    REFUSES(lim_net_output_shape(NULL, &a, &b, &c));
    REFUSES(lim_net_output_shape(net, &a, NULL, &c));
    lim_net_destroy(net);
}

int test_net(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/net.h", tests, NULL, NULL);
}
