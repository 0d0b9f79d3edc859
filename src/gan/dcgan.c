/* A DCGAN's parts and its memory. */
#include "gan/dcgan.h"

#include <limner/random.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <stdio.h>
#include <stdlib.h>

int lim_dcgan_net_batch(const struct lim_dcgan_config *config)
{
    return config->batch > PAINT_BATCH ? config->batch : PAINT_BATCH;
}

size_t lim_dcgan_picture_floats(const struct lim_dcgan_config *config)
{
    return (size_t)config->size * (size_t)config->size * (size_t)config->channels;
}

static struct lim_optimizer *make_optimizer(const struct lim_dcgan *gan, const struct lim_net *net)
{
    const struct lim_dcgan_config *config = &gan->config;
    const struct lim_adam_desc adam = {
        .lr = config->lr, .beta1 = config->beta1, .beta2 = config->beta2, .eps = 1e-8f};

    return lim_optimizer_create(gan->be, net, &adam);
}

/* D, both optimizers and the memory of a step. */
static bool create_training(struct lim_dcgan *gan, enum lim_dcgan_fill fill)
{
    const struct lim_dcgan_config *config = &gan->config;
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    int count = lim_dcgan_discriminator_rows(config, rows);
    size_t batch = (size_t)config->batch;

    gan->d = lim_net_create(gan->be, rows, count, config->size, config->size, config->channels,
                            config->batch);
    if (!gan->d || (fill == FILL_INITIAL && !lim_net_init(gan->d, 2 * config->seed + 1)))
        return false;
    return (gan->adam_g = make_optimizer(gan, gan->g)) &&
           (gan->adam_d = make_optimizer(gan, gan->d)) &&
           (gan->real = lim_buffer_create_for(gan->be, LIM_MEMORY_PICTURES,
                                              batch * lim_dcgan_picture_floats(config))) &&
           (gan->dlogits = lim_buffer_create_for(gan->be, LIM_MEMORY_ACTIVATIONS, batch)) &&
           (gan->stats = lim_buffer_create_for(gan->be, LIM_MEMORY_SCRATCH, 2 * STATS + SUMS));
}

/* The host's memory for a batch. */
static bool create_host(struct lim_dcgan *gan)
{
    const struct lim_dcgan_config *config = &gan->config;
    size_t batch = (size_t)lim_dcgan_net_batch(config);

    gan->host = malloc(batch * lim_dcgan_picture_floats(config) * sizeof *gan->host);
    gan->host_z = malloc(batch * (size_t)config->latent * sizeof *gan->host_z);
    if (gan->host && gan->host_z)
        return true;
    lim_error("no memory for %d pictures of %dx%d", (int)batch, config->size, config->size);
    return false;
}

static struct lim_dcgan *create(struct lim_backend *be, const struct lim_dcgan_config *config,
                                bool generator_only, enum lim_dcgan_fill fill)
{
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    struct lim_dcgan *gan;
    size_t batch;
    int count;

    REQUIRE(be, NULL);
    if (!lim_dcgan_check(config))
        return NULL;
    gan = calloc(1, sizeof *gan);
    if (!gan) {
        lim_error("no memory for a DCGAN");
        return NULL;
    }
    gan->be = be;
    gan->config = *config;
    batch = (size_t)lim_dcgan_net_batch(config);
    count = lim_dcgan_generator_rows(config, rows);
    gan->g = lim_net_create(be, rows, count, 1, 1, config->latent, (int)batch);
    if (!gan->g || (fill == FILL_INITIAL && !lim_net_init(gan->g, 2 * config->seed)))
        goto error;
    gan->z = lim_buffer_create_for(be, LIM_MEMORY_PICTURES, batch * (size_t)config->latent);
    if (!gan->z)
        goto error;
    if (fill != FILL_PLANNED && !create_host(gan))
        goto error;
    if (!generator_only && !create_training(gan, fill))
        goto error;
    if (!generator_only && config->ema > 0) {
        if (!gan_average_create(gan))
            goto error;
        gan_average_restart(gan);
    }
    return gan;

error:
    lim_dcgan_destroy(gan);
    return NULL;
}

struct lim_dcgan *lim_dcgan_create_filled(struct lim_backend *be,
                                          const struct lim_dcgan_config *config,
                                          bool generator_only, enum lim_dcgan_fill fill)
{
    struct base_log *before;
    struct lim_dcgan *result;

    REQUIRE(be, NULL);
    before = base_log_enter(be->log);
    result = create(be, config, generator_only, fill);
    base_log_enter(before);
    return result;
}

struct lim_dcgan *lim_dcgan_create(struct lim_backend *be, const struct lim_dcgan_config *config,
                                   bool generator_only)
{
    return lim_dcgan_create_filled(be, config, generator_only, FILL_INITIAL);
}

void lim_dcgan_destroy(struct lim_dcgan *gan)
{
    if (!gan)
        return;
    lim_buffer_destroy(gan->stats);
    lim_buffer_destroy(gan->dlogits);
    lim_buffer_destroy(gan->real);
    lim_buffer_destroy(gan->z);
    lim_optimizer_destroy(gan->adam_d);
    lim_optimizer_destroy(gan->adam_g);
    if (gan->g)
        gan_average_destroy(gan);
    lim_net_destroy(gan->d);
    lim_net_destroy(gan->g);
    free(gan->host);
    free(gan->host_z);
    free(gan);
}

const struct lim_dcgan_config *lim_dcgan_get_config(const struct lim_dcgan *gan)
{
    REQUIRE(gan, NULL);
    return &gan->config;
}

struct lim_net *lim_dcgan_generator(struct lim_dcgan *gan)
{
    REQUIRE(gan, NULL);
    return gan->g;
}

struct lim_net *lim_dcgan_discriminator(struct lim_dcgan *gan)
{
    REQUIRE(gan, NULL);
    return gan->d;
}

uint64_t lim_dcgan_steps(const struct lim_dcgan *gan)
{
    REQUIRE(gan, 0);
    return gan->steps;
}

void lim_dcgan_use_average(struct lim_dcgan *gan, bool on)
{
    REQUIRE_OR_RETURN(gan);
    gan->raw = !on;
}

void lim_dcgan_latent(uint64_t seed, int latent, float *z)
{
    REQUIRE_OR_RETURN(latent > 0 && z);
    lim_random_normal(seed, LIM_RANDOM_LATENT, 0, (size_t)latent, z);
}

void lim_dcgan_set_lr(struct lim_dcgan *gan, float lr)
{
    REQUIRE_OR_RETURN(gan && lr > 0 && lr < 1);
    gan->config.lr_d *= lr / gan->config.lr;
    gan->config.lr = lr; /* the next step gives them to Adam */
}
