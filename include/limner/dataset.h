/* A folder or a .zip of pictures, preprocessed for training: square, one size, 8 bits, in memory.
 *
 * Thread-safety: an open data set never changes: any number of threads may read it at once. One
 * thread at a time may use a prefetch. Everything else: any thread. */
#ifndef LIMNER_DATASET_H
#define LIMNER_DATASET_H

#include <limner/api.h>
#include <limner/status.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

struct lim_dataset;

/* How a picture becomes a square, the picture as people see it (Exif's orientation applied). */
enum lim_crop {
    LIM_CROP_CENTER, /* the largest square, from the middle */
    LIM_CROP_TOP,    /* the same from the top of a tall picture, where portraits have their heads */
    LIM_CROP_NONE    /* all of it, squeezed */
};

/* Copies of a picture that are left out of the batches; the first by name stays. Exact: every
 * decoded pixel is the same, whatever the format. Near: they look the same (see limner/scan.h). */
enum lim_drop { LIM_DROP_NONE, LIM_DROP_EXACT, LIM_DROP_NEAR /* exact copies too */ };

#define LIM_RGB(r, g, b) (0x1000000u | (uint32_t)(r) << 16 | (uint32_t)(g) << 8 | (uint32_t)(b))

#define LIM_MAX_PIXELS 100000000

/* All zero except size and channels is a good default. */
struct lim_dataset_config {
    int size;     /* pictures become size x size, with an antialiased resize */
    int channels; /* 3: gray becomes RGB. 1: RGB becomes gray (Rec. 601 luma) */
    int threads;  /* for decoding; 0: as many as there are processors */
    enum lim_crop crop;
    uint32_t background; /* replaces transparent pixels, LIM_RGB(r, g, b); 0: white. The colors
                            stored in transparent pixels are never visible */
    uint64_t limit;      /* use this many pictures, spread over all; always the same; 0: all */
    uint64_t max_pixels; /* pictures that claim more are skipped; 0: LIM_MAX_PIXELS */
    enum lim_drop drop;
    double holdout;     /* share of the pictures that is kept out of the batches, 0 to 1 */
    bool mirror;        /* batches hold each picture or its mirror image, half of the time each */
    bool keep_unusable; /* see lim_dataset_open */
    /* Prepared pictures are cached in this file, or in a file of this folder, and reused next time
     * if neither the files nor these settings have changed. Both NULL: in memory only. */
    const char *cache_file, *cache_dir;
    /* Called by the opening thread several times a second, with `done` of `total` files. May be
     * NULL. If it returns false, lim_dataset_open stops and returns NULL with LIM_INTERRUPTED. */
    bool (*progress)(void *user, int done, int total);
    void *user;
    uint64_t reserved[16];
};

/* 64x64 pixels, 3 channels; everything else zero. */
LIM_API struct lim_dataset_config lim_dataset_defaults(void);

/* "center", "top", "none"; lim_crop_parse returns false for any other text. */
LIM_API const char *lim_crop_name(enum lim_crop crop);
LIM_API bool lim_crop_parse(const char *text, enum lim_crop *crop);

/* The same for "none", "exact", "near". */
LIM_API const char *lim_drop_name(enum lim_drop drop);
LIM_API bool lim_drop_parse(const char *text, enum lim_drop *drop);

/* LIM_RGB of "white", "black", "gray", "red", "green", "blue" (as in CSS), #rrggbb or #rgb, with or
 * without the #. False for any other text. */
LIM_API bool lim_color_parse(const char *text, uint32_t *color);

/* A file that was not used. */
struct lim_skipped {
    const char *path;   /* in a .zip: the entry's name */
    const char *reason; /* "not a picture (HTML text)", "truncated PNG" ... */
};

/* Finds, decodes and keeps every picture under `path` (a folder, searched recursively, or a .zip).
 * The order is by name, so it does not depend on the file system. Returns NULL after one log line;
 * `why` is then LIM_BAD_INPUT (no such path, nothing usable, all the same picture) or another
 * status. With `keep_unusable` a data set is returned together with LIM_BAD_INPUT if the files were
 * examined: only for its list of skipped files. Blocks; uses its own threads. */
LIM_API struct lim_dataset *lim_dataset_open(const char *path,
                                             const struct lim_dataset_config *config,
                                             enum lim_status *why);
LIM_API void lim_dataset_destroy(struct lim_dataset *ds);

LIM_API int lim_dataset_count(const struct lim_dataset *ds); /* pictures to train on */
LIM_API int lim_dataset_size(const struct lim_dataset *ds);
LIM_API int lim_dataset_channels(const struct lim_dataset *ds);

/* The files that were not used, in order of their names; memory of the data set. */
LIM_API int lim_dataset_skipped(const struct lim_dataset *ds, const struct lim_skipped **list);

/* Files ignored silently because of their kind: hidden, Thumbs.db, text beside the pictures. A
 * hidden folder counts as one. */
LIM_API int lim_dataset_ignored(const struct lim_dataset *ds);

/* Files that the limit excluded, not examined. */
LIM_API int lim_dataset_unseen(const struct lim_dataset *ds);

/* Copies that were dropped, as configured. */
LIM_API int lim_dataset_dropped(const struct lim_dataset *ds);

/* Pictures that are kept out of the training, for an evaluation. The selection depends only on
 * their pixels: the same pictures, and copies of them, are held out whatever is added to the
 * folder. */
LIM_API int lim_dataset_held_out(const struct lim_dataset *ds);
LIM_API const uint8_t *lim_dataset_held_out_picture(const struct lim_dataset *ds, int i);

/* A hash over the prepared pixels to train on: two runs saw the same pictures when it is equal. */
LIM_API uint64_t lim_dataset_fingerprint(const struct lim_dataset *ds);

/* Picture i, size*size*channels bytes; memory of the data set. Any thread. */
LIM_API const uint8_t *lim_dataset_picture(const struct lim_dataset *ds, int i);

/* The pictures of one step, out[batch][size][size][channels]: a pure function of (seed, step,
 * batch), mirroring included. Steps walk through a fresh shuffle of all pictures each epoch; an
 * epoch has count/batch steps (at least 1); the remainder is not used in that epoch. Any thread.
 * Requires batch <= count. */
LIM_API void lim_dataset_batch(const struct lim_dataset *ds, uint64_t seed, uint64_t step,
                               int batch, uint8_t *out);

/* Makes the batches of first_step, first_step + 1 ... in advance, on its own thread. */
struct lim_prefetch;

/* The data set must outlive it. NULL after one log line (no memory, no thread). */
LIM_API struct lim_prefetch *lim_prefetch_create(const struct lim_dataset *ds, uint64_t seed,
                                                 uint64_t first_step, int batch);
LIM_API void lim_prefetch_destroy(struct lim_prefetch *p);

/* Returns the batch of the next step, as lim_dataset_batch makes it:
 * pixels[batch][size][size][channels], valid until the next call or destroy. Blocks until it is
 * ready. One thread at a time. */
LIM_API const uint8_t *lim_prefetch_next(struct lim_prefetch *p);

/* Total seconds that lim_prefetch_next has blocked. */
LIM_API double lim_prefetch_waited(const struct lim_prefetch *p);

LIM_END

#endif
