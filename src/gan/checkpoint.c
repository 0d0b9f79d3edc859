/* A DCGAN's file. Tensors: generator.<part>, discriminator.<part> (lim_net_part's names; weights in
 * our own order r, s, c, k) and, to resume with, generator.adam_m and so on. The settings and the
 * progress are JSON objects in strings of __metadata__, which allows nothing but strings. */
#include "gan/dcgan.h"

#include <limner/version.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "gan/model_info.h"
#include "gan/settings.h"
#include "io/hash.h"
#include "io/json.h"
#include "io/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of the file and where it lives on the device; moments may lie there in several chunks,
 * which a file does not know of. */
struct record {
    char name[LIM_ST_NAME];
    struct lim_tensor tensor;
    const struct lim_optimizer *opt; /* or NULL, and */
    struct lim_tensor (*moment)(const struct lim_optimizer *opt, int chunk);
};

struct records {
    struct record *list;
    int count, generator; /* the first `generator` make up the model to share */
};

static void add_net(struct records *records, const char *who, struct lim_net *net)
{
    for (int i = 0; i < lim_net_part_count(net); i++) {
        struct lim_net_part part = lim_net_part(net, i);
        struct record *record = records->list + records->count++;

        snprintf(record->name, sizeof record->name, "%s.%s", who, part.name);
        record->tensor = part.tensor;
    }
}

static void add_moments(struct records *records, const char *who, const struct lim_optimizer *opt)
{
    struct record *record = records->list + records->count;

    snprintf(record[0].name, sizeof record[0].name, "%s.adam_m", who);
    snprintf(record[1].name, sizeof record[1].name, "%s.adam_v", who);
    record[0].opt = record[1].opt = opt;
    record[0].moment = lim_optimizer_m;
    record[1].moment = lim_optimizer_v;
    records->count += 2;
}

static bool list_records(struct lim_dcgan *gan, bool generator_only, struct records *records)
{
    int most = lim_net_part_count(gan->g) + (gan->d ? lim_net_part_count(gan->d) : 0) + 4;

    memset(records, 0, sizeof *records);
    records->list = calloc((size_t)most, sizeof *records->list);
    if (!records->list) {
        lim_error("no memory for a checkpoint");
        return false;
    }
    add_net(records, "generator", gan->g);
    records->generator = records->count;
    if (!generator_only) {
        add_net(records, "discriminator", gan->d);
        add_moments(records, "generator", gan->adam_g);
        add_moments(records, "discriminator", gan->adam_d);
    }
    return true;
}

static int pieces(const struct record *record)
{
    return record->opt ? lim_optimizer_chunks(record->opt) : 1;
}

static struct lim_tensor piece(const struct record *record, int i)
{
    return record->opt ? record->moment(record->opt, i) : record->tensor;
}

/* Floats of it. */
static size_t length(const struct record *record)
{
    size_t count = 0;

    for (int i = 0; i < pieces(record); i++)
        count += lim_tensor_count(piece(record, i));
    return count;
}

/* The record between the device and `host`, whichever way. */
static void move(const struct record *record, float *host, bool to_device)
{
    for (int i = 0; i < pieces(record); i++) {
        struct lim_tensor t = piece(record, i);

        if (to_device)
            lim_write(t, host);
        else
            lim_read(t, host);
        host += lim_tensor_count(t);
    }
}

static void describe(const struct record *record, struct lim_st_tensor *t)
{
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", record->name);
    if (record->opt) {
        t->rank = 1;
        t->shape[0] = length(record);
        return;
    }
    if (record->tensor.n == 1 && record->tensor.h == 1 && record->tensor.w == 1) {
        t->rank = 1;
        t->shape[0] = (uint64_t)record->tensor.c;
        return;
    }
    t->rank = 4;
    t->shape[0] = (uint64_t)record->tensor.n;
    t->shape[1] = (uint64_t)record->tensor.h;
    t->shape[2] = (uint64_t)record->tensor.w;
    t->shape[3] = (uint64_t)record->tensor.c;
}

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
        total += length(records->list + i);
    all = malloc(total * sizeof *all);
    if (!all) {
        lim_error("no memory (%zu MB) to save the model", total * sizeof *all >> 20);
        return NULL;
    }
    *model_hash = LIM_HASH_START;
    for (int i = 0; i < records->count; i++) {
        size_t count = length(records->list + i);

        move(records->list + i, all + at, false);
        if (i < records->generator)
            *model_hash = lim_hash_floats(*model_hash, all + at, count);
        at += count;
    }
    if (!lim_backend_ok(gan->be)) { /* what was read is not to be kept; the failure was logged */
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
    if (!list_records(gan, true, &records))
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

    if (!list_records(gan, generator_only, &records))
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
        describe(records.list + i, tensors + i);
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

/* The tensor of the file to the device, and into the hash. */
static bool fill_one(struct lim_st_reader *reader, const struct record *record, uint64_t *hash)
{
    const struct lim_st_tensor *found = lim_st_find(reader, record->name);
    struct lim_st_tensor want;
    size_t count;
    float *host;
    bool ok;

    describe(record, &want);
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
        move(record, host, true);
    }
    free(host);
    return ok;
}

/* All records, which are all that the file holds, unless a checkpoint is painted from. */
static bool fill(struct lim_st_reader *reader, const struct records *records,
                 const struct lim_model_info *info)
{
    bool whole = records->count > records->generator || info->generator_only;
    uint64_t hash = LIM_HASH_START;
    char digits[17];

    if (whole && reader->count > records->count)
        return lim_model_refuse(reader, "it holds more tensors than its settings ask for");
    for (int i = 0; i < records->count; i++) {
        if (!fill_one(reader, records->list + i, &hash))
            return false;
        snprintf(digits, sizeof digits, "%016" PRIx64, hash);
        if (i + 1 == records->generator && strcmp(digits, info->hash) != 0)
            return lim_model_refuse(reader, "its weights are not those that its model_hash is of");
    }
    return true;
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
    struct records records = {NULL, 0, 0};
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
    if (!gan || !list_records(gan, generator_only, &records)) {
        *why = LIM_ERROR;
        goto done;
    }
    if (!fill(&reader, &records, &info) || (!generator_only && !restore_optimizers(gan, &reader)))
        goto done;
    gan->steps = info.progress.step;
    ok = lim_backend_ok(be);
    if (!ok)
        *why = LIM_DEVICE_FAILED;
    if (progress)
        *progress = info.progress;

done:
    free(records.list);
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
