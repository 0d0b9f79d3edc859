/* Which pictures are copies of others. */
#ifndef LIMNER_SRC_DATA_DUPLICATES_H
#define LIMNER_SRC_DATA_DUPLICATES_H

#include "data/dataset.h"

#include <limner/scan.h>

struct duplicate {
    uint32_t of; /* the original's file, if this is a copy */
    enum lim_copy kind;
};

/* One for each file, the caller frees; NULL without memory. The first by name of several is the
 * original. A near copy is near its original, not only near another copy, so that slowly changing
 * frames of a film yield several pictures. */
struct duplicate *data_duplicates_find(const struct lim_dataset *ds);

#endif
