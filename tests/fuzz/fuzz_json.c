/* The config.json of a run, as resuming reads it. */
#include "fuzz.h"

#include <limner/backend.h>
#include <limner/dcgan.h>
#include <limner/train.h>
#include <stdio.h>

/* The run's checkpoint is sound. */
static void save_checkpoint(void)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_dcgan_config config = lim_dcgan_defaults();
    const struct lim_progress progress = {.step = 1};
    struct lim_dcgan *gan;
    char path[1024];

    config.size = 16;
    config.width = config.latent = config.batch = 1;
    gan = be ? lim_dcgan_create(be, &config, false) : NULL;
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", fuzz_folder());
    FUZZ_EXPECT(gan && lim_dcgan_save(gan, path, &progress, false));
    lim_dcgan_destroy(gan);
    lim_backend_destroy(be);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool saved;
    struct lim_train_config config;

    if (!saved)
        save_checkpoint();
    saved = true;
    fuzz_put("config.json", data, size);
    if (lim_train_config_load(fuzz_folder(), &config) == LIM_OK) {
        FUZZ_EXPECT(config.run && config.pictures);
        FUZZ_EXPECT(config.epochs >= 0 && config.seconds >= 0 && config.grid >= 0);
        lim_train_config_finish(&config);
    }
    return 0;
}
