/* A report on a data set, which `limner scan` prints: formats, sizes, copies, and its quality for
 * training.
 *
 * Thread-safety: a scan never changes: any number of threads may read it at once. */
#ifndef LIMNER_SCAN_H
#define LIMNER_SCAN_H

#include <limner/api.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

struct lim_dataset;

enum lim_format {
    LIM_FORMAT_OTHER, /* never of a usable picture */
    LIM_FORMAT_PNG,
    LIM_FORMAT_JPEG,
    LIM_FORMAT_WEBP,
    LIM_FORMAT_GIF,
    LIM_FORMATS
};

/* "PNG", "JPEG" ...; "other". */
LIM_API const char *lim_format_name(enum lim_format format);

enum lim_copy {
    LIM_COPY_NONE,
    LIM_COPY_EXACT, /* every decoded pixel is that of another picture */
    LIM_COPY_NEAR   /* looks like another: their pHashes differ in 7 of 64 bits at most, and the
                     * prepared pixels agree in each of 16 x 16 cells to 32 of 255 */
};

/* A usable picture, whether it is trained on, held out, or dropped as a copy. */
struct lim_picture {
    const char *path; /* memory of the data set */
    enum lim_format format;
    int width, height;     /* the right way up */
    bool gray;             /* no pixel has a color, however it is stored */
    bool alpha;            /* some pixel is not opaque */
    bool cmyk, animated;   /* stored as CMYK; has several frames (only the first is used) */
    bool enlarged;         /* the cropped square has fewer pixels than the prepared one */
    enum lim_copy copy;    /* of an earlier one by name ... */
    int copy_of;           /* ... which is none itself: its index; -1: no copy */
    const uint8_t *pixels; /* [size][size][channels], memory of the data set */
    uint64_t reserved[8];
};

/* Pictures by their shorter edge: below 16, then below 32, 64 ... 2048, and above. */
enum { LIM_SCAN_BINS = 9, LIM_SCAN_ADVICE = 12 };

enum lim_verdict { LIM_VERDICT_GOOD, LIM_VERDICT_FAIR, LIM_VERDICT_POOR };

struct lim_scan {
    int size, channels, count;                /* usable pictures */
    struct lim_picture *pictures;             /* [count], by name */
    int skipped, ignored, unseen, dropped;    /* as of the data set */
    int used[LIM_FORMATS], lost[LIM_FORMATS]; /* usable, skipped: by format */
    int bins[LIM_SCAN_BINS];
    int min_width, min_height, max_width, max_height;
    int square, wide, tall; /* square: edges differ by less than a tenth */
    int oblong;             /* one edge is longer than one and a half of the other */
    int gray, alpha, cmyk, animated, enlarged;
    int exact, near_copies;   /* copies, without those that they are copies of */
    int exact_groups, groups; /* pictures with an exact copy; with a copy of either kind */
    enum lim_verdict verdict;
    const char *reason; /* for the verdict, in words */
    int advice_count;
    char *advice[LIM_SCAN_ADVICE]; /* a sentence each */
};

/* Decodes nothing: the data set already has the facts. Returns NULL after one log line (no memory).
 * The data set must outlive it. Takes seconds at most: the time is linear in the number of
 * pictures, not quadratic. */
LIM_API struct lim_scan *lim_scan_create(const struct lim_dataset *ds);
LIM_API void lim_scan_destroy(struct lim_scan *scan);

/* Writes a PNG with up to 256 pictures as the network sees them, sampled evenly from all of them by
 * name. False after one log line. */
LIM_API bool lim_scan_sheet(const struct lim_scan *scan, const char *path);

LIM_END

#endif
