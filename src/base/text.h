/* What the C library has no word for. */
#ifndef LIMNER_SRC_BASE_TEXT_H
#define LIMNER_SRC_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Is `part` somewhere in `text`, in capital or small letters? An empty one is in every text but the
 * empty one. */
static inline bool text_contains(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return false;
}

#endif
