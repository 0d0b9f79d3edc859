/* A run folder: creating it, what lies in it by which name, its log.
 *
 *     config.json  log.jsonl  reals.png  samples/000000.png ...  progress.gif
 *     checkpoint.safetensors  generator.safetensors  README.txt  pictures.cache
 *     checkpoint-000100.safetensors ...  older ones      lock  while a training is under way
 *
 * Thread-safety: one thread at a time for each struct lim_run. */
#ifndef LIMNER_SRC_GAN_RUN_H
#define LIMNER_SRC_GAN_RUN_H

#include <cjson/cJSON.h>
#include <limner/dcgan.h>
#include <limner/status.h>
#include <stdbool.h>
#include <stdint.h>

#define LIM_RUN_CONFIG "config.json"
#define LIM_RUN_LOG "log.jsonl"
#define LIM_RUN_REALS "reals.png"
#define LIM_RUN_SAMPLES "samples"
#define LIM_RUN_GIF "progress.gif"
#define LIM_RUN_CHECKPOINT "checkpoint.safetensors"
#define LIM_RUN_GENERATOR "generator.safetensors"
#define LIM_RUN_README "README.txt"
#define LIM_RUN_CACHE "pictures.cache"
#define LIM_RUN_LOCK "lock"
#define LIM_RUN_DAMAGED "checkpoint-damaged.safetensors"

struct lim_run {
    char *path;      /* the folder, as given; NULL: not open, and the rest means nothing */
    int log;         /* log.jsonl, opened to append by the first line; -1 before */
    int lock;        /* held from create or open to close; -1: not held */
    bool locked;     /* it was held once: this file system has locks */
    bool log_failed; /* the last line could not be written, and that was told */
    /* Set by whoever knows what the run's checkpoints have in common: why that of `path`, under the
     * name of `step`, is none of them (static text), or NULL where it is. `of` is passed on. */
    const char *(*foreign)(const void *of, const char *path, uint64_t step);
    const void *of;
};

/* Makes the folder, its parents and samples/. A folder that already exists and is empty (but
 * for pictures.cache) is taken; one with anything in it is LIM_USAGE, with one log line that shows
 * `limner train PICTURES --resume PATH` (`pictures` as the user wrote it). Other failures:
 * LIM_ERROR after one log line. On any status but LIM_OK there is nothing to close. */
enum lim_status lim_run_create(struct lim_run *run, const char *path, const char *pictures);

/* Opens an existing run to resume it. LIM_BAD_INPUT after one log line where `path` is no folder or
 * has no checkpoint at all.
 *
 * Both take the folder's lock: LIM_ERROR, after one log line with the holder's process number,
 * where another training has it. The lock of a process that is gone is taken over. */
enum lim_status lim_run_open(struct lim_run *run, const char *path);

/* A folder, or samples/ in it, that was removed or moved away since is made anew, empty, and
 * locked; *made becomes true for the folder itself. False after one log line: it cannot be, or
 * another training has it now. */
bool lim_run_revive(struct lim_run *run, bool *made);

/* Gives the lock back, closes the log and frees; the folder stays. A zeroed struct is fine. */
void lim_run_close(struct lim_run *run);

/* PATH/NAME, `name` one of the LIM_RUN_ names; the caller frees. NULL after one log line. */
char *lim_run_file(const struct lim_run *run, const char *name);

/* PATH/samples/STEP.png, six digits or more; the caller frees. NULL after one log line. */
char *lim_run_sample_file(const struct lim_run *run, uint64_t step);

/* Writes a whole text file (config.json, README.txt) under a temporary name and renames it. False
 * after one log line. lim_run_write_json takes nothing over: the caller deletes `json`. */
bool lim_run_write_text(const struct lim_run *run, const char *name, const char *text);
bool lim_run_write_json(const struct lim_run *run, const char *name, const cJSON *json);

/* Reads a JSON object from PATH/NAME; cJSON_Delete it. NULL after one log line. Works on any
 * folder, without an open run. See io/json.h for members of 64 bits. */
cJSON *lim_run_read_json(const char *path, const char *name);

/* Appends one line, whole or not at all, and hands it to the system at once. `line` is an object,
 * with its "step" a plain number; the caller deletes it. False after one log line, which is not
 * said again until a line could be written. */
bool lim_run_log(struct lim_run *run, const cJSON *line);

/* Before resuming at `step`: drops what a killed process did after its last checkpoint: the lines
 * of the log, the grids and the kept checkpoints of later steps, a last line that is cut off, and
 * temporary files. False after one log line. */
bool lim_run_rewind(struct lim_run *run, uint64_t step);

/* The grids there are, in order of their steps (by number, not by name): *steps is an array that
 * the caller frees (NULL where there are none). Their number, or -1 after one log line. */
int lim_run_samples(const struct lim_run *run, uint64_t **steps);

/* Older checkpoints (run_checkpoints.c). `keep` counts them and the newest. What someone else has
 * put there under such a name (run->foreign) is neither counted nor removed. */

/* PATH/checkpoint-STEP.safetensors; the caller frees. NULL after one log line. */
char *lim_run_kept_file(const struct lim_run *run, uint64_t step);

/* Those there are, like lim_run_samples. */
int lim_run_kept(const struct lim_run *run, uint64_t **steps);

/* The same by their names alone, and why the one of a step is none of the run's; NULL: it is. */
int lim_run_kept_names(const struct lim_run *run, uint64_t **steps);
const char *lim_run_foreign(const struct lim_run *run, uint64_t step);

/* What the header of a model says, in silence: its data are not read. */
bool lim_run_peek(const char *path, struct lim_model_info *info);

/* Before a new checkpoint is written: gives that of `step` the name of an older one, too. Where
 * that fails it is simply not kept. What has the name already and is not the run's goes aside. */
void lim_run_keep(const struct lim_run *run, uint64_t step, int keep);

/* After a new one is written: removes the oldest beyond `keep`. */
void lim_run_prune(const struct lim_run *run, int keep);

/* Makes the kept checkpoint of `step` the newest again; one that stands there, damaged, becomes
 * LIM_RUN_DAMAGED. False after one log line. */
bool lim_run_restore(const struct lim_run *run, uint64_t step);

/* Parts of this folder's own. lim_run_list: the steps of the names PREFIX DIGITS SUFFIX in
 * `folder`, six digits or more, as lim_run_samples. lim_run_take_lock: false after one log line. */
int lim_run_list(const char *folder, const char *prefix, const char *suffix, uint64_t **steps);
bool lim_run_take_lock(struct lim_run *run);
void lim_run_drop_lock(struct lim_run *run);

#endif
