/* A device whose largest allocation has no room for all parameters of a network: they lie in
 * chunks, and every number, and every byte of a checkpoint, is that of a device with room. */
#include "core/backend.h"
#include "gan/dcgan.h"

#include "support/check.h"
#include "support/devices.h"

#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 4, STEPS = 3 };

/* Bytes of the largest tensor: 4 x 4 x 32 x 16 weights. */
static const uint64_t largest = 32768;

static char folder[] = "/tmp/limner-chunks-XXXXXX", path[100];
static struct lim_backend *devices[DEVICES];

static struct lim_dcgan_config small(void)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = 32;
    config.width = 8;
    config.latent = 10;
    config.batch = BATCH;
    return config;
}

static size_t part_bytes(const struct lim_net *net, int i)
{
    struct lim_net_part part = lim_net_part(net, i);

    return part.state ? 0 : lim_tensor_count(part.tensor) * sizeof(float);
}

static void train(struct lim_dcgan *gan)
{
    static uint8_t pictures[BATCH * 32 * 32 * 3];
    struct lim_dcgan_stats stats;

    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < sizeof pictures; i++)
            pictures[i] = (uint8_t)(i * 7 / 3 + (size_t)step * 31 + i / 3072 * 50);
        assert_true(lim_dcgan_step(gan, pictures, &stats) && stats.finite);
    }
}

/* A file of either size of allocation; the caller frees. */
static unsigned char *slurp(size_t *size)
{
    enum { ROOM = 1 << 22 };
    unsigned char *bytes = malloc(ROOM);
    FILE *stream = fopen(path, "rb");

    assert_true(bytes && stream);
    *size = fread(bytes, 1, ROOM, stream);
    assert_true(*size > 1000 && *size < ROOM);
    fclose(stream);
    return bytes;
}

/* Trained where the largest allocation is `first`, saved, loaded where it is `then`, and trained
 * on: the last checkpoint. */
static unsigned char *trained(struct lim_backend *be, uint64_t first, uint64_t then, size_t *size)
{
    const struct lim_dcgan_config config = small();
    const struct lim_progress progress = {.step = STEPS};
    struct lim_dcgan *gan;

    be->max_alloc = first;
    gan = lim_dcgan_create(be, &config, false);
    assert_non_null(gan);
    train(gan);
    assert_true(lim_dcgan_save(gan, path, &progress, false));
    lim_dcgan_destroy(gan);
    be->max_alloc = then;
    gan = lim_dcgan_load(be, path, 0, false, NULL, NULL);
    assert_non_null(gan);
    train(gan);
    assert_true(lim_dcgan_save(gan, path, &progress, false));
    lim_dcgan_destroy(gan);
    be->max_alloc = 0;
    return slurp(size);
}

static void every_byte_is_the_same(void **state)
{
    (void)state;
    for (int which = 0; which < DEVICES; which++) {
        const uint64_t pairs[][2] = {{largest, largest}, {largest, 0}, {0, 2 * largest}};
        struct lim_backend *be = devices[which];
        unsigned char *whole;
        size_t size, parts_size;

        if (!be)
            continue;
        whole = trained(be, 0, 0, &size);
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            unsigned char *parts = trained(be, pairs[i][0], pairs[i][1], &parts_size);

            assert_int_equal(parts_size, size);
            assert_memory_equal(parts, whole, size);
            free(parts);
        }
        free(whole);
    }
}

/* Chunks of whole tensors, in the order of the parts, as few as can be. */
static void chunks_are_few_and_whole(void **state)
{
    static const int wanted[] = {1, 3, 1, 2};
    const struct lim_dcgan_config config = small();
    struct lim_backend *be = devices[DEVICE_CPU];
    size_t all = 0;

    (void)state;
    for (int round = 0; round < 4; round++) {
        struct lim_dcgan *gan;
        struct lim_net *net;
        size_t sum = 0;
        int part = 0;

        be->max_alloc = round == 3 ? all - 1 : (uint64_t)round * largest;
        gan = lim_dcgan_create(be, &config, false);
        assert_non_null(gan);
        net = gan->g;
        for (int i = 0; i < lim_net_chunks(net); i++) {
            size_t bytes = lim_tensor_count(lim_net_params(net, i)) * sizeof(float), held = 0;
            struct lim_tensor first;

            while (lim_net_part(net, part).state)
                part++;
            first = lim_net_part(net, part).tensor;
            assert_ptr_equal(first.buf, lim_net_params(net, i).buf);
            assert_int_equal(first.offset, 0);
            for (; part < lim_net_part_count(net) && held < bytes; part++)
                held += part_bytes(net, part);
            assert_int_equal(held, bytes);
            assert_int_equal(lim_tensor_count(lim_net_grads(net, i)) * sizeof(float), bytes);
            assert_int_equal(lim_tensor_count(lim_optimizer_v(gan->adam_g, i)) * sizeof(float),
                             bytes);
            assert_true(!be->max_alloc || bytes <= be->max_alloc);
            sum += bytes;
        }
        assert_int_equal(lim_optimizer_chunks(gan->adam_g), lim_net_chunks(net));
        if (round == 0)
            all = sum;
        assert_int_equal(sum, all);
        /* Weights of 20480, 32768, 8192 and 1536 bytes, with gamma and beta after each but the
         * last: 63424 in all. */
        assert_int_equal(lim_net_chunks(net), wanted[round]);
        lim_dcgan_destroy(gan);
    }
    be->max_alloc = 0;
}

/* The estimate is the account, to the byte, in chunks too; and a tensor that is too large alone is
 * refused by its size. */
static void the_estimate_knows(void **state)
{
    struct lim_dcgan_config config = small();
    uint64_t widest = 524288; /* 4 x 4 x 128 x 64 weights: more than any activation */
    struct lim_dcgan_memory whole, parts;
    char why[512];

    (void)state;
    config.size = 16;
    config.width = 64;
    for (int which = 0; which < DEVICES; which++) {
        struct lim_backend *be = devices[which];
        struct lim_memory before, taken;
        struct lim_dcgan *gan;

        if (!be)
            continue;
        be->max_alloc = 0;
        assert_true(lim_dcgan_memory(be, &config, &whole));
        be->max_alloc = widest;
        assert_true(lim_dcgan_memory(be, &config, &parts));
        assert_int_equal(parts.device.total, whole.device.total);
        assert_true(parts.device.largest < whole.device.largest);
        before = lim_backend_memory(be);
        gan = lim_dcgan_create(be, &config, false);
        assert_non_null(gan);
        taken = lim_backend_memory(be);
        for (int part = LIM_MEMORY_WEIGHTS; part <= LIM_MEMORY_MOMENTS; part++)
            assert_int_equal(taken.parts[part] - before.parts[part], parts.device.parts[part]);
        lim_dcgan_destroy(gan);
        assert_true(lim_dcgan_fits(be, &config, why, sizeof why));
        be->max_alloc = widest - 1;
        assert_false(lim_dcgan_fits(be, &config, why, sizeof why));
        assert_non_null(strstr(why, "takes a buffer of 0.5 MiB"));
        be->max_alloc = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_few_and_whole),
        cmocka_unit_test(every_byte_is_the_same),
        cmocka_unit_test(the_estimate_knows),
    };
    int failed;

    for (int which = 0; which < DEVICES; which++)
        devices[which] = open_device(which);
    if (!devices[DEVICE_CPU] || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int which = 0; which < DEVICES; which++)
        lim_backend_destroy(devices[which]);
    unlink(path);
    return rmdir(folder) == 0 ? failed : 1;
}
