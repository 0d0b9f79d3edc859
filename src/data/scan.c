/* The counts of a scan, and its contact sheet. */
#include "data/scan.h"

#include "base/log.h"
#include "base/require.h"
#include "data/duplicates.h"

#include <limner/image.h>
#include <stdlib.h>
#include <string.h>

#define SHEET_EDGE 16 /* pictures */

const char *lim_format_name(enum lim_format format)
{
    static const char *const names[LIM_FORMATS] = {"other", "PNG", "JPEG", "WebP", "GIF"};

    return (unsigned)format < LIM_FORMATS ? names[format] : "unknown";
}

static void describe(struct lim_picture *p, const struct lim_dataset *ds, size_t file)
{
    const struct data_result *result = &ds->results[file];
    const struct data_facts *facts = &result->facts;

    *p = (struct lim_picture){.path = ds->files.list[file].path,
                              .format = (enum lim_format)facts->format,
                              .width = (int)facts->width,
                              .height = (int)facts->height,
                              .gray = facts->flags & FACT_GRAY,
                              .alpha = facts->flags & FACT_ALPHA,
                              .cmyk = facts->flags & FACT_CMYK,
                              .animated = facts->flags & FACT_ANIMATED,
                              .copy_of = -1,
                              .pixels = data_cache_slot(&ds->cache, result->slot)};
    p->enlarged = p->width < ds->size || p->height < ds->size;
}

static void count_sizes(struct lim_scan *scan, const struct lim_picture *p)
{
    int shorter = p->width < p->height ? p->width : p->height;
    int longer = p->width < p->height ? p->height : p->width;
    int bin = 0;

    while (bin < LIM_SCAN_BINS - 1 && shorter >= 16 << bin)
        bin++;
    scan->bins[bin]++;
    if (scan->min_width == 0 || p->width < scan->min_width)
        scan->min_width = p->width;
    if (scan->min_height == 0 || p->height < scan->min_height)
        scan->min_height = p->height;
    if (p->width > scan->max_width)
        scan->max_width = p->width;
    if (p->height > scan->max_height)
        scan->max_height = p->height;
    if ((longer - shorter) * 10LL < longer)
        scan->square++;
    else if (p->width > p->height)
        scan->wide++;
    else
        scan->tall++;
    scan->oblong += longer * 2LL > shorter * 3LL;
}

static void count(struct lim_scan *scan, const struct lim_picture *p)
{
    count_sizes(scan, p);
    scan->used[p->format]++;
    scan->gray += p->gray;
    scan->alpha += p->alpha;
    scan->cmyk += p->cmyk;
    scan->animated += p->animated;
    scan->enlarged += p->enlarged;
    scan->exact += p->copy == LIM_COPY_EXACT;
    scan->near_copies += p->copy == LIM_COPY_NEAR;
}

static void count_groups(struct lim_scan *scan, bool *exact, bool *any)
{
    for (int i = 0; i < scan->count; i++) {
        const struct lim_picture *p = &scan->pictures[i];

        if (p->copy == LIM_COPY_NONE)
            continue;
        scan->groups += !any[p->copy_of];
        any[p->copy_of] = true;
        if (p->copy == LIM_COPY_EXACT) {
            scan->exact_groups += !exact[p->copy_of];
            exact[p->copy_of] = true;
        }
    }
}

static bool fill(struct lim_scan *scan, const struct lim_dataset *ds)
{
    size_t files = ds->files.count;
    struct duplicate *copies = data_duplicates_find(ds);
    int *places = malloc((files + 1) * sizeof *places);
    bool *marks = calloc(files + 1, 2 * sizeof *marks);
    bool good = copies && places && marks;

    scan->pictures = malloc((files + 1) * sizeof *scan->pictures);
    if (!good || !scan->pictures)
        good = false;
    for (size_t i = 0; good && i < files; i++) {
        const struct data_result *result = &ds->results[i];
        struct lim_picture *p = &scan->pictures[scan->count];

        if (result->what != PREPARED) {
            scan->lost[result->facts.format] += ds->files.list[i].reason != NULL;
            continue;
        }
        describe(p, ds, i);
        p->copy = copies[i].kind;
        places[i] = scan->count++;
        count(scan, p);
    }
    for (size_t i = 0; good && i < files; i++)
        if (ds->results[i].what == PREPARED && copies[i].kind != LIM_COPY_NONE)
            scan->pictures[places[i]].copy_of = places[copies[i].of];
    if (good)
        count_groups(scan, marks, marks + files);
    free(copies);
    free(places);
    free(marks);
    return good && data_scan_verdict(scan);
}

struct lim_scan *lim_scan_create(const struct lim_dataset *ds)
{
    struct lim_scan *scan;

    REQUIRE(ds, NULL);
    scan = calloc(1, sizeof *scan);
    if (scan) {
        scan->size = ds->size;
        scan->channels = ds->channels;
        scan->skipped = ds->skipped_count;
        scan->ignored = ds->ignored;
        scan->unseen = ds->unseen;
        scan->dropped = ds->dropped;
    }
    if (!scan || !fill(scan, ds)) {
        lim_error("not enough memory to compare %zu pictures", ds->files.count);
        lim_scan_destroy(scan);
        return NULL;
    }
    return scan;
}

void lim_scan_destroy(struct lim_scan *scan)
{
    if (!scan)
        return;
    for (int i = 0; i < scan->advice_count; i++)
        free(scan->advice[i]);
    free(scan->pictures);
    free(scan);
}

bool lim_scan_sheet(const struct lim_scan *scan, const char *path)
{
    const int most = SHEET_EDGE * SHEET_EDGE;
    struct lim_image sheet = {0};
    uint8_t *pixels;
    size_t bytes;
    bool good;
    int shown;

    REQUIRE(scan && path && scan->count > 0, false);
    bytes = (size_t)scan->size * (size_t)scan->size * (size_t)scan->channels;
    shown = scan->count < most ? scan->count : most;
    pixels = malloc((size_t)shown * bytes);
    good = pixels != NULL;
    if (!good)
        lim_error("%s: not enough memory for %d pictures", path, shown);
    for (int i = 0; good && i < shown; i++)
        memcpy(pixels + (size_t)i * bytes, scan->pictures[(int64_t)i * scan->count / shown].pixels,
               bytes);
    good = good &&
           lim_grid_make(&sheet, pixels, shown, scan->size, scan->channels,
                         shown < SHEET_EDGE ? shown : SHEET_EDGE) &&
           lim_png_write(path, &sheet, NULL, 0);
    lim_image_finish(&sheet);
    free(pixels);
    return good;
}
