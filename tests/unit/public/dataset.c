#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_dataset *ds = here_pictures();
    struct lim_dataset_config config = lim_dataset_defaults(), wrong;
    const struct lim_skipped *skipped;
    enum lim_status why = LIM_OK;
    enum lim_crop crop;
    enum lim_drop drop;
    uint32_t color;
    uint8_t one[16 * 16 * 3];

    assert_int_equal(config.size, 64);
    assert_int_equal(config.channels, 3);
    assert_string_equal(lim_crop_name((enum lim_crop)NO_KIND), "unknown");
    assert_string_equal(lim_drop_name((enum lim_drop)NO_KIND), "unknown");
    REFUSES(assert_false(lim_crop_parse(NULL, &crop)));
    REFUSES(assert_false(lim_crop_parse("top", NULL)));
    REFUSES(assert_false(lim_drop_parse(NULL, &drop)));
    REFUSES(assert_false(lim_drop_parse("near", NULL)));
    REFUSES(assert_false(lim_color_parse(NULL, &color)));
    REFUSES(assert_false(lim_color_parse("red", NULL)));
    assert_false(lim_color_parse("", &color));

    REFUSES(assert_null(lim_dataset_open(NULL, &config, &why)));
    assert_int_equal(why, LIM_USAGE);
    REFUSES(assert_null(lim_dataset_open(here_folder, NULL, NULL)));
    wrong = config;
    wrong.crop = (enum lim_crop)NO_KIND;
    REFUSES(assert_null(lim_dataset_open(here_folder, &wrong, &why)));
    wrong = config;
    wrong.drop = (enum lim_drop)NO_KIND;
    REFUSES(assert_null(lim_dataset_open(here_folder, &wrong, &why)));
    wrong = config;
    wrong.holdout = NAN;
    REFUSES(assert_null(lim_dataset_open(here_folder, &wrong, &why)));
    wrong = config;
    wrong.threads = -1;
    REFUSES(assert_null(lim_dataset_open(here_folder, &wrong, &why)));
    wrong = config;
    wrong.size = 0;
    why = LIM_OK;
    REFUSES(assert_null(lim_dataset_open(here_folder, &wrong, &why)));
    assert_int_equal(why, LIM_USAGE);

    lim_dataset_destroy(NULL);
    REFUSES(assert_int_equal(lim_dataset_count(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_size(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_channels(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_skipped(NULL, &skipped), 0));
    assert_null(skipped);
    REFUSES(assert_int_equal(lim_dataset_ignored(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_unseen(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_dropped(NULL), 0));
    REFUSES(assert_int_equal(lim_dataset_held_out(NULL), 0));
    REFUSES(assert_null(lim_dataset_held_out_picture(ds, 0)));
    REFUSES(assert_int_equal(lim_dataset_fingerprint(NULL), 0));
    REFUSES(assert_null(lim_dataset_picture(ds, -1)));
    REFUSES(assert_null(lim_dataset_picture(ds, lim_dataset_count(ds))));
    REFUSES(lim_dataset_batch(ds, 1, 0, 0, one));
    REFUSES(lim_dataset_batch(ds, 1, 0, lim_dataset_count(ds) + 1, one));
    REFUSES(lim_dataset_batch(ds, 1, 0, 1, NULL));
    REFUSES(lim_dataset_batch(NULL, 1, 0, 1, one));
    here_clear();
    lim_dataset_batch(ds, 1, UINT64_MAX, 1, one); /* any step */
    assert_int_equal(here_log.errors, 0);

    REFUSES(assert_null(lim_prefetch_create(NULL, 1, 0, 1)));
    REFUSES(assert_null(lim_prefetch_create(ds, 1, 0, 0)));
    REFUSES(assert_null(lim_prefetch_create(ds, 1, 0, lim_dataset_count(ds) + 1)));
    REFUSES(assert_null(lim_prefetch_next(NULL)));
    REFUSES(assert_true(lim_prefetch_waited(NULL) == 0));
    lim_prefetch_destroy(NULL);
}

int test_dataset(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/dataset.h", tests, NULL, NULL);
}
