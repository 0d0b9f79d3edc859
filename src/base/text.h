/* Text functions that the C library lacks. */
#ifndef LIMNER_SRC_BASE_TEXT_H
#define LIMNER_SRC_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Does `text` contain `part`, regardless of case? An empty `part` is in every text except the empty
 * one. */
static inline bool text_contains(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return false;
}

#endif
