/* What a data set is inside, and the helpers that open one. */
#ifndef LIMNER_SRC_DATA_OPEN_H
#define LIMNER_SRC_DATA_OPEN_H

#include "data/source.h"

#include <limner/dataset.h>

struct lim_dataset {
    int size, channels;
    bool mirror;
    int count, skipped_count, ignored;
    uint8_t **pictures;          /* [count], each [size][size][channels] */
    struct lim_skipped *skipped; /* points into files */
    struct data_files files;     /* of every file that was looked at */
    uint64_t fingerprint;
};

/* One log line each. */
void explain_missing(const char *path, int number); /* number: of errno */
void explain_nothing_usable(const char *path, struct lim_dataset *ds);

#endif
