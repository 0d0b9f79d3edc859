/* What a data set is inside, and the helpers that open one. */
#ifndef LIMNER_SRC_DATA_OPEN_H
#define LIMNER_SRC_DATA_OPEN_H

#include "data/cache.h"
#include "data/result.h"
#include "data/source.h"

#include <limner/dataset.h>

struct lim_dataset {
    int size, channels;
    bool mirror;
    int count, held_out_count, skipped_count, ignored, unseen, dropped;
    const uint8_t **pictures;    /* [count], each [size][size][channels], in the cache */
    const uint8_t **held_out;    /* [held_out_count] */
    struct lim_skipped *skipped; /* points into files */
    struct data_files files;     /* all that were found */
    struct data_result *results; /* [files.count] */
    struct cache cache;
    uint64_t fingerprint;
};

/* Has all cores prepare the files that order[first .. end - 1] name, into the cache; results and
 * reasons say what became of each. LIM_INTERRUPTED or LIM_ERROR after one log line. */
struct preparing {
    const char *path;
    bool is_zip;
    const struct lim_dataset_config *config;
    struct data_files *files;
    struct data_result *results;
    struct cache *cache;
    const uint32_t *order;
    size_t first, end;
};
enum lim_status prepare_all(const struct preparing *what);

/* One log line each. */
void explain_missing(const char *path, int number); /* number: of errno */
void explain_nothing_usable(const char *path, struct lim_dataset *ds);
void explain_all_the_same(const char *path, const struct lim_dataset *ds);
void explain_nothing_left(const char *path, const struct lim_dataset *ds); /* all held out */

#endif
