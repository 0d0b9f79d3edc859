/* What became of each file that was found. */
#ifndef LIMNER_SRC_DATA_RESULT_H
#define LIMNER_SRC_DATA_RESULT_H

#include <stdint.h>

enum prepared {
    UNSEEN, /* the limit left it out */
    PREPARED,
    SKIPPED,     /* with a reason */
    PASSED_OVER, /* not a picture by content, nor by its name */
};

/* One a file. Kept in the cache as it stands: no pointers, no padding. */
struct data_result {
    uint64_t digest; /* of the prepared pixels */
    uint32_t slot;   /* where they lie */
    uint32_t what;   /* enum prepared */
};

#endif
