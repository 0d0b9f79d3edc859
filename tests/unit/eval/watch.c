/* Numbers during a training: they are those of a painted sample, the same each time, and change
 * nothing. argv[1]: samples/avatars.zip. */
#include "support/check.h"

#include <limner/limner.h>
#include <string.h>

static const char *pictures;

static double find(const struct lim_train_score *scores, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(scores[i].name, name) == 0)
            return scores[i].value;
    }
    fail_msg("there is no %s", name);
    return 0;
}

static void scores_of_a_training(void **state)
{
    const struct lim_device_choice choice = {.device = "cpu"};
    struct lim_dataset_config data = {.size = 32, .channels = 3, .limit = 600};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    struct lim_train_score first[LIM_TRAIN_SCORES], second[LIM_TRAIN_SCORES];
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_dataset *ds = lim_dataset_open(pictures, &data, NULL);
    struct lim_eval_watch *watch = lim_eval_watch_create(ds, 0);
    char before[17], after[17];
    struct lim_dcgan *gan;
    int count;

    (void)state;
    config.size = 32;
    config.width = 8;
    gan = lim_dcgan_create(be, &config, false);
    assert_non_null(gan);
    assert_non_null(watch);
    assert_true(lim_dcgan_hash(gan, before));
    count = lim_eval_watch_score(watch, gan, first);
    assert_true(count >= LIM_EVAL_NUMBERS && count <= LIM_TRAIN_SCORES);
    assert_int_equal(lim_eval_watch_score(watch, gan, second), count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(first[i].name, second[i].name);
        assert_memory_equal(&first[i].value, &second[i].value, sizeof first[i].value);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(first[i].name, first[k].name);
    }
    assert_true(lim_dcgan_hash(gan, after));
    assert_string_equal(before, after);
    /* Untrained, it paints gray. */
    assert_true(find(first, count, "coverage") < 0.2);
    assert_true(find(first, count, "spread") < 0.5);
    assert_true(find(first, count, "detail_0") < 0.5);
    assert_true(find(first, count, "nn_real") > 0.9);
    assert_true(find(first, count, "memorized") < 0.1);
    lim_eval_watch_destroy(watch);
    lim_dcgan_destroy(gan);
    lim_dataset_destroy(ds);
    lim_backend_destroy(be);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_of_a_training)};

    if (argc < 2)
        return 2;
    pictures = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
