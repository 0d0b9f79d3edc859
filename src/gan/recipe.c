/* The losses and step sizes that follow from the settings. */
#include "gan/recipe.h"

#include <math.h>

/* BCE: Goodfellow et al. 2014 with the generator's loss that does not saturate. Hinge: Lim and Ye
 * 2017 (arXiv 1705.02894). Least squares: Mao et al. 2017 (1611.04076). Wasserstein: Arjovsky et
 * al. 2017 (1701.07875), which asks for a bound on D's slope. */
static const struct gan_losses losses[LIM_GAN_LOSSES] = {
    [LIM_GAN_BCE] = {{LIM_LOSS_BCE, 1}, {LIM_LOSS_BCE, 0}, {LIM_LOSS_BCE, 1}, NAN},
    [LIM_GAN_HINGE] = {{LIM_LOSS_HINGE, 1}, {LIM_LOSS_HINGE, -1}, {LIM_LOSS_LINEAR, 1}, 2},
    [LIM_GAN_SQUARES] = {{LIM_LOSS_SQUARES, 1}, {LIM_LOSS_SQUARES, 0}, {LIM_LOSS_SQUARES, 1}, 0.25},
    [LIM_GAN_WASSERSTEIN] = {{LIM_LOSS_LINEAR, 1}, {LIM_LOSS_LINEAR, -1}, {LIM_LOSS_LINEAR, 1}, 0},
};

struct gan_losses gan_losses_of(const struct lim_dcgan_config *config)
{
    struct gan_losses l = losses[config->loss];

    if (config->loss == LIM_GAN_BCE || config->loss == LIM_GAN_SQUARES)
        l.real.target -= config->smooth;
    return l;
}

float gan_lr_d(const struct lim_dcgan_config *config)
{
    return config->lr_d > 0 ? config->lr_d : config->lr;
}

float gan_decay(const struct lim_dcgan_config *config, uint64_t step)
{
    double seen = (double)step * config->batch, done;

    if (config->decay == LIM_DECAY_NONE || config->decay_images == 0)
        return 1.0f;
    done = fmin(seen / (double)config->decay_images, 1.0);
    if (config->decay == LIM_DECAY_LINEAR)
        return (float)(1.0 - done);
    return (float)(0.5 + 0.5 * cos(3.14159265358979323846 * done));
}
