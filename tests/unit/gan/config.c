/* config.json, every field altered, with a checksum that fits: refused in one line where it decides
 * how a training goes on, and never half believed. */
#include "gan/run.h"
#include "io/json.h"

#include <limner/train.h>

#include "support/check.h"
#include "support/train_here.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *good; /* unsigned */

static enum lim_status load(cJSON *json, struct lim_train_config *config)
{
    struct lim_run run = {.path = here_run};

    assert_true(lim_json_sign(json));
    assert_true(lim_run_write_json(&run, LIM_RUN_CONFIG, json));
    cJSON_DeleteItemFromObjectCaseSensitive(json, "checksum");
    here_clear();
    return lim_train_config_load(here_run, config);
}

/* With the item NAME as `value` (a JSON text; NULL: gone). */
static enum lim_status load_with(const char *name, const char *value,
                                 struct lim_train_config *config)
{
    cJSON *json = cJSON_Duplicate(good, true);
    enum lim_status status;

    assert_non_null(cJSON_GetObjectItemCaseSensitive(json, name));
    if (value)
        cJSON_ReplaceItemInObjectCaseSensitive(json, name, cJSON_Parse(value));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(json, name);
    status = load(json, config);
    cJSON_Delete(json);
    return status;
}

static void refused(const char *name, const char *value)
{
    struct lim_train_config config;

    if (load_with(name, value, &config) != LIM_BAD_INPUT)
        fail_msg("accepted: %s as %s", name, value);
    if (here_log.errors != 1 || here_log.warnings || !strstr(here_log.error, name) ||
        !strstr(here_log.error, LIM_RUN_CONFIG))
        fail_msg("%s as %s: %s", name, value, here_log.all);
}

static void as_it_was_it_loads(void **state)
{
    struct lim_train_config config;

    (void)state;
    assert_int_equal(load(good, &config), LIM_OK);
    assert_int_equal(here_log.errors + here_log.warnings, 0);
    assert_int_equal(config.steps, 3);
    assert_int_equal(config.keep, 2);
    lim_train_config_finish(&config);
}

static void numbers_are_checked(void **state)
{
    static const char *const names[] = {"epochs", "seconds",      "images",     "steps",
                                        "grid",   "sample_every", "save_every", "keep",
                                        "limit",  "max_pixels",   "holdout"};
    static const char *const values[] = {"-1",   "-1e-9", "1e300", "1e999", "null",
                                         "true", "[]",    "{}",    "\"1\"", "\"x\""};
    struct lim_train_config config;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            refused(names[i], values[v]);
        if (i >= 2)
            refused(names[i], "2.5");
    }
    refused("holdout", "0.51");
    refused("grid", "101");
    assert_int_equal(load_with("epochs", "2.5", &config), LIM_OK);
    assert_true(config.epochs == 2.5);
    lim_train_config_finish(&config);
}

static void words_are_checked(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"crop", "\"sideways\""},      {"crop", "1"},           {"background", "\"#12345\""},
        {"background", "\"nocolor\""}, {"background", "[]"},    {"drop_duplicates", "\"some\""},
        {"drop_duplicates", "false"},  {"on_nan", "\"go on\""}, {"on_nan", "7"},
        {"mirror", "\"true\""},        {"mirror", "1"},         {"cache", "3"},
        {"pictures", "[\"a\"]"},       {"pictures_path", "{}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i].name, bad[i].value);
}

/* The checkpoint is of another network than that. */
static void contradictions_are_noticed(void **state)
{
    static const char *const values[] = {"64", "\"16\"", "1e300"};
    const struct lim_setting *setting;

    (void)state;
    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        for (int v = 0; v < 3 && setting->role <= LIM_SETTING_NETWORK; v++)
            refused(setting->name, values[v]);
    }
}

/* Files of older versions lack what came later. */
static void what_is_missing_has_a_default(void **state)
{
    struct lim_train_config config;
    int count = cJSON_GetArraySize(good);

    (void)state;
    for (int i = 0; i < count; i++) {
        assert_int_equal(load_with(cJSON_GetArrayItem(good, i)->string, NULL, &config), LIM_OK);
        assert_int_equal(here_log.errors, 0);
        lim_train_config_finish(&config);
    }
}

/* Signed or not, no text but a JSON object is one. */
static void other_files_are_refused(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "1", "null", "\"x\"", "{}{", "\xff\xfe{}"};
    const struct lim_run run = {.path = here_run};
    struct lim_train_config config;
    char *deep = malloc(200001);

    (void)state;
    assert_non_null(deep);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(lim_run_write_text(&run, LIM_RUN_CONFIG, texts[i]));
        here_clear();
        assert_int_equal(lim_train_config_load(here_run, &config), LIM_BAD_INPUT);
        assert_int_equal(here_log.errors, 1);
    }
    memset(deep, '[', 200000); /* as deep as a stack would have to be */
    deep[200000] = '\0';
    assert_true(lim_run_write_text(&run, LIM_RUN_CONFIG, deep));
    here_clear();
    assert_int_equal(lim_train_config_load(here_run, &config), LIM_BAD_INPUT);
    assert_int_equal(here_log.errors, 1);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_was_it_loads),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(words_are_checked),
        cmocka_unit_test(contradictions_are_noticed),
        cmocka_unit_test(what_is_missing_has_a_default),
        cmocka_unit_test(other_files_are_refused),
    };
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_train_config config;
    struct lim_backend *cpu;
    int failed = 1;

    if (!here_begin())
        return 1;
    config = here_config();
    cpu = lim_backend_create(&choice, NULL);
    if (cpu && lim_train(cpu, here_pictures(), &config) == LIM_OK)
        good = lim_run_read_json(here_run, LIM_RUN_CONFIG);
    if (good) {
        cJSON_DeleteItemFromObjectCaseSensitive(good, "checksum");
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    }
    cJSON_Delete(good);
    lim_backend_destroy(cpu);
    here_end();
    return failed;
}
