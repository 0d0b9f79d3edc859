/* FNV-1a, 64 bits (Fowler, Noll, Vo): detects accidents, not attacks. For the values that limner
 * 0.1.0 wrote and others may refer to: a model's model_hash, which its pictures carry; the names of
 * tuning files and of caches of pictures; signatures of JSON files; checksums of model files of
 * 0.1.0. Everything else uses XXH3_64bits of the xxHash library. */
#ifndef LIMNER_SRC_IO_HASH_H
#define LIMNER_SRC_IO_HASH_H

#include "io/little_endian.h"

#include <stddef.h>
#include <stdint.h>

#define LIM_HASH_START 0xcbf29ce484222325u

static inline uint64_t lim_hash(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Of `count` floats as they stand in a file. */
static inline uint64_t lim_hash_floats(uint64_t hash, const float *data, size_t count)
{
    float swapped;

    if (!LIM_BIG_ENDIAN)
        return lim_hash(hash, data, count * sizeof *data);
    for (size_t i = 0; i < count; i++) {
        lim_swap_floats(&swapped, data + i, 1);
        hash = lim_hash(hash, &swapped, sizeof swapped);
    }
    return hash;
}

#endif
