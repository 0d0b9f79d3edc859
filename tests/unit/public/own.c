#include "unit/public/public.h"

static void nothing(size_t first, size_t end, const struct lim_own_arg *args)
{
    (void)first;
    (void)end;
    (void)args;
}

static void refuses(void **state)
{
    const struct lim_own_op op = {"none", "", nothing}, nameless = {"", "", nothing},
                            no_source = {"none", NULL, nothing}, no_cpu = {"none", "", NULL};
    struct lim_tensor x = lim_vector_of(buf, 0, 8), none = {.buf = NULL};
    struct lim_own_arg good[] = {lim_own_tensor(LIM_OWN_IN, x),
                                 lim_own_tensor(LIM_OWN_OUT, lim_vector_of(buf, 8, 8)),
                                 lim_own_int(1), lim_own_float(1)};
    struct lim_own_arg wrong[] = {lim_own_tensor(LIM_OWN_OUT, x), lim_own_tensor(LIM_OWN_IN, x)};

    (void)state;
    REFUSES(assert_false(lim_own_reserve(NULL, &op)));
    REFUSES(assert_false(lim_own_reserve(be, NULL)));
    REFUSES(assert_false(lim_own_reserve(be, &nameless)));
    assert_true(lim_own_reserve(be, &op));
    REFUSES(lim_own_run(NULL, &op, 1, good, 4));
    REFUSES_OP(lim_own_run(be, NULL, 1, good, 4));
    REFUSES_OP(lim_own_run(be, &no_source, 1, good, 4));
    REFUSES_OP(lim_own_run(be, &no_cpu, 1, good, 4));
    REFUSES_OP(lim_own_run(be, &op, 0, good, 4));
    REFUSES_OP(lim_own_run(be, &op, SIZE_MAX, good, 4));
    REFUSES_OP(lim_own_run(be, &op, 1, NULL, 4));
    REFUSES_OP(lim_own_run(be, &op, 1, good, 0));
    REFUSES_OP(lim_own_run(be, &op, 1, good, LIM_OWN_MAX_ARGS + 1));
    REFUSES_OP(lim_own_run(be, &op, 1, wrong, 2)); /* what is written overlaps what is read */
    wrong[0] = lim_own_tensor(LIM_OWN_IN, none);
    REFUSES_OP(lim_own_run(be, &op, 1, wrong, 2));
    wrong[0].kind = (enum lim_own_kind)NO_KIND;
    REFUSES_OP(lim_own_run(be, &op, 1, wrong, 2));
    here_clear();
    lim_own_run(be, &op, 1000, good, 4);
    assert_true(lim_backend_finish(be));
    assert_int_equal(here_log.errors, 0);
}

/* A kernel that does not compile, or has another name, is told of once, with the compiler's words.
 */
static void kernels_that_cannot_be_built(void **state)
{
    const struct lim_own_op bad = {"bad", "__kernel void bad(ulong items) { nonsense; }", nothing};
    const struct lim_own_op other = {"other", "__kernel void another(ulong items) {}", nothing};
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_backend *device;

    (void)state;
    choice.device = "opencl";
    device = lim_backend_create(&choice, NULL);
    if (!device) /* there is none */
        return;
    REFUSES(assert_false(lim_own_reserve(device, &bad)));
    assert_non_null(strstr(here_log.error, "'bad'"));
    REFUSES(assert_false(lim_own_reserve(device, &other)));
    assert_true(lim_backend_finish(device)); /* which goes on */
    lim_backend_destroy(device);
}

int test_own(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(kernels_that_cannot_be_built),
    };

    return cmocka_run_group_tests_name("limner/own.h", tests, NULL, NULL);
}
