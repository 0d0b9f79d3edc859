#include "support/train_here.h"
#include "io/json.h"

#include "gan/run.h"

#include "support/check.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct here_log here_log;
char here_folder[64];
char here_run[96];
static struct lim_dataset *pictures;
static char pictures_path[96];

static void keep_line(void *user, enum lim_log_level level, const char *message)
{
    size_t used = strlen(here_log.all);

    (void)user;
    snprintf(here_log.all + used, sizeof here_log.all - used, "%s\n", message);
    if (level == LIM_LOG_ERROR) {
        here_log.errors++;
        snprintf(here_log.error, sizeof here_log.error, "%s", message);
    } else if (level == LIM_LOG_WARNING) {
        here_log.warnings++;
        snprintf(here_log.warning, sizeof here_log.warning, "%s", message);
    } else {
        here_log.infos++;
    }
}

static bool write_picture(int i)
{
    struct lim_image image;
    char path[160];
    bool good;

    if (!lim_image_init(&image, 16, 16, 3))
        return false;
    for (int k = 0; k < 16 * 16 * 3; k++)
        image.pixels[k] = (uint8_t)(k * (i + 3) / 7 + 40 * i);
    snprintf(path, sizeof path, "%s/%d.png", pictures_path, i);
    good = lim_png_write(path, &image, NULL, 0);
    lim_image_finish(&image);
    return good;
}

bool here_begin(void)
{
    const struct lim_dataset_config config = {.size = 16, .channels = 3, .threads = 1};

    lim_log_set(keep_line, NULL, LIM_LOG_INFO);
    /* Thousands of files are made and replaced: in memory where there is such a place. */
    snprintf(here_folder, sizeof here_folder, "%s/limner-here-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(here_folder))
        return false;
    snprintf(here_run, sizeof here_run, "%s/run", here_folder);
    snprintf(pictures_path, sizeof pictures_path, "%s/pictures", here_folder);
    if (mkdir(pictures_path, 0700) != 0)
        return false;
    for (int i = 0; i < 8; i++)
        if (!write_picture(i))
            return false;
    pictures = lim_dataset_open(pictures_path, &config, NULL);
    return pictures != NULL;
}

void here_end(void)
{
    lim_dataset_destroy(pictures);
    here_remove(here_folder);
}

struct lim_dataset *here_pictures(void)
{
    return pictures;
}

struct lim_train_config here_config(void)
{
    struct lim_train_config config = {.gan = lim_dcgan_defaults(),
                                      .pictures = pictures_path,
                                      .run = here_run,
                                      .steps = 3,
                                      .sample_every = 1,
                                      .save_every = 1,
                                      .grid = 2};

    config.gan.size = 16;
    config.gan.width = 2;
    config.gan.latent = 4;
    config.gan.batch = 4;
    return config;
}

void here_clear(void)
{
    memset(&here_log, 0, sizeof here_log);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st;
    (void)flag;
    (void)where;
    return remove(path);
}

void here_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *here_file(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", here_run, name);
    return path;
}

bool here_exists(const char *name)
{
    return access(here_file(name), F_OK) == 0;
}

unsigned char *here_tensors(const char *path, size_t *size)
{
    FILE *stream = fopen(path, "rb");
    unsigned char length[8], *bytes;
    uint64_t header = 0;
    long end;

    assert_non_null(stream);
    assert_int_equal(fread(length, 1, 8, stream), 8);
    for (int i = 0; i < 8; i++)
        header |= (uint64_t)length[i] << 8 * i;
    fseek(stream, 0, SEEK_END);
    end = ftell(stream);
    assert_true(end > 0 && header < (uint64_t)end);
    *size = (size_t)end - 8 - (size_t)header;
    fseek(stream, (long)header + 8, SEEK_SET);
    bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, stream), *size);
    fclose(stream);
    return bytes;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Each line a JSON object, the last one ended. */
static bool log_is_whole(const char *path)
{
    char line[4096];
    FILE *stream = fopen(path, "rb");
    bool good = stream != NULL;

    while (good && fgets(line, sizeof line, stream)) {
        cJSON *json = ends_with(line, "\n") ? cJSON_Parse(line) : NULL;

        good = cJSON_IsObject(json);
        cJSON_Delete(json);
    }
    if (stream)
        fclose(stream);
    return good;
}

static bool is_whole(const char *path)
{
    struct lim_model_info info;
    struct lim_image image;
    struct stat st;
    cJSON *json;

    if (ends_with(path, ".tmp"))
        return false;
    if (ends_with(path, ".safetensors"))
        return lim_model_info_read(path, &info, NULL);
    if (ends_with(path, ".jsonl"))
        return log_is_whole(path);
    if (ends_with(path, ".png")) {
        if (!lim_png_read(path, &image))
            return false;
        lim_image_finish(&image);
        return true;
    }
    if (ends_with(path, "/config.json")) {
        json = lim_run_read_json(here_run, LIM_RUN_CONFIG);
        if (!json || !lim_json_signed(json)) {
            cJSON_Delete(json);
            return false;
        }
        cJSON_Delete(json);
        return true;
    }
    return !ends_with(path, "/lock") && stat(path, &st) == 0 && st.st_size > 0;
}

static const char *damaged_in(const char *folder)
{
    static char path[1024];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    bool good = true;

    while (dir && good && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, "samples") != 0)
            good = is_whole(path);
    }
    if (dir)
        closedir(dir);
    return good ? NULL : path;
}

const char *here_damaged(void)
{
    char samples[160];
    const char *found = damaged_in(here_run);

    snprintf(samples, sizeof samples, "%s/samples", here_run);
    return found ? found : damaged_in(samples);
}
