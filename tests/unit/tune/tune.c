/* What was tuned is kept and comes back; a damaged or foreign file chooses nothing; a run keeps the
 * algorithms that it began with. */
#include "tune/tune.h"
#include "core/backend.h"
#include "io/file.h"

#include "support/check.h"
#include "support/train_here.h"

#include <limner/bench.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char cache[160], unread[160];

static struct lim_backend *open_cpu(void)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_backend *be = lim_backend_create(&choice, NULL);

    assert_non_null(be);
    return be;
}

static struct lim_dcgan_config network(void)
{
    struct lim_dcgan_config gan = here_config().gan;

    gan.batch = 7; /* no multiple of the pictures that differ */
    return gan;
}

/* ---- the file ---- */

static const char *stored(void)
{
    static char path[600];
    char folder[256];
    DIR *dir;
    struct dirent *entry;

    snprintf(folder, sizeof folder, "%s/tuning", cache);
    dir = opendir(folder);
    assert_non_null(dir);
    path[0] = '\0';
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/%.200s", folder, entry->d_name);
    closedir(dir);
    return path;
}

static void put_file(const void *data, size_t size)
{
    FILE *stream = fopen(stored(), "wb");

    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* Everything to "lowering builtin", which is never the built-in choice where there is a BLAS, and
 * the file with it. */
static void store_choices(struct lim_backend *be, const struct lim_dcgan_config *gan)
{
    struct tune_layer layers[TUNE_LAYERS];
    struct lim_dcgan_work work;
    int count, last = 0;
    char folder[200];
    cJSON *file;

    lim_dcgan_work(gan, &work);
    count = tune_layers(&work.work, layers);
    while (be->gemms[last + 1])
        last++;
    snprintf(folder, sizeof folder, "%s/tuning", cache);
    assert_true(lim_folder_make(folder, NULL));
    file = tune_file_read(NULL, be->identity, be, true);
    for (int i = 0; i < 3 * count; i++) {
        enum lim_conv_pass pass = (enum lim_conv_pass)(i % 3);

        assert_true(lim_conv_choice_set(be, &layers[i / 3].cv, pass, LIM_CONV_LOWERING, last));
        assert_true(tune_choice_put(cJSON_GetObjectItem(file, "geometries"), be, &layers[i / 3].cv,
                                    pass, 1e-3));
    }
    assert_true(tune_file_write(folder, be->identity, file));
    cJSON_Delete(file);
}

/* How many passes are chosen, each of them "lowering builtin". */
static int chosen(const struct lim_backend *be)
{
    int sum = 0;

    for (int i = 0; i < be->conv_choice_count; i++)
        for (int pass = 0; pass < 3; pass++)
            if (be->choices[i].algorithm[pass] != LIM_CONV_AUTO) {
                assert_int_equal(be->choices[i].algorithm[pass], LIM_CONV_LOWERING);
                assert_string_equal(be->gemms[(int)be->choices[i].gemm[pass]], "builtin");
                sum++;
            }
    return sum;
}

static double rate_of(const char *folder, const char *identity, const char *work)
{
    return lim_tune_rate(&(struct lim_tune_rates){.cache_dir = folder, .work = work}, identity);
}

static void choices_come_back(void **state)
{
    const struct lim_dcgan_config gan = network();
    struct lim_backend *be = open_cpu(), *next = open_cpu();

    (void)state;
    store_choices(be, &gan);
    here_clear();
    lim_tune_load(next, cache);
    assert_int_equal(here_log.errors + here_log.warnings, 0);
    assert_int_equal(chosen(next), 12);
    lim_tune_load(next, "off");
    lim_tune_load(next, unread);
    assert_true(rate_of(unread, next->identity, "16x16x3, width 2, kernel 4") == 0);
    assert_int_not_equal(access(unread, F_OK), 0); /* reading makes nothing */
    assert_int_equal(chosen(next), 12);
    assert_true(lim_tune_keep_rate(next, cache, "16x16x3, width 2, kernel 4", 12.5));
    assert_true(rate_of(cache, next->identity, "16x16x3, width 2, kernel 4") == 12.5);
    assert_true(rate_of(cache, next->identity, "16x16x3, width 3, kernel 4") == 0);
    assert_true(rate_of(cache, "another", "16x16x3, width 2, kernel 4") == 0);
    lim_conv_choices_clear(next);
    lim_tune_load(next, cache);
    assert_int_equal(chosen(next), 12); /* the rate has not cost them */
    lim_backend_destroy(be);
    lim_backend_destroy(next);
}

/* Any byte changed, any length: nothing is chosen, or (a blank for a tab) what was. */
static void damaged_files_choose_nothing(void **state)
{
    static const char *const others[] = {"", "{}", "[]", "null", "\"\"", "{\"checksum\":\"\"}"};
    const struct lim_dcgan_config gan = network();
    struct lim_backend *be = open_cpu();
    size_t size = 0;
    char *whole;

    (void)state;
    store_choices(be, &gan);
    lim_backend_destroy(be);
    be = open_cpu();
    whole = lim_file_read(stored(), 1 << 20, &size);
    assert_non_null(whole);
    for (size_t i = 0; i < size; i++) {
        char byte = whole[i];

        /* Every fifth time the file ends there. */
        whole[i] = (char)(byte ^ (1 << i % 8));
        put_file(whole, i % 5 ? size : i);
        whole[i] = byte;
        lim_conv_choices_clear(be);
        here_clear();
        lim_tune_load(be, cache);
        if (here_log.errors + here_log.warnings != 1)
            assert_int_equal(chosen(be), 12);
        else
            assert_int_equal(chosen(be), 0);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        put_file(others[i], strlen(others[i]));
        here_clear();
        lim_tune_load(be, cache);
        assert_int_equal(here_log.warnings, 1);
        assert_int_equal(chosen(be), 0);
    }
    /* The next tuning makes it anew. */
    lim_tune_keep_rate(be, cache, "16x16x3, width 2, kernel 4", 1);
    here_clear();
    lim_tune_load(be, cache);
    assert_int_equal(here_log.errors + here_log.warnings, 0);
    free(whole);
    lim_backend_destroy(be);
}

/* Whole and signed, but of something else, or with numbers that no tuner writes. */
static void foreign_files_choose_nothing(void **state)
{
    static const struct {
        const char *name, *value; /* of the file, or of every geometry */
        bool ignored;             /* the whole file, with one line */
    } changes[] = {
        {"format", "\"limner tuning 2\"", true},
        {"limner", "\"0.0.1\"", true},
        {"device", "\"CPU path of another\"", true},
        {"ways", "\"lowering quantum\"", true},
        {"geometries", "7", true},
        {"rates", "{}", true},
        {"h", "1e300", false},
        {"h", "-4", false},
        {"w", "0", false},
        {"c", "2147483647", false},
        {"k", "1e9999", false},
        {"k", "3.5", false},
        {"r", "\"4\"", false},
        {"stride", "0", false},
        {"pads", "[1,1,1]", false},
        {"pads", "[1,1,1,-1]", false},
        {"pads", "[1,1,1,1e12]", false},
        {"forward", "\"quantum\"", false},
        {"forward", "\"lowering\"", false},
        {"forward", "\"lowering cublas\"", false},
        {"forward", "\"wrong builtin\"", false},
        {"forward", "1", false},
        {"forward",
         "\"loweringloweringloweringloweringlowering builtinbuiltinbuiltinbuiltinbuiltin\"", false},
    };
    const struct lim_dcgan_config gan = network();
    struct lim_backend *be = open_cpu();
    char folder[200], identity[512];

    (void)state;
    snprintf(folder, sizeof folder, "%s/tuning", cache);
    snprintf(identity, sizeof identity, "%s", be->identity);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        cJSON *file, *item, *value = cJSON_Parse(changes[i].value);
        bool whole = i < 6, forward = strcmp(changes[i].name, "forward") == 0;

        lim_conv_choices_clear(be);
        store_choices(be, &gan);
        file = tune_file_read(folder, identity, be, true);
        assert_non_null(value);
        if (whole)
            cJSON_ReplaceItemInObject(file, changes[i].name, value);
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(file, "geometries"))
        {
            if (!whole)
                cJSON_ReplaceItemInObject(item, changes[i].name, cJSON_Duplicate(value, true));
        }
        assert_true(tune_file_write(folder, identity, file));
        cJSON_Delete(file);
        if (!whole)
            cJSON_Delete(value);
        lim_conv_choices_clear(be);
        here_clear();
        lim_tune_load(be, cache);
        assert_int_equal(here_log.errors, 0);
        assert_int_equal(here_log.warnings, changes[i].ignored);
        assert_int_equal(chosen(be), forward ? 8 : 0);
    }
    lim_backend_destroy(be);
}

/* ---- a run ---- */

static void train(struct lim_backend *be, bool resume, uint64_t steps)
{
    struct lim_train_config config = here_config();

    config.resume = resume;
    config.steps = steps;
    here_clear();
    assert_int_equal(lim_train(be, here_pictures(), &config), LIM_OK);
    assert_int_equal(here_log.errors, 0);
}

static unsigned char *tensors(size_t *size)
{
    unsigned char *data = here_tensors(here_file("checkpoint.safetensors"), size);

    assert_non_null(data);
    return data;
}

static bool takes_builtin(const struct lim_backend *be, const struct lim_dcgan_config *gan)
{
    struct tune_layer layers[TUNE_LAYERS];
    struct lim_dcgan_work work;

    lim_dcgan_work(gan, &work);
    tune_layers(&work.work, layers);
    return strcmp(lim_conv_gemm(be, &layers[0].cv, LIM_CONV_FORWARD), "builtin") == 0;
}

/* 2 steps with some algorithms, the rest after others were chosen: as if in one go. */
static void a_run_keeps_its_algorithms(void **state)
{
    const struct lim_dcgan_config gan = here_config().gan;

    (void)state;
    for (int before = 0; before < 2; before++) {
        struct lim_backend *be = open_cpu();
        size_t sizes[2];
        unsigned char *data[2];

        for (int go = 0; go < 2; go++) {
            lim_conv_choices_clear(be);
            if (before)
                store_choices(be, &gan);
            here_remove(here_run);
            train(be, false, go == 0 ? 6 : 2);
            if (go == 0)
                data[0] = tensors(&sizes[0]);
        }
        lim_conv_choices_clear(be);
        if (!before)
            store_choices(be, &gan);
        train(be, true, 4);
        assert_int_equal(here_log.warnings, 0);
        assert_int_equal(takes_builtin(be, &gan), before);
        lim_backend_destroy(be);
        be = open_cpu();
        train(be, true, 6);
        data[1] = tensors(&sizes[1]);
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(data[0], data[1], sizes[0]);
        free(data[0]);
        free(data[1]);
        lim_backend_destroy(be);
    }
}

/* If asked to tune again, it reports the consequences. */
static void tuning_a_run_again_is_told(void **state)
{
    const struct lim_dcgan_config gan = here_config().gan;
    struct lim_backend *be = open_cpu();

    (void)state;
    here_remove(here_run);
    train(be, false, 2);
    store_choices(be, &gan);
    be->tuned = true;
    train(be, true, 3);
    assert_int_equal(here_log.warnings, 1);
    assert_non_null(strstr(here_log.warning, "--tune"));
    lim_backend_destroy(be);
    be = open_cpu();
    train(be, true, 4); /* the new ones are the run's from here on */
    assert_int_equal(here_log.warnings, 0);
    assert_int_equal(chosen(be), 12);
    lim_backend_destroy(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_come_back),
        cmocka_unit_test(damaged_files_choose_nothing),
        cmocka_unit_test(foreign_files_choose_nothing),
        cmocka_unit_test(a_run_keeps_its_algorithms),
        cmocka_unit_test(tuning_a_run_again_is_told),
    };
    int failed;

    if (!here_begin())
        return 1;
    snprintf(cache, sizeof cache, "%s/cache", here_folder);
    snprintf(unread, sizeof unread, "%s/unread", here_folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    here_end();
    return failed;
}
