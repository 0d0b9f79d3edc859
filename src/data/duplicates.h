/* Which pictures are copies of others. */
#ifndef LIMNER_SRC_DATA_DUPLICATES_H
#define LIMNER_SRC_DATA_DUPLICATES_H

#include "data/dataset.h"

#include <limner/scan.h>

struct duplicate {
    uint32_t of; /* the file, if it is a copy; that one is none */
    enum lim_copy kind;
};

/* One a file, the caller frees; NULL without memory. Of several the first by name is no copy. A
 * near copy is near the one that it is a copy of, not only near another copy, so that the slow
 * change of a film's frames ends in several pictures. */
struct duplicate *data_duplicates_find(const struct lim_dataset *ds);

#endif
