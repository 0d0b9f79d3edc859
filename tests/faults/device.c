/* A device that fails in the n-th operation or allocation, for n = 1, 2, 3, ..., and one that gives
 * wrong numbers: the right status and message, nothing damaged, the run can be resumed. */
#include "gan/health.h"

#include "faulty_backend.h"
#include "support/check.h"
#include "support/train_here.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lim_backend *be;

static enum lim_status train_as(const struct lim_train_config *config)
{
    enum lim_status status;

    here_clear();
    status = lim_train(be, here_pictures(), config);
    return status;
}

static void begin(void)
{
    here_remove(here_run);
    be = faulty_backend_create();
    assert_non_null(be);
}

/* On a sound device, from what is on disk. */
static void resumes(void)
{
    struct lim_train_config config = here_config();

    lim_backend_destroy(be);
    be = faulty_backend_create();
    config.resume = true;
    assert_int_equal(train_as(&config), LIM_OK);
    lim_backend_destroy(be);
}

static void every_operation_fails_once(void **state)
{
    struct lim_train_config config = here_config();

    (void)state;
    /* All of them at the start and in a step; then every seventh. */
    for (int n = 1;; n += n < 150 ? 1 : 7) {
        enum lim_status status;

        begin();
        faults.fail_operation = n;
        status = train_as(&config);
        if (faults.operation < n) {
            assert_true(n > 250);
            assert_int_equal(status, LIM_OK);
            lim_backend_destroy(be);
            return;
        }
        if (status != LIM_DEVICE_FAILED || here_log.errors != 1)
            fail_msg("operation %d: status %d, %d error lines: %s", n, status, here_log.errors,
                     here_log.error);
        if (here_damaged())
            fail_msg("operation %d left %s", n, here_damaged());
        if (here_exists("checkpoint.safetensors")) {
            if (!strstr(here_log.all, "is kept"))
                fail_msg("operation %d: nothing says what is kept", n);
            resumes();
        } else {
            lim_backend_destroy(be);
        }
    }
}

static void every_allocation_fails_once(void **state)
{
    struct lim_train_config config = here_config();

    (void)state;
    for (int n = 1;; n++) {
        enum lim_status status;

        begin();
        faults.fail_allocation = n;
        status = train_as(&config);
        lim_backend_destroy(be);
        if (faults.allocation < n) {
            assert_true(n > 10);
            assert_int_equal(status, LIM_OK);
            return;
        }
        if (status != LIM_ERROR || here_log.errors != 1)
            fail_msg("allocation %d: status %d, %d error lines", n, status, here_log.errors);
        assert_false(here_exists("checkpoint.safetensors"));
    }
}

/* In which step the n-th gradient of a convolution is, and its name. A step: D on reals, D on
 * fakes, G. */
static void a_nan_is_seen_in_its_step_and_named(void **state)
{
    static const struct {
        int call;
        const char *where, *what;
    } cases[] = {
        {1, "in step 1:", "the gradient of discriminator.5.weight (a convolution)"},
        {2, "in step 1:", "the gradient of discriminator.2.weight (a convolution)"},
        {6, "in step 1:", "the gradient of discriminator.0.weight (a convolution)"},
        {7, "in step 1:", "the gradient of generator.6.weight (a transposed convolution)"},
        {9, "in step 1:", "the gradient of generator.0.weight (a transposed convolution)"},
        {18, "in step 2:", "the gradient of generator.0.weight (a transposed convolution)"},
    };
    struct lim_train_config config = here_config();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        faults.poison_weights = cases[i].call;
        assert_int_equal(train_as(&config), LIM_DIVERGED);
        assert_int_equal(here_log.errors, 1);
        if (!strstr(here_log.error, cases[i].where) || !strstr(here_log.error, cases[i].what))
            fail_msg("call %d: %s", cases[i].call, here_log.error);
        assert_null(here_damaged());
        resumes();
    }
}

static void a_nan_that_passes_is_rolled_back(void **state)
{
    struct lim_train_config config = here_config();
    struct lim_model_info info;

    (void)state;
    config.roll_back = true;
    begin();
    faults.poison_weights = 18; /* step 2 */
    assert_int_equal(train_as(&config), LIM_OK);
    lim_backend_destroy(be);
    assert_int_equal(here_log.errors, 0);
    assert_non_null(strstr(here_log.all, "back at step 1 with an lr of 0.0001, for the 1. of 3"));
    assert_true(lim_model_info_read(here_file("checkpoint.safetensors"), &info, NULL));
    assert_true(info.progress.step == 3 && info.config.lr == 1e-4f);
    assert_null(here_damaged());
}

static void a_nan_that_stays_ends_the_training(void **state)
{
    struct lim_train_config config = here_config();

    (void)state;
    config.roll_back = true;
    begin();
    faults.poison_weights = 18;
    faults.poisons = 1000000;
    assert_int_equal(train_as(&config), LIM_DIVERGED);
    assert_int_equal(here_log.errors, 1);
    assert_non_null(strstr(here_log.all, "for the 3. of 3 times"));
    assert_null(strstr(here_log.all, "for the 4."));
    assert_null(here_damaged());
    resumes();
}

static void a_discriminator_that_wins_is_told_once(void **state)
{
    struct lim_train_config config = here_config();

    (void)state;
    config.steps = 420;
    config.sample_every = config.save_every = 1000;
    begin();
    faults.certain = true;
    assert_int_equal(train_as(&config), LIM_OK);
    lim_backend_destroy(be);
    assert_int_equal(here_log.warnings, 1);
    assert_non_null(strstr(here_log.warning, "the discriminator has won"));
    assert_non_null(strstr(here_log.warning, "--smooth"));
}

static void an_open_game_is_not_reported(void **state)
{
    const struct lim_dcgan_stats open = {.d_real = 0.7f, .d_fake = 0.3f};
    const struct lim_dcgan_stats won = {.d_real = 0.999f, .d_fake = 0.001f};
    struct health health = {.steps = 0};
    int told = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        told += gan_health_step(&health, &open, NAN);
    assert_int_equal(told, 0);
    for (int i = 0; i < 1000; i++)
        told += gan_health_step(&health, &won, NAN);
    assert_int_equal(told, 1);
    for (int i = 0; i < 1000; i++)
        told += gan_health_step(&health, i < 500 ? &open : &won, NAN);
    assert_int_equal(told, 1 + 1); /* it got better, and worse again */
}

static void one_picture_for_every_latent_is_reported(void **state)
{
    struct health health = {.variety = 50.0};
    uint8_t pictures[4][6] = {{0}, {0}, {10, 10}, {10, 10, 0, 0, 0, 0}};

    (void)state;
    assert_true(gan_health_variety(pictures[0], 4, 6) == 10.0 / 6); /* two bytes of six, sigma 5 */
    assert_true(gan_health_variety(pictures[0], 2, 6) == 0.0);
    /* At the start every generator paints gray: no news. */
    assert_false(gan_health_grid(&health, 0.1, 0));
    assert_false(gan_health_grid(&health, 0.5, 100));
    assert_false(gan_health_grid(&health, 0.5, 200));
    assert_false(gan_health_grid(&health, 40.0, 300));
    assert_false(gan_health_grid(&health, 5.0, 400)); /* one grid is none */
    assert_true(gan_health_grid(&health, 5.0, 500));
    assert_false(gan_health_grid(&health, 5.0, 600)); /* told */
    assert_false(gan_health_grid(&health, 40.0, 700));
    assert_false(gan_health_grid(&health, 5.0, 800));
    assert_true(gan_health_grid(&health, 5.0, 900));
    health = (struct health){.variety = 50.0}; /* never anything else, and it has had the time */
    assert_false(gan_health_grid(&health, 1.0, 2000));
    assert_true(gan_health_grid(&health, 1.0, 2100));
    health = (struct health){.variety = 0.0}; /* the reals are all alike, too */
    assert_false(gan_health_grid(&health, 0.0, 3000) || gan_health_grid(&health, 0.0, 4000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_fails_once),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_nan_is_seen_in_its_step_and_named),
        cmocka_unit_test(a_nan_that_passes_is_rolled_back),
        cmocka_unit_test(a_nan_that_stays_ends_the_training),
        cmocka_unit_test(a_discriminator_that_wins_is_told_once),
        cmocka_unit_test(an_open_game_is_not_reported),
        cmocka_unit_test(one_picture_for_every_latent_is_reported),
    };
    int failed;

    if (!here_begin())
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    here_end();
    return failed;
}
