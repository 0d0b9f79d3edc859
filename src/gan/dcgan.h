/* A DCGAN's parts: for the files of this folder and for io/checkpoint.c. */
#ifndef LIMNER_GAN_DCGAN_H
#define LIMNER_GAN_DCGAN_H

#include <limner/adam.h>
#include <limner/dcgan.h>

/* Pictures painted at once with running statistics. Always this many, so that every picture uses
 * the same matrix shapes: its bits then do not depend on the other pictures in the batch. */
enum { PAINT_BATCH = 16 };

/* The losses of a step: two floats each (mean loss, mean sigmoid), in this order. */
enum { STATS_REAL, STATS_FAKE, STATS_G, STATS };

/* After the losses: sums over all weights, which are numbers as long as all weights are. This many,
 * because the reduction over rows is fast where rows are as long as a layer's. */
enum { SUMS = 64 };

struct lim_dcgan {
    struct lim_backend *be;
    struct lim_dcgan_config config;
    struct lim_net *g;
    struct lim_net *d; /* NULL: generator only, like all below but z and host */
    struct lim_optimizer *adam_g, *adam_d;
    uint64_t steps;
    struct lim_buffer **average; /* of G's weights, a buffer for each chunk; or NULL */
    struct lim_buffer *average_state, *average_spare;
    bool raw;                   /* paint and share G as it is, although there is an average */
    struct lim_buffer *z;       /* net batch x latent */
    struct lim_buffer *real;    /* batch x size x size x channels */
    struct lim_buffer *dlogits; /* batch */
    struct lim_buffer *stats;   /* STATS x 2, SUMS */
    float *host;                /* net batch pictures */
    float *host_z;              /* net batch latents */
};

/* lim_dcgan_create, with initial weights; without, for a checkpoint's or none; or while the backend
 * plans, without the host's memory. */
enum lim_dcgan_fill { FILL_INITIAL, FILL_LATER, FILL_PLANNED };
struct lim_dcgan *lim_dcgan_create_filled(struct lim_backend *be,
                                          const struct lim_dcgan_config *config,
                                          bool generator_only, enum lim_dcgan_fill fill);

/* Latents the generator's memory holds: the batch, or PAINT_BATCH where that is more. */
int lim_dcgan_net_batch(const struct lim_dcgan_config *config);

/* average.c. Takes the memory; false after one log line. The average is zero until it is restarted
 * from G's weights, or read from a file. */
bool gan_average_create(struct lim_dcgan *gan);
void gan_average_destroy(struct lim_dcgan *gan);
void gan_average_restart(struct lim_dcgan *gan);

/* After an update of G, gan->steps counting it. */
void gan_average_step(struct lim_dcgan *gan);

/* Exchanges the average and G's weights, to the bit; G's gradients are lost. */
void gan_average_swap(struct lim_dcgan *gan);

/* The average of a part of G (lim_net_part): the same shape. */
struct lim_tensor gan_average_of(const struct lim_dcgan *gan, struct lim_tensor part);

/* Floats of one picture. */
size_t lim_dcgan_picture_floats(const struct lim_dcgan_config *config);

#endif
