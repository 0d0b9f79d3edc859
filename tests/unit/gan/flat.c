/* A training of many steps, with grids and checkpoints, and thousands of painted pictures take no
 * more memory, nor more OpenCL objects, at their end than soon after their start.
 * usage: test_flat DEVICE [STEPS [PICTURES]]. With OPENCL_LAYERS the layer counts the objects. */
#include <limner/limner.h>

#include "support/check.h"
#include "support/train_here.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The animation holds ever more frames, up to 120; allocators and drivers do not give everything
 * back at once, and meson's MALLOC_PERTURB_ touches all of it: 3.3 MB at most were seen, after 400
 * steps as after 8,000. A leak shows in 400 steps from 20 kB a step on, in 2,000 from 4 kB. */
enum { SETTLED = 100, SLACK_KB = 8000 };

static const char *device;
static uint64_t steps = 400;
static int pictures = 2000;
static struct lim_backend *be;
static int (*layer_alive)(void);

struct sizes {
    long kb; /* resident */
    int objects;
};

static struct sizes measure(void)
{
    struct sizes sizes = {.objects = layer_alive ? layer_alive() : 0};
    FILE *stream = fopen("/proc/self/statm", "r");
    long pages, resident;

    if (stream && fscanf(stream, "%ld %ld", &pages, &resident) == 2)
        sizes.kb = resident * (sysconf(_SC_PAGESIZE) / 1024);
    if (stream)
        fclose(stream);
    return sizes;
}

static void assert_flat(const char *what, struct sizes soon, struct sizes late)
{
    print_message("%s: %ld kB and %d objects, at the end %ld kB and %d objects\n", what, soon.kb,
                  soon.objects, late.kb, late.objects);
    assert_int_equal(soon.objects, late.objects);
    assert_true(late.kb <= soon.kb + SLACK_KB);
}

struct watch {
    struct sizes soon, late;
};

static void on_step(void *user, const struct lim_train_status *status)
{
    struct watch *watch = user;

    if (status->step == SETTLED)
        watch->soon = measure();
    if (status->step == steps)
        watch->late = measure();
}

static void a_training_stays_as_large(void **state)
{
    struct lim_train_config config = here_config();
    struct watch watch = {0};

    (void)state;
    here_clear();
    config.steps = steps;
    config.sample_every = 5;
    config.save_every = 10;
    config.status = on_step;
    config.user = &watch;
    if (lim_train(be, here_pictures(), &config) != LIM_OK)
        fail_msg("%s", here_log.all);
    assert_flat("a training", watch.soon, watch.late);
}

static void painting_stays_as_large(void **state)
{
    struct lim_dcgan_config config = here_config().gan;
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, true);
    float z[16 * 4];
    uint8_t painted[16 * 16 * 16 * 3];
    struct sizes soon = {0};

    (void)state;
    assert_non_null(gan);
    assert_int_equal(config.latent, 4);
    for (int i = 0; i < pictures; i += 16) {
        for (int k = 0; k < 16; k++)
            lim_dcgan_latent((uint64_t)(i + k), 4, z + 4 * k);
        assert_true(lim_dcgan_paint(gan, z, 16, false, painted));
        if (i == 160)
            soon = measure();
    }
    assert_flat("painting", soon, measure());
    lim_dcgan_destroy(gan);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_stays_as_large),
        cmocka_unit_test(painting_stays_as_large),
    };
    struct lim_device_choice choice = {.threads = 1};
    const char *path = getenv("OPENCL_LAYERS");
    enum lim_status why = LIM_OK;
    void *layer = NULL;
    int failed;

    if (argc < 2)
        return 2;
    device = argv[1];
    choice.device = device;
    if (argc > 2)
        steps = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        pictures = atoi(argv[3]);
    if (access("/proc/self/statm", R_OK) != 0)
        return 77;
    if (!here_begin())
        return 1;
    be = lim_backend_create(&choice, &why);
    if (be) {
        if (path)
            layer = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
        if (layer)
            *(void **)&layer_alive = dlsym(layer, "layer_alive");
        if (path && (!layer_alive || layer_alive() < 1)) {
            fprintf(stderr, "the layer '%s' is not in use\n", path);
            return 1;
        }
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    } else {
        failed = why == LIM_NO_DEVICE ? 77 : 1;
    }
    lim_backend_destroy(be);
    here_end();
    return failed;
}
