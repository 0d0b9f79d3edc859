#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_tensor none = {.buf = NULL}, x = lim_tensor_of(buf, 0, 2, 2, 2, 1);
    float host[64] = {0};

    REFUSES(assert_null(lim_buffer_create(NULL, 1)));
    REFUSES(assert_null(lim_buffer_create(be, 0)));
    REFUSES(assert_null(lim_buffer_create(be, SIZE_MAX)));
    REFUSES(assert_null(lim_buffer_create(be, SIZE_MAX / 4)));
    REFUSES(assert_null(lim_buffer_create_for(be, (enum lim_memory_part)NO_KIND, 1)));
    lim_buffer_destroy(NULL);
    REFUSES(assert_int_equal(lim_buffer_count(NULL), 0));
    REFUSES(assert_null(lim_vector_of(buf, 0, SIZE_MAX).buf));
    REFUSES(assert_null(lim_tensor_images(x, 1, 2).buf));
    REFUSES(assert_null(lim_tensor_images(x, -1, 1).buf));
    REFUSES(assert_null(lim_tensor_images(x, 0, 0).buf));
    assert_int_equal(lim_tensor_count(none), 0);
    assert_int_equal(lim_tensor_count(lim_tensor_of(buf, 0, 1, -1, -1, 1)), 0);
    assert_true(lim_tensor_count(lim_tensor_of(buf, 0, 1 << 30, 1 << 30, 1 << 30, 1 << 30)) ==
                SIZE_MAX);
    REFUSES(lim_write(none, host));
    REFUSES(lim_read(none, host));
    REFUSES_OP(lim_write(x, NULL));
    REFUSES_OP(lim_read(x, NULL));
    REFUSES_OP(lim_read(lim_vector_of(buf, 1, 64), host));
    REFUSES_OP(lim_write(lim_vector_of(buf, SIZE_MAX, 2), host));
    lim_read(lim_vector_of(buf, 0, 64), host);
    assert_true(lim_backend_finish(be));
}

int test_tensor(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/tensor.h", tests, NULL, NULL);
}
