/* The table of settings: its rows fit their struct and each other, go through JSON to the same
 * bits, and files of other versions are read as promised. */
#include "gan/settings.h"

#include "io/json.h"

#include "support/check.h"

#include <string.h>

/* As limner 0.1.0 wrote them into a model. */
static const char settings_0_1_0[] =
    "{\"size\":16,\"channels\":1,\"width\":2,\"kernel\":5,\"latent\":3,\"batch\":4,"
    "\"lr\":0.0010000000474974513,\"beta1\":0.600000023841858,\"beta2\":0.99900001287460327,"
    "\"smooth\":0.10000000149011612,\"seed\":\"18446744073709551615\"}";

static void rows_fit(void **state)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();
    unsigned char covered[sizeof config] = {0};
    const struct lim_setting *setting;
    enum lim_setting_role role = LIM_SETTING_PICTURES;
    char text[SETTING_TEXT];
    size_t bytes = 0, end = 0;

    (void)state;
    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        assert_ptr_equal(gan_setting_find(setting->name), setting);
        assert_true(setting->since || setting->role >= role);
        role = setting->role;
        assert_true(setting->offset + setting->size <= sizeof config);
        for (size_t k = 0; k < setting->size; k++)
            assert_int_equal(covered[setting->offset + k]++, 0);
        bytes += setting->size;
        end = setting->offset + setting->size > end ? setting->offset + setting->size : end;
        assert_false(lim_setting_has_fault(setting, &config, text));
        assert_true(strlen(setting->help) > 0);
        if (!setting->since)
            continue;
        lim_setting_set(setting, setting->absent, &config);
        assert_false(lim_setting_has_fault(setting, &config, text));
    }
    /* No field without a row: what is left between them is padding. */
    assert_true(end - bytes < sizeof(uint64_t));
    assert_null(lim_dcgan_setting(-1));
    assert_true(lim_dcgan_check(&config));
}

static void presets_fit(void **state)
{
    const struct lim_preset *preset;
    int count = 0;

    (void)state;
    for (; (preset = lim_dcgan_preset(count)); count++) {
        struct lim_dcgan_config config = lim_dcgan_defaults();

        for (int k = 0; preset->values[k].setting; k++)
            assert_non_null(gan_setting_find(preset->values[k].setting));
        assert_true(lim_dcgan_use_preset(preset->name, &config));
        assert_true(lim_dcgan_check(&config));
    }
    assert_true(count >= 4);
    {
        struct lim_dcgan_config config = lim_dcgan_defaults(), before = config;

        assert_false(lim_dcgan_use_preset("huge", &config));
        assert_memory_equal(&config, &before, sizeof config);
        assert_true(lim_dcgan_use_preset("tiny", &config));
        assert_int_equal(config.width, 16);
        assert_int_equal(config.batch, 32);
        assert_true(config.lr == 5e-4f && config.smooth == 0.1f && config.beta1 == before.beta1);
    }
}

static void settings_of_0_1_0(void **state)
{
    cJSON *json = cJSON_Parse(settings_0_1_0), *again = cJSON_CreateObject();
    struct lim_dcgan_config config;
    char text[SETTING_TEXT], unknown[64] = "?", *printed;

    (void)state;
    memset(&config, 0xff, sizeof config);
    assert_true(gan_settings_from_json(json, &config, text, unknown, sizeof unknown));
    assert_string_equal(unknown, "");
    assert_true(config.size == 16 && config.channels == 1 && config.width == 2);
    assert_true(config.kernel == 5 && config.latent == 3 && config.batch == 4);
    assert_true(config.lr == 0.001f && config.beta1 == 0.6f && config.beta2 == 0.999f);
    assert_true(config.smooth == 0.1f && config.seed == UINT64_MAX);
    /* Written again, they begin with the same bytes: what is newer comes behind. */
    assert_true(gan_settings_to_json(&config, true, again));
    printed = cJSON_PrintUnformatted(again);
    assert_memory_equal(printed, settings_0_1_0, strlen(settings_0_1_0) - 1);
    cJSON_free(printed);
    cJSON_Delete(again);
    cJSON_Delete(json);
}

static void settings_of_a_newer_limner(void **state)
{
    cJSON *json = cJSON_Parse(settings_0_1_0);
    struct lim_dcgan_config config;
    char text[SETTING_TEXT], unknown[64], narrow[12];

    (void)state;
    cJSON_AddStringToObject(json, "flavor", "sweet");
    cJSON_AddNumberToObject(json, "spice", 3);
    assert_true(gan_settings_from_json(json, &config, text, unknown, sizeof unknown));
    assert_string_equal(unknown, "'flavor', 'spice'");
    assert_true(gan_settings_from_json(json, &config, text, narrow, sizeof narrow));
    assert_string_equal(narrow, "'flavor', '");
    cJSON_DeleteItemFromObject(json, "smooth");
    assert_false(gan_settings_from_json(json, &config, text, unknown, sizeof unknown));
    assert_string_equal(text, "its setting 'smooth' is missing");
    cJSON_Delete(json);
}

/* Rows of types that the table may not have yet. */
struct dish {
    int course;
    bool hot;
    uint64_t price;
    float salt;
};
static const char *const courses[] = {"soup", "fish", "cake", NULL};
#define AT(field) .offset = offsetof(struct dish, field), .size = sizeof((struct dish *)0)->field
static const struct lim_setting course = {"course",         LIM_SETTING_WORD, AT(course),
                                          .words = courses, .since = "9.0.0", .absent = 1};
static const struct lim_setting hot = {"hot", LIM_SETTING_BOOL, AT(hot), .since = "9.0.0",
                                       .absent = 1};
static const struct lim_setting price = {"price", LIM_SETTING_U64, AT(price), .low = 2,
                                         .high = 0x1p60};
static const struct lim_setting salt = {"salt", LIM_SETTING_FLOAT, AT(salt), .low = 0, .high = 0.5};
static const struct lim_setting *const all[] = {&course, &hot, &price, &salt};

static void every_type_goes_through_json(void **state)
{
    struct dish dish = {2, true, UINT64_C(1) << 59 | 1, 0.1f}, other = {0};
    cJSON *json = cJSON_CreateObject();
    char text[SETTING_TEXT], *printed;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_false(lim_setting_has_fault(all[i], &dish, text));
        assert_true(lim_setting_to_json(all[i], &dish, i != 3, json));
        assert_true(lim_setting_from_json(all[i], json, &other, text));
    }
    printed = cJSON_PrintUnformatted(json);
    assert_string_equal(
        printed,
        "{\"course\":\"cake\",\"hot\":true,\"price\":\"576460752303423489\",\"salt\":0.1}");
    assert_true(other.course == 2 && other.hot && other.price == dish.price && other.salt == 0.1f);
    assert_string_equal(lim_setting_text(&course, &dish, text, sizeof text), "cake");
    assert_string_equal(lim_setting_text(&hot, &dish, text, sizeof text), "true");
    assert_string_equal(lim_setting_text(&salt, &dish, text, sizeof text), "0.1");
    cJSON_free(printed);
    cJSON_Delete(json);
}

static void what_a_file_lacks_is_what_was_before(void **state)
{
    cJSON *json = cJSON_CreateObject();
    struct dish dish = {0};
    char text[SETTING_TEXT];

    (void)state;
    assert_true(lim_setting_from_json(&course, json, &dish, text) && dish.course == 1);
    assert_true(lim_setting_from_json(&hot, json, &dish, text) && dish.hot);
    assert_false(lim_setting_from_json(&price, json, &dish, text));
    cJSON_AddStringToObject(json, "COURSE", "cake"); /* another name */
    assert_true(lim_setting_from_json(&course, json, &dish, text) && dish.course == 1);
    cJSON_AddStringToObject(json, "course", "salad");
    assert_false(lim_setting_from_json(&course, json, &dish, text));
    assert_string_equal(text, "its setting 'course' is none that this limner knows");
    cJSON_AddNumberToObject(json, "hot", 1);
    assert_false(lim_setting_from_json(&hot, json, &dish, text));
    cJSON_Delete(json);
}

static void faults_name_the_range(void **state)
{
    struct dish dish = {.course = 3, .price = 1, .salt = 0.5f};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    char text[SETTING_TEXT];

    (void)state;
    assert_true(lim_setting_has_fault(&course, &dish, text));
    assert_string_equal(text, "course ?: must be one of soup, fish, cake");
    assert_true(lim_setting_has_fault(&price, &dish, text));
    assert_true(lim_setting_has_fault(&salt, &dish, text));
    assert_string_equal(text, "salt 0.5: must be at least 0 and below 0.5");
    config.size = 48;
    assert_true(gan_has_fault(&config, text));
    assert_string_equal(text, "size 48: must be one of 16, 32, 64, 128, 256");
}

static void a_description_differs(void **state)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();
    const struct lim_setting *lr = gan_setting_find("lr"), *seed = gan_setting_find("seed");
    cJSON *json = cJSON_CreateObject();

    (void)state;
    assert_false(gan_setting_differs(lr, json, &config));
    gan_settings_to_json(&config, false, json);
    assert_false(gan_setting_differs(lr, json, &config)); /* six digits are enough */
    config.lr *= 1.001f;
    config.seed = 2;
    assert_true(gan_setting_differs(lr, json, &config));
    assert_true(gan_setting_differs(seed, json, &config));
    cJSON_Delete(json);
}

/* A run's settings, as 0.1.0 wrote them into config.json. */
static const char run_settings[] =
    "{\"epochs\":2.5,\"seconds\":3600,\"images\":500000,\"steps\":2,\"sample_every\":1,"
    "\"save_every\":7,\"grid\":8,\"keep\":3,\"on_nan\":\"rollback\",\"crop\":\"top\","
    "\"background\":\"#204060\",\"mirror\":true,\"holdout\":0.2,\"drop_duplicates\":\"near\","
    "\"limit\":5,\"max_pixels\":5000000}";

static void a_run_goes_through_json(void **state)
{
    cJSON *json = cJSON_Parse(run_settings), *again = cJSON_CreateObject();
    struct lim_train_config config = {0}, none = {0};
    const cJSON *item;
    char text[SETTING_TEXT];

    (void)state;
    assert_true(gan_run_from_json(json, &config, text));
    assert_true(config.epochs == 2.5 && config.seconds == 3600 && config.steps == 2);
    assert_true(config.images == 500000 && config.sample_every == 1);
    assert_true(config.save_every == 7 && config.grid == 8 && config.keep == 3);
    assert_true(config.roll_back && config.data.crop == LIM_CROP_TOP && config.data.mirror);
    assert_true(config.data.background == LIM_RGB(0x20, 0x40, 0x60));
    assert_true(config.data.holdout == 0.2 && config.data.drop == LIM_DROP_NEAR);
    assert_true(config.data.limit == 5 && config.data.max_pixels == 5000000);
    assert_true(gan_run_to_json(&config, LIM_SETTING_TRAINING, again));
    assert_true(gan_run_to_json(&config, LIM_SETTING_PICTURES, again));
    cJSON_ArrayForEach(item, json)
    {
        assert_true(
            cJSON_Compare(item, cJSON_GetObjectItemCaseSensitive(again, item->string), true));
    }
    cJSON_Delete(again);
    cJSON_Delete(json);
    /* Missing settings ask for nothing. */
    config = none;
    json = cJSON_CreateObject();
    assert_true(gan_run_from_json(json, &config, text));
    assert_memory_equal(&config, &none, sizeof config);
    cJSON_Delete(json);
    config.keep = -1;
    assert_true(gan_run_has_fault(&config, text));
    assert_string_equal(text, "keep -1: must lie between 0 and 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_fit),
        cmocka_unit_test(presets_fit),
        cmocka_unit_test(settings_of_0_1_0),
        cmocka_unit_test(settings_of_a_newer_limner),
        cmocka_unit_test(every_type_goes_through_json),
        cmocka_unit_test(what_a_file_lacks_is_what_was_before),
        cmocka_unit_test(faults_name_the_range),
        cmocka_unit_test(a_description_differs),
        cmocka_unit_test(a_run_goes_through_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
