/* The average of G's weights and running statistics over its last updates: it paints better than
 * any of them. Half of its weight lies in the last `ema` pictures, or, at the start, in the last
 * twentieth of those seen, so that the first weights are soon forgotten (Karras et al. 2020,
 * StyleGAN2-ADA, arXiv 2006.06676, its code). */
#include "gan/dcgan.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>

static const double ramp = 0.05; /* of the pictures seen */

bool gan_average_create(struct lim_dcgan *gan)
{
    int chunks = lim_net_chunks(gan->g);
    struct lim_tensor state = lim_net_state(gan->g);
    size_t floats = state.buf ? lim_tensor_count(state) : 1;

    gan->average = calloc((size_t)chunks, sizeof *gan->average);
    if (!gan->average) {
        lim_error("no memory for averaged weights");
        return false;
    }
    for (int i = 0; i < chunks; i++) {
        gan->average[i] = lim_buffer_create_for(gan->be, LIM_MEMORY_WEIGHTS,
                                                lim_tensor_count(lim_net_params(gan->g, i)));
        if (!gan->average[i])
            return false;
    }
    gan->average_state = lim_buffer_create_for(gan->be, LIM_MEMORY_WEIGHTS, floats);
    gan->average_spare = lim_buffer_create_for(gan->be, LIM_MEMORY_SCRATCH, floats);
    return gan->average_state && gan->average_spare;
}

void gan_average_destroy(struct lim_dcgan *gan)
{
    for (int i = 0; gan->average && i < lim_net_chunks(gan->g); i++)
        lim_buffer_destroy(gan->average[i]);
    free(gan->average);
    lim_buffer_destroy(gan->average_state);
    lim_buffer_destroy(gan->average_spare);
}

static struct lim_tensor all_of(struct lim_buffer *buf)
{
    return lim_vector_of(buf, 0, lim_buffer_count(buf));
}

struct lim_tensor gan_average_of(const struct lim_dcgan *gan, struct lim_tensor part)
{
    for (int i = 0; i < lim_net_chunks(gan->g); i++) {
        if (part.buf == lim_net_params(gan->g, i).buf) {
            part.buf = gan->average[i];
            return part;
        }
    }
    part.buf = gan->average_state;
    return part;
}

void gan_average_step(struct lim_dcgan *gan)
{
    double batch = gan->config.batch, seen = (double)gan->steps * batch;
    double half = fmin((double)gan->config.ema, ramp * seen);
    float keep = (float)pow(0.5, batch / half);
    struct lim_tensor state = lim_net_state(gan->g);

    for (int i = 0; i < lim_net_chunks(gan->g); i++)
        lim_axpby(gan->be, 1.0f - keep, lim_net_params(gan->g, i), keep, all_of(gan->average[i]));
    if (state.buf)
        lim_axpby(gan->be, 1.0f - keep, state, keep, all_of(gan->average_state));
}

static void swap(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b,
                 struct lim_tensor spare)
{
    lim_copy(be, a, spare);
    lim_copy(be, b, a);
    lim_copy(be, spare, b);
}

void gan_average_swap(struct lim_dcgan *gan)
{
    struct lim_tensor state = lim_net_state(gan->g);

    for (int i = 0; i < lim_net_chunks(gan->g); i++)
        swap(gan->be, lim_net_params(gan->g, i), all_of(gan->average[i]), lim_net_grads(gan->g, i));
    if (state.buf)
        swap(gan->be, state, all_of(gan->average_state), all_of(gan->average_spare));
}

void gan_average_restart(struct lim_dcgan *gan)
{
    struct lim_tensor state = lim_net_state(gan->g);

    for (int i = 0; i < lim_net_chunks(gan->g); i++)
        lim_copy(gan->be, lim_net_params(gan->g, i), all_of(gan->average[i]));
    if (state.buf)
        lim_copy(gan->be, state, all_of(gan->average_state));
}
