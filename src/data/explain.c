/* The one line that says why there is nothing to train on. */
#include "config.h"
#include "data/open.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef LIM_HAVE_JPEG
#define READABLE "limner reads PNG and JPEG"
#else
#define READABLE "this limner reads PNG (it was built without JPEG)"
#endif

/* Reasons that are told one by one; the rest is summed up. */
#define MOST_REASONS 4

void explain_missing(const char *path, int number)
{
    char *parent = strdup(path);
    size_t length = parent ? strlen(parent) : 0;
    struct stat st;
    bool found = false;

    while (length > 0 && !found) {
        while (length > 0 && parent[length - 1] != '/')
            length--;
        while (length > 1 && parent[length - 1] == '/')
            length--;
        if (length == 0)
            break;
        parent[length] = 0;
        found = stat(parent, &st) == 0;
        if (!found && length == 1)
            break;
    }
    if (number != ENOENT && number != ENOTDIR)
        lim_error("%s: cannot be opened (%s)", path, strerror(number));
    else
        lim_error("%s: no such folder or file; the nearest that exists is %s", path,
                  found ? parent : "the current folder");
    free(parent);
}

static int compare_reasons(const void *a, const void *b)
{
    return strcmp(((const struct lim_skipped *)a)->reason, ((const struct lim_skipped *)b)->reason);
}

struct group {
    const char *reason;
    int count;
};

static int compare_groups(const void *a, const void *b)
{
    const struct group *left = a, *right = b;

    if (left->count != right->count)
        return right->count - left->count;
    return strcmp(left->reason, right->reason);
}

/* "3 x truncated PNG, 2 x empty file, 1 other". Reorders the list. */
static void sum_up(struct lim_skipped *list, int count, char *out, size_t room)
{
    struct group *groups = calloc((size_t)count + 1, sizeof *groups);
    int group_count = 0, told = 0;
    size_t at = 0;

    out[0] = 0;
    if (!groups)
        return;
    qsort(list, (size_t)count, sizeof *list, compare_reasons);
    for (int i = 0; i < count; i++) {
        if (i == 0 || strcmp(list[i].reason, list[i - 1].reason) != 0)
            groups[group_count++].reason = list[i].reason;
        groups[group_count - 1].count++;
    }
    qsort(groups, (size_t)group_count, sizeof *groups, compare_groups);
    for (int i = 0; i < group_count && i < MOST_REASONS; i++) {
        at += (size_t)snprintf(out + at, room - at, "%s%d x %s", i ? ", " : "", groups[i].count,
                               groups[i].reason);
        told += groups[i].count;
    }
    if (told < count)
        snprintf(out + at, room - at, ", %d other%s", count - told, count - told > 1 ? "s" : "");
    free(groups);
}

void explain_nothing_usable(const char *path, struct lim_dataset *ds)
{
    char reasons[MOST_REASONS * (REASON_SIZE + 16) + 32];
    int seen = ds->skipped_count + ds->ignored;

    if (seen == 0) {
        lim_error("%s: no pictures, for it is empty; %s", path, READABLE);
        return;
    }
    sum_up(ds->skipped, ds->skipped_count, reasons, sizeof reasons);
    lim_error("%s: no usable pictures in %d file%s: %s%s%d hidden or text; %s", path, seen,
              seen > 1 ? "s" : "", reasons, ds->skipped_count ? ", " : "", ds->ignored, READABLE);
}

void explain_all_the_same(const char *path, const struct lim_dataset *ds)
{
    lim_error("%s: all %d usable pictures are the same once they are prepared; there is nothing to "
              "learn from one picture: add others",
              path, ds->count + ds->held_out_count + ds->dropped);
}

void explain_nothing_left(const char *path, const struct lim_dataset *ds)
{
    lim_error("%s: all %d usable pictures are held out, none is left to train on; hold out a "
              "smaller share or add pictures",
              path, ds->held_out_count);
}
