/* "1 picture", "2 pictures". */
#ifndef LIMNER_SRC_BASE_PLURAL_H
#define LIMNER_SRC_BASE_PLURAL_H

#include <stdint.h>

/* The "s" of how many there are. */
static inline const char *lim_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
