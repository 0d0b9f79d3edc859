/* The tuner's verification, on algorithms that are wrong on purpose: none is timed, none wins. */
#include "core/backend.h"
#include "tune/tune.h"

#include <limner/bench.h>
#include <limner/dcgan.h>

#include "support/check.h"

#include <string.h>

enum fault { SOUND, LAST_NUMBER, COMPANY, PLACE, UNSTEADY, NOTHING };
static enum fault fault;
static const struct lim_conv_algorithm *real;
static int calls;

static void nudge(struct lim_tensor t, size_t at, float factor)
{
    struct lim_tensor one = lim_vector_of(t.buf, t.offset + at, 1);
    float value;

    lim_read(one, &value);
    value = value * factor;
    lim_write(one, &value);
}

/* n: pictures; 0: the result are weights. */
static void spoil(struct lim_tensor result, int n)
{
    size_t last = lim_tensor_count(result) - 1;

    calls++;
    if (fault == LAST_NUMBER)
        nudge(result, last, 1.3f);
    else if (fault == COMPANY && n == 1)
        nudge(result, last, 1.0f + 0x1p-22f);
    else if (fault == PLACE && n > 3)
        nudge(result, last, 1.0f + 0x1p-22f);
    else if (fault == UNSTEADY && n == 0)
        nudge(result, last, 1.0f + 0x1p-22f * (float)(calls % 2));
}

static void wrong_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y)
{
    if (fault == NOTHING)
        return;
    real->forward(be, cv, x, w, y);
    spoil(y, x.n);
}

static void wrong_data(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                       struct lim_tensor w, struct lim_tensor dx)
{
    if (fault == NOTHING)
        return;
    real->backward_data(be, cv, dy, w, dx);
    spoil(dx, dy.n);
}

static void wrong_weights(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor dy, struct lim_tensor dw)
{
    if (fault == NOTHING)
        return;
    real->backward_weights(be, cv, x, dy, dw);
    spoil(dw, 0);
}

static bool always(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    (void)be;
    (void)cv;
    (void)pass;
    return true;
}

static const struct lim_conv_algorithm wrong[] = {{.name = "wrong",
                                                   .runs = always,
                                                   .forward = wrong_forward,
                                                   .backward_data = wrong_data,
                                                   .backward_weights = wrong_weights},
                                                  {0}};

/* What was told of the algorithm: passes in all, and those by pass in which it was found right. */
struct told {
    int passes, right[3], won;
};

static void on_pass(void *user, const struct lim_tune_result *result)
{
    struct told *told = user;

    told->passes++;
    assert_true(result->winner >= 0);
    for (int i = 0; i < result->count; i++) {
        const struct lim_tune_candidate *c = &result->candidates[i];

        if (strcmp(c->algorithm, "wrong") != 0) {
            assert_true(c->verified);
            continue;
        }
        told->right[result->pass] += c->verified;
        told->won += i == result->winner;
        assert_int_equal(c->verified, !*c->why);
        assert_true(c->verified || c->seconds == 0); /* it is not even timed */
    }
}

static void wrong_algorithms_are_refused(void **state)
{
    struct lim_dcgan_config gan = lim_dcgan_defaults();
    struct lim_dcgan_work work;

    (void)state;
    gan.size = 16;
    gan.width = 2;
    gan.latent = 4;
    gan.batch = 7; /* no multiple of the pictures that differ */
    lim_dcgan_work(&gan, &work);
    for (fault = SOUND; fault <= NOTHING; fault++) {
        struct told told = {0};
        const struct lim_tune_config config = {
            .mode = LIM_TUNE_FULL, .cache_dir = "off", .told = on_pass, .user = &told};
        const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
        struct lim_backend *be = lim_backend_create(&choice, NULL);

        assert_non_null(be);
        real = &be->convs[0];
        be->convs = wrong;
        memset(be->conv_names, 0, sizeof be->conv_names);
        lim_backend_name_convs(be);
        assert_int_equal(lim_tune(be, &work.work, &config), LIM_OK);
        assert_int_equal(told.passes, 12); /* four geometries */
        for (int pass = 0; pass < 3; pass++) {
            bool weights = pass == LIM_CONV_BACKWARD_WEIGHTS;
            bool right = fault == SOUND || (fault == UNSTEADY && !weights) ||
                         ((fault == COMPANY || fault == PLACE) && weights);

            assert_int_equal(told.right[pass], right ? 4 : 0);
        }
        assert_true(fault == SOUND || told.won <= told.right[0] + told.right[1] + told.right[2]);
        lim_backend_destroy(be);
    }
    fault = SOUND;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_algorithms_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
