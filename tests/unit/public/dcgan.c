#include "unit/public/public.h"

static void refuses(void **state)
{
    (void)state;
    struct lim_dcgan_config config = here_config().gan, wrong = config;
    struct lim_layer_desc table[LIM_DCGAN_MAX_LAYERS];
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, false);
    struct lim_dcgan *painter = lim_dcgan_create(be, &config, true);
    struct lim_progress progress = {0};
    struct lim_dcgan_memory memory;
    struct lim_dcgan_work work;
    struct lim_dcgan_stats stats;
    struct lim_model_info info;
    enum lim_status why = LIM_OK;
    uint8_t pictures[4 * 16 * 16 * 3] = {0};
    float z[4 * 4] = {0};
    char text[256], hash[17];

    assert_non_null(gan);
    assert_non_null(painter);
    wrong.size = 100;
    REFUSES(assert_false(lim_dcgan_check(NULL)));
    REFUSES(assert_false(lim_dcgan_check(&wrong)));
    assert_null(lim_dcgan_setting(-1));
    assert_null(lim_dcgan_setting(NO_KIND));
    assert_null(lim_dcgan_preset(-1));
    REFUSES(assert_false(lim_dcgan_use_preset(NULL, &config)));
    REFUSES(assert_false(lim_dcgan_use_preset("tiny", NULL)));
    REFUSES(lim_setting_text(NULL, &config, text, sizeof text));
    REFUSES(lim_setting_text(lim_dcgan_setting(0), NULL, text, sizeof text));
    REFUSES(lim_setting_text(lim_dcgan_setting(0), &config, text, 0));
    REFUSES(assert_null(lim_setting_text(lim_dcgan_setting(0), &config, NULL, 8)));
    REFUSES(assert_int_equal(lim_dcgan_generator_rows(&wrong, table), 0));
    REFUSES(assert_int_equal(lim_dcgan_generator_rows(&config, NULL), 0));
    REFUSES(assert_int_equal(lim_dcgan_discriminator_rows(NULL, table), 0));
    REFUSES(assert_int_equal(lim_dcgan_discriminator_rows(&config, NULL), 0));
    REFUSES(lim_dcgan_work(&wrong, &work));
    assert_int_equal(work.work.count, 0);
    REFUSES(lim_dcgan_work(&config, NULL));
    REFUSES(assert_null(lim_dcgan_create(NULL, &config, false)));
    REFUSES(assert_null(lim_dcgan_create(be, NULL, false)));
    REFUSES(assert_null(lim_dcgan_create(be, &wrong, false)));
    lim_dcgan_destroy(NULL);
    REFUSES(assert_false(lim_dcgan_memory(NULL, &config, &memory)));
    REFUSES(assert_false(lim_dcgan_memory(be, &wrong, &memory)));
    REFUSES(assert_false(lim_dcgan_memory(be, &config, NULL)));
    REFUSES(assert_false(lim_dcgan_fits(be, &config, NULL, 9)));
    REFUSES(assert_false(lim_dcgan_fits(be, &config, text, 0)));
    REFUSES(assert_false(lim_dcgan_fits(be, &wrong, text, sizeof text)));
    REFUSES(assert_int_equal(lim_dcgan_largest_batch(be, NULL, 4), 0));
    assert_int_equal(lim_dcgan_largest_batch(be, &config, -1), 0);
    assert_in_range(lim_dcgan_largest_batch(be, &config, 1 << 30), 1, LIM_DCGAN_MAX_BATCH);
    REFUSES(assert_int_equal(lim_dcgan_try_batches(be, &config, 0), 0));
    REFUSES(assert_int_equal(lim_dcgan_try_batches(NULL, &config, 4), 0));

    REFUSES(assert_null(lim_dcgan_get_config(NULL)));
    REFUSES(assert_null(lim_dcgan_generator(NULL)));
    REFUSES(assert_null(lim_dcgan_discriminator(NULL)));
    assert_null(lim_dcgan_discriminator(painter));
    REFUSES(lim_dcgan_set_lr(NULL, 0.1f));
    REFUSES(lim_dcgan_use_average(NULL, true));
    REFUSES(lim_dcgan_set_lr(gan, NAN));
    here_clear();
    lim_dcgan_set_lr(painter, 0.1f); /* which has no optimizers */
    assert_int_equal(here_log.errors, 0);
    REFUSES(assert_int_equal(lim_dcgan_steps(NULL), 0));
    REFUSES(assert_false(lim_dcgan_step(NULL, pictures, &stats)));
    REFUSES(assert_false(lim_dcgan_step(gan, NULL, &stats)));
    REFUSES(assert_false(lim_dcgan_step(painter, pictures, &stats)));
    REFUSES(assert_false(lim_dcgan_step_on(painter, z, z, &stats)));
    REFUSES(assert_false(lim_dcgan_step_on(gan, NULL, z, &stats)));
    REFUSES(lim_dcgan_latent(1, 0, z));
    REFUSES(lim_dcgan_latent(1, 4, NULL));
    REFUSES(assert_false(lim_dcgan_paint(NULL, z, 1, false, pictures)));
    REFUSES(assert_false(lim_dcgan_paint(gan, NULL, 1, false, pictures)));
    REFUSES(assert_false(lim_dcgan_paint(gan, z, -1, false, pictures)));
    assert_true(lim_dcgan_paint(gan, NULL, 0, false, NULL));
    REFUSES(assert_false(lim_dcgan_hash(NULL, hash)));
    REFUSES(assert_false(lim_dcgan_hash(gan, NULL)));
    REFUSES(assert_false(lim_dcgan_save(NULL, here_run, &progress, true)));
    REFUSES(assert_false(lim_dcgan_save(gan, NULL, &progress, true)));
    REFUSES(assert_false(lim_dcgan_save(gan, here_run, NULL, true)));
    REFUSES(assert_false(lim_dcgan_save(painter, here_run, &progress, false)));
    REFUSES(assert_null(lim_dcgan_load(NULL, here_run, 0, false, NULL, NULL)));
    REFUSES(assert_null(lim_dcgan_load(be, NULL, 0, false, NULL, &why)));
    assert_int_equal(why, LIM_USAGE);
    REFUSES(assert_null(lim_dcgan_load(be, here_run, LIM_DCGAN_MAX_BATCH + 1, false, NULL, NULL)));
    REFUSES(assert_false(lim_model_info_read(NULL, &info, &why)));
    REFUSES(assert_false(lim_model_info_read(here_run, NULL, NULL)));
    lim_dcgan_destroy(painter);
    lim_dcgan_destroy(gan);
}

int test_dcgan(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/dcgan.h", tests, NULL, NULL);
}
