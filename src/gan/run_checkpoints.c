/* The checkpoints before the newest. Each is a hard link, so keeping one costs no time, and the
 * newest has its own name at every moment. */
#include "gan/run.h"

#include "base/log.h"
#include "gan/model_info.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "checkpoint-"
#define SUFFIX ".safetensors"

char *lim_run_kept_file(const struct lim_run *run, uint64_t step)
{
    char name[64];

    snprintf(name, sizeof name, PREFIX "%06" PRIu64 SUFFIX, step);
    return lim_run_file(run, name);
}

bool lim_run_peek(const char *path, struct lim_model_info *info)
{
    struct lim_st_reader reader;
    bool good;

    lim_log_hush(true);
    good = lim_st_open(&reader, path);
    if (good) {
        good = lim_model_info_parse(&reader, info);
        lim_st_close(&reader);
    }
    lim_log_hush(false);
    return good;
}

int lim_run_kept_names(const struct lim_run *run, uint64_t **steps)
{
    return lim_run_list(run->path, PREFIX, SUFFIX, steps);
}

const char *lim_run_foreign(const struct lim_run *run, uint64_t step)
{
    char *path = lim_run_kept_file(run, step);
    const char *why = "it cannot be looked at";
    struct stat st;

    if (path && lstat(path, &st) == 0)
        why = !S_ISREG(st.st_mode) ? "it is not a regular file"
              : run->foreign       ? run->foreign(run->of, path, step)
                                   : NULL;
    free(path);
    return why;
}

int lim_run_kept(const struct lim_run *run, uint64_t **steps)
{
    int count = lim_run_kept_names(run, steps), own = 0;

    for (int i = 0; i < count; i++)
        if (!lim_run_foreign(run, (*steps)[i]))
            (*steps)[own++] = (*steps)[i];
    return count < 0 ? count : own;
}

/* Frees the name of a kept checkpoint. False where it stays taken; that is told. */
static bool make_way(const struct lim_run *run, const char *kept, uint64_t step)
{
    char *aside;
    struct stat st;
    bool good;

    if (lstat(kept, &st) != 0 || !lim_run_foreign(run, step)) {
        unlink(kept);
        return true;
    }
    aside = malloc(strlen(kept) + sizeof ".aside");
    if (!aside)
        return false;
    sprintf(aside, "%s.aside", kept);
    good = lstat(aside, &st) != 0 && rename(kept, aside) == 0;
    if (good)
        lim_warning("%s: is no checkpoint of this run, and its name is needed: it is now %s", kept,
                    aside);
    else
        lim_warning("%s: is no checkpoint of this run, and in the way: that of step %" PRIu64
                    " is not kept",
                    kept, step);
    free(aside);
    return good;
}

void lim_run_keep(const struct lim_run *run, uint64_t step, int keep)
{
    char *newest = lim_run_file(run, LIM_RUN_CHECKPOINT), *kept = lim_run_kept_file(run, step);

    if (newest && kept && keep > 1 && make_way(run, kept, step)) {
        /* File systems without hard links: for a moment only the older name is there. */
        if (link(newest, kept) != 0 && errno != ENOENT)
            (void)rename(newest, kept);
    }
    free(newest);
    free(kept);
}

void lim_run_prune(const struct lim_run *run, int keep)
{
    uint64_t *steps;
    int count = lim_run_kept(run, &steps);

    for (int i = 0; i < count - (keep - 1); i++) {
        char *path = lim_run_kept_file(run, steps[i]);

        if (path)
            unlink(path);
        free(path);
    }
    free(steps);
}

bool lim_run_restore(const struct lim_run *run, uint64_t step)
{
    char *newest = lim_run_file(run, LIM_RUN_CHECKPOINT), *kept = lim_run_kept_file(run, step);
    char *damaged = lim_run_file(run, LIM_RUN_DAMAGED);
    bool ok = newest && kept && damaged;

    if (ok && ((rename(newest, damaged) != 0 && errno != ENOENT) || rename(kept, newest) != 0)) {
        lim_error("%s: cannot become " LIM_RUN_CHECKPOINT " again: %s", kept, strerror(errno));
        ok = false;
    }
    free(damaged);
    free(newest);
    free(kept);
    return ok;
}
