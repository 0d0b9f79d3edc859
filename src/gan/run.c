#include "gan/run.h"

#include "base/log.h"
#include "io/file.h"
#include "io/hash.h"
#include "io/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run's log grows by a line of 200 bytes every few steps: 256 MB is far past any. As JSON a text
 * takes forty times its size. */
enum { MAX_JSON = 1 << 20, MAX_LOG = 1 << 28, MAX_LINE = 1 << 16 };

/* 1: nothing in it but a lock and a cache of pictures, which comes first; 0: something; -1: it
 * cannot be listed, errno says why. */
static int is_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int empty = 1;

    if (!dir)
        return -1;
    while (empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, LIM_RUN_CACHE) == 0 ||
                strcmp(entry->d_name, LIM_RUN_LOCK) == 0;
    closedir(dir);
    return empty;
}

static bool set_path(struct lim_run *run, const char *path)
{
    memset(run, 0, sizeof *run);
    run->log = run->lock = -1;
    run->path = strdup(path);
    if (!run->path)
        lim_error("%s: no memory", path);
    return run->path != NULL;
}

static enum lim_status not_empty(const char *path, const char *pictures)
{
    lim_error("%s exists and is not empty; to go on with it: limner train '%s' --resume '%s'; or "
              "name another folder with -o",
              path, pictures, path);
    return LIM_USAGE;
}

enum lim_status lim_run_create(struct lim_run *run, const char *path, const char *pictures)
{
    enum lim_status status = LIM_ERROR;
    char *samples = NULL;
    int empty = is_empty(path);

    if (empty == 0)
        return not_empty(path, pictures);
    if (empty < 0 && errno != ENOENT) {
        lim_error("%s: cannot be the run folder: %s", path, strerror(errno));
        return LIM_ERROR;
    }
    if (!lim_folder_make(path, NULL) || !set_path(run, path))
        return LIM_ERROR;
    if (lim_run_take_lock(run)) {
        /* Another may have begun, and even ended, since. */
        samples = is_empty(path) == 1 ? lim_run_file(run, LIM_RUN_SAMPLES) : NULL;
        if (samples && lim_folder_make(samples, NULL))
            status = LIM_OK;
        else if (is_empty(path) == 0)
            status = not_empty(path, pictures);
    }
    free(samples);
    if (status != LIM_OK)
        lim_run_close(run);
    return status;
}

static bool has_checkpoint(const struct lim_run *run, const char *checkpoint)
{
    uint64_t *steps = NULL;
    int kept = access(checkpoint, F_OK) == 0 ? 1 : lim_run_kept(run, &steps);

    free(steps);
    if (kept == 0)
        lim_error("%s: no run to resume: it has no " LIM_RUN_CHECKPOINT
                  " (stopped before the first save?)",
                  run->path);
    return kept > 0;
}

enum lim_status lim_run_open(struct lim_run *run, const char *path)
{
    enum lim_status status = LIM_BAD_INPUT;
    char *checkpoint = NULL, *samples = NULL;
    struct stat st;

    if (stat(path, &st) != 0) {
        lim_error("%s: no run to resume: %s", path, strerror(errno));
        return LIM_BAD_INPUT;
    }
    if (!S_ISDIR(st.st_mode)) {
        lim_error("%s: no run to resume: it is not a folder", path);
        return LIM_BAD_INPUT;
    }
    if (!set_path(run, path))
        return LIM_ERROR;
    checkpoint = lim_run_file(run, LIM_RUN_CHECKPOINT);
    samples = lim_run_file(run, LIM_RUN_SAMPLES);
    if (!checkpoint || !samples)
        status = LIM_ERROR;
    else if (has_checkpoint(run, checkpoint))
        status = lim_folder_make(samples, NULL) && lim_run_take_lock(run) ? LIM_OK : LIM_ERROR;
    free(checkpoint);
    free(samples);
    if (status != LIM_OK)
        lim_run_close(run);
    return status;
}

void lim_run_close(struct lim_run *run)
{
    if (!run->path)
        return;
    if (run->log >= 0)
        close(run->log);
    lim_run_drop_lock(run);
    free(run->path);
    memset(run, 0, sizeof *run);
}

char *lim_run_file(const struct lim_run *run, const char *name)
{
    char *path = lim_path_join(run->path, name);

    if (!path)
        lim_error("%s/%s: no memory", run->path, name);
    return path;
}

char *lim_run_sample_file(const struct lim_run *run, uint64_t step)
{
    char name[48];

    snprintf(name, sizeof name, LIM_RUN_SAMPLES "/%06" PRIu64 ".png", step);
    return lim_run_file(run, name);
}

bool lim_run_write_text(const struct lim_run *run, const char *name, const char *text)
{
    char *path = lim_run_file(run, name);
    struct lim_file file;
    bool ok = path && lim_file_begin(&file, path);

    free(path);
    if (!ok)
        return false;
    lim_file_write(&file, text, strlen(text));
    return lim_file_commit(&file);
}

bool lim_run_write_json(const struct lim_run *run, const char *name, const cJSON *json)
{
    char *text = cJSON_Print(json), *line;
    size_t length;
    bool ok;

    length = text ? strlen(text) : 0;
    line = text ? malloc(length + 2) : NULL;
    if (!line) {
        lim_error("%s/%s: no memory to write it", run->path, name);
        cJSON_free(text);
        return false;
    }
    memcpy(line, text, length);
    memcpy(line + length, "\n", 2);
    cJSON_free(text);
    ok = lim_run_write_text(run, name, line);
    free(line);
    return ok;
}

cJSON *lim_run_read_json(const char *path, const char *name)
{
    char *file = lim_path_join(path, name), *text;
    cJSON *json = NULL;
    size_t size;

    if (!file) {
        lim_error("%s/%s: no memory", path, name);
        return NULL;
    }
    text = lim_file_read(file, MAX_JSON, &size);
    if (text) {
        json = memchr(text, '\0', size) ? NULL : lim_json_parse(text);
        if (!cJSON_IsObject(json)) {
            lim_error("%s: is not a JSON object: damaged, or edited by hand", file);
            cJSON_Delete(json);
            json = NULL;
        }
    }
    free(text);
    free(file);
    return json;
}

bool lim_run_log(struct lim_run *run, const cJSON *line)
{
    char *path = lim_run_file(run, LIM_RUN_LOG);
    char *text = cJSON_PrintUnformatted(line);
    size_t length = text ? strlen(text) : 0;
    int error = ENOMEM;

    if (!path || !text)
        goto done;
    text[length] = '\n'; /* in the place of the zero */
    if (run->log < 0)
        run->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (run->log < 0) {
        error = errno;
    } else {
        off_t before = lseek(run->log, 0, SEEK_END);

        error = lim_file_write_all(run->log, text, length + 1);
        if (error && before >= 0 && ftruncate(run->log, before) != 0) {
            close(run->log);
            run->log = -1;
        }
    }
    text[length] = '\0';

done:
    if (error && !run->log_failed)
        lim_error("%s/" LIM_RUN_LOG ": cannot be written: %s", run->path, strerror(error));
    run->log_failed = error != 0;
    free(path);
    cJSON_free(text);
    return error == 0;
}

/* As lim_file_begin makes them: NAME.PROCESS-NUMBER.tmp. */
static bool is_temporary(const char *name)
{
    static const char digits[] = "0123456789";

    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        size_t process = strspn(dot + 1, digits), number;

        if (process == 0 || dot[1 + process] != '-')
            continue;
        number = strspn(dot + 2 + process, digits);
        if (number > 0 && strcmp(dot + 2 + process + number, LIM_FILE_TEMPORARY) == 0)
            return true;
    }
    return false;
}

/* Removes what killed writers left in a folder. */
static void remove_temporary(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char *path;

        if (!is_temporary(entry->d_name))
            continue;
        path = lim_path_join(folder, entry->d_name);
        if (path)
            unlink(path);
        free(path);
    }
    if (dir)
        closedir(dir);
}

/* Is this whole line of the log (without its newline) of a step up to `step`? */
static bool line_stays(const char *line, uint64_t step)
{
    cJSON *json = lim_json_parse(line);
    uint64_t of;
    bool stays = lim_json_get_u64(json, "step", &of) && of <= step;

    cJSON_Delete(json);
    return stays;
}

static bool rewind_log(struct lim_run *run, uint64_t step)
{
    char *path = lim_run_file(run, LIM_RUN_LOG), *text = NULL, *line, *newline;
    struct lim_file file;
    size_t size;
    bool ok = path != NULL;

    if (!path || access(path, F_OK) != 0)
        goto done;
    text = lim_file_read(path, MAX_LOG, &size);
    ok = text && lim_file_begin(&file, path);
    if (!ok)
        goto done;
    for (line = text; (newline = strchr(line, '\n')); line = newline + 1) {
        *newline = '\0';
        if (newline - line < MAX_LINE && line_stays(line, step)) {
            *newline = '\n';
            lim_file_write(&file, line, (size_t)(newline + 1 - line));
        }
    }
    ok = lim_file_commit(&file);

done:
    free(text);
    free(path);
    return ok;
}

static void remove_later(char *name(const struct lim_run *, uint64_t), const struct lim_run *run,
                         uint64_t of, uint64_t step)
{
    char *path = of > step ? name(run, of) : NULL;

    if (path)
        unlink(path);
    free(path);
}

bool lim_run_rewind(struct lim_run *run, uint64_t step)
{
    char *samples = lim_run_file(run, LIM_RUN_SAMPLES);
    uint64_t *steps = NULL;
    int count = samples ? lim_run_samples(run, &steps) : -1, kept;

    if (run->log >= 0)
        close(run->log);
    run->log = -1;
    for (int i = 0; i < count; i++)
        remove_later(lim_run_sample_file, run, steps[i], step);
    free(steps);
    kept = count < 0 ? -1 : lim_run_kept(run, &steps);
    for (int i = 0; i < kept; i++)
        remove_later(lim_run_kept_file, run, steps[i], step);
    if (count >= 0) {
        remove_temporary(run->path);
        remove_temporary(samples);
    }
    free(steps);
    free(samples);
    return count >= 0 && rewind_log(run, step);
}
