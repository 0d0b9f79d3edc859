/* What a run folder says of its training, to resume with. */
#include "gan/train_run.h"
#include "log.h"

#include <inttypes.h>
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
    if (!lim_drop_parse(text_of(json, "drop_duplicates"), &data->drop))
        data->drop = LIM_DROP_NONE;
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

/* A number that is there must be one that could have been written. */
static bool check_numbers(const char *run, const cJSON *json)
{
    static const struct {
        const char *name;
        double most;
    } numbers[] = {
        {"epochs", 1e9},        {"seconds", 1e10},    {"images", 9e18},     {"steps", 9e18},
        {"sample_every", 9e18}, {"save_every", 9e18}, {"grid", 100},        {"keep", 1000},
        {"holdout", 1},         {"limit", 9e18},      {"max_pixels", 9e18},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, numbers[i].name);

        if (!item || (cJSON_IsNumber(item) && item->valuedouble >= 0 &&
                      item->valuedouble <= numbers[i].most))
            continue;
        lim_error("%s/" LIM_RUN_CONFIG ": '%s' is no number from 0 to %g: damaged, or edited by "
                  "hand",
                  run, numbers[i].name, numbers[i].most);
        return false;
    }
    return true;
}

bool train_find_checkpoint(const struct lim_run *run, struct lim_model_info *info)
{
    char *path = lim_run_file(run, LIM_RUN_CHECKPOINT);
    bool good = path && lim_model_info_read(path, info, NULL);
    uint64_t *steps = NULL;
    int kept = path && !good ? lim_run_kept(run, &steps) : 0;

    free(path);
    for (int i = kept - 1; i >= 0 && !good; i--) {
        path = lim_run_kept_file(run, steps[i]);
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

enum lim_status lim_train_config_load(const char *run, struct lim_train_config *config)
{
    struct lim_run folder = {0};
    struct lim_model_info info;
    cJSON *json = NULL;
    enum lim_status status;

    memset(config, 0, sizeof *config);
    status = lim_run_open(&folder, run);
    if (status != LIM_OK)
        return status;
    status = LIM_BAD_INPUT;
    if (!train_find_checkpoint(&folder, &info))
        goto done;
    json = lim_run_read_json(run, LIM_RUN_CONFIG);
    if (!json || !check_numbers(run, json))
        goto done;
    if (!lim_run_signed(json))
        lim_warning("%s/" LIM_RUN_CONFIG " was changed since limner wrote it, by hand or by a "
                    "damaged disk; going on with what it says now",
                    run);
    config->gan = info.config;
    config->resume = true;
    config->epochs = number_of(json, "epochs");
    config->seconds = number_of(json, "seconds");
    config->images = (uint64_t)number_of(json, "images");
    config->steps = (uint64_t)number_of(json, "steps");
    config->sample_every = (uint64_t)number_of(json, "sample_every");
    config->save_every = (uint64_t)number_of(json, "save_every");
    config->grid = (int)number_of(json, "grid");
    config->keep = (int)number_of(json, "keep");
    config->roll_back = strcmp(text_of(json, "on_nan"), "rollback") == 0;
    load_data(json, &config->data);
    config->run = strdup(run);
    config->pictures = strdup(find_pictures(json));
    status = LIM_OK;
    if (!config->run || !config->pictures || !load_cache(json, config)) {
        status = LIM_ERROR;
        lim_error("no memory to resume '%s'", run);
        lim_train_config_finish(config);
    }
done:
    cJSON_Delete(json);
    lim_run_close(&folder);
    return status;
}

void lim_train_config_finish(struct lim_train_config *config)
{
    free((char *)config->run);
    free((char *)config->pictures);
    free((char *)config->cache);
    config->run = config->pictures = config->cache = NULL;
}
