/* One training step, in the order of PyTorch's DCGAN example, whose loss curve is the golden test.
 */
#include "gan/dcgan.h"
#include "gan/recipe.h"

#include "base/require.h"

#include <limner/image.h>
#include <limner/random.h>
#include <math.h>

static struct lim_tensor stats_of(const struct lim_dcgan *gan, int which)
{
    return lim_vector_of(gan->stats, 2 * (size_t)which, 2);
}

/* D on `x`, its loss, and back: D's gradients, or the gradient of its input. */
static struct lim_tensor discriminator_pass(struct lim_dcgan *gan, struct lim_tensor x,
                                            struct gan_loss loss, int stats, unsigned want)
{
    struct lim_tensor logits = lim_net_forward(gan->d, x, LIM_TRAIN);
    struct lim_tensor dlogits = lim_tensor_of(gan->dlogits, 0, gan->config.batch, 1, 1, 1);

    lim_loss(gan->be, loss.kind, loss.target, logits, stats_of(gan, stats), dlogits);
    return lim_net_backward(gan->d, dlogits, want);
}

/* Adds the weights of a network to the sums, as rows of SUMS and what is left. A NaN or an infinity
 * in a gradient is in the weights after the step, and in their sum. */
static void sum_weights(struct lim_dcgan *gan, const struct lim_net *net)
{
    for (int i = 0; i < lim_net_chunks(net); i++) {
        struct lim_tensor params = lim_net_params(net, i);
        size_t count = lim_tensor_count(params);
        int rows = (int)(count / SUMS), left = (int)(count % SUMS);

        if (rows > 0)
            lim_bias_backward(gan->be, lim_tensor_of(params.buf, 0, rows, 1, 1, SUMS),
                              lim_vector_of(gan->stats, 2 * STATS, SUMS));
        if (left > 0)
            lim_bias_backward(gan->be,
                              lim_tensor_of(params.buf, count - (size_t)left, 1, 1, 1, left),
                              lim_vector_of(gan->stats, 2 * STATS, (size_t)left));
    }
}

static void read_stats(struct lim_dcgan *gan, struct lim_dcgan_stats *stats)
{
    float host[2 * STATS + SUMS];

    lim_fill(gan->be, 0.0f, lim_vector_of(gan->stats, 2 * STATS, SUMS));
    sum_weights(gan, gan->g);
    sum_weights(gan, gan->d);
    lim_read(lim_vector_of(gan->stats, 0, 2 * STATS + SUMS), host);
    stats->finite = true;
    for (int i = 0; i < 2 * STATS + SUMS; i++)
        stats->finite = stats->finite && isfinite(host[i]);
    stats->loss_real = host[2 * STATS_REAL];
    stats->d_real = host[2 * STATS_REAL + 1];
    stats->loss_fake = host[2 * STATS_FAKE];
    stats->d_fake = host[2 * STATS_FAKE + 1];
    stats->loss_g = host[2 * STATS_G];
    stats->d_fake_after = host[2 * STATS_G + 1];
}

bool lim_dcgan_step_on(struct lim_dcgan *gan, const float *pictures, const float *latents,
                       struct lim_dcgan_stats *stats)
{
    const struct lim_dcgan_config *config;
    struct lim_tensor real, z, fake, dfake;
    struct gan_losses losses;
    float decay;

    REQUIRE(gan && gan->d && pictures && latents, false);
    config = &gan->config;
    real = lim_tensor_of(gan->real, 0, config->batch, config->size, config->size, config->channels);
    z = lim_tensor_of(gan->z, 0, config->batch, 1, 1, config->latent);
    losses = gan_losses_of(config);
    decay = gan_decay(config, gan->steps);
    lim_optimizer_set_lr(gan->adam_d, decay * gan_lr_d(config));
    lim_optimizer_set_lr(gan->adam_g, decay * config->lr);
    lim_write(real, pictures);
    lim_write(z, latents);

    lim_net_set_step(gan->g, 2 * config->seed, gan->steps);
    lim_net_set_step(gan->d, 2 * config->seed + 1, gan->steps);
    fake = lim_net_forward(gan->g, z, LIM_TRAIN);
    lim_net_zero_grads(gan->d);
    discriminator_pass(gan, real, losses.real, STATS_REAL, LIM_WANT_PARAMS);
    discriminator_pass(gan, fake, losses.fake, STATS_FAKE, LIM_WANT_PARAMS);
    lim_optimizer_step(gan->adam_d);

    dfake = discriminator_pass(gan, fake, losses.g, STATS_G, LIM_WANT_INPUT);
    lim_net_zero_grads(gan->g);
    lim_net_backward(gan->g, dfake, LIM_WANT_PARAMS);
    lim_optimizer_step(gan->adam_g);

    gan->steps++;
    if (gan->average)
        gan_average_step(gan);
    if (stats)
        read_stats(gan, stats);
    return lim_backend_ok(gan->be);
}

bool lim_dcgan_step(struct lim_dcgan *gan, const uint8_t *pictures, struct lim_dcgan_stats *stats)
{
    const struct lim_dcgan_config *config;
    size_t batch;

    REQUIRE(gan && gan->d && pictures, false);
    config = &gan->config;
    batch = (size_t)config->batch;
    lim_pixels_to_floats(pictures, batch * lim_dcgan_picture_floats(config), gan->host);
    lim_random_normal(config->seed, LIM_RANDOM_TRAIN_LATENT, gan->steps,
                      batch * (size_t)config->latent, gan->host_z);
    return lim_dcgan_step_on(gan, gan->host, gan->host_z, stats);
}
