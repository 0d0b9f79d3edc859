/* Averaged weights of G: what the average is, who takes it, and that a training with one resumes to
 * the bit, through files that have more or fewer groups of tensors than this limner. */
#include <limner/limner.h>

#include "gan/dcgan.h"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/devices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 4, STEPS = 6, PIXELS = 16 * 16 * 3 };

static struct lim_backend *be;
static char path[64], other_path[80];
static int warnings, errors;
static char last_line[1024];

static struct lim_dcgan_config tiny(uint64_t ema)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = 16;
    config.width = 2;
    config.latent = 4;
    config.batch = BATCH;
    config.lr = 0.01f;
    config.ema = ema;
    return config;
}

static struct lim_dcgan *make(uint64_t ema)
{
    const struct lim_dcgan_config config = tiny(ema);
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, false);

    assert_non_null(gan);
    return gan;
}

static void step(struct lim_dcgan *gan)
{
    uint8_t pictures[BATCH * PIXELS];

    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 31 / 7 + lim_dcgan_steps(gan));
    assert_true(lim_dcgan_step(gan, pictures, NULL));
}

static void save(struct lim_dcgan *gan, bool generator_only)
{
    const struct lim_progress progress = {.step = lim_dcgan_steps(gan)};

    assert_true(lim_dcgan_save(gan, path, &progress, generator_only));
}

static void paint(struct lim_dcgan *gan, uint8_t pictures[2 * PIXELS])
{
    float z[8];

    for (uint64_t i = 0; i < 2; i++)
        lim_dcgan_latent(i, 4, z + 4 * i);
    assert_true(lim_dcgan_paint(gan, z, 2, false, pictures));
}

/* Against the definition, in double. */
static void the_average_is_an_average(void **state)
{
    const double half_life = 10.0;
    struct lim_dcgan *gan = make(10);
    struct lim_tensor params = lim_net_params(gan->g, 0), statistics = lim_net_state(gan->g);
    size_t count = lim_tensor_count(params), more = lim_tensor_count(statistics);
    double *want = calloc(count + more, sizeof *want);

    (void)state;
    assert_non_null(want);
    for (int i = 1; i <= 60; i++) {
        double half = fmin(half_life, 0.05 * BATCH * i), keep = pow(0.5, BATCH / half);
        float *now, *state_now;

        step(gan);
        now = read_all(params);
        state_now = read_all(statistics);
        for (size_t j = 0; j < count + more; j++)
            want[j] =
                keep * want[j] + (1.0 - keep) * (double)(j < count ? now[j] : state_now[j - count]);
        free(now);
        free(state_now);
    }
    for (size_t j = 0, at = 0; at < 2; at++) {
        struct lim_buffer *buf = at ? gan->average_state : gan->average[0];
        float *got = read_all(lim_vector_of(buf, 0, at ? more : count));

        for (size_t k = 0; k < (at ? more : count); k++, j++)
            assert_true(fabs((double)got[k] - want[j]) <= 1e-5 * (1.0 + fabs(want[j])));
        free(got);
    }
    free(want);
    lim_dcgan_destroy(gan);
}

/* Painting and sharing use the average; D and the next steps are unchanged. */
static void painting_takes_the_average_and_leaves_no_trace(void **state)
{
    struct lim_dcgan *gan = make(1000), *untouched = make(1000), *plain = make(0), *shared;
    uint8_t averaged[2 * PIXELS], raw[2 * PIXELS], pictures[2 * PIXELS];
    char hash[17], raw_hash[17];
    struct lim_model_info info;
    float *a, *b;

    (void)state;
    for (int i = 0; i < STEPS; i++) {
        step(gan);
        step(untouched);
        step(plain);
        paint(gan, averaged);
        assert_true(lim_dcgan_hash(gan, hash));
    }
    lim_dcgan_use_average(gan, false);
    paint(gan, raw);
    paint(plain, pictures);
    assert_memory_equal(raw, pictures, sizeof raw);
    assert_memory_not_equal(raw, averaged, sizeof raw);
    assert_true(lim_dcgan_hash(gan, raw_hash));
    assert_string_not_equal(hash, raw_hash);
    lim_dcgan_use_average(gan, true);

    save(gan, true);
    assert_true(lim_model_info_read(path, &info, NULL));
    assert_string_equal(info.hash, hash);
    shared = lim_dcgan_load(be, path, 0, true, NULL, NULL);
    assert_non_null(shared);
    paint(shared, pictures);
    assert_memory_equal(averaged, pictures, sizeof averaged);
    lim_dcgan_destroy(shared);

    /* The checkpoint provides both. */
    save(gan, false);
    assert_true(lim_model_info_read(path, &info, NULL));
    assert_string_equal(info.hash, hash);
    shared = lim_dcgan_load(be, path, 0, true, NULL, NULL);
    assert_non_null(shared);
    paint(shared, pictures);
    assert_memory_equal(averaged, pictures, sizeof averaged);
    lim_dcgan_use_average(shared, false);
    paint(shared, pictures);
    assert_memory_equal(raw, pictures, sizeof raw);
    lim_dcgan_destroy(shared);

    step(gan);
    step(untouched);
    a = read_all(lim_net_params(gan->g, 0));
    b = read_all(lim_net_params(untouched->g, 0));
    assert_memory_equal(a, b, lim_tensor_count(lim_net_params(gan->g, 0)) * sizeof *a);
    free(a);
    free(b);
    lim_dcgan_destroy(gan);
    lim_dcgan_destroy(untouched);
    lim_dcgan_destroy(plain);
}

static void it_resumes_to_the_bit(void **state)
{
    struct lim_dcgan *gan = make(30), *back;
    uint8_t want[2 * PIXELS], got[2 * PIXELS];

    (void)state;
    for (int i = 0; i < STEPS; i++)
        step(gan);
    save(gan, false);
    back = lim_dcgan_load(be, path, 0, false, NULL, NULL);
    assert_non_null(back);
    for (int i = 0; i < STEPS; i++) {
        step(gan);
        step(back);
    }
    paint(gan, want);
    paint(back, got);
    assert_memory_equal(want, got, sizeof want);
    lim_dcgan_destroy(gan);
    lim_dcgan_destroy(back);
}

/* The file once more, without its tensors of a group, or with one of another. */
static void rewrite(const char *without, const char *with)
{
    struct lim_st_tensor tensors[128];
    struct lim_st_reader reader;
    struct lim_st_writer writer;
    static const float value = 1.0f;
    cJSON *metadata;
    int count = 0;

    assert_true(lim_st_open(&reader, path));
    for (int i = 0; i < reader.count; i++)
        if (!without || strncmp(reader.tensors[i].name, without, strlen(without)) != 0)
            tensors[count++] = reader.tensors[i];
    if (with) {
        tensors[count] = (struct lim_st_tensor){.rank = 1, .shape = {1}, .count = 1};
        snprintf(tensors[count].name, sizeof tensors[count].name, "%s", with);
        count++;
    }
    metadata = cJSON_Duplicate(cJSON_GetObjectItem(reader.header, "__metadata__"), true);
    cJSON_DeleteItemFromObject(metadata, "checksum");
    assert_true(lim_st_begin(&writer, other_path, tensors, count, metadata));
    for (int i = 0; i < count; i++) {
        const struct lim_st_tensor *from = lim_st_find(&reader, tensors[i].name);
        float *host = malloc((size_t)tensors[i].count * sizeof *host);

        assert_non_null(host);
        host[0] = value;
        assert_true(!from || lim_st_read(&reader, from, host));
        lim_st_put(&writer, host, (size_t)tensors[i].count);
        free(host);
    }
    assert_true(lim_st_end(&writer));
    cJSON_Delete(metadata);
    lim_st_close(&reader);
}

static struct lim_dcgan *load_other(bool generator_only)
{
    warnings = errors = 0;
    return lim_dcgan_load(be, other_path, 0, generator_only, NULL, NULL);
}

/* Unknown groups are reported in one line and ignored; invalid tensors in a known one are
 * refused. */
static void groups_of_other_versions(void **state)
{
    struct lim_dcgan *gan = make(0), *back;
    uint8_t want[2 * PIXELS], got[2 * PIXELS];

    (void)state;
    step(gan);
    paint(gan, want);
    save(gan, false);
    for (int only = 0; only < 2; only++) {
        rewrite(NULL, "future.thing");
        back = load_other(only);
        assert_non_null(back);
        assert_true(warnings == 1 && errors == 0 && strstr(last_line, "'future'"));
        paint(back, got);
        assert_memory_equal(want, got, sizeof want);
        lim_dcgan_destroy(back);
    }
    rewrite(NULL, "generator.99.weight");
    assert_null(load_other(false));
    assert_int_equal(errors, 1);
    rewrite("discriminator.0.", NULL);
    assert_null(load_other(false));
    assert_int_equal(errors, 1);
    lim_dcgan_destroy(gan);

    /* Half a group is damage. */
    gan = make(30);
    step(gan);
    save(gan, false);
    rewrite("ema.generator.0.", NULL);
    assert_null(load_other(false));
    assert_int_equal(errors, 1);
    rewrite(NULL, "ema.generator.99.weight");
    assert_null(load_other(false));
    assert_int_equal(errors, 1);
    lim_dcgan_destroy(gan);
}

static void keep_line(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    warnings += level == LIM_LOG_WARNING;
    errors += level == LIM_LOG_ERROR;
    snprintf(last_line, sizeof last_line, "%s", message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_average_is_an_average),
        cmocka_unit_test(painting_takes_the_average_and_leaves_no_trace),
        cmocka_unit_test(it_resumes_to_the_bit),
        cmocka_unit_test(groups_of_other_versions),
    };
    char folder[] = "/tmp/limner-average-XXXXXX";
    int failed = 0;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", folder);
    lim_log_set(keep_line, NULL, LIM_LOG_WARNING);
    for (int device = 0; device < DEVICES; device++) {
        be = open_device(device);
        if (!be)
            continue;
        failed += cmocka_run_group_tests(tests, NULL, NULL);
        lim_backend_destroy(be);
    }
    unlink(path);
    unlink(other_path);
    return rmdir(folder) == 0 ? failed : 1;
}
