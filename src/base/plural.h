/* "1 picture", "2 pictures". */
#ifndef LIMNER_SRC_BASE_PLURAL_H
#define LIMNER_SRC_BASE_PLURAL_H

#include <stdint.h>

/* "" for 1, else "s". */
static inline const char *lim_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
