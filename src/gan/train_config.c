/* What a run folder says of its training, to resume with. */
#include "gan/train_run.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static double number_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? item->valuedouble : 0;
}

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

/* What is missing was not there yet when the run began, and had no effect. */
static void load_data(const cJSON *json, struct lim_dataset_config *data)
{
    if (!lim_crop_parse(text_of(json, "crop"), &data->crop))
        data->crop = LIM_CROP_CENTER;
    if (!lim_color_parse(text_of(json, "background"), &data->background))
        data->background = 0;
    data->mirror = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "mirror"));
    data->holdout = number_of(json, "holdout");
    data->limit = (uint64_t)number_of(json, "limit");
    data->max_pixels = (uint64_t)number_of(json, "max_pixels");
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

bool lim_train_config_load(const char *run, struct lim_train_config *config)
{
    struct lim_run folder = {0};
    struct lim_model_info info;
    enum lim_status why;
    cJSON *json = NULL;
    char *checkpoint = NULL;
    bool good = false;

    memset(config, 0, sizeof *config);
    if (lim_run_open(&folder, run) != LIM_OK)
        return false;
    checkpoint = lim_run_file(&folder, LIM_RUN_CHECKPOINT);
    if (!checkpoint || !lim_model_info_read(checkpoint, &info, &why))
        goto done;
    json = lim_run_read_json(run, LIM_RUN_CONFIG);
    if (!json)
        goto done;
    config->gan = info.config;
    config->resume = true;
    config->epochs = number_of(json, "epochs");
    config->seconds = number_of(json, "seconds");
    config->images = (uint64_t)number_of(json, "images");
    config->steps = (uint64_t)number_of(json, "steps");
    config->sample_every = (uint64_t)number_of(json, "sample_every");
    config->save_every = (uint64_t)number_of(json, "save_every");
    config->grid = (int)number_of(json, "grid");
    load_data(json, &config->data);
    config->run = strdup(run);
    config->pictures = strdup(find_pictures(json));
    good = config->run && config->pictures && load_cache(json, config);
    if (!good) {
        lim_error("no memory to resume '%s'", run);
        lim_train_config_finish(config);
    }
done:
    cJSON_Delete(json);
    free(checkpoint);
    lim_run_close(&folder);
    return good;
}

void lim_train_config_finish(struct lim_train_config *config)
{
    free((char *)config->run);
    free((char *)config->pictures);
    free((char *)config->cache);
    config->run = config->pictures = config->cache = NULL;
}
