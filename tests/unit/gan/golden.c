/* The same weights, pictures and latents as golden/make_golden.py gave PyTorch: the same pictures
 * and the same losses. argv[1] is golden.txt. */
#include <limner/limner.h>
#include <limner/random.h>

#include "support/check.h"
#include "support/devices.h"

#include <math.h>
#include <stdio.h>

/* As in make_golden.py. */
enum { SIZE = 16, WIDTH = 8, LATENT = 10, BATCH = 4, SEED = 7, STEPS = 20 };
enum { FLOATS = SIZE * SIZE * 3 };

#define PICTURE_TOLERANCE 1e-5
#define LOSS_TOLERANCE 1e-5    /* a hundred times what was seen: Adam lifts last bits */
#define TRAINED_TOLERANCE 1e-5 /* pictures with running statistics, after all steps */

static const char *golden_path;

static float next(FILE *file)
{
    float value;

    assert_int_equal(fscanf(file, "%f", &value), 1);
    return value;
}

static void compare(FILE *file, struct lim_tensor got, double tolerance)
{
    float *host = read_all(got);
    double worst = 0.0;

    for (size_t i = 0; i < lim_tensor_count(got); i++)
        worst = fmax(worst, fabs((double)host[i] - (double)next(file)));
    free(host);
    print_message("pictures differ by at most %g (allowed %g)\n", worst, tolerance);
    assert_true(worst <= tolerance);
}

static void run_case(struct lim_backend *be, FILE *file, int kernel)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();
    struct lim_buffer *z_buffer = lim_buffer_create(be, BATCH * LATENT);
    struct lim_tensor z = lim_tensor_of(z_buffer, 0, BATCH, 1, 1, LATENT);
    float pictures[BATCH * FLOATS], latents[BATCH * LATENT];
    double worst = 0.0;
    struct lim_dcgan *gan;
    int found;

    assert_int_equal(fscanf(file, " kernel %d", &found), 1);
    assert_int_equal(found, kernel);
    config.size = SIZE;
    config.width = WIDTH;
    config.latent = LATENT;
    config.batch = BATCH;
    config.seed = SEED;
    config.kernel = kernel;
    gan = lim_dcgan_create(be, &config, false);
    assert_non_null(gan);

    lim_random_normal(SEED, LIM_RANDOM_TEST, 1000, BATCH * LATENT, latents);
    lim_write(z, latents);
    compare(file, lim_net_forward(lim_dcgan_generator(gan), z, LIM_BATCH_STATS), PICTURE_TOLERANCE);

    for (int step = 0; step < STEPS; step++) {
        struct lim_dcgan_stats stats;

        lim_random_uniform(SEED, LIM_RANDOM_TEST, (uint64_t)step, BATCH * FLOATS, pictures);
        for (int i = 0; i < BATCH * FLOATS; i++)
            pictures[i] = 2.0f * pictures[i] - 1.0f;
        lim_random_normal(SEED, LIM_RANDOM_TEST, 1000 + (uint64_t)step, BATCH * LATENT, latents);
        assert_true(lim_dcgan_step_on(gan, pictures, latents, &stats));
        worst = fmax(worst, fabs((double)stats.loss_real - (double)next(file)));
        worst = fmax(worst, fabs((double)stats.loss_fake - (double)next(file)));
        worst = fmax(worst, fabs((double)stats.loss_g - (double)next(file)));
    }
    print_message("losses differ by at most %g (allowed %g)\n", worst, LOSS_TOLERANCE);
    assert_true(worst <= LOSS_TOLERANCE);

    lim_write(z, latents);
    compare(file, lim_tensor_images(lim_net_forward(lim_dcgan_generator(gan), z, LIM_INFER), 0, 1),
            TRAINED_TOLERANCE);
    lim_dcgan_destroy(gan);
    lim_buffer_destroy(z_buffer);
}

static void agrees_with_pytorch(void **state)
{
    (void)state;
    for (int which = 0; which < DEVICES; which++) {
        struct lim_backend *be = open_device(which);
        FILE *file;

        if (which == DEVICE_OPENCL && !be)
            continue;
        assert_non_null(be);
        print_message("on %s\n", lim_backend_name(be));
        file = fopen(golden_path, "r");
        assert_non_null(file);
        run_case(be, file, 4);
        run_case(be, file, 5);
        fclose(file);
        lim_backend_destroy(be);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_pytorch)};

    if (argc != 2) {
        fprintf(stderr, "usage: test_golden golden.txt\n");
        return 2;
    }
    golden_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
