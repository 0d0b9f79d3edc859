/* Times the training step of a DCGAN on noise: pictures/s, effective GFLOP/s (every convolution
 * counted as a direct one; 8 passes of D and 3 of G are the least a step needs) and launches.
 * The medians of the steps after two that warm up. */
#include "../clock.h"

#include <limner/limner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UPS = 2, MAX_STEPS = 1000 };

static void print_message(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "step: %s\n", message);
}

/* Multiply-adds of one picture's forward pass through a table, from h x h pictures of c channels.
 */
static double multiply_adds(const struct lim_layer_desc *rows, int count, int h, int c)
{
    double sum = 0.0;

    for (int i = 0; i < count; i++) {
        const struct lim_layer_desc *row = &rows[i];
        int pads = row->pad_start + row->pad_end, places;

        if (row->kind == LIM_LAYER_CONV)
            places = h = (h + pads - row->kernel) / row->stride + 1;
        else if (row->kind == LIM_LAYER_CONV_TRANSPOSED)
            places = h, h = (h - 1) * row->stride + row->kernel - pads;
        else
            continue;
        sum += (double)places * places * row->kernel * row->kernel * c * row->out;
        c = row->out;
    }
    return sum;
}

static double step_flops(const struct lim_dcgan_config *config)
{
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    double g = multiply_adds(rows, lim_dcgan_generator_rows(config, rows), 1, config->latent);
    double d = multiply_adds(rows, lim_dcgan_discriminator_rows(config, rows), config->size,
                             config->channels);

    return 2.0 * config->batch * (3.0 * g + 8.0 * d);
}

static int run(struct lim_backend *be, const struct lim_dcgan_config *config, int steps)
{
    size_t bytes = (size_t)config->batch * (size_t)config->size * (size_t)config->size *
                   (size_t)config->channels;
    struct lim_dcgan *gan = lim_dcgan_create(be, config, false);
    uint8_t *pictures = malloc(bytes);
    struct lim_dcgan_stats stats;
    double seconds[MAX_STEPS], median;
    uint64_t launches = 0;
    int rc = 1;

    if (!gan || !pictures)
        goto out;
    for (size_t i = 0; i < bytes; i++)
        pictures[i] = (uint8_t)(i * 2654435761u >> 13);
    for (int i = -WARM_UPS; i < steps; i++) {
        double start = clock_seconds();

        launches = lim_backend_launches(be);
        if (!lim_dcgan_step(gan, pictures, &stats))
            goto out;
        launches = lim_backend_launches(be) - launches;
        if (i >= 0)
            seconds[i] = clock_seconds() - start;
    }
    median = clock_median(seconds, steps);
    printf("%s: width %d, kernel %d, batch %d: %.1f pictures/s, %.1f GFLOP/s effective, "
           "%llu launches, %.1f ms a step (best %.1f)\n",
           lim_backend_name(be), config->width, config->kernel, config->batch,
           config->batch / median, 1e-9 * step_flops(config) / median, (unsigned long long)launches,
           1e3 * median, 1e3 * seconds[0]);
    rc = 0;

out:
    free(pictures);
    lim_dcgan_destroy(gan);
    return rc;
}

static int usage(void)
{
    fprintf(stderr, "usage: step [--platform P] [--device D] [--threads N] [--width W] [--kernel K]"
                    " [--batch B] [--steps N]\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();
    struct lim_device_choice choice = {.device = "cpu"};
    struct lim_backend *be;
    int steps = 7, rc;

    lim_log_set(print_message, NULL, LIM_LOG_WARNING);
    config.width = 64;
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1]; /* argv ends with NULL */
        int number = value ? atoi(value) : 0;

        if (value && strcmp(argv[i], "--platform") == 0)
            choice.platform = value;
        else if (value && strcmp(argv[i], "--device") == 0)
            choice.device = value;
        else if (number > 0 && strcmp(argv[i], "--threads") == 0)
            choice.threads = number;
        else if (number > 0 && strcmp(argv[i], "--width") == 0)
            config.width = number;
        else if (number > 0 && strcmp(argv[i], "--kernel") == 0)
            config.kernel = number;
        else if (number > 0 && strcmp(argv[i], "--batch") == 0)
            config.batch = number;
        else if (number > 0 && number <= MAX_STEPS && strcmp(argv[i], "--steps") == 0)
            steps = number;
        else
            return usage();
    }
    if (!lim_dcgan_check(&config))
        return 2;
    be = lim_backend_create(&choice, NULL);
    if (!be)
        return 3;
    rc = run(be, &config, steps);
    lim_backend_destroy(be);
    return rc;
}
