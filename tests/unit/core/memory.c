/* The estimate of a training's memory equals what it takes, by the backend's own count and, where
 * the layer of tests/layer is in use, by the driver's; planning disturbs nothing; the host's memory
 * is read correctly from the system's files. */
#include <limner/limner.h>

#include "core/backend.h"

#include "support/check.h"
#include "support/devices.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long long (*layer_bytes)(bool most); /* NULL: no layer */

static struct lim_dcgan_config config_of(int size, int width, int batch)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = size;
    config.width = width;
    config.batch = batch;
    return config;
}

static void step(struct lim_dcgan *gan, const struct lim_dcgan_config *config)
{
    size_t bytes = (size_t)config->batch * (size_t)config->size * (size_t)config->size * 3;
    uint8_t *pictures = calloc(1, bytes);
    struct lim_dcgan_stats stats;

    assert_non_null(pictures);
    assert_true(lim_dcgan_step(gan, pictures, &stats));
    free(pictures);
}

static void assert_same(const struct lim_memory *a, const struct lim_memory *b)
{
    for (int i = 0; i < LIM_MEMORY_PARTS; i++)
        if (a->parts[i] != b->parts[i])
            fail_msg("%s: %llu bytes, not %llu", lim_memory_part_name((enum lim_memory_part)i),
                     (unsigned long long)a->parts[i], (unsigned long long)b->parts[i]);
    assert_int_equal(a->total, b->total);
}

static struct lim_backend *backends[DEVICES]; /* opened once: that takes long */

static void the_estimate_is_what_is_taken(void **state)
{
    static const int shapes[][3] = {{16, 4, 2}, {32, 16, 32}, {64, 16, 5}};

    (void)state;
    for (int i = 0; i < DEVICES * 3; i++) {
        const int *shape = shapes[i / DEVICES];
        struct lim_backend *be = backends[i % DEVICES];
        struct lim_dcgan_config config = config_of(shape[0], shape[1], shape[2]);
        struct lim_dcgan_memory plan;
        struct lim_memory taken;
        struct lim_dcgan *gan;

        if (!be)
            continue;
        assert_true(lim_dcgan_memory(be, &config, &plan));
        gan = lim_dcgan_create(be, &config, false);
        assert_non_null(gan);
        taken = lim_backend_memory(be);
        assert_same(&taken, &plan.device);
        assert_true(taken.parts[LIM_MEMORY_WEIGHTS] > 0 && taken.parts[LIM_MEMORY_SCRATCH] > 0);
        if (i % DEVICES == DEVICE_OPENCL && layer_bytes) {
            double driver = (double)layer_bytes(false), told = (double)plan.device.total;

            print_message("size %d, width %d, batch %d: told %.0f, taken %.0f bytes\n", config.size,
                          config.width, config.batch, told, driver);
            assert_true(driver <= told * 1.02 && driver >= told * 0.98);
        }
        /* Nothing more is taken in a step. */
        step(gan, &config);
        taken = lim_backend_memory(be);
        assert_same(&taken, &plan.device);
        lim_dcgan_destroy(gan);
        taken = lim_backend_memory(be);
        assert_int_equal(taken.parts[LIM_MEMORY_ACTIVATIONS], 0);
    }
}

/* The weights after two steps, with something planned in between or not. */
static float *two_steps(struct lim_backend *be, bool plan, size_t *count)
{
    struct lim_dcgan_config config = config_of(16, 4, 4), huge = config_of(256, 1024, 4096);
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, false);
    struct lim_dcgan_memory memory;
    struct lim_tensor weights;
    float *host;

    assert_non_null(gan);
    step(gan, &config);
    if (plan) {
        assert_true(lim_dcgan_memory(be, &huge, &memory));
        assert_true(memory.device.total > (uint64_t)1 << 38);
    }
    step(gan, &config);
    weights = lim_net_params(lim_dcgan_generator(gan), 0);
    *count = lim_tensor_count(weights);
    host = read_all(weights);
    lim_dcgan_destroy(gan);
    return host;
}

static void planning_disturbs_nothing(void **state)
{
    (void)state;
    for (int which = 0; which < DEVICES; which++) {
        size_t count;
        float *x, *y;

        if (!backends[which])
            continue;
        x = two_steps(backends[which], false, &count);
        y = two_steps(backends[which], true, &count);
        assert_memory_equal(x, y, count * sizeof *x);
        free(x);
        free(y);
    }
}

/* Limits of the device as the test sets them. */
static void the_batch_that_is_named_fits(void **state)
{
    struct lim_dcgan_config config = config_of(64, 16, 256), wide = config_of(64, 64, 8);
    struct lim_backend *be = open_device(DEVICE_CPU);
    struct lim_dcgan_memory memory;
    char why[512], want[64];
    int batch;

    (void)state;
    assert_non_null(be);
    assert_true(lim_dcgan_fits(be, &config, why, sizeof why));
    be->global_mem = (uint64_t)100 << 20;
    assert_false(lim_dcgan_fits(be, &config, why, sizeof why));
    batch = lim_dcgan_largest_batch(be, &config, config.batch);
    snprintf(want, sizeof want, ": --batch %d would fit", batch);
    assert_non_null(strstr(why, want));
    assert_in_range(batch, 1, 255);
    config.batch = batch;
    assert_true(lim_dcgan_memory(be, &config, &memory) && memory.device.total <= be->global_mem);
    config.batch++;
    assert_true(lim_dcgan_memory(be, &config, &memory) && memory.device.total > be->global_mem);
    config.batch = 256;
    batch = lim_dcgan_try_batches(be, &config, 256);
    assert_true(batch == 32 || batch == 64);

    /* No batch would do: a width is named. */
    be->max_alloc = (uint64_t)1 << 20;
    assert_false(lim_dcgan_fits(be, &wide, why, sizeof why));
    assert_non_null(strstr(why, "whatever the batch: --width 16 --batch 8 would fit"));
    assert_int_equal(lim_dcgan_largest_batch(be, &wide, 8), 0);
    be->max_alloc = 16;
    assert_false(lim_dcgan_fits(be, &wide, why, sizeof why));
    assert_non_null(strstr(why, "whatever batch and width"));
    assert_int_equal(lim_dcgan_try_batches(be, &wide, 8), 0);
    lim_backend_destroy(be);
}

static char root[64] = "/tmp/limner-memory-XXXXXX";

static void put(const char *path, const char *text)
{
    char whole[256], folder[256];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root); (slash = strchr(slash + 1, '/'));) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - whole), whole);
        mkdir(folder, 0700);
    }
    file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static uint64_t host(void)
{
    char proc[128], sys[128];

    snprintf(proc, sizeof proc, "%s/proc", root);
    snprintf(sys, sizeof sys, "%s/sys", root);
    return lim_host_memory(proc, sys);
}

static void the_hosts_memory_is_read(void **state)
{
    char command[128];

    (void)state;
    assert_non_null(mkdtemp(root));
    assert_true(host() == UINT64_MAX); /* macOS, say */
    put("/proc/meminfo", "MemTotal:  900 kB\nMemFree: 1 kB\nMemAvailable:    500 kB\nSwapTotal: 50 "
                         "kB\nSwapFree: 20 kB\n");
    assert_int_equal(host(), 520 * 1024);
    /* Version 2: the group above leaves least; caches of files can be given up. */
    put("/proc/self/cgroup", "0::/user.slice/job\n");
    put("/sys/fs/cgroup/user.slice/memory.max", "400000\n");
    put("/sys/fs/cgroup/user.slice/memory.current", "350000\n");
    put("/sys/fs/cgroup/user.slice/memory.stat",
        "anon 1\nfile 300000\nactive_file 20000\ninactive_file 30000\n");
    put("/sys/fs/cgroup/user.slice/job/memory.max", "max\n");
    put("/sys/fs/cgroup/user.slice/job/memory.current", "300000\n");
    assert_int_equal(host(), 400000 - 350000 + 50000);
    put("/sys/fs/cgroup/user.slice/memory.current", "500000\n"); /* more than it may */
    assert_int_equal(host(), 0);
    /* Version 1, in a container that does not see the path. */
    put("/proc/self/cgroup", "5:devices:/\n4:memory:/docker/123\n0::/\n");
    assert_int_equal(host(), 520 * 1024);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "300000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "200000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "total_active_file 7\ntotal_inactive_file 3\n");
    assert_int_equal(host(), 100010);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_estimate_is_what_is_taken),
        cmocka_unit_test(planning_disturbs_nothing),
        cmocka_unit_test(the_batch_that_is_named_fits),
        cmocka_unit_test(the_hosts_memory_is_read),
    };
    const char *path = getenv("OPENCL_LAYERS");
    void *layer;
    int failed;

    backends[DEVICE_CPU] = open_device(DEVICE_CPU);
    backends[DEVICE_OPENCL] = open_device(DEVICE_OPENCL);
    if (backends[DEVICE_OPENCL] && path) {
        /* The loader has it open already, or it is not in use. */
        layer = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
        if (layer)
            *(void **)&layer_bytes = dlsym(layer, "layer_bytes");
        if (!layer_bytes) {
            fprintf(stderr, "the layer '%s' is not in use\n", path);
            return 1;
        }
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int which = 0; which < DEVICES; which++)
        lim_backend_destroy(backends[which]);
    return failed;
}
