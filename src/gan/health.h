/* Detects two ways in which GANs stop learning, and finds where a NaN came from.
 */
#ifndef LIMNER_SRC_GAN_HEALTH_H
#define LIMNER_SRC_GAN_HEALTH_H

#include "gan/dcgan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at the start of a training. */
struct health {
    double real, fake; /* D(x) and D(G(z)), running means, */
    double losses;     /* and of the sum of D's losses */
    uint64_t steps;    /* in those */
    double variety;    /* of the reals; 0: too few, or all alike: nothing to compare with */
    int poor;          /* grids without variety, one after another */
    bool was_varied;   /* a grid had some */
    bool told_saturated, told_collapsed;
};

/* After a step: true when D has just won, for the caller to report. True once, and again only after
 * D lost its lead. `even`: of struct gan_losses; decides if it is a number, else D(x) and D(G(z))
 * do. */
bool gan_health_step(struct health *health, const struct lim_dcgan_stats *stats, double even);

/* The mean over all bytes of the standard deviation across pictures[count][bytes], in levels of 0
 * to 255. */
double gan_health_variety(const uint8_t *pictures, int count, size_t bytes);

/* After a grid of this variety at `step`: true when G has just collapsed to one picture. */
bool gan_health_grid(struct health *health, double variety, uint64_t step);

/* Names the tensor in which a NaN or an infinity most likely began, and its layer: "the gradient of
 * discriminator.5.weight (a convolution)". False where every tensor is sound. */
bool gan_health_find_bad(struct lim_dcgan *gan, char *text, size_t size);

#endif
