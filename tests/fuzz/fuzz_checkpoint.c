/* A run's checkpoint as a whole, beside a sound config.json and, in half of the cases, an older one
 * that is sound. What loads trains, and can be saved and loaded again. Checksum and model_hash are
 * made right. */
#include "fuzz.h"
#include "gan/dcgan.h"
#include "io/hash.h"
#include "io/safetensors.h"

#include <inttypes.h>
#include <limner/backend.h>
#include <limner/train.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEWEST "checkpoint.safetensors"
#define OLDER "checkpoint-000001.safetensors"

static struct lim_backend *be;
static uint8_t sound[1 << 16];
static size_t sound_size;

static void begin(void)
{
    static const char text[] = "{\"steps\": 4, \"pictures\": \"p\"}";
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    const struct lim_progress progress = {.step = 1, .seen = 1};
    struct lim_dcgan *gan;
    FILE *file;

    config.size = 16;
    config.width = config.latent = config.batch = 1;
    be = lim_backend_create(&choice, NULL);
    FUZZ_EXPECT(be != NULL);
    gan = lim_dcgan_create(be, &config, false);
    FUZZ_EXPECT(gan && lim_dcgan_save(gan, fuzz_path(OLDER), &progress, false));
    lim_dcgan_destroy(gan);
    file = fopen(fuzz_path(OLDER), "rb");
    FUZZ_EXPECT(file != NULL);
    sound_size = fread(sound, 1, sizeof sound, file);
    fclose(file);
    fuzz_put("config.json", (const uint8_t *)text, sizeof text - 1);
}

/* The hash of the generator's numbers, which come first in a file of ours. */
static void mend_model_hash(const char *path, uint8_t *data)
{
    static const char mark[] = "\"model_hash\":\"";
    struct lim_st_reader reader;
    size_t bytes = 0;
    char digits[17];

    if (!lim_st_open(&reader, path))
        return;
    for (int i = 0; i < reader.count; i++)
        if (strncmp(reader.tensors[i].name, "generator.", 10) == 0 &&
            !strstr(reader.tensors[i].name, ".adam_"))
            bytes += (size_t)reader.tensors[i].count * sizeof(float);
    snprintf(digits, sizeof digits, "%016" PRIx64,
             lim_hash(LIM_HASH_START, data + reader.data_start, bytes));
    for (size_t i = 8; i + sizeof mark + 15 <= reader.data_start; i++) {
        if (memcmp(data + i, mark, sizeof mark - 1) == 0) {
            memcpy(data + i + sizeof mark - 1, digits, 16);
            break;
        }
    }
    lim_st_close(&reader);
}

static void use(struct lim_dcgan *gan, const struct lim_progress *progress)
{
    const struct lim_dcgan_config *config = lim_dcgan_get_config(gan);
    size_t picture = lim_dcgan_picture_floats(config);
    uint8_t *pictures = calloc((size_t)config->batch, picture);
    float *z = calloc((size_t)config->latent, sizeof *z);
    struct lim_dcgan_stats stats;
    struct lim_dcgan *again;

    FUZZ_EXPECT(pictures && z);
    FUZZ_EXPECT(lim_dcgan_save(gan, fuzz_path("again"), progress, false));
    again = lim_dcgan_load(be, fuzz_path("again"), 1, false, NULL, NULL);
    FUZZ_EXPECT(again != NULL);
    lim_dcgan_destroy(again);
    FUZZ_EXPECT(lim_dcgan_paint(gan, z, 1, false, pictures));
    FUZZ_EXPECT(lim_dcgan_step(gan, pictures, &stats));
    free(z);
    free(pictures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    bool older = fuzz_choice(data, size) & 1;
    struct lim_train_config config;
    struct lim_progress progress;
    struct lim_dcgan *gan;
    enum lim_status status;

    if (!be)
        begin();
    FUZZ_EXPECT(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    if (size > 8) {
        mend_model_hash(fuzz_put(NEWEST, copy, size), copy);
        fuzz_mend_digits(copy, size, 8, LIM_ST_CHECKSUM);
    }
    fuzz_put(NEWEST, copy, size);
    free(copy);
    if (older)
        fuzz_put(OLDER, sound, sound_size);
    else
        unlink(fuzz_path(OLDER));
    gan = lim_dcgan_load(be, fuzz_path(NEWEST), 0, false, &progress, NULL);
    if (gan)
        use(gan, &progress);
    lim_dcgan_destroy(gan);
    gan = lim_dcgan_load(be, fuzz_path(NEWEST), 1, true, NULL, NULL);
    lim_dcgan_destroy(gan);
    status = lim_train_config_load(fuzz_folder(), &config);
    FUZZ_EXPECT(status == LIM_OK || (status == LIM_BAD_INPUT && !older));
    if (status == LIM_OK)
        lim_train_config_finish(&config);
    return 0;
}
