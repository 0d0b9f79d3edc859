/* The checkpoints of before the newest: another name for the same file, so keeping one costs no
 * time, and at every moment the newest has its own name. */
#include "run.h"

#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "checkpoint-"
#define SUFFIX ".safetensors"

char *lim_run_kept_file(const struct lim_run *run, uint64_t step)
{
    char name[64];

    snprintf(name, sizeof name, PREFIX "%06" PRIu64 SUFFIX, step);
    return lim_run_file(run, name);
}

int lim_run_kept(const struct lim_run *run, uint64_t **steps)
{
    return lim_run_list(run->path, PREFIX, SUFFIX, steps);
}

void lim_run_keep(const struct lim_run *run, uint64_t step, int keep)
{
    char *newest = lim_run_file(run, LIM_RUN_CHECKPOINT), *kept = lim_run_kept_file(run, step);

    if (newest && kept && keep > 1) {
        unlink(kept);
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
