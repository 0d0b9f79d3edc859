#include "unit/public/public.h"

#include <limner/bench.h>

static void refuses(void **state)
{
    (void)state;
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_device_info *list;
    enum lim_status why = LIM_OK;
    const char *none;
    char text[64] = "as before";

    assert_int_equal(choice.struct_size, sizeof choice);
    choice.device = "cpu";
    choice.threads = -1;
    REFUSES(assert_null(lim_backend_create(&choice, &why)));
    assert_int_equal(why, LIM_USAGE);
    choice.threads = 1;
    choice.wait_timeout = NAN;
    REFUSES(assert_null(lim_backend_create(&choice, &why)));
    choice.wait_timeout = 0;
    choice.struct_size = 8;
    REFUSES(assert_null(lim_backend_create(&choice, &why)));
    assert_int_equal(why, LIM_USAGE);
    REFUSES(lim_device_choice_init(NULL, sizeof choice));
    REFUSES(lim_device_choice_init(&choice, 8));

    REFUSES(lim_tell_crashes(NULL));
    lim_backend_destroy(NULL);
    REFUSES(assert_false(lim_backend_finish(NULL)));
    assert_false(lim_backend_ok(NULL));
    REFUSES(assert_false(lim_backend_profile(NULL, "x")));
    REFUSES(assert_false(lim_backend_profile(be, NULL)));
    REFUSES(assert_string_equal(lim_backend_name(NULL), ""));
    REFUSES(assert_string_equal(lim_backend_option(NULL), ""));
    REFUSES(assert_int_equal(lim_backend_launches(NULL), 0));
    REFUSES(assert_int_equal(lim_backend_bytes(NULL), 0));
    REFUSES(assert_null(lim_backend_gemms(NULL)[0]));
    REFUSES(assert_false(lim_backend_use_gemm(NULL, "blas")));
    REFUSES(assert_false(lim_backend_use_gemm(be, NULL)));
    REFUSES(assert_null(lim_backend_convs(NULL)[0]));
    REFUSES(assert_false(lim_backend_use_conv(NULL, "auto")));
    REFUSES(assert_false(lim_backend_use_conv(be, NULL)));
    REFUSES(assert_int_equal(lim_device_list(NULL, &none), 0));
    REFUSES(assert_int_equal(lim_device_list(&list, NULL), 0));
    lim_device_list_free(NULL);
    REFUSES(lim_device_loader(NULL, 10));
    REFUSES(lim_device_loader(text, 0));
    assert_string_equal(text, "as before");
}

int test_backend(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/backend.h", tests, NULL, NULL);
}
