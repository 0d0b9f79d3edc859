/* The inside of a data set. */
#ifndef LIMNER_SRC_DATA_DATASET_H
#define LIMNER_SRC_DATA_DATASET_H

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

#endif
