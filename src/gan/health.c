#include "gan/health.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* D(x) and D(G(z)) are means over batches of a few dozen pictures: one step says little. */
static const double memory = 0.99;                /* running means over about a hundred steps */
enum { SETTLED = 200 };                           /* steps before they are looked at */
static const double won = 0.98, open_again = 0.9; /* of D(x) - D(G(z)), 0 to 1 */

/* As shares of the reals' variety. A new generator paints one gray picture: it has collapsed only
 * if it once had variety or has had enough time. */
static const double collapsed = 0.2, varied = 0.4;
enum { GRIDS = 2, LATE = 2000 };

bool gan_health_step(struct health *health, const struct lim_dcgan_stats *stats, double even)
{
    double share = health->steps ? memory : 0.0, apart;

    health->real = share * health->real + (1.0 - share) * (double)stats->d_real;
    health->fake = share * health->fake + (1.0 - share) * (double)stats->d_fake;
    health->losses = share * health->losses +
                     (1.0 - share) * ((double)stats->loss_real + (double)stats->loss_fake);
    health->steps++;
    apart = isnan(even) ? health->real - health->fake : 1.0 - health->losses / even;
    if (even <= 0.0)
        return false;
    if (apart < open_again)
        health->told_saturated = false;
    if (health->steps < SETTLED || apart < won || health->told_saturated)
        return false;
    health->told_saturated = true;
    return true;
}

double gan_health_variety(const uint8_t *pictures, int count, size_t bytes)
{
    double total = 0.0;

    for (size_t i = 0; i < bytes; i++) {
        double sum = 0.0, squares = 0.0, mean;

        for (int k = 0; k < count; k++) {
            double v = pictures[(size_t)k * bytes + i];

            sum += v;
            squares += v * v;
        }
        mean = sum / count;
        /* The inputs are integers: a value below zero is rounding error only. */
        total += sqrt(fmax(squares / count - mean * mean, 0.0));
    }
    return total / (double)bytes;
}

bool gan_health_grid(struct health *health, double variety, uint64_t step)
{
    double share = health->variety > 0 ? variety / health->variety : 1.0;

    if (share >= varied) {
        health->was_varied = true;
        health->told_collapsed = false;
    }
    health->poor = share < collapsed ? health->poor + 1 : 0;
    if (health->poor < GRIDS || !(health->was_varied || step >= LATE) || health->told_collapsed)
        return false;
    health->told_collapsed = true;
    return true;
}

static bool sound(struct lim_tensor t)
{
    size_t count = lim_tensor_count(t);
    float *host = malloc(count * sizeof *host);
    bool good = true;

    if (!host)
        return true; /* nothing can be said of it */
    lim_read(t, host);
    for (size_t i = 0; i < count && good; i++)
        good = isfinite(host[i]);
    free(host);
    return good;
}

/* Searches from the output to the input, as the backward pass goes: a NaN spreads in that
 * direction. */
static bool find_in(struct lim_net *net, const char *who, bool gradients, char *text, size_t size)
{
    for (int i = lim_net_part_count(net) - 1; i >= 0; i--) {
        struct lim_net_part part = lim_net_part(net, i);

        if ((gradients && part.state) || sound(gradients ? part.grad : part.tensor))
            continue;
        snprintf(text, size, "%s%s.%s (a %s)", gradients ? "the gradient of " : "", who, part.name,
                 part.layer);
        return true;
    }
    return false;
}

bool gan_health_find_bad(struct lim_dcgan *gan, char *text, size_t size)
{
    /* D's gradients come first in a step; its weights follow them, and so does all of G. */
    return find_in(gan->d, "discriminator", true, text, size) ||
           find_in(gan->g, "generator", true, text, size) ||
           find_in(gan->d, "discriminator", false, text, size) ||
           find_in(gan->g, "generator", false, text, size);
}
