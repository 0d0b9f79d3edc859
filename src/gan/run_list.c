/* Lists the steps in the names of a folder's files: grids, older checkpoints. */
#include "gan/run.h"

#include "base/log.h"
#include "io/json.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* PREFIX DIGITS SUFFIX, as limner writes it, and nothing else. */
static bool name_step(const char *name, const char *prefix, const char *suffix, uint64_t *step)
{
    char text[24], again[128];
    size_t digits;

    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    digits = strspn(name + strlen(prefix), "0123456789");
    if (digits == 0 || digits >= sizeof text)
        return false;
    memcpy(text, name + strlen(prefix), digits);
    text[digits] = '\0';
    if (!lim_parse_u64(text, step))
        return false;
    snprintf(again, sizeof again, "%s%06" PRIu64 "%s", prefix, *step, suffix);
    return strcmp(name, again) == 0;
}

int lim_run_samples(const struct lim_run *run, uint64_t **steps)
{
    char *folder = lim_run_file(run, LIM_RUN_SAMPLES);
    int count = -1;

    *steps = NULL;
    if (folder)
        count = lim_run_list(folder, "", ".png", steps);
    free(folder);
    return count;
}

int lim_run_list(const char *folder, const char *prefix, const char *suffix, uint64_t **steps)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t room = 0;
    int count = 0;

    *steps = NULL;
    if (!dir) {
        lim_error("%s: cannot be listed: %s", folder, strerror(errno));
        return -1;
    }
    while ((entry = readdir(dir))) {
        uint64_t step, *grown;

        if (!name_step(entry->d_name, prefix, suffix, &step))
            continue;
        if ((size_t)count == room) {
            room = room ? 2 * room : 64;
            grown = realloc(*steps, room * sizeof *grown);
            if (!grown) {
                lim_error("%s: no memory to list it", folder);
                free(*steps);
                *steps = NULL;
                count = -1;
                break;
            }
            *steps = grown;
        }
        (*steps)[count++] = step;
    }
    closedir(dir);
    if (count > 0)
        qsort(*steps, (size_t)count, sizeof **steps, by_value);
    return count;
}
