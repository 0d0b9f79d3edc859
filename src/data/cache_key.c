/* Where a cache of pictures lies, and the key of its contents. */
#include "base/file_time.h"
#include "config.h"
#include "data/cache.h"

#include "io/hash.h"

#include <limner/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What this limner can read: another build may lack some of it. */
static const char abilities[] = {
#ifdef LIM_HAVE_JPEG
    'j',
#endif
#ifdef LIM_HAVE_GIF
    'g',
#endif
#ifdef LIM_HAVE_WEBP
    'w',
#endif
    'p'};

static uint64_t add_number(uint64_t hash, uint64_t number)
{
    return lim_hash(hash, &number, sizeof number);
}

static uint64_t add_settings(uint64_t hash, const struct lim_dataset_config *config)
{
    const uint64_t numbers[] = {
        (uint64_t)config->size, (uint64_t)config->channels,
        (uint64_t)config->crop, config->background ? config->background : LIM_RGB(255, 255, 255),
        config->limit,          config->max_pixels ? config->max_pixels : LIM_MAX_PIXELS};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = add_number(hash, numbers[i]);
    return hash;
}

char *data_cache_place(const char *path, const struct lim_dataset_config *config, bool *none)
{
    char *whole, *place, *slash;
    size_t size;

    *none = !config->cache_file && !config->cache_dir;
    if (*none)
        return NULL;
    if (!config->cache_dir)
        return strdup(config->cache_file);
    whole = realpath(path, NULL);
    size = strlen(config->cache_dir) + (whole ? strlen(whole) : 0) + 48;
    place = whole ? malloc(size) : NULL;
    if (place) {
        slash = strrchr(whole, '/');
        snprintf(place, size, "%s/%.100s-%016llx.cache", config->cache_dir,
                 slash ? slash + 1 : whole,
                 (unsigned long long)add_settings(lim_hash(LIM_HASH_START, whole, strlen(whole)),
                                                  config));
    }
    free(whole);
    return place;
}

uint64_t data_cache_key(const char *path, const struct data_files *files,
                        const struct lim_dataset_config *config)
{
    const char *version = lim_version();
    uint64_t key = lim_hash(LIM_HASH_START, version, strlen(version));
    struct stat st;

    key = lim_hash(key, abilities, sizeof abilities);
    key = add_settings(key, config);
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) /* an archive */
        key = add_number(add_number(key, (uint64_t)st.st_size), lim_file_time_ns(&st));
    for (size_t i = 0; i < files->count; i++) {
        const struct data_file *file = &files->list[i];
        const char *name = data_file_name(file, path);

        key = lim_hash(key, name, strlen(name) + 1);
        key = add_number(add_number(key, file->size), file->time);
        key = add_number(key, file->reason != NULL);
    }
    return key;
}
