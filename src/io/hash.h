/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells accidents, not attacks. */
#ifndef LIMNER_SRC_IO_HASH_H
#define LIMNER_SRC_IO_HASH_H

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

#endif
