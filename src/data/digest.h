/* A 64-bit digest of a picture's bytes: detects accidents, not attacks. XXH64's step for short
 * inputs (Collet), taken over inputs of any length: eight bytes at a time, the same on every
 * machine. The library's XXH64 gives other values for 32 bytes and more, and these must not change:
 * they determine the fingerprint by which a run knows its pictures, which pictures are held out or
 * left out by --limit, and caches of pictures. */
#ifndef LIMNER_SRC_DATA_DIGEST_H
#define LIMNER_SRC_DATA_DIGEST_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t digest_turn(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline uint64_t digest_word(uint64_t hash, uint64_t word)
{
    hash ^= digest_turn(word * 0xc2b2ae3d27d4eb4fu, 31) * 0x9e3779b185ebca87u;
    return digest_turn(hash, 27) * 0x9e3779b185ebca87u + 0x85ebca77c2b2ae63u;
}

static inline uint64_t digest_end(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * 0xc2b2ae3d27d4eb4fu;
    hash = (hash ^ hash >> 29) * 0x165667b19e3779f9u;
    return hash ^ hash >> 32;
}

static inline uint64_t digest_bytes(const void *data, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint64_t hash = 0x27d4eb2f165667c5u + size;

    for (; size >= 8; size -= 8, bytes += 8)
        hash = digest_word(hash, (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 |
                                     (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
                                     (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 |
                                     (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56);
    for (; size > 0; size--, bytes++)
        hash = digest_word(hash, *bytes);
    return digest_end(hash);
}

#endif
