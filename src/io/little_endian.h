/* Files and hashes take floats with their lowest byte first, whatever the processor does. */
#ifndef LIMNER_SRC_IO_LITTLE_ENDIAN_H
#define LIMNER_SRC_IO_LITTLE_ENDIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    LIM_BIG_ENDIAN = 1
#else
    LIM_BIG_ENDIAN = 0
#endif
};

/* Turns the bytes of each of `count` floats around; `to` may be `from`. */
static inline void lim_swap_floats(float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t v;

        memcpy(&v, from + i, sizeof v);
        v = v >> 24 | (v >> 8 & 0xff00u) | (v << 8 & 0xff0000u) | v << 24;
        memcpy(to + i, &v, sizeof v);
    }
}

#endif
