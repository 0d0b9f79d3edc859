/* The losses and step sizes that follow from the settings. Pure functions. */
#ifndef LIMNER_SRC_GAN_RECIPE_H
#define LIMNER_SRC_GAN_RECIPE_H

#include <limner/dcgan.h>

struct gan_loss {
    enum lim_loss_kind kind;
    float target;
};

/* Of D on real pictures and on painted ones, and of G. `even`: the sum of D's two losses when D
 * sees no difference; NAN: D(x) and D(G(z)) tell more; 0: nothing shows whether D has won. */
struct gan_losses {
    struct gan_loss real, fake, g;
    double even;
};

struct gan_losses gan_losses_of(const struct lim_dcgan_config *config);

/* Adam's step size of D before the decay; and the decay's factor after `step` steps, 1 to 0. */
float gan_lr_d(const struct lim_dcgan_config *config);
float gan_decay(const struct lim_dcgan_config *config, uint64_t step);

#endif
