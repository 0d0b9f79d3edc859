/* A DCGAN's file. Tensors: generator.<part>, discriminator.<part> (lim_net_part's names; weights in
 * our own order r, s, c, k) and, to resume with, generator.adam_m and so on. Their names begin with
 * that of their group; other groups are optional, like ema.generator.<part>, the averaged weights.
 * Tensors of unknown groups are ignored. The settings and the progress are JSON objects in strings
 * of __metadata__, which allows nothing but strings. */
#include "gan/dcgan.h"

#include <limner/version.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "gan/model_info.h"
#include "gan/records.h"
#include "gan/settings.h"
#include "io/hash.h"
#include "io/json.h"
#include "io/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cJSON *settings_to_json(const struct lim_dcgan_config *config)
{
    cJSON *json = cJSON_CreateObject();

    if (json && gan_settings_to_json(config, true, json))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* Adds `object` (which it deletes) to the metadata as a string. */
static bool add_as_text(cJSON *metadata, const char *key, cJSON *object)
{
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    bool ok = text && cJSON_AddStringToObject(metadata, key, text);

    cJSON_free(text);
    cJSON_Delete(object);
    return ok;
}

static cJSON *progress_to_json(const struct lim_progress *p, const struct lim_dcgan *gan,
                               bool generator_only)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && lim_json_add_u64(json, "step", p->step) &&
              lim_json_add_u64(json, "seen", p->seen) &&
              lim_json_add_u64(json, "data_seed", p->data_seed) &&
              lim_json_add_u64(json, "fingerprint", p->fingerprint) &&
              cJSON_AddNumberToObject(json, "seconds", p->seconds);

    if (ok && !generator_only)
        ok = lim_json_add_u64(json, "adam_t_generator", lim_optimizer_t(gan->adam_g)) &&
             lim_json_add_u64(json, "adam_t_discriminator", lim_optimizer_t(gan->adam_d));
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static cJSON *make_metadata(const struct lim_dcgan *gan, const struct lim_progress *progress,
                            bool generator_only, uint64_t model_hash)
{
    cJSON *metadata = cJSON_CreateObject();
    char hash[17];
    bool ok;

    snprintf(hash, sizeof hash, "%016" PRIx64, model_hash);
    ok = metadata && cJSON_AddStringToObject(metadata, "format", LIM_MODEL_FORMAT) &&
         cJSON_AddStringToObject(metadata, "limner", lim_version()) &&
         cJSON_AddStringToObject(metadata, "holds", generator_only ? "generator" : "checkpoint") &&
         cJSON_AddStringToObject(metadata, "weights",
                                 "[rows][columns][in][out] of the convolution; a transposed one "
                                 "stores the convolution it runs backwards") &&
         add_as_text(metadata, "settings", settings_to_json(&gan->config)) &&
         add_as_text(metadata, "progress", progress_to_json(progress, gan, generator_only)) &&
         cJSON_AddStringToObject(metadata, "model_hash", hash);
    if (ok)
        return metadata;
    cJSON_Delete(metadata);
    return NULL;
}

/* Reads every record from the device into one block of memory, in order; the caller frees. */
static float *fetch(struct lim_dcgan *gan, const struct records *records, uint64_t *model_hash)
{
    size_t total = 0, at = 0;
    float *all;

    for (int i = 0; i < records->count; i++)
        total += gan_record_length(records->list + i);
    all = malloc(total * sizeof *all);
    if (!all) {
        lim_error("no memory (%zu MB) to save the model", total * sizeof *all >> 20);
        return NULL;
    }
    *model_hash = LIM_HASH_START;
    for (int i = 0; i < records->count; i++) {
        size_t count = gan_record_length(records->list + i);

        gan_record_move(records->list + i, all + at, false);
        if (i >= records->shared && i < records->end)
            *model_hash = lim_hash_floats(*model_hash, all + at, count);
        at += count;
    }
    if (!lim_backend_ok(gan->be)) { /* discard what was read; the failure was logged */
        free(all);
        return NULL;
    }
    return all;
}

bool lim_dcgan_hash(struct lim_dcgan *gan, char hash[17])
{
    struct records records;
    uint64_t value;
    float *all;

    REQUIRE(gan && hash, false);
    if (!gan_records_list(gan, SHARED, false, &records))
        return false;
    all = fetch(gan, &records, &value);
    if (all)
        snprintf(hash, 17, "%016" PRIx64, value);
    free(all);
    free(records.list);
    return all != NULL;
}

static bool save(struct lim_dcgan *gan, const char *path, const struct lim_progress *progress,
                 bool generator_only)
{
    struct lim_st_tensor *tensors = NULL;
    struct lim_st_writer writer;
    struct records records;
    cJSON *metadata = NULL;
    uint64_t model_hash;
    float *all = NULL;
    size_t at = 0;
    bool ok = false;

    if (!gan_records_list(gan, generator_only ? SHARED : WHOLE, gan->average != NULL, &records))
        return false;
    all = fetch(gan, &records, &model_hash);
    if (!all)
        goto done;
    metadata = make_metadata(gan, progress, generator_only, model_hash);
    tensors = calloc((size_t)records.count, sizeof *tensors);
    if (!metadata || !tensors) {
        lim_error("%s: no memory to write it", path);
        goto done;
    }
    for (int i = 0; i < records.count; i++)
        gan_record_describe(records.list + i, tensors + i);
    if (!lim_st_begin(&writer, path, tensors, records.count, metadata))
        goto done;
    for (int i = 0; i < records.count; i++) {
        lim_st_put(&writer, all + at, (size_t)tensors[i].count);
        at += (size_t)tensors[i].count;
    }
    ok = lim_st_end(&writer);

done:
    cJSON_Delete(metadata);
    free(tensors);
    free(all);
    free(records.list);
    return ok;
}

bool lim_dcgan_save(struct lim_dcgan *gan, const char *path, const struct lim_progress *progress,
                    bool generator_only)
{
    struct base_log *before;
    bool result;

    REQUIRE(gan && path && progress && (generator_only || gan->d), false);
    before = base_log_enter(gan->be->log);
    result = save(gan, path, progress, generator_only);
    base_log_enter(before);
    return result;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Numbers that a training can have: a root is taken of variances and of Adam's second moments. */
static bool numbers_are_sound(const struct lim_st_reader *reader, const char *name,
                              const float *host, size_t count)
{
    bool root = ends_with(name, ".running_var") || ends_with(name, ".adam_v");

    for (size_t k = 0; k < count; k++) {
        if (isfinite(host[k]) && !(root && host[k] < 0))
            continue;
        lim_error("%s: '%s' holds %s: not a model to go on with", reader->path, name,
                  isfinite(host[k]) ? "squares below zero" : "numbers that are none");
        return false;
    }
    return true;
}

/* Copies the file's tensor to the device, and adds it to the hash. */
static bool fill_one(struct lim_st_reader *reader, const struct record *record, uint64_t *hash)
{
    const struct lim_st_tensor *found = lim_st_find(reader, record->name);
    struct lim_st_tensor want;
    size_t count;
    float *host;
    bool ok;

    gan_record_describe(record, &want);
    if (!found || found->rank != want.rank ||
        memcmp(found->shape, want.shape, sizeof want.shape) != 0) {
        lim_error("%s: '%s' is missing or has another shape than its settings ask for",
                  reader->path, record->name);
        return false;
    }
    count = (size_t)found->count;
    host = malloc(count * sizeof *host);
    if (!host) {
        lim_error("%s: no memory to read it", reader->path);
        return false;
    }
    ok = lim_st_read(reader, found, host) && numbers_are_sound(reader, record->name, host, count);
    if (ok) {
        *hash = lim_hash_floats(*hash, host, count);
        gan_record_move(record, host, true);
    }
    free(host);
    return ok;
}

/* Does the file hold more tensors of the listed groups than the list? */
static bool holds_more(const struct lim_st_reader *reader, const struct records *records)
{
    for (int group = 0; group < GROUPS; group++) {
        int listed = 0;

        for (int i = 0; i < records->count; i++)
            listed += gan_group_of(records->list[i].name) == group;
        if (listed && gan_group_count(reader, group) > listed)
            return true;
    }
    return false;
}

/* Reads all records. They must be all tensors of their groups in the file, unless a checkpoint is
 * used for painting. */
static bool fill(struct lim_st_reader *reader, const struct records *records, bool whole,
                 const struct lim_model_info *info)
{
    uint64_t hash = LIM_HASH_START;
    char digits[17];

    if (whole && holds_more(reader, records))
        return lim_model_refuse(reader, "it holds more tensors than its settings ask for");
    for (int i = 0; i < records->count; i++) {
        if (i == records->shared)
            hash = LIM_HASH_START;
        if (!fill_one(reader, records->list + i, &hash))
            return false;
        snprintf(digits, sizeof digits, "%016" PRIx64, hash);
        if (i + 1 == records->end && strcmp(digits, info->hash) != 0)
            return lim_model_refuse(reader, "its weights are not those that its model_hash is of");
    }
    return true;
}

/* Copies the file's tensors to the device. Only some files have averaged weights. */
static bool restore(struct lim_dcgan *gan, struct lim_st_reader *reader,
                    const struct lim_model_info *info, enum lim_status *why)
{
    bool averages = gan_group_count(reader, GROUP_EMA) > 0, ok;
    enum extent extent = gan->d ? WHOLE : averages ? PAINTED : SHARED;
    struct records records;

    *why = LIM_ERROR;
    if (averages && !gan->d && !gan_average_create(gan))
        return false;
    if (!gan_records_list(gan, extent, averages, &records))
        return false;
    *why = LIM_BAD_INPUT;
    ok = fill(reader, &records, extent == WHOLE || info->generator_only, info);
    free(records.list);
    if (ok && gan->average && !averages)
        gan_average_restart(gan);
    return ok;
}

static bool restore_optimizers(struct lim_dcgan *gan, const struct lim_st_reader *reader)
{
    cJSON *json = lim_json_parse(lim_st_metadata(reader, "progress"));
    uint64_t t_g = 0, t_d = 0;
    bool ok = lim_json_get_u64(json, "adam_t_generator", &t_g) &&
              lim_json_get_u64(json, "adam_t_discriminator", &t_d);

    cJSON_Delete(json);
    if (!ok || t_g > LIM_MODEL_MOST || t_d > LIM_MODEL_MOST)
        return lim_model_refuse(reader, "the optimizers' steps are missing, or impossible");
    lim_optimizer_set_t(gan->adam_g, t_g);
    lim_optimizer_set_t(gan->adam_d, t_d);
    return true;
}

static struct lim_dcgan *load(struct lim_backend *be, const char *path, int batch,
                              bool generator_only, struct lim_progress *progress,
                              enum lim_status *why)
{
    struct lim_dcgan *gan = NULL;
    struct lim_st_reader reader;
    struct lim_model_info info;
    enum lim_status ignored;
    bool ok = false;

    if (!why)
        why = &ignored;
    *why = LIM_USAGE;
    REQUIRE(be && path && batch <= LIM_DCGAN_MAX_BATCH, NULL);
    *why = LIM_BAD_INPUT;
    if (!lim_st_open(&reader, path))
        return NULL;
    if (!lim_st_verify(&reader) || !lim_model_info_parse(&reader, &info))
        goto done;
    if (info.generator_only && !generator_only) {
        lim_error("%s: holds only the generator: training cannot continue from it", path);
        goto done;
    }
    if (*info.unknown)
        lim_warning("%s: limner %s wrote it, with settings that this one does not know: %s; they "
                    "are left out",
                    path, info.version, info.unknown);
    if (batch > 0)
        info.config.batch = batch;
    gan = lim_dcgan_create(be, &info.config, generator_only);
    if (!gan) {
        *why = LIM_ERROR;
        goto done;
    }
    gan_records_tell_unknown(&reader, &info);
    if (!restore(gan, &reader, &info, why) ||
        (!generator_only && !restore_optimizers(gan, &reader)))
        goto done;
    gan->steps = info.progress.step;
    ok = lim_backend_ok(be);
    if (!ok)
        *why = LIM_DEVICE_FAILED;
    if (progress)
        *progress = info.progress;

done:
    lim_st_close(&reader);
    if (ok)
        return gan;
    lim_dcgan_destroy(gan);
    return NULL;
}

struct lim_dcgan *lim_dcgan_load(struct lim_backend *be, const char *path, int batch,
                                 bool generator_only, struct lim_progress *progress,
                                 enum lim_status *why)
{
    struct base_log *before;
    struct lim_dcgan *result;

    before = base_log_enter(be ? be->log : NULL);
    result = load(be, path, batch, generator_only, progress, why);
    base_log_enter(before);
    return result;
}
