/* A training step allocates nothing, builds nothing and waits for nothing, not even the first one;
 * and what was created is released. Counted by the layer (tests/layer), which must be in use:
 * OPENCL_LAYERS and LIMNER_LAYER are set by meson.build. */
#include <limner/limner.h>

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int (*layer_calls)(const char *name);

/* Not clCreateKernel and the queries, which CLBlast calls for each multiplication. */
static const char *const forbidden[] = {"clCreateBuffer",     "clCreateProgramWithSource",
                                        "clBuildProgram",     "clCreateCommandQueue",
                                        "clCreateContext",    "clFinish",
                                        "clEnqueueReadBuffer"};

enum { FORBIDDEN = sizeof forbidden / sizeof *forbidden };

static void count(int calls[FORBIDDEN])
{
    for (int i = 0; i < FORBIDDEN; i++)
        calls[i] = layer_calls(forbidden[i]);
}

static void assert_none(const int before[FORBIDDEN], const char *when)
{
    for (int i = 0; i < FORBIDDEN; i++)
        if (layer_calls(forbidden[i]) != before[i])
            fail_msg("%s called %s %d times", when, forbidden[i],
                     layer_calls(forbidden[i]) - before[i]);
}

/* A product that CLBlast takes its indirect way for, which needs memory of its own; at its least
 * aligned place. */
static void a_reserved_convolution_allocates_nothing(void **state)
{
    struct lim_conv cv = {.n = 32, .h = 16, .w = 16, .c = 256, .k = 256, .r = 4, .s = 4};
    struct lim_device_choice choice = {.device = "opencl"};
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_buffer *x, *w, *y;
    int before[FORBIDDEN];

    (void)state;
    assert_non_null(be);
    cv.stride = 2;
    cv.pad_top = cv.pad_left = cv.pad_bottom = cv.pad_right = 1;
    assert_true(lim_conv_init(&cv));
    x = lim_buffer_create(be, 32 * 16 * 16 * 256);
    w = lim_buffer_create(be, 4 * 4 * 256 * 256 + 1);
    y = lim_buffer_create(be, 32 * 8 * 8 * 256 + 1);
    assert_true(x && w && y && lim_conv_reserve(be, &cv));
    count(before);
    lim_conv_forward(be, &cv, lim_tensor_of(x, 0, 32, 16, 16, 256),
                     lim_tensor_of(w, 1, 4, 4, 256, 256), lim_tensor_of(y, 1, 32, 8, 8, 256));
    assert_none(before, "a convolution");
    assert_true(lim_backend_finish(be));
    lim_buffer_destroy(x);
    lim_buffer_destroy(w);
    lim_buffer_destroy(y);
    lim_backend_destroy(be);
}

static void steps_allocate_nothing(void **state)
{
    struct lim_device_choice choice = {.device = "opencl"};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_dcgan *gan;
    uint8_t *pictures;
    int before[FORBIDDEN], launches;

    (void)state;
    assert_non_null(be);
    config.size = 32;
    config.width = 16;
    config.batch = 32;
    gan = lim_dcgan_create(be, &config, false);
    assert_non_null(gan);
    pictures = calloc((size_t)config.batch, 32 * 32 * 3);
    assert_non_null(pictures);
    assert_true(lim_backend_finish(be));
    count(before);
    launches = layer_calls("clEnqueueNDRangeKernel");
    for (int step = 0; step < 2; step++) {
        assert_true(lim_dcgan_step(gan, pictures, NULL));
        assert_none(before, step == 0 ? "the first step" : "the second step");
    }
    assert_true(layer_calls("clEnqueueNDRangeKernel") > launches + 100);
    assert_true(lim_backend_finish(be));
    free(pictures);
    lim_dcgan_destroy(gan);
    lim_backend_destroy(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reserved_convolution_allocates_nothing),
        cmocka_unit_test(steps_allocate_nothing),
    };
    struct lim_device_choice choice = {.device = "opencl"};
    enum lim_status why = LIM_OK;
    struct lim_backend *be = lim_backend_create(&choice, &why);
    const char *path = getenv("OPENCL_LAYERS");
    void *layer;

    if (!be)
        return why == LIM_NO_DEVICE ? 77 : 1;
    lim_backend_destroy(be);
    /* The loader has it open already, or it is not in use. */
    layer = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
    if (layer)
        *(void **)&layer_calls = dlsym(layer, "layer_calls");
    if (!layer_calls || layer_calls("clFinish") < 1) {
        fprintf(stderr, "the layer '%s' is not in use\n", path ? path : "");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
