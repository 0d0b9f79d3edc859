/* Pictures from latents. */
#include "gan/dcgan.h"

#include "base/require.h"

#include <limner/image.h>

#include <string.h>

bool lim_dcgan_paint(struct lim_dcgan *gan, const float *latents, int count, bool batch_stats,
                     uint8_t *pictures)
{
    const struct lim_dcgan_config *config;
    bool averaged;
    size_t floats, latent;
    int chunk;

    REQUIRE(gan && count >= 0 && (count == 0 || (latents && pictures)), false);
    config = &gan->config;
    floats = lim_dcgan_picture_floats(config);
    latent = (size_t)config->latent;
    chunk = batch_stats ? lim_dcgan_net_batch(config) : PAINT_BATCH;
    averaged = gan->average && !gan->raw && count > 0;
    if (averaged)
        gan_average_swap(gan);
    for (int first = 0; first < count; first += chunk) {
        int n = count - first < chunk ? count - first : chunk;
        int run = batch_stats ? n : chunk;
        struct lim_tensor z = lim_tensor_of(gan->z, 0, run, 1, 1, config->latent);

        memset(gan->host_z, 0, (size_t)run * latent * sizeof *gan->host_z);
        memcpy(gan->host_z, latents + (size_t)first * latent, (size_t)n * latent * sizeof *latents);
        lim_write(z, gan->host_z);
        lim_read(lim_net_forward(gan->g, z, batch_stats ? LIM_BATCH_STATS : LIM_INFER), gan->host);
        lim_floats_to_pixels(gan->host, (size_t)n * floats, pictures + (size_t)first * floats);
    }
    if (averaged)
        gan_average_swap(gan);
    return lim_backend_ok(gan->be);
}
