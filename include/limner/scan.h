/* What is in a data set: formats, sizes, copies, and whether it is good to train on. What
 * `limner scan` prints. */
#ifndef LIMNER_SCAN_H
#define LIMNER_SCAN_H

#include <limner/api.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

enum lim_format {
    LIM_FORMAT_OTHER, /* never of a usable picture */
    LIM_FORMAT_PNG,
    LIM_FORMAT_JPEG,
    LIM_FORMAT_WEBP,
    LIM_FORMAT_GIF,
    LIM_FORMATS
};

LIM_END

#endif
