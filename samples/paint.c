/* Paints one picture with a trained model, through the public interface alone.
 * usage: paint MODEL SEED PICTURE.png [DEVICE]
 * build: cc paint.c $(pkg-config --cflags --libs limner) -o paint */
#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>

static void print_message(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "paint: %s\n", message);
}

int main(int argc, char **argv)
{
    struct lim_device_choice choice = {.device = argc > 4 ? argv[4] : "auto"};
    enum lim_status status = LIM_OK;
    struct lim_backend *be;
    struct lim_dcgan *gan = NULL;
    const struct lim_dcgan_config *config;
    struct lim_image image = {0};
    float *latent = NULL;
    char *end = NULL;
    uint64_t seed;

    seed = argc < 4 ? 0 : strtoull(argv[2], &end, 10);
    if (!end || end == argv[2] || *end) {
        fprintf(stderr, "usage: paint MODEL SEED PICTURE.png [DEVICE]\n");
        return LIM_USAGE;
    }
    lim_log_set(print_message, NULL, LIM_LOG_WARNING);

    /* Everything that fails has said why through print_message. */
    be = lim_backend_create(&choice, &status);
    if (!be)
        return (int)status;
    gan = lim_dcgan_load(be, argv[1], 1, true, NULL, &status);
    if (!gan)
        goto done;

    status = LIM_ERROR;
    config = lim_dcgan_get_config(gan);
    latent = malloc((size_t)config->latent * sizeof *latent);
    if (!latent || !lim_image_init(&image, config->size, config->size, config->channels))
        goto done;
    lim_dcgan_latent(seed, config->latent, latent);
    if (!lim_dcgan_paint(gan, latent, 1, false, image.pixels))
        status = LIM_DEVICE_FAILED;
    else if (lim_png_write(argv[3], &image, NULL, 0))
        status = LIM_OK;
done:
    lim_image_finish(&image);
    free(latent);
    lim_dcgan_destroy(gan);
    lim_backend_destroy(be);
    return (int)status;
}
