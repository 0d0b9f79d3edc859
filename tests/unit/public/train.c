#include "unit/public/public.h"

/* What lim_train answers to this configuration. */
static enum lim_status answer(const struct lim_train_config *config)
{
    enum lim_status status;

    here_clear();
    status = lim_train(be, here_pictures(), config);
    assert_int_equal(here_log.errors, 1);
    assert_false(here_exists("")); /* no run folder was made */
    return status;
}

static void refuses(void **state)
{
    struct lim_train_config config = here_config(), wrong;

    (void)state;
    assert_int_equal(lim_train_defaults().gan.size, 64);
    REFUSES(assert_int_equal(lim_train(NULL, here_pictures(), &config), LIM_USAGE));
    REFUSES(assert_int_equal(lim_train(be, NULL, &config), LIM_USAGE));
    assert_int_equal(answer(NULL), LIM_USAGE);
#define WRONG(field, value) \
    wrong = config;         \
    wrong.field = value;    \
    assert_int_equal(answer(&wrong), LIM_USAGE)
    WRONG(struct_size, 8);
    WRONG(run, NULL);
    WRONG(run, "");
    WRONG(pictures, NULL);
    WRONG(gan.size, 32); /* the data set is of 16, which once was read past its end */
    WRONG(gan.channels, 1);
    WRONG(gan.batch, 9); /* of 8 pictures */
    WRONG(gan.size, 17);
    WRONG(gan.lr, NAN);
    WRONG(data.crop, (enum lim_crop)NO_KIND);
    WRONG(data.drop, (enum lim_drop)NO_KIND);
    WRONG(data.holdout, 0.7);
    WRONG(epochs, NAN);
    WRONG(epochs, -1);
    WRONG(seconds, INFINITY);
    WRONG(images, UINT64_MAX);
    WRONG(steps, UINT64_MAX);
    WRONG(grid, 101);
    WRONG(grid, -1);
    WRONG(keep, -1);
    WRONG(retries, -1);
    WRONG(retry_seconds, NAN);
    WRONG(eval_every, -1);
#undef WRONG
    REFUSES(assert_int_equal(lim_train_config_load(NULL, &config), LIM_USAGE));
    REFUSES(assert_int_equal(lim_train_config_load_sized(here_run, &config, 8), LIM_USAGE));
    REFUSES(assert_int_equal(lim_train_config_load_sized(here_run, NULL, 8), LIM_USAGE));
    REFUSES(lim_train_config_init(NULL, sizeof config));
    lim_train_config_finish(NULL);
}

/* A run is resumed with pictures of another size than its checkpoint's. */
static void refuses_other_pictures(void **state)
{
    struct lim_dataset_config form = {.size = 32, .channels = 3, .threads = 1};
    struct lim_train_config config = here_config();
    struct lim_dataset *other;

    (void)state;
    assert_int_equal(lim_train(be, here_pictures(), &config), LIM_OK);
    other = lim_dataset_open(config.pictures, &form, NULL);
    assert_non_null(other);
    config.resume = true;
    config.gan.size = 32;
    config.steps = 6;
    REFUSES(assert_int_equal(lim_train(be, other, &config), LIM_USAGE));
    lim_dataset_destroy(other);
    here_remove(here_run);
}

struct asked {
    int calls, until;
};

static bool stop(void *user)
{
    struct asked *asked = user;

    return ++asked->calls == asked->until; /* says so once */
}

static void stops_when_it_is_told(void **state)
{
    struct lim_train_config config = here_config();
    struct asked asked = {0, 3};

    (void)state;
    config.steps = 100;
    config.stop = stop;
    config.user = &asked;
    assert_int_equal(lim_train(be, here_pictures(), &config), LIM_INTERRUPTED);
    assert_int_equal(asked.calls, 3);
    assert_true(here_exists("checkpoint.safetensors"));
    here_remove(here_run);
}

/* The sizes of a caller that was compiled with an older header, and of one with a newer. */
static void takes_structs_of_other_versions(void **state)
{
    struct {
        struct lim_train_config config;
        char more[64];
    } newer;
    struct lim_train_config config = here_config(), loaded;
    size_t first = offsetof(struct lim_train_config, eval_every) + sizeof config.eval_every;

    (void)state;
    config.struct_size = first;
    assert_int_equal(lim_train(be, here_pictures(), &config), LIM_OK);
    memset(&loaded, 0x55, sizeof loaded);
    assert_int_equal(lim_train_config_load_sized(here_run, &loaded, first), LIM_OK);
    assert_int_equal(loaded.struct_size, first);
    assert_int_equal(loaded.gan.size, 16);
    if (first < sizeof loaded)
        assert_int_equal(((unsigned char *)&loaded)[first], 0x55);
    lim_train_config_finish(&loaded);
    here_remove(here_run);

    memset(&newer, 0, sizeof newer);
    newer.config = here_config();
    newer.config.struct_size = sizeof newer;
    assert_int_equal(lim_train(be, here_pictures(), &newer.config), LIM_OK);
    here_remove(here_run);
    newer.more[63] = 1; /* a field that this limner does not know is used */
    assert_int_equal(answer(&newer.config), LIM_USAGE);
}

int test_train(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_other_pictures),
        cmocka_unit_test(stops_when_it_is_told),
        cmocka_unit_test(takes_structs_of_other_versions),
    };

    return cmocka_run_group_tests_name("limner/train.h", tests, NULL, NULL);
}
