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
    config->run = strdup(run);
    config->pictures = strdup(find_pictures(json));
    good = config->run && config->pictures;
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
    config->run = config->pictures = NULL;
}
