#include "gan/model_info.h"

#include "gan/settings.h"

#include "base/log.h"
#include "base/require.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

static bool progress_from_json(const cJSON *json, struct lim_progress *p)
{
    return lim_json_get_u64(json, "step", &p->step) && p->step <= LIM_MODEL_MOST &&
           lim_json_get_u64(json, "seen", &p->seen) && p->seen <= LIM_MODEL_MOST &&
           lim_json_get_u64(json, "data_seed", &p->data_seed) &&
           lim_json_get_u64(json, "fingerprint", &p->fingerprint) &&
           lim_json_get_double(json, "seconds", &p->seconds) && p->seconds >= 0 &&
           p->seconds <= 1e10;
}

bool lim_model_refuse(const struct lim_st_reader *reader, const char *reason)
{
    lim_error("%s: not a model that limner can read: %s", reader->path, reason);
    return false;
}

/* Floats of all tensors whose names begin with `group`. */
static uint64_t floats_of(const struct lim_st_reader *reader, const char *group)
{
    uint64_t floats = 0;

    for (int i = 0; i < reader->count; i++)
        if (strncmp(reader->tensors[i].name, group, strlen(group)) == 0)
            floats += reader->tensors[i].count;
    return floats;
}

/* Does the file hold the tensors that its settings need? Checked before memory is taken for them.
 * Fills in the parameter counts. */
static bool has_tensors(const struct lim_st_reader *reader, struct lim_model_info *info)
{
    const struct lim_dcgan_config *config = &info->config;
    uint64_t moments = info->generator_only ? 0 : 2, state_g, state_d;
    uint64_t *g = &info->generator_params, *d = &info->discriminator_params;
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    int count = lim_dcgan_generator_rows(config, rows);

    if (!lim_rows_count(rows, count, 1, 1, config->latent, g, &state_g))
        return false;
    count = lim_dcgan_discriminator_rows(config, rows);
    if (!lim_rows_count(rows, count, config->size, config->size, config->channels, d, &state_d))
        return false;
    if (info->generator_only)
        *d = state_d = 0;
    return floats_of(reader, "generator.") == (1 + moments) * *g + state_g &&
           floats_of(reader, "discriminator.") == (1 + moments) * *d + state_d;
}

bool lim_model_info_parse(const struct lim_st_reader *reader, struct lim_model_info *info)
{
    const char *format = lim_st_metadata(reader, "format");
    const char *holds = lim_st_metadata(reader, "holds");
    const char *hash = lim_st_metadata(reader, "model_hash");
    const char *version = lim_st_metadata(reader, "limner");
    const char *settings = lim_st_metadata(reader, "settings");
    const char *progress = lim_st_metadata(reader, "progress");
    cJSON *settings_json, *progress_json;
    char fault[SETTING_TEXT];
    bool ok;

    memset(info, 0, sizeof *info);
    if (!format)
        return lim_model_refuse(reader, "safetensors, but of another program");
    if (strcmp(format, LIM_MODEL_FORMAT) != 0)
        return lim_model_refuse(reader,
                                "its format is not " LIM_MODEL_FORMAT ": a newer limner wrote it?");
    if (!holds || !hash || strspn(hash, "0123456789abcdef") != 16 || strlen(hash) != 16 ||
        !version || !settings || !progress)
        return lim_model_refuse(reader, "its metadata are incomplete");
    info->generator_only = strcmp(holds, "generator") == 0;
    if (!info->generator_only && strcmp(holds, "checkpoint") != 0)
        return lim_model_refuse(reader, "it holds neither a generator nor a checkpoint");
    settings_json = lim_json_parse(settings);
    progress_json = lim_json_parse(progress);
    ok = gan_settings_from_json(settings_json, &info->config, fault, info->unknown,
                                sizeof info->unknown) &&
         !gan_has_fault(&info->config, fault);
    if (ok && !progress_from_json(progress_json, &info->progress)) {
        snprintf(fault, sizeof fault, "its progress is incomplete, or impossible");
        ok = false;
    }
    cJSON_Delete(settings_json);
    cJSON_Delete(progress_json);
    if (!ok)
        return lim_model_refuse(reader, fault);
    snprintf(info->version, sizeof info->version, "%s", version);
    snprintf(info->hash, sizeof info->hash, "%s", hash);
    return has_tensors(reader, info) ||
           lim_model_refuse(reader, "it has other weights than its settings ask for");
}

bool lim_model_info_read(const char *path, struct lim_model_info *info, enum lim_status *why)
{
    struct lim_st_reader reader;
    bool ok;

    if (why)
        *why = path && info ? LIM_BAD_INPUT : LIM_USAGE;
    REQUIRE(path && info, false);
    if (!lim_st_open(&reader, path))
        return false;
    ok = lim_st_verify(&reader) && lim_model_info_parse(&reader, info);
    lim_st_close(&reader);
    return ok;
}
