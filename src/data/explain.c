/* The one line that says why there is nothing to train on. */
#include "base/log.h"
#include "config.h"
#include "data/open.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef LIM_HAVE_JPEG
#define JPEG ", JPEG"
#else
#define JPEG
#endif
#ifdef LIM_HAVE_WEBP
#define WEBP ", WebP"
#else
#define WEBP
#endif
#ifdef LIM_HAVE_GIF
#define GIF ", GIF"
#else
#define GIF
#endif
#define READABLE "this limner reads PNG" JPEG WEBP GIF

/* Reasons that are listed one by one, each with a file; the rest is summed up. */
#define MOST_REASONS 4

/* Bytes of a path that is shown as an example: a longer one would hide what matters. */
#define EXAMPLE_SIZE 100

/* Bytes of a file's name, at most. */
#define NAME_SIZE 255

/* Letters to add, leave out or change to make one word of the other; both at most NAME_SIZE long.
 */
static int letters_apart(const char *a, const char *b)
{
    size_t length = strlen(b);
    int row[NAME_SIZE + 1];

    for (size_t j = 0; j <= length; j++)
        row[j] = (int)j;
    for (size_t i = 0; a[i]; i++) {
        int diagonal = row[0];

        row[0] = (int)i + 1;
        for (size_t j = 0; j < length; j++) {
            int changed = diagonal + (a[i] != b[j]);
            int shorter = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

            diagonal = row[j + 1];
            row[j + 1] = changed < shorter ? changed : shorter;
        }
    }
    return row[length];
}

/* The entry of `folder` whose name is most like the first part of `rest`, if any: probably what the
 * user meant. */
static bool find_similar(const char *folder, const char *rest, char best[NAME_SIZE + 1])
{
    size_t length = strcspn(rest, "/");
    char wanted[NAME_SIZE + 1];
    struct dirent *entry;
    int least = length < 4 ? 2 : (int)length / 3 + 1;
    bool found = false;
    DIR *dir;

    if (length == 0 || length > NAME_SIZE || !(dir = opendir(folder)))
        return false;
    snprintf(wanted, sizeof wanted, "%.*s", (int)length, rest);
    while ((entry = readdir(dir))) {
        int apart;

        if (entry->d_name[0] == '.' || strlen(entry->d_name) > NAME_SIZE)
            continue;
        apart = letters_apart(wanted, entry->d_name);
        if (apart < least || (found && apart == least && strcmp(entry->d_name, best) < 0)) {
            least = apart;
            snprintf(best, NAME_SIZE + 1, "%s", entry->d_name);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

void data_explain_missing(const char *path, int number)
{
    size_t length = strlen(path), rest = 0;
    char *parent = malloc(length + 2), similar[NAME_SIZE + 1];
    const char *slash;
    struct stat st;

    if (!parent || (number != ENOENT && number != ENOTDIR)) {
        lim_error("%s: cannot be opened (%s)", path, strerror(number));
        free(parent);
        return;
    }
    /* The longest prefix that exists; "" is the current folder. */
    while (length > 0 && path[length - 1] == '/')
        length--;
    do {
        while (length > 0 && path[length - 1] != '/')
            length--;
        rest = length;
        while (length > 1 && path[length - 1] == '/')
            length--;
        memcpy(parent, path, length);
        parent[length] = 0;
    } while (length > 1 && stat(parent, &st) != 0);
    slash = length == 0 || parent[length - 1] == '/' ? "" : "/";
    if (find_similar(length ? parent : ".", path + rest, similar))
        lim_error("%s: no such folder or file; the nearest that exists is %s%s%s", path, parent,
                  slash, similar);
    else
        lim_error("%s: no such folder or file; the nearest that exists is %s", path,
                  length ? parent : "the current folder");
    free(parent);
}

static int compare_reasons(const void *a, const void *b)
{
    const struct lim_skipped *left = a, *right = b;
    int order = strcmp(left->reason, right->reason);

    return order ? order : strcmp(left->path, right->path);
}

static int compare_paths(const void *a, const void *b)
{
    const struct lim_skipped *left = a, *right = b;

    return strcmp(left->path, right->path);
}

struct group {
    const struct lim_skipped *first;
    int count;
};

static int compare_groups(const void *a, const void *b)
{
    const struct group *left = a, *right = b;

    if (left->count != right->count)
        return right->count - left->count;
    return strcmp(left->first->reason, right->first->reason);
}

/* "3 x truncated PNG such as a.png, 2 x empty file such as b.jpg, 1 other". */
static void sum_up(const char *root, struct lim_skipped *list, int count, char *out, size_t room)
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
            groups[group_count++].first = &list[i];
        groups[group_count - 1].count++;
    }
    qsort(groups, (size_t)group_count, sizeof *groups, compare_groups);
    for (int i = 0; i < group_count && i < MOST_REASONS; i++) {
        const struct lim_skipped *first = groups[i].first;
        const char *name = data_name_below(first->path, root);
        bool shown = strlen(name) <= EXAMPLE_SIZE;

        at += (size_t)snprintf(out + at, room - at, "%s%d x %s%s%s", i ? ", " : "", groups[i].count,
                               first->reason, shown ? " such as " : "", shown ? name : "");
        told += groups[i].count;
    }
    if (told < count)
        snprintf(out + at, room - at, ", %d other%s", count - told, count - told > 1 ? "s" : "");
    free(groups);
    qsort(list, (size_t)count, sizeof *list, compare_paths); /* as it was */
}

void data_explain_nothing_usable(const char *path, struct lim_dataset *ds)
{
    char reasons[MOST_REASONS * (REASON_SIZE + EXAMPLE_SIZE + 32) + 32];
    int seen = ds->skipped_count + ds->ignored;

    if (seen == 0) {
        lim_error("%s: no pictures, for it is empty; %s", path, READABLE);
        return;
    }
    sum_up(path, ds->skipped, ds->skipped_count, reasons, sizeof reasons);
    lim_error("%s: no usable pictures in %d file%s: %s%s%d hidden or text; %s", path, seen,
              seen > 1 ? "s" : "", reasons, ds->skipped_count ? ", " : "", ds->ignored, READABLE);
}

void data_explain_all_the_same(const char *path, const struct lim_dataset *ds)
{
    lim_error("%s: all %d usable pictures are the same once they are prepared; there is nothing to "
              "learn from one picture: add others",
              path, ds->count + ds->held_out_count + ds->dropped);
}

void data_explain_nothing_left(const char *path, const struct lim_dataset *ds)
{
    lim_error("%s: all %d usable pictures are held out, none is left to train on; hold out a "
              "smaller share or add pictures",
              path, ds->held_out_count);
}
