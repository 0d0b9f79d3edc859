/* When a training measures its pictures, and how the numbers are used. */
#include "gan/train_score.h"

#include "support/check.h"

static int calls, returned;

static int evaluate(void *user, struct lim_dcgan *gan, struct lim_train_score *scores)
{
    assert_ptr_equal(user, &calls);
    assert_null(gan);
    calls++;
    scores[0] = (struct lim_train_score){"coverage", 0.5};
    scores[1] = (struct lim_train_score){"swd_0", 12.25};
    return returned;
}

static void numbers_come_every_so_often(void **state)
{
    const struct lim_train_config config = {
        .evaluate = evaluate, .eval_user = &calls, .eval_every = 300};
    struct lim_train_status status = {.seconds = 400};
    struct train_scores scores = {0};
    cJSON *line = cJSON_CreateObject();

    (void)state;
    calls = 0;
    returned = 2;
    gan_score_begin(&scores, &config, 100);
    assert_false(gan_score_due(&scores, &config, 399));
    assert_true(gan_score_due(&scores, &config, 400));
    gan_score_log(&status, line);
    assert_int_equal(cJSON_GetArraySize(line), 0);
    gan_score(&scores, &config, NULL, &status);
    assert_int_equal(status.score_count, 2);
    assert_false(gan_score_due(&scores, &config, 699));
    assert_true(gan_score_due(&scores, &config, 702));
    gan_score_log(&status, line);
    assert_int_equal(cJSON_GetArraySize(line), 3);
    assert_true(cJSON_GetObjectItem(line, "swd_0")->valuedouble == 12.25);
    assert_non_null(cJSON_GetObjectItem(line, "eval_share"));
    cJSON_Delete(line);
}

static void one_that_fails_is_the_last(void **state)
{
    const struct lim_train_config config = {
        .evaluate = evaluate, .eval_user = &calls, .eval_every = 1};
    struct lim_train_status status = {.seconds = 5};
    struct train_scores scores = {0};

    (void)state;
    returned = -1;
    gan_score_begin(&scores, &config, 0);
    gan_score(&scores, &config, NULL, &status);
    assert_int_equal(status.score_count, 0);
    assert_false(gan_score_due(&scores, &config, 1e9));
}

static void they_may_be_left_out(void **state)
{
    const struct lim_train_config never = {.evaluate = evaluate, .eval_every = 0};
    const struct lim_train_config nobody = {.eval_every = 1};
    struct train_scores scores = {0};

    (void)state;
    gan_score_begin(&scores, &never, 0);
    assert_false(gan_score_due(&scores, &never, 1e9));
    gan_score_begin(&scores, &nobody, 0);
    assert_false(gan_score_due(&scores, &nobody, 1e9));
}

/* A fiftieth of the time at most, counted from the beginning: an expensive first time is
 * compensated. */
static void they_cost_little(void **state)
{
    struct train_scores scores = {.began = 1000, .last = 1300, .spent = 2};

    (void)state;
    assert_true(gan_score_next(&scores, 300) == 1600);
    assert_true(gan_score_next(&scores, 10) == 1310);
    scores.spent = 20;
    assert_true(gan_score_next(&scores, 300) == 2000);
    scores.last = 2010;
    scores.spent = 21;
    assert_true(gan_score_next(&scores, 300) == 2310);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_every_so_often), cmocka_unit_test(one_that_fails_is_the_last),
        cmocka_unit_test(they_may_be_left_out), cmocka_unit_test(they_cost_little)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
