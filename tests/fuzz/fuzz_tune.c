/* A tuning file of this device and, in config.json, the algorithms of a run: whatever they choose,
 * a network computes. Half of the files get the fields and the checksum that let them be read. */
#include "core/backend.h"
#include "fuzz.h"
#include "io/file.h"
#include "io/hash.h"
#include "io/json.h"
#include "tune/tune.h"

#include <inttypes.h>
#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lim_backend *be;
static struct lim_dcgan *gan;
static char name[64], ways[256];
static struct lim_dcgan_work work;

static void begin(void)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    cJSON *empty;

    config.size = 16;
    config.width = config.latent = config.batch = 2;
    be = lim_backend_create(&choice, NULL);
    FUZZ_EXPECT(be != NULL);
    gan = lim_dcgan_create(be, &config, false);
    FUZZ_EXPECT(gan != NULL);
    lim_dcgan_work(&config, &work);
    empty = tune_file_read(NULL, be->identity, be, true);
    FUZZ_EXPECT(empty != NULL);
    snprintf(ways, sizeof ways, "%s", lim_json_get_string(empty, "ways"));
    cJSON_Delete(empty);
    snprintf(name, sizeof name, "tuning/%016" PRIx64 ".json",
             lim_hash(LIM_HASH_START, be->identity, strlen(be->identity)));
}

static void set(cJSON *file, const char *field, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(file, field);
    cJSON_AddStringToObject(file, field, text);
}

static void put_mended(cJSON *file)
{
    char *text;

    set(file, "format", "limner tuning 1");
    set(file, "limner", lim_version());
    set(file, "device", be->identity);
    set(file, "ways", ways);
    cJSON_DeleteItemFromObjectCaseSensitive(file, "checksum");
    FUZZ_EXPECT(lim_json_sign(file));
    text = cJSON_PrintUnformatted(file);
    FUZZ_EXPECT(text != NULL);
    fuzz_put(name, (const uint8_t *)text, strlen(text));
    cJSON_free(text);
}

/* A step, by whatever was chosen. */
static void train(void)
{
    static uint8_t pictures[2 * 16 * 16 * 3];
    struct lim_dcgan_stats stats;

    FUZZ_EXPECT(lim_dcgan_step(gan, pictures, &stats) && stats.finite);
}

static void use_stored(bool mended)
{
    cJSON *file = tune_file_read(fuzz_path("tuning"), be->identity, be, false);
    double rate = lim_tune_rate(
        &(struct lim_tune_rates){.cache_dir = fuzz_folder(), .work = work.name}, be->identity);

    FUZZ_EXPECT(cJSON_IsObject(file));
    FUZZ_EXPECT(rate >= 0 && rate < 1e12);
    lim_conv_choices_clear(be);
    lim_tune_load(be, fuzz_folder());
    if (be->conv_choice_count > 0)
        train();
    if (mended && tune_file_write(fuzz_path("tuning"), be->identity, file)) {
        int before = be->conv_choice_count;

        /* What is read can be written, and is then read as the same. */
        lim_conv_choices_clear(be);
        lim_tune_load(be, fuzz_folder());
        FUZZ_EXPECT(be->conv_choice_count == before);
    }
    cJSON_Delete(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    bool mended;
    cJSON *json;

    if (!be)
        begin();
    FUZZ_EXPECT(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    json = cJSON_Parse(text);
    free(text);
    FUZZ_EXPECT(lim_folder_make(fuzz_path("tuning"), NULL));
    mended = cJSON_IsObject(json) && fuzz_choice(data, size) & 1;
    if (mended)
        put_mended(json);
    else
        fuzz_put(name, data, size);
    use_stored(mended);
    lim_conv_choices_clear(be);
    be->tuned = fuzz_choice(data, size) & 2;
    lim_tune_take_over(be, &work.work, json);
    if (be->conv_choice_count > 0)
        train();
    cJSON_Delete(json);
    return 0;
}
