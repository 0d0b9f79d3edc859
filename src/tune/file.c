/* What was measured, on disk: a JSON file for each device, with its own checksum, which echoes
 * device, version and algorithms. */
#include "io/file.h"
#include "base/cache_folder.h"
#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "io/hash.h"
#include "io/json.h"
#include "tune/tune.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limner/bench.h>
#include <limner/version.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define FORMAT "limner tuning 1"

enum { LARGEST = 1 << 20, MOST_GEOMETRIES = 4096 };

const char *const tune_passes[] = {"forward", "data", "weights"};
static const char *const milliseconds[] = {"forward_ms", "data_ms", "weights_ms"};

char *tune_way(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
               char *text, size_t size)
{
    const char *gemm = lim_conv_gemm(be, cv, pass);

    snprintf(text, size, "%s%s%s", lim_conv_algorithm(be, cv, pass), *gemm ? " " : "", gemm);
    return text;
}

static bool read_geometry(const cJSON *json, struct lim_conv *cv)
{
    const cJSON *pads = cJSON_GetObjectItemCaseSensitive(json, "pads");
    int *const to[] = {&cv->pad_top, &cv->pad_left, &cv->pad_bottom, &cv->pad_right};

    *cv = (struct lim_conv){.n = 1};
    for (int i = 0; i < 4; i++) {
        const cJSON *pad = cJSON_GetArrayItem(pads, i);

        if (!cJSON_IsNumber(pad) || !(pad->valuedouble >= 0 && pad->valuedouble <= 1024))
            return false;
        *to[i] = (int)pad->valuedouble;
    }
    return lim_json_get_int(json, "h", &cv->h) && lim_json_get_int(json, "w", &cv->w) &&
           lim_json_get_int(json, "c", &cv->c) && lim_json_get_int(json, "k", &cv->k) &&
           lim_json_get_int(json, "r", &cv->r) && lim_json_get_int(json, "s", &cv->s) &&
           lim_json_get_int(json, "stride", &cv->stride) && lim_conv_init(cv);
}

static cJSON *write_geometry(const struct lim_conv *cv)
{
    const int pads[] = {cv->pad_top, cv->pad_left, cv->pad_bottom, cv->pad_right};
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "h", cv->h);
    cJSON_AddNumberToObject(o, "w", cv->w);
    cJSON_AddNumberToObject(o, "c", cv->c);
    cJSON_AddNumberToObject(o, "k", cv->k);
    cJSON_AddNumberToObject(o, "r", cv->r);
    cJSON_AddNumberToObject(o, "s", cv->s);
    cJSON_AddNumberToObject(o, "stride", cv->stride);
    cJSON_AddItemToObject(o, "pads", cJSON_CreateIntArray(pads, 4));
    return o;
}

static cJSON *find_geometry(cJSON *geometries, const struct lim_conv *cv)
{
    struct lim_conv wanted = *cv, found;
    cJSON *item;

    wanted.n = 1;
    cJSON_ArrayForEach(item, geometries)
    {
        if (read_geometry(item, &found) && memcmp(&found, &wanted, sizeof found) == 0)
            return item;
    }
    return NULL;
}

static void put(cJSON *object, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddItemToObject(object, name, value);
}

bool tune_choice_put(cJSON *geometries, const struct lim_backend *be, const struct lim_conv *cv,
                     enum lim_conv_pass pass, double seconds)
{
    cJSON *o = find_geometry(geometries, cv);
    char way[64];

    if (!o) {
        o = write_geometry(cv);
        if (!cJSON_AddItemToArray(geometries, o))
            return false;
    }
    put(o, tune_passes[pass], cJSON_CreateString(tune_way(be, cv, pass, way, sizeof way)));
    if (seconds > 0)
        put(o, milliseconds[pass], cJSON_CreateNumber(round(1e6 * seconds) / 1e3));
    return cJSON_HasObjectItem(o, tune_passes[pass]);
}

/* The index of a word of a list that ends with NULL, or -1. */
static int index_of(const char *const *list, const char *word)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], word) == 0)
            return i;
    return -1;
}

static void take(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                 const char *way)
{
    char algorithm[32] = "", gemm[32] = "";
    int conv, product = 0;

    /* Both words are shorter, or of no algorithm. */
    sscanf(way, "%31s %31s", algorithm, gemm);
    conv = index_of(be->conv_names, algorithm);
    if (conv == LIM_CONV_LOWERING)
        product = index_of(be->gemms, gemm);
    if (conv >= 0 && product >= 0 &&
        (conv == LIM_CONV_LOWERING || be->convs[conv - 1].runs(be, cv, pass)))
        lim_conv_choice_set(be, cv, pass, conv, product);
}

void tune_choices_take(struct lim_backend *be, const cJSON *geometries)
{
    const cJSON *item;
    struct lim_conv cv;
    int count = 0;

    cJSON_ArrayForEach(item, geometries)
    {
        if (++count > MOST_GEOMETRIES)
            return;
        for (int pass = 0; read_geometry(item, &cv) && pass < 3; pass++) {
            const char *way = lim_json_get_string(item, tune_passes[pass]);

            if (way)
                take(be, &cv, (enum lim_conv_pass)pass, way);
        }
    }
}

/* All ways to do a pass here: if these change, another may be the fastest. */
static char *ways_of(const struct lim_backend *be, char *text, size_t size)
{
    size_t used = 0;

    *text = '\0';
    for (int i = 0; be->conv_names[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s ", be->conv_names[i]);
    for (int i = 0; be->gemms[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s ", be->gemms[i]);
    return text;
}

static void name_of(const char *identity, char name[32])
{
    snprintf(name, 32, "%016" PRIx64 ".json", lim_hash(LIM_HASH_START, identity, strlen(identity)));
}

static bool says(const cJSON *file, const char *name, const char *text)
{
    const char *there = lim_json_get_string(file, name);

    return there && strcmp(there, text) == 0;
}

/* Why a file cannot be used, or NULL. */
static const char *find_fault(cJSON *file, const char *identity, const struct lim_backend *be)
{
    char ways[256];

    if (!cJSON_IsObject(file) || !lim_json_signed(file))
        return "it is damaged";
    if (!says(file, "format", FORMAT) || !says(file, "limner", lim_version()))
        return "another version of limner wrote it";
    if (!says(file, "device", identity))
        return "it is of another device or driver";
    if (be && !says(file, "ways", ways_of(be, ways, sizeof ways)))
        return "there are other algorithms now";
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(file, "geometries")) ||
        !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(file, "rates")))
        return "it is damaged";
    return NULL;
}

static cJSON *parse(const char *path, bool quiet)
{
    size_t size = 0;
    char *text = NULL;
    cJSON *file;

    if (access(path, F_OK) != 0 || (quiet && access(path, R_OK) != 0))
        return NULL;
    text = lim_file_read(path, LARGEST, &size);
    if (!text)
        return NULL;
    file = memchr(text, '\0', size) ? NULL : cJSON_Parse(text);
    free(text);
    return file ? file : cJSON_CreateNull();
}

cJSON *tune_file_read(const char *folder, const char *identity, const struct lim_backend *be,
                      bool quiet)
{
    char name[32], *path, ways[256] = "";
    const char *fault;
    cJSON *file;

    name_of(identity, name);
    path = folder ? lim_path_join(folder, name) : NULL;
    file = path ? parse(path, quiet) : NULL;
    fault = file ? find_fault(file, identity, be) : NULL;
    if (fault && !quiet)
        lim_warning("%s: what was tuned is ignored: %s ('limner tune' measures again)", path,
                    fault);
    free(path);
    if (file && !fault)
        return file;
    cJSON_Delete(file);
    file = cJSON_CreateObject();
    if (be)
        ways_of(be, ways, sizeof ways);
    if (!cJSON_AddStringToObject(file, "format", FORMAT) ||
        !cJSON_AddStringToObject(file, "limner", lim_version()) ||
        !cJSON_AddStringToObject(file, "device", identity) ||
        !cJSON_AddStringToObject(file, "ways", ways) ||
        !cJSON_AddArrayToObject(file, "geometries") || !cJSON_AddArrayToObject(file, "rates")) {
        cJSON_Delete(file);
        return NULL;
    }
    return file;
}

int tune_file_lock(const char *folder)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    for (int i = 0; fd >= 0 && i < 100; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        nanosleep(&pause, NULL);
    }
    return fd;
}

void tune_file_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

bool tune_file_write(const char *folder, const char *identity, cJSON *file)
{
    char name[32], *path, *text;
    struct lim_file out;
    bool good;

    name_of(identity, name);
    path = lim_path_join(folder, name);
    text = lim_json_sign(file) ? cJSON_Print(file) : NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(file, "checksum");
    if (!path || !text) {
        lim_error("no memory to store what was tuned");
        good = false;
    } else {
        lim_file_sweep(path);
        good = lim_file_begin(&out, path);
        if (good) {
            lim_file_write(&out, text, strlen(text));
            good = lim_file_commit(&out);
        }
    }
    cJSON_free(text);
    free(path);
    return good;
}

double lim_tune_rate(const void *user, const char *identity)
{
    const struct lim_tune_rates *rates = user;
    const cJSON *item;
    double rate = 0;
    char *folder;
    cJSON *file;

    REQUIRE(rates && rates->work && identity, 0);
    folder = lim_cache_folder_there(rates->cache_dir, "tuning");
    file = folder ? tune_file_read(folder, identity, NULL, true) : NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(file, "rates"))
    {
        if (says(item, "work", rates->work) &&
            (!lim_json_get_double(item, "per_second", &rate) || !(rate > 0 && rate < 1e12)))
            rate = 0;
    }
    cJSON_Delete(file);
    free(folder);
    return rate;
}

static bool keep_rate(struct lim_backend *be, const char *cache_dir, const char *work,
                      double per_second)
{
    cJSON *file, *rates, *o;
    bool good = false;
    char *folder;
    int lock;

    REQUIRE(be && work && per_second > 0 && per_second < 1e12, false);
    folder = lim_cache_folder(cache_dir, "tuning");
    lock = tune_file_lock(folder);
    file = folder ? tune_file_read(folder, be->identity, be, true) : NULL;
    rates = cJSON_GetObjectItemCaseSensitive(file, "rates");
    if (!folder)
        return true;
    for (int i = cJSON_GetArraySize(rates) - 1; i >= 0; i--)
        if (says(cJSON_GetArrayItem(rates, i), "work", work))
            cJSON_DeleteItemFromArray(rates, i);
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "work", work);
    cJSON_AddNumberToObject(o, "per_second", per_second);
    if (cJSON_AddItemToArray(rates, o))
        good = tune_file_write(folder, be->identity, file);
    else
        lim_error("no memory to store what was tuned");
    tune_file_unlock(lock);
    cJSON_Delete(file);
    free(folder);
    return good;
}

bool lim_tune_keep_rate(struct lim_backend *be, const char *cache_dir, const char *work,
                        double per_second)
{
    struct base_log *before;
    bool result;

    REQUIRE(be, false);
    before = base_log_enter(be->log);
    result = keep_rate(be, cache_dir, work, per_second);
    base_log_enter(before);
    return result;
}

static void load(struct lim_backend *be, const char *cache_dir)
{
    char *folder;
    cJSON *file;

    REQUIRE_OR_RETURN(be);
    folder = lim_cache_folder_there(cache_dir, "tuning");
    file = folder ? tune_file_read(folder, be->identity, be, false) : NULL;
    tune_choices_take(be, cJSON_GetObjectItemCaseSensitive(file, "geometries"));
    cJSON_Delete(file);
    free(folder);
}

void lim_tune_load(struct lim_backend *be, const char *cache_dir)
{
    struct base_log *before;

    REQUIRE_OR_RETURN(be);
    before = base_log_enter(be->log);
    load(be, cache_dir);
    base_log_enter(before);
}
