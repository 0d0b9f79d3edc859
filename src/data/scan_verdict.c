/* What the counts of a scan mean for a training, in words. */
#include "data/scan.h"

#include "base/plural.h"

#include <limner/api.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Different pictures. Below the first a GAN of any size learns them by heart; the README asks for
 * the second. */
enum { TOO_FEW = 100, ENOUGH = 1000 };

static const int sizes[] = {256, 128, 64, 32, 16};

struct verdict_notes {
    struct lim_scan *scan;
    bool no_memory;
};

static double share(int part, int whole)
{
    return whole ? 100.0 * part / whole : 0;
}

/* Adds a sentence. The first that lowers the verdict so far gives its reason. */
static void advise(struct verdict_notes *j, enum lim_verdict verdict, const char *reason,
                   const char *format, ...) LIM_PRINTF(4, 5);

static void advise(struct verdict_notes *j, enum lim_verdict verdict, const char *reason,
                   const char *format, ...)
{
    struct lim_scan *scan = j->scan;
    char text[512];
    va_list args;
    size_t size;
    char *copy;

    if (verdict > scan->verdict) {
        scan->verdict = verdict;
        scan->reason = reason;
    }
    va_start(args, format);
    size = (size_t)vsnprintf(text, sizeof text, format, args) + 1;
    va_end(args);
    copy = malloc(size);
    if (!copy || scan->advice_count == LIM_SCAN_ADVICE) {
        free(copy);
        j->no_memory = true;
        return;
    }
    snprintf(copy, size, "%s", text);
    scan->advice[scan->advice_count++] = copy;
}

static void check_number(struct verdict_notes *j)
{
    const struct lim_scan *scan = j->scan;
    int copies = scan->exact + scan->near_copies - scan->dropped; /* that would be trained on */
    int different = scan->count - scan->exact - scan->near_copies;
    double copied = share(copies, scan->count);

    if (different < TOO_FEW)
        advise(j, LIM_VERDICT_POOR, "far too few different pictures",
               "%d different picture%s: the network will learn them by heart; collect a thousand "
               "and more.",
               different, lim_plural((uint64_t)different));
    else if (different < ENOUGH)
        advise(j, LIM_VERDICT_FAIR, "few different pictures",
               "%d different pictures: fewer than 1000, the network may learn them by heart; "
               "collect more, and use a small --width.",
               different);
    if (copies)
        advise(
            j,
            copied >= 50  ? LIM_VERDICT_POOR
            : copied >= 5 ? LIM_VERDICT_FAIR
                          : LIM_VERDICT_GOOD,
            copied >= 50 ? "most are copies of others" : "many are copies of others",
            "%d of %d (%.1f %%) are copies of others, and would be learned more than once: train "
            "with --drop-duplicates %s.",
            copies, scan->count, copied, scan->near_copies ? "near" : "exact");
}

/* The largest size at which hardly a picture is enlarged; 0: none. */
static int fitting_size(const struct lim_scan *scan)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int smaller = 0;

        for (int bin = 0; bin < LIM_SCAN_BINS && 16 << bin <= sizes[i]; bin++)
            smaller += scan->bins[bin];
        if (share(smaller, scan->count) <= 10)
            return sizes[i];
    }
    return 0;
}

static void check_sizes(struct verdict_notes *j)
{
    const struct lim_scan *scan = j->scan;
    double enlarged = share(scan->enlarged, scan->count), oblong = share(scan->oblong, scan->count);
    int fits = fitting_size(scan);
    char other[64] = "remove them, or find larger ones";

    if (fits && fits < scan->size)
        snprintf(other, sizeof other, "--size %d would fit; or remove them", fits);
    if (enlarged >= 10)
        advise(j, enlarged >= 50 ? LIM_VERDICT_POOR : LIM_VERDICT_FAIR,
               enlarged >= 50 ? "most are smaller than the size to paint"
                              : "many are smaller than the size to paint",
               "%d of %d (%.1f %%) are smaller than %dx%d and are enlarged, so the network learns "
               "blur: %s.",
               scan->enlarged, scan->count, enlarged, scan->size, scan->size, other);
    if (oblong >= 20)
        advise(
            j, LIM_VERDICT_FAIR, "many are far from square",
            "%d of %d (%.1f %%) have one edge more than half as long again as the other: --crop "
            "center and top cut off a third of them and more (top keeps the heads of portraits), "
            "none squeezes them; look at the sheet ('limner scan --sheet FILE').",
            scan->oblong, scan->count, oblong);
}

static void check_colors(struct verdict_notes *j)
{
    const struct lim_scan *scan = j->scan;
    double gray = share(scan->gray, scan->count), alpha = share(scan->alpha, scan->count);

    if (scan->channels == 3 && gray == 100)
        advise(j, LIM_VERDICT_GOOD, NULL, "All are gray: --gray trains faster and as well.");
    else if (scan->channels == 3 && gray >= 5 && gray <= 95)
        advise(j, LIM_VERDICT_FAIR, "gray and colored pictures are mixed",
               "%d of %d (%.1f %%) are gray among colored ones: the network will paint both; "
               "--gray makes all gray.",
               scan->gray, scan->count, gray);
    if (alpha >= 5)
        advise(j, LIM_VERDICT_GOOD, NULL,
               "%d of %d (%.1f %%) are transparent in places: --background chooses the color that "
               "shows there.",
               scan->alpha, scan->count, alpha);
    if (scan->animated)
        advise(j, LIM_VERDICT_GOOD, NULL, "%d animated: only the first frame of each is used.",
               scan->animated);
}

bool data_scan_verdict(struct lim_scan *scan)
{
    struct verdict_notes j = {.scan = scan};
    double skipped = share(scan->skipped, scan->skipped + scan->count);

    scan->verdict = LIM_VERDICT_GOOD;
    scan->reason = "nothing stands in the way of a training";
    check_number(&j);
    check_sizes(&j);
    check_colors(&j);
    if (skipped >= 5)
        advise(&j, LIM_VERDICT_FAIR, "many files could not be used",
               "%d of %d file%s (%.1f %%) were skipped: see the reasons.", scan->skipped,
               scan->skipped + scan->count, lim_plural((uint64_t)(scan->skipped + scan->count)),
               skipped);
    return !j.no_memory;
}
