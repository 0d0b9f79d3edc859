/* Losses, D's own step size and its decay: each does what it says, and resumes to the bit. */
#include <limner/limner.h>

#include "gan/dcgan.h"
#include "gan/health.h"
#include "gan/recipe.h"
#include "support/check.h"
#include "support/devices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 4, PIXELS = 16 * 16 * 3 };

static struct lim_backend *be;
static char path[64];

static struct lim_dcgan_config tiny(void)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = 16;
    config.width = 2;
    config.latent = 4;
    config.batch = BATCH;
    config.lr = 0.01f;
    return config;
}

static struct lim_dcgan *make(struct lim_dcgan_config config)
{
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, false);

    assert_non_null(gan);
    return gan;
}

static struct lim_dcgan_stats step(struct lim_dcgan *gan)
{
    uint8_t pictures[BATCH * PIXELS];
    struct lim_dcgan_stats stats;

    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 31 / 7 + lim_dcgan_steps(gan));
    assert_true(lim_dcgan_step(gan, pictures, &stats));
    return stats;
}

static bool same(struct lim_tensor a, struct lim_tensor b)
{
    float *x = read_all(a), *y = read_all(b);
    bool equal = memcmp(x, y, lim_tensor_count(a) * sizeof *x) == 0;

    free(x);
    free(y);
    return equal;
}

static bool same_networks(struct lim_dcgan *a, struct lim_dcgan *b)
{
    return same(lim_net_params(a->g, 0), lim_net_params(b->g, 0)) &&
           same(lim_net_params(a->d, 0), lim_net_params(b->d, 0));
}

/* Of D's output: on real pictures, on painted ones, and what G makes small. */
struct definition {
    double (*real)(double l), (*fake)(double l), (*g)(double l);
};

static double entropy_of_real(double l)
{
    return log1p(exp(-l));
}

static double entropy_of_fake(double l)
{
    return log1p(exp(l));
}

static double hinge_of_real(double l)
{
    return fmax(0.0, 1.0 - l);
}

static double hinge_of_fake(double l)
{
    return fmax(0.0, 1.0 + l);
}

static double square_of_real(double l)
{
    return (l - 1.0) * (l - 1.0) / 2.0;
}

static double square_of_fake(double l)
{
    return l * l / 2.0;
}

static double itself(double l)
{
    return l;
}

static double negative(double l)
{
    return -l;
}

static const struct definition definitions[LIM_GAN_LOSSES] = {
    [LIM_GAN_BCE] = {entropy_of_real, entropy_of_fake, entropy_of_real},
    [LIM_GAN_HINGE] = {hinge_of_real, hinge_of_fake, negative},
    [LIM_GAN_SQUARES] = {square_of_real, square_of_fake, square_of_real},
    [LIM_GAN_WASSERSTEIN] = {negative, itself, negative},
};

static void check_mean(double (*f)(double l), struct lim_tensor logits, float got)
{
    float *l = read_all(logits);
    double sum = 0.0;

    for (size_t i = 0; i < lim_tensor_count(logits); i++)
        sum += f((double)l[i]);
    free(l);
    assert_true(fabs(sum / (double)lim_tensor_count(logits) - (double)got) < 1e-4);
}

/* At a step size that changes nothing, D's output is the same before and after the step. */
static void losses_are_what_they_say(void **state)
{
    (void)state;
    for (int loss = 0; loss < LIM_GAN_LOSSES; loss++) {
        const struct definition *of = definitions + loss;
        struct lim_dcgan_config config = tiny();
        struct lim_dcgan_stats stats;
        struct lim_dcgan *gan;
        struct lim_tensor fake;

        config.loss = (enum lim_gan_loss)loss;
        gan = make(config);
        for (int i = 0; i < 30; i++)
            stats = step(gan);
        assert_true(stats.finite && stats.d_real > stats.d_fake); /* D learns to tell them apart */
        lim_dcgan_set_lr(gan, 1e-9f);
        stats = step(gan);
        check_mean(
            of->real,
            lim_net_forward(gan->d, lim_tensor_of(gan->real, 0, BATCH, 16, 16, 3), LIM_TRAIN),
            stats.loss_real);
        fake = lim_net_forward(gan->g, lim_tensor_of(gan->z, 0, BATCH, 1, 1, 4), LIM_TRAIN);
        fake = lim_net_forward(gan->d, fake, LIM_TRAIN);
        check_mean(of->fake, fake, stats.loss_fake);
        check_mean(of->g, fake, stats.loss_g);
        lim_dcgan_destroy(gan);
    }
}

/* The largest change of a network's weights in the first step: Adam's step size. */
static double first_change(struct lim_dcgan *gan, struct lim_net *net)
{
    float *before = read_all(lim_net_params(net, 0)), *after;
    double most = 0.0;

    step(gan);
    after = read_all(lim_net_params(net, 0));
    for (size_t i = 0; i < lim_tensor_count(lim_net_params(net, 0)); i++)
        most = fmax(most, fabs((double)after[i] - (double)before[i]));
    free(before);
    free(after);
    return most;
}

static void d_has_its_own_step_size(void **state)
{
    struct lim_dcgan_config config = tiny();
    struct lim_dcgan *one, *two;

    (void)state;
    config.lr_d = 0.002f;
    one = make(config);
    assert_true(fabs(first_change(one, one->d) - 0.002) < 1e-5);
    two = make(config);
    assert_true(fabs(first_change(two, two->g) - 0.01) < 1e-4);
    lim_dcgan_set_lr(two, 0.005f); /* both in proportion */
    assert_true(fabs((double)two->config.lr_d - 0.001) < 1e-9);
    lim_dcgan_destroy(one);
    lim_dcgan_destroy(two);
    config.lr_d = 0.0f;
    one = make(config);
    assert_true(fabs(first_change(one, one->d) - 0.01) < 1e-4);
    lim_dcgan_destroy(one);
}

/* A decay is what the same step sizes by hand are; at its end nothing is learned. */
static void a_decay_is_so_many_step_sizes(void **state)
{
    (void)state;
    for (int decay = LIM_DECAY_LINEAR; decay < LIM_DECAYS; decay++) {
        struct lim_dcgan_config config = tiny();
        struct lim_dcgan *gan, *by_hand = make(config);

        config.decay = (enum lim_decay)decay;
        config.decay_images = 10 * BATCH;
        gan = make(config);
        for (int i = 0; i < 10; i++) {
            double factor = decay == LIM_DECAY_LINEAR
                                ? 1.0 - i / 10.0
                                : 0.5 + 0.5 * cos(3.14159265358979 * i / 10.0);

            assert_true(fabs((double)gan_decay(&config, (uint64_t)i) - factor) < 1e-6);
            by_hand->config.lr = 0.01f * gan_decay(&config, (uint64_t)i);
            step(gan);
            step(by_hand);
            assert_true(same_networks(gan, by_hand));
        }
        step(gan);
        assert_true(same(lim_net_params(gan->g, 0), lim_net_params(by_hand->g, 0)));
        lim_dcgan_destroy(gan);
        lim_dcgan_destroy(by_hand);
    }
}

static void resumes(struct lim_dcgan_config config)
{
    struct lim_progress progress = {.step = 5};
    struct lim_dcgan *gan = make(config), *back;

    for (int i = 0; i < 5; i++)
        step(gan);
    assert_true(lim_dcgan_save(gan, path, &progress, false));
    back = lim_dcgan_load(be, path, 0, false, NULL, NULL);
    assert_non_null(back);
    assert_memory_equal(&back->config, &gan->config, sizeof config);
    assert_true(same(lim_net_state(gan->g), lim_net_state(back->g)));
    for (int i = 0; i < 5; i++) {
        step(gan);
        step(back);
    }
    assert_true(same_networks(gan, back));
    if (lim_net_state(gan->d).buf)
        assert_true(same(lim_net_state(gan->d), lim_net_state(back->d)));
    lim_dcgan_destroy(gan);
    lim_dcgan_destroy(back);
}

static void everything_resumes_to_the_bit(void **state)
{
    struct lim_dcgan_config config = tiny();

    (void)state;
    config.loss = LIM_GAN_HINGE;
    config.lr_d = 0.004f;
    config.decay = LIM_DECAY_COSINE;
    config.decay_images = 100;
    config.ema = 20;
    for (int norm = 0; norm < LIM_NORMS; norm++) {
        config.norm_d = (enum lim_norm_d)norm;
        resumes(config);
    }
}

/* D's tensors by its norm, and that D learns with each. */
static void d_is_normalized_as_asked(void **state)
{
    static const struct {
        const char *has, *has_not;
    } parts[LIM_NORMS] = {[LIM_NORM_BATCH] = {"gamma", "bias"},
                          [LIM_NORM_NONE] = {"bias", "gamma"},
                          [LIM_NORM_SPECTRAL] = {"u", "gamma"}};

    (void)state;
    for (int norm = 0; norm < LIM_NORMS; norm++) {
        struct lim_dcgan_config config = tiny();
        struct lim_dcgan_stats stats = {0};
        struct lim_dcgan *gan;
        int has = 0, has_not = 0;

        config.norm_d = (enum lim_norm_d)norm;
        config.loss = LIM_GAN_HINGE;
        gan = make(config);
        for (int i = 0; i < lim_net_part_count(gan->d); i++) {
            struct lim_net_part part = lim_net_part(gan->d, i);
            const char *name = strchr(part.name, '.') + 1;

            has += strcmp(name, parts[norm].has) == 0;
            has_not += strcmp(name, parts[norm].has_not) == 0;
        }
        assert_true(has > 0 && has_not == 0);
        for (int i = 0; i < 40; i++)
            stats = step(gan);
        assert_true(stats.finite && stats.d_real > stats.d_fake);
        lim_dcgan_destroy(gan);
    }
}

/* If D's output is not a probability, its losses show whether it has won. */
static void health_knows_the_losses(void **state)
{
    static const struct lim_dcgan_stats won = {.loss_real = 0.01f, .d_real = 3.0f, .d_fake = -3.0f};
    static const struct lim_dcgan_stats open = {
        .loss_real = 0.7f, .loss_fake = 0.7f, .d_real = 0.5f, .d_fake = -0.5f};

    (void)state;
    for (int loss = 0; loss < LIM_GAN_LOSSES; loss++) {
        struct lim_dcgan_config config = tiny();
        struct health one = {0}, other = {0};
        int told = 0, wrong = 0;
        double even;

        config.loss = (enum lim_gan_loss)loss;
        even = gan_losses_of(&config).even;
        for (int i = 0; i < 600; i++) {
            told += gan_health_step(&one, &won, even);
            wrong += gan_health_step(&other, &open, even);
        }
        assert_int_equal(told, loss == LIM_GAN_WASSERSTEIN || loss == LIM_GAN_SQUARES ? 0 : 1);
        assert_true(loss == LIM_GAN_BCE || wrong == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_what_they_say),
        cmocka_unit_test(d_has_its_own_step_size),
        cmocka_unit_test(a_decay_is_so_many_step_sizes),
        cmocka_unit_test(everything_resumes_to_the_bit),
        cmocka_unit_test(d_is_normalized_as_asked),
        cmocka_unit_test(health_knows_the_losses),
    };
    char folder[] = "/tmp/limner-recipe-XXXXXX";
    int failed = 0;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    for (int device = 0; device < DEVICES; device++) {
        be = open_device(device);
        if (!be)
            continue;
        failed += cmocka_run_group_tests(tests, NULL, NULL);
        lim_backend_destroy(be);
    }
    unlink(path);
    return rmdir(folder) == 0 ? failed : 1;
}
