/* Reads a training's configuration from its run folder, to resume it. */
#include "base/log.h"
#include "base/require.h"
#include "base/struct_size.h"
#include "gan/settings.h"
#include "gan/train_run.h"

#include "io/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text ? text : "";
}

/* The pictures' whole path, where they are still there, so that a run can be resumed from any
 * working directory; else as the user wrote it. */
static const char *find_pictures(const cJSON *json)
{
    const char *whole = text_of(json, "pictures_path");
    struct stat st;

    return *whole && stat(whole, &st) == 0 ? whole : text_of(json, "pictures");
}

/* False without memory. */
static bool load_cache(const cJSON *json, struct lim_train_config *config)
{
    const char *cache = text_of(json, "cache");

    if (strcmp(cache, "run") == 0)
        return true;
    config->cache = strdup(strcmp(cache, "none") == 0 ? "" : cache);
    return config->cache != NULL;
}

bool gan_check_pictures(const struct lim_dataset *ds, const struct lim_dcgan_config *gan)
{
    int size = lim_dataset_size(ds), channels = lim_dataset_channels(ds);

    if (size != gan->size || channels != gan->channels)
        lim_error("the pictures are %dx%d with %d channels, and the network is for %dx%d with %d",
                  size, size, channels, gan->size, gan->size, gan->channels);
    else if (lim_dataset_count(ds) < gan->batch)
        lim_error("a batch of %d pictures is more than the %d there are", gan->batch,
                  lim_dataset_count(ds));
    else
        return true;
    return false;
}

#define CONFIG_FIRST SIZE_UP_TO(struct lim_train_config, eval_every)

void lim_train_config_init(struct lim_train_config *config, size_t struct_size)
{
    const struct lim_train_config full = {
        .gan = lim_dcgan_defaults(), .data = lim_dataset_defaults(), .epochs = 50};

    base_struct_give(config, struct_size, CONFIG_FIRST, &full, sizeof full, "lim_train_config");
}

bool gan_take_config(struct lim_train_config *full, const struct lim_train_config *config)
{
    return base_struct_take(full, sizeof *full, CONFIG_FIRST, config, "lim_train_config");
}

bool gan_check_training(const struct lim_dataset *ds, const struct lim_train_config *config)
{
    char text[SETTING_TEXT];

    if (!config->run || !*config->run || !config->pictures)
        lim_error("a training needs a run folder, and the name of its pictures");
    else if (gan_run_has_fault(config, text))
        lim_error("a training's %s", text);
    else if (!(config->retry_seconds >= 0) || isinf(config->retry_seconds) || config->retries < 0)
        lim_error(
            "a training tries to save again after %g seconds, %d times: both must be 0 or more",
            config->retry_seconds, config->retries);
    else
        return lim_dcgan_check(&config->gan) && gan_check_pictures(ds, &config->gan);
    return false;
}

static bool refuse(const char *run, const char *name, const char *what)
{
    lim_error("%s/" LIM_RUN_CONFIG ": '%s' is %s: damaged, or edited by hand", run, name, what);
    return false;
}

/* How long, how, and on which pictures. What is missing was not there yet when the run began, and
 * had no effect. */
static bool load_settings(const char *run, const cJSON *json, struct lim_train_config *config)
{
    static const char *const texts[] = {"cache", "pictures_path", "pictures"};
    char text[SETTING_TEXT];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, texts[i]);

        if (item && !cJSON_IsString(item))
            return refuse(run, texts[i], "no text");
    }
    if (gan_run_from_json(json, config, text))
        return true;
    lim_error("%s/" LIM_RUN_CONFIG ": %s: damaged, or edited by hand", run, text);
    return false;
}

/* The setting by which a checkpoint holds another network than the one described, or NULL. */
static const char *other_network(const cJSON *json, const struct lim_dcgan_config *gan)
{
    const struct lim_setting *setting;

    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        if (setting->role <= LIM_SETTING_NETWORK && gan_setting_differs(setting, json, gan))
            return setting->name;
    }
    return NULL;
}

/* The checkpoint says which network it is. */
static bool check_network(const char *run, const cJSON *json, const struct lim_dcgan_config *gan)
{
    const char *other = other_network(json, gan);

    return !other || refuse(run, other, "another than that of the checkpoint");
}

/* Were the pictures ever those of the run? */
static bool is_trained_on(const cJSON *json, uint64_t fingerprint)
{
    const cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(json, "fingerprints_before");
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    if (!*text_of(json, "fingerprint") || strcmp(text_of(json, "fingerprint"), text) == 0)
        return true;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
            return true;
    }
    return false;
}

const char *gan_train_foreign(const void *of, const char *path, uint64_t step)
{
    const cJSON *json = of;
    struct lim_model_info info;

    if (!lim_run_peek(path, &info) || info.generator_only)
        return "it is damaged, or no checkpoint";
    if (info.progress.step != step)
        return "it is the checkpoint of another step";
    if (other_network(json, &info.config) ||
        gan_setting_differs(gan_setting_find("seed"), json, &info.config) ||
        !is_trained_on(json, info.progress.fingerprint))
        return "it is the checkpoint of another run";
    return NULL;
}

bool gan_train_find_checkpoint(const struct lim_run *run, struct lim_model_info *info)
{
    char *path = lim_run_file(run, LIM_RUN_CHECKPOINT);
    bool good = path && lim_model_info_read(path, info, NULL);
    uint64_t *steps = NULL;
    int kept = path && !good ? lim_run_kept_names(run, &steps) : 0;

    free(path);
    for (int i = kept - 1; i >= 0 && !good; i--) {
        const char *foreign = lim_run_foreign(run, steps[i]);

        path = lim_run_kept_file(run, steps[i]);
        if (path && foreign)
            lim_warning("%s: passed over: %s", path, foreign);
        else
            good = path && lim_model_info_read(path, info, NULL);
        free(path);
        if (!good)
            continue;
        good = lim_run_restore(run, steps[i]);
        lim_warning("%s: the newest checkpoint cannot be read: going back to that of step %" PRIu64,
                    run->path, info->progress.step);
        break;
    }
    free(steps);
    return good;
}

static enum lim_status load(const char *run, struct lim_train_config *config)
{
    struct lim_run folder = {0};
    struct lim_model_info info;
    cJSON *json = NULL;
    enum lim_status status;
    bool wanted;

    memset(config, 0, sizeof *config);
    status = lim_run_open(&folder, run);
    if (status != LIM_OK)
        return status;
    status = LIM_BAD_INPUT;
    json = lim_run_read_json(run, LIM_RUN_CONFIG);
    folder.foreign = gan_train_foreign;
    folder.of = json;
    if (!json || !load_settings(run, json, config) || !gan_train_find_checkpoint(&folder, &info) ||
        !check_network(run, json, &info.config))
        goto done;
    if (!lim_json_signed(json))
        lim_warning("%s/" LIM_RUN_CONFIG " was changed since limner wrote it, by hand or by a "
                    "damaged disk; going on with what it says now",
                    run);
    config->gan = info.config;
    config->resume = true;
    config->run = strdup(run);
    config->pictures = strdup(find_pictures(json));
    /* A device that did not work the last time is tried again. */
    wanted = *text_of(json, "device_wanted") != '\0';
    config->device = strdup(text_of(json, wanted ? "device_wanted" : "device"));
    config->device_option =
        strdup(text_of(json, wanted ? "device_wanted_option" : "device_option"));
    status = LIM_OK;
    if (!config->run || !config->pictures || !config->device || !config->device_option ||
        !load_cache(json, config)) {
        status = LIM_ERROR;
        lim_error("no memory to resume '%s'", run);
        lim_train_config_finish(config);
    }
done:
    cJSON_Delete(json);
    lim_run_close(&folder);
    return status;
}

enum lim_status lim_train_config_load_sized(const char *run, struct lim_train_config *config,
                                            size_t struct_size)
{
    struct lim_train_config full = {0};
    enum lim_status status;

    REQUIRE(run && config, LIM_USAGE);
    if (!base_struct_give(config, struct_size, CONFIG_FIRST, &full, sizeof full,
                          "lim_train_config"))
        return LIM_USAGE;
    status = load(run, &full);
    base_struct_give(config, struct_size, CONFIG_FIRST, &full, sizeof full, "lim_train_config");
    return status;
}

void lim_train_config_finish(struct lim_train_config *config)
{
    if (!config)
        return;
    free((char *)config->run);
    free((char *)config->pictures);
    free((char *)config->cache);
    free((char *)config->device);
    free((char *)config->device_option);
    config->run = config->pictures = config->cache = NULL;
    config->device = config->device_option = NULL;
}
