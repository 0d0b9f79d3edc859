#include "unit/public/public.h"

#include <limner/bench.h>

static void refuses(void **state)
{
    (void)state;
    struct lim_conv cv = {.n = 1, .h = 2, .w = 2, .c = 1, .k = 1, .r = 1, .s = 1, .stride = 1};
    struct lim_conv raw = cv, odd = cv;
    struct lim_batchnorm bn = lim_batchnorm_defaults();
    struct lim_adam_desc adam = lim_adam_defaults();
    struct lim_tensor none = {.buf = NULL};
    struct lim_tensor x = lim_tensor_of(buf, 0, 1, 2, 2, 1), y = lim_tensor_of(buf, 4, 1, 2, 2, 1);
    struct lim_tensor w = lim_vector_of(buf, 8, 1), v[4], out = lim_tensor_of(buf, 61, 1, 2, 2, 1);
    const enum lim_activation no_kind = (enum lim_activation)NO_KIND;

    for (int i = 0; i < 4; i++)
        v[i] = lim_vector_of(buf, 16 + (size_t)i, 1);
    assert_true(lim_conv_init(&cv));
    REFUSES(assert_false(lim_conv_init(NULL)));
    odd.stride = 0;
    assert_false(lim_conv_init(&odd));
    odd = cv;
    odd.pad_top = odd.pad_bottom = odd.r = odd.k = odd.c = INT32_MAX;
    assert_false(lim_conv_init(&odd));

    REFUSES(lim_gemm(NULL, LIM_NO_TRANS, LIM_NO_TRANS, 1, v[0], v[1], 0, v[2]));
    REFUSES_OP(lim_gemm(be, (enum lim_transpose)7, LIM_NO_TRANS, 1, v[0], v[1], 0, v[2]));
    REFUSES_OP(lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1, none, v[1], 0, v[2]));
    REFUSES_OP(lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1, x, v[1], 0, v[2]));
    REFUSES_OP(lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1, v[0], v[1], 0, v[1]));
    /* A convolution that lim_conv_init has not filled, or that was changed since. */
    REFUSES_OP(lim_im2col(be, &raw, x, y));
    REFUSES_OP(lim_im2col(be, NULL, x, y));
    REFUSES_OP(lim_im2col(be, &cv, x, out));
    REFUSES_OP(lim_col2im(be, &cv, x, x));
    REFUSES_OP(lim_conv_forward(be, &raw, x, w, y));
    REFUSES_OP(lim_conv_forward(be, &cv, x, x, y));
    REFUSES_OP(lim_conv_backward_data(be, NULL, x, w, y));
    REFUSES_OP(lim_conv_backward_data(be, &cv, x, none, y));
    REFUSES_OP(lim_conv_backward_weights(be, &cv, x, y, out));
    REFUSES(assert_string_equal(lim_conv_algorithm(NULL, &cv, LIM_CONV_FORWARD), ""));
    REFUSES(assert_string_equal(lim_conv_algorithm(be, NULL, LIM_CONV_FORWARD), ""));
    REFUSES(assert_string_equal(lim_conv_algorithm(be, &cv, (enum lim_conv_pass)NO_KIND), ""));
    REFUSES(assert_string_equal(lim_conv_gemm(be, NULL, LIM_CONV_FORWARD), ""));
    REFUSES(assert_false(lim_conv_reserve(NULL, &cv)));
    REFUSES(assert_false(lim_conv_reserve(be, &raw)));

    REFUSES_OP(lim_bias_forward(be, x, y));
    REFUSES_OP(lim_bias_forward(be, w, out));
    REFUSES_OP(lim_bias_backward(be, x, none));
    REFUSES_OP(lim_batchnorm_train(be, NULL, x, v[0], v[0], v[1], v[1], v[2], v[3], y));
    REFUSES_OP(lim_batchnorm_train(be, &bn, w, v[0], v[0], v[1], v[1], v[2], v[3], w));
    REFUSES_OP(lim_batchnorm_train(be, &bn, x, v[0], v[0], none, v[1], v[2], v[3], y));
    REFUSES_OP(lim_batchnorm_infer(be, NULL, x, v[0], v[0], v[1], v[1], y));
    REFUSES_OP(lim_batchnorm_infer(be, &bn, x, x, v[0], v[1], v[1], y));
    REFUSES_OP(lim_batchnorm_backward(be, x, y, v[0], v[1], v[2], v[3], none, y));
    REFUSES_OP(lim_batchnorm_backward(be, x, y, v[0], v[1], v[2], none, none, x));
    REFUSES_OP(lim_activation_forward(be, no_kind, 0, x, y));
    REFUSES_OP(lim_activation_forward(be, LIM_LEAKY_RELU, 2, x, y));
    REFUSES_OP(lim_activation_forward(be, LIM_LEAKY_RELU, NAN, x, y));
    REFUSES_OP(lim_activation_forward(be, LIM_RELU, 0, x, v[0]));
    REFUSES_OP(lim_bias_act_forward(be, no_kind, 0, v[0], y));
    REFUSES_OP(lim_bias_act_forward(be, LIM_RELU, 0, x, y));
    REFUSES_OP(
        lim_batchnorm_act_train(be, NULL, LIM_RELU, 0, x, v[0], v[0], v[1], v[1], v[2], v[3], y));
    REFUSES_OP(lim_batchnorm_act_infer(be, &bn, no_kind, 0, x, v[0], v[0], v[1], v[1], y));
    REFUSES_OP(lim_batchnorm_act_backward(be, LIM_RELU, 0, x, x, y, v[0], v[0], v[1], v[2], v[3],
                                          none, y));
    REFUSES_OP(lim_loss(be, (enum lim_loss_kind)NO_KIND, 1, x, lim_vector_of(buf, 20, 2), y));
    REFUSES_OP(lim_loss(be, LIM_LOSS_BCE, 1, x, v[0], y));
    REFUSES_OP(lim_loss(be, LIM_LOSS_BCE, 1, x, lim_vector_of(buf, 20, 2), x));
    REFUSES_OP(lim_adam(be, NULL, 1, v[0], v[1], v[2], v[3]));
    REFUSES_OP(lim_adam(be, &adam, 0, v[0], v[1], v[2], v[3]));
    REFUSES_OP(lim_adam(be, &adam, 1, x, v[1], v[2], v[3]));
    REFUSES(lim_fill(NULL, 0, x));
    REFUSES_OP(lim_fill(be, 0, none));
    REFUSES_OP(lim_fill(be, 0, lim_tensor_of(buf, 0, 1 << 30, 1 << 30, 1 << 30, 1 << 30)));
    REFUSES_OP(lim_fill(be, 0, lim_tensor_of(buf, 0, 1 << 16, 1 << 16, 1 << 16, 1 << 16)));
    REFUSES_OP(lim_fill(be, 0, lim_tensor_of(buf, 0, 1, 1, 1, -1)));
    REFUSES_OP(lim_fill(be, 0, lim_tensor_of(buf, SIZE_MAX - 1, 1, 1, 1, 4)));
    REFUSES_OP(lim_copy(be, x, x));
    REFUSES_OP(lim_copy(be, x, v[0]));
    REFUSES_OP(lim_axpby(be, 1, x, 1, v[0]));
    REFUSES_OP(lim_axpby(be, 1, none, 1, y));
    REFUSES_OP(lim_dot(be, v[0], x, v[1]));
    REFUSES_OP(lim_dot(be, x, none, v[1]));
    REFUSES_OP(lim_dot(be, v[0], v[1], v[0]));
    REFUSES_OP(lim_norm(be, x, x));
    REFUSES(lim_norm(NULL, x, v[0]));
    REFUSES_OP(lim_scale(be, 1, x, false, v[0], 0, v[1]));
    REFUSES_OP(lim_scale(be, 1, v[0], true, x, 0, v[1]));
    REFUSES_OP(lim_scale(be, 1, v[0], true, v[0], 0, v[0]));
}

int test_ops(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/ops.h", tests, NULL, NULL);
}
