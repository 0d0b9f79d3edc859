#include "cli/scan_report.h"
#include "cli/commands.h"

#include <limner/log.h>
#include <stdio.h>
#include <stdlib.h>

/* How many groups of copies are shown, and how many pictures of each. */
enum { GROUPS = 10, NAMES = 5, BAR = 40 };

static const char *const verdicts[] = {
    [LIM_VERDICT_GOOD] = "good", [LIM_VERDICT_FAIR] = "fair", [LIM_VERDICT_POOR] = "poor"};

static double share(int part, int whole)
{
    return whole ? 100.0 * part / whole : 0;
}

/* "PNG 12, JPEG 3". */
static const char *formats(const int counts[LIM_FORMATS], char *text, size_t size)
{
    size_t at = 0;

    text[0] = 0;
    for (int i = 1; i <= LIM_FORMATS; i++) {
        int format = i % LIM_FORMATS; /* "other" last */

        if (counts[format])
            at += (size_t)snprintf(text + at, size - at, "%s%s %d", at ? ", " : "",
                                   lim_format_name((enum lim_format)format), counts[format]);
    }
    return text;
}

void scan_summary(const struct lim_scan *scan, const char *pictures, scan_line *line)
{
    char text[128];
    int usable = scan->count;

    line("%d picture%s in %s: %s; %d file%s skipped, %d passed over (hidden, or text)", usable,
         lim_plural((uint64_t)usable), pictures, formats(scan->used, text, sizeof text),
         scan->skipped, lim_plural((uint64_t)scan->skipped), scan->ignored);
    line("%d to %d pixels wide, %d to %d high; %d (%.1f %%) will be enlarged to %dx%d",
         scan->min_width, scan->max_width, scan->min_height, scan->max_height, scan->enlarged,
         share(scan->enlarged, usable), scan->size, scan->size);
    if (scan->exact || scan->near_copies)
        line("copies: %d exact, %d near (by pHash), of %d picture%s", scan->exact,
             scan->near_copies, scan->groups, lim_plural((uint64_t)scan->groups));
}

void scan_verdict(const struct lim_scan *scan, scan_line *line)
{
    line("verdict: %s, %s", verdicts[scan->verdict], scan->reason);
    for (int i = 0; i < scan->advice_count; i++)
        line("- %s", scan->advice[i]);
}

static const char *bin_name(int bin, char *text, size_t size)
{
    if (bin == 0)
        snprintf(text, size, "below 16");
    else if (bin == LIM_SCAN_BINS - 1)
        snprintf(text, size, "%d and more", 16 << (bin - 1));
    else
        snprintf(text, size, "%d to %d", 16 << (bin - 1), (16 << bin) - 1);
    return text;
}

static void print_sizes(const struct lim_scan *scan)
{
    char name[32];
    int most = 1;

    for (int i = 0; i < LIM_SCAN_BINS; i++)
        most = scan->bins[i] > most ? scan->bins[i] : most;
    printf("\nshorter edge in pixels\n");
    for (int i = 0; i < LIM_SCAN_BINS; i++) {
        int length = (int)((int64_t)scan->bins[i] * BAR / most);

        if (scan->bins[i] == 0)
            continue;
        printf("  %-14s %8d  ", bin_name(i, name, sizeof name), scan->bins[i]);
        for (int k = 0; k < (length ? length : 1); k++)
            putchar('#');
        putchar('\n');
    }
}

/* The copies of each picture, as lists in the order of the names. */
struct links {
    int *first, *next; /* [count], indices; -1: none */
};

static bool links_make(const struct lim_scan *scan, struct links *links)
{
    size_t size = (size_t)scan->count + 1;

    links->first = malloc(size * sizeof *links->first);
    links->next = malloc(size * sizeof *links->next);
    if (!links->first || !links->next)
        return false;
    for (int i = 0; i < scan->count; i++)
        links->first[i] = links->next[i] = -1;
    for (int i = scan->count - 1; i >= 0; i--) {
        int of = scan->pictures[i].copy_of;

        if (of < 0)
            continue;
        links->next[i] = links->first[of];
        links->first[of] = i;
    }
    return true;
}

static void links_finish(struct links *links)
{
    free(links->first);
    free(links->next);
}

static void print_name(const char *before, const char *path)
{
    char *text = malloc(4096);

    if (text)
        printf("%s%s", before, lim_printable(path, text, 4096));
    free(text);
}

static void print_copies(const struct lim_scan *scan, const struct links *links)
{
    int shown = 0;

    for (int i = 0; i < scan->count && shown < GROUPS; i++) {
        int named = 0, rest = 0;

        if (links->first[i] < 0)
            continue;
        if (shown++ == 0)
            printf("\ncopies (= exact, ~ near)\n");
        print_name("  ", scan->pictures[i].path);
        for (int k = links->first[i]; k >= 0; k = links->next[k])
            if (named++ < NAMES)
                print_name(scan->pictures[k].copy == LIM_COPY_EXACT ? " = " : " ~ ",
                           scan->pictures[k].path);
            else
                rest++;
        if (rest)
            printf(" and %d more", rest);
        putchar('\n');
    }
    if (scan->groups > shown)
        printf("  and copies of %d other picture%s; --json lists all\n", scan->groups - shown,
               lim_plural((uint64_t)(scan->groups - shown)));
}

void scan_tables(const struct lim_scan *scan)
{
    char text[128];
    struct links links = {0};

    print_sizes(scan);
    printf("\n%-10s %d square, %d wide, %d tall\n", "shape", scan->square, scan->wide, scan->tall);
    printf("%-10s %d gray, %d with alpha, %d CMYK, %d animated\n", "kind", scan->gray, scan->alpha,
           scan->cmyk, scan->animated);
    if (scan->skipped)
        printf("%-10s %d: %s\n", "skipped", scan->skipped, formats(scan->lost, text, sizeof text));
    if (scan->unseen)
        printf("%-10s %d file%s, by --limit\n", "not seen", scan->unseen,
               lim_plural((uint64_t)scan->unseen));
    if (scan->groups && links_make(scan, &links))
        print_copies(scan, &links);
    links_finish(&links);
    putchar('\n');
}

static void add_text(cJSON *object, const char *name, const char *value)
{
    char *text = malloc(16384);

    if (text)
        cJSON_AddStringToObject(object, name, lim_printable(value, text, 16384));
    free(text);
}

static void add_formats(cJSON *o, const char *name, const int counts[LIM_FORMATS])
{
    cJSON *formats = cJSON_AddObjectToObject(o, name);

    for (int i = 0; i < LIM_FORMATS; i++)
        if (counts[i])
            cJSON_AddNumberToObject(formats, lim_format_name((enum lim_format)i), counts[i]);
}

static void add_sizes(cJSON *o, const struct lim_scan *scan)
{
    cJSON *sizes = cJSON_AddArrayToObject(o, "sizes");

    for (int i = 0; i < LIM_SCAN_BINS; i++) {
        cJSON *bin = cJSON_CreateObject();

        cJSON_AddNumberToObject(bin, "from", i ? 16 << (i - 1) : 1);
        if (i < LIM_SCAN_BINS - 1)
            cJSON_AddNumberToObject(bin, "below", 16 << i);
        cJSON_AddNumberToObject(bin, "count", scan->bins[i]);
        cJSON_AddItemToArray(sizes, bin);
    }
}

static void add_copies(cJSON *o, const struct lim_scan *scan, const struct links *links)
{
    cJSON *groups = cJSON_AddArrayToObject(o, "copies");

    for (int i = 0; i < scan->count; i++) {
        cJSON *group, *copies;

        if (links->first[i] < 0)
            continue;
        group = cJSON_CreateObject();
        add_text(group, "path", scan->pictures[i].path);
        copies = cJSON_AddArrayToObject(group, "copies");
        for (int k = links->first[i]; k >= 0; k = links->next[k]) {
            cJSON *copy = cJSON_CreateObject();

            add_text(copy, "path", scan->pictures[k].path);
            cJSON_AddStringToObject(copy, "kind",
                                    scan->pictures[k].copy == LIM_COPY_EXACT ? "exact" : "near");
            cJSON_AddItemToArray(copies, copy);
        }
        cJSON_AddItemToArray(groups, group);
    }
}

static void add_skipped(cJSON *o, const struct lim_dataset *ds)
{
    const struct lim_skipped *list;
    int count = lim_dataset_skipped(ds, &list);
    cJSON *skipped = cJSON_AddArrayToObject(o, "skipped");

    for (int i = 0; i < count; i++) {
        cJSON *file = cJSON_CreateObject();

        add_text(file, "path", list[i].path);
        add_text(file, "reason", list[i].reason);
        cJSON_AddItemToArray(skipped, file);
    }
}

static void add_counts(cJSON *o, const struct lim_scan *scan)
{
    const struct {
        const char *name;
        int value;
    } counts[] = {
        {"size", scan->size},
        {"usable", scan->count},
        {"skipped_count", scan->skipped},
        {"passed_over", scan->ignored},
        {"not_seen", scan->unseen},
        {"min_width", scan->min_width},
        {"max_width", scan->max_width},
        {"min_height", scan->min_height},
        {"max_height", scan->max_height},
        {"square", scan->square},
        {"wide", scan->wide},
        {"tall", scan->tall},
        {"gray", scan->gray},
        {"alpha", scan->alpha},
        {"cmyk", scan->cmyk},
        {"animated", scan->animated},
        {"enlarged", scan->enlarged},
        {"exact_copies", scan->exact},
        {"near_copies", scan->near_copies},
    };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        cJSON_AddNumberToObject(o, counts[i].name, counts[i].value);
}

cJSON *scan_json(const struct lim_scan *scan, const struct lim_dataset *ds, const char *pictures)
{
    struct links links = {0};
    cJSON *o = cJSON_CreateObject(), *advice;

    if (!o || !links_make(scan, &links)) {
        cJSON_Delete(o);
        links_finish(&links);
        return NULL;
    }
    add_text(o, "pictures", pictures);
    add_counts(o, scan);
    add_formats(o, "formats", scan->used);
    add_formats(o, "skipped_formats", scan->lost);
    add_sizes(o, scan);
    add_copies(o, scan, &links);
    add_skipped(o, ds);
    cJSON_AddStringToObject(o, "verdict", verdicts[scan->verdict]);
    cJSON_AddStringToObject(o, "reason", scan->reason);
    advice = cJSON_AddArrayToObject(o, "advice");
    for (int i = 0; i < scan->advice_count; i++)
        cJSON_AddItemToArray(advice, cJSON_CreateString(scan->advice[i]));
    links_finish(&links);
    return o;
}
