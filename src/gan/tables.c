/* The generator's and the discriminator's rows, for every size. */
#include "base/require.h"

#include <limner/dcgan.h>
#include <stdio.h>
#include <string.h>

enum { WIDEST = 1024, FIRST_SIZE = 4 };

/* Stride-2 layers between 4x4 and the picture. */
static int stages(int size)
{
    int n = 0;

    while (FIRST_SIZE << n < size)
        n++;
    return n;
}

/* Channels of the map that lies `away` stages from the picture's own neighbor. */
static int channels_at(const struct lim_dcgan_config *config, int away)
{
    int64_t c = (int64_t)config->width << away;

    return c < WIDEST ? (int)c : (config->width > WIDEST ? config->width : WIDEST);
}

/* Kernel 4: one pixel on each side. Kernel 5: Keras 'same', one at the start and two at the end. */
static struct lim_layer_desc strided(const struct lim_dcgan_config *config,
                                     enum lim_layer_kind kind, int out)
{
    return (struct lim_layer_desc){.kind = kind,
                                   .out = out,
                                   .kernel = config->kernel,
                                   .stride = 2,
                                   .pad_start = 1,
                                   .pad_end = config->kernel - 3};
}

static struct lim_layer_desc normed(void)
{
    return (struct lim_layer_desc){.kind = LIM_LAYER_BATCHNORM,
                                   .batchnorm = {.eps = 1e-5f, .momentum = 0.1f}};
}

static struct lim_layer_desc activated(enum lim_activation activation)
{
    return (struct lim_layer_desc){
        .kind = LIM_LAYER_ACTIVATION, .activation = activation, .slope = 0.2f};
}

int lim_dcgan_generator_rows(const struct lim_dcgan_config *config,
                             struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS])
{
    int n, count = 0;

    REQUIRE(rows, 0);
    if (!lim_dcgan_check(config))
        return 0;
    n = stages(config->size);
    /* Project and reshape: fully connected, as a transposed convolution of a 1x1 picture. */
    rows[count++] = (struct lim_layer_desc){.kind = LIM_LAYER_CONV_TRANSPOSED,
                                            .out = channels_at(config, n - 1),
                                            .kernel = FIRST_SIZE,
                                            .stride = 1};
    rows[count++] = normed();
    rows[count++] = activated(LIM_RELU);
    for (int away = n - 2; away >= 0; away--) {
        rows[count++] = strided(config, LIM_LAYER_CONV_TRANSPOSED, channels_at(config, away));
        rows[count++] = normed();
        rows[count++] = activated(LIM_RELU);
    }
    rows[count++] = strided(config, LIM_LAYER_CONV_TRANSPOSED, config->channels);
    rows[count++] = activated(LIM_TANH);
    return count;
}

int lim_dcgan_discriminator_rows(const struct lim_dcgan_config *config,
                                 struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS])
{
    int n, count = 0;

    REQUIRE(rows, 0);
    if (!lim_dcgan_check(config))
        return 0;
    n = stages(config->size);
    rows[count++] = strided(config, LIM_LAYER_CONV, channels_at(config, 0));
    rows[count++] = activated(LIM_LEAKY_RELU);
    for (int away = 1; away < n; away++) {
        rows[count++] = strided(config, LIM_LAYER_CONV, channels_at(config, away));
        if (config->norm_d == LIM_NORM_BATCH)
            rows[count++] = normed();
        rows[count++] = activated(LIM_LEAKY_RELU);
    }
    rows[count++] = (struct lim_layer_desc){
        .kind = LIM_LAYER_CONV, .out = 1, .kernel = FIRST_SIZE, .stride = 1};
    for (int i = 0; i < count; i++) {
        rows[i].bias = config->norm_d != LIM_NORM_BATCH && rows[i].kind == LIM_LAYER_CONV;
        rows[i].spectral = config->norm_d == LIM_NORM_SPECTRAL && rows[i].kind == LIM_LAYER_CONV;
    }
    return count;
}

void lim_dcgan_work(const struct lim_dcgan_config *config, struct lim_dcgan_work *work)
{
    REQUIRE_OR_RETURN(work);
    memset(work, 0, sizeof *work);
    if (!lim_dcgan_check(config))
        return;
    work->networks[0] = (struct lim_tune_network){
        .letter = 'G',
        .rows = work->rows[0],
        .count = lim_dcgan_generator_rows(config, work->rows[0]),
        .side = 1,
        .channels = config->latent,
    };
    work->networks[1] = (struct lim_tune_network){
        .letter = 'D',
        .rows = work->rows[1],
        .count = lim_dcgan_discriminator_rows(config, work->rows[1]),
        .side = config->size,
        .channels = config->channels,
    };
    snprintf(work->name, sizeof work->name, "%dx%dx%d, width %d, kernel %d", config->size,
             config->size, config->channels, config->width, config->kernel);
    work->work = (struct lim_tune_work){
        .name = work->name, .networks = work->networks, .count = 2, .batch = config->batch};
}
