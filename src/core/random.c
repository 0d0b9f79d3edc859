/* Philox 4x32-10 and numbers drawn from it. The counter is (block lo, block hi, index lo, index
 * hi), the key (seed, purpose), so that any element of any stream can be drawn alone. */
#include <limner/random.h>

#include "base/require.h"

#include <math.h>

#define MULTIPLIER0 0xD2511F53u /* constants of Salmon et al. 2011, table 2 and section 4.3 */
#define MULTIPLIER1 0xCD9E8D57u
#define WEYL0 0x9E3779B9u
#define WEYL1 0xBB67AE85u

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER0 * c0;
        uint64_t p1 = (uint64_t)MULTIPLIER1 * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += WEYL0;
        k1 += WEYL1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void lim_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    REQUIRE_OR_RETURN(counter && key && out);
    philox(counter, key, out);
}

/* Four words of block `block` of the stream. The purpose is folded into the key by one round of its
 * own, so that streams of neighboring seeds and purposes never meet. */
static void draw(uint64_t seed, enum lim_random_purpose purpose, uint64_t index, uint64_t block,
                 uint32_t out[4])
{
    uint32_t whole_seed[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)purpose, 0};
    uint32_t zero[2] = {0, 0}, mixed[4];
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)index,
                           (uint32_t)(index >> 32)};

    philox(whole_seed, zero, mixed);
    philox(counter, mixed, out);
}

/* 24 random bits: every value is a float, and 1 is never reached. */
static float unit(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

void lim_random_uniform(uint64_t seed, enum lim_random_purpose purpose, uint64_t index,
                        size_t count, float *out)
{
    uint32_t words[4];

    REQUIRE_OR_RETURN(out || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            draw(seed, purpose, index, i / 4, words);
        out[i] = unit(words[i % 4]);
    }
}

void lim_random_normal(uint64_t seed, enum lim_random_purpose purpose, uint64_t index, size_t count,
                       float *out)
{
    const double two_pi = 6.283185307179586;
    uint32_t words[4];

    REQUIRE_OR_RETURN(out || count == 0);
    for (size_t i = 0; i < count; i += 2) {
        const uint32_t *pair = words + i % 4;
        double radius, angle;

        if (i % 4 == 0)
            draw(seed, purpose, index, i / 4, words);
        /* (word + 0.5) / 2^32 lies inside (0, 1), so the logarithm is finite */
        radius = sqrt(-2.0 * log(((double)pair[0] + 0.5) * 0x1p-32));
        angle = two_pi * (((double)pair[1] + 0.5) * 0x1p-32);
        out[i] = (float)(radius * cos(angle));
        if (i + 1 < count)
            out[i + 1] = (float)(radius * sin(angle));
    }
}

uint64_t lim_random_below(uint64_t seed, enum lim_random_purpose purpose, uint64_t index,
                          uint64_t below)
{
    uint32_t words[4];
    uint64_t word, high, low;

    REQUIRE(below > 0, 0);
    draw(seed, purpose, index, 0, words);
    word = (uint64_t)words[1] << 32 | words[0];
    /* the upper 64 bits of the 128-bit product word * below */
    low = (word & 0xffffffffu) * (below & 0xffffffffu);
    high = (word >> 32) * (below >> 32);
    {
        uint64_t mid1 = (word >> 32) * (below & 0xffffffffu);
        uint64_t mid2 = (word & 0xffffffffu) * (below >> 32);
        uint64_t carry = (low >> 32) + (mid1 & 0xffffffffu) + (mid2 & 0xffffffffu);

        return high + (mid1 >> 32) + (mid2 >> 32) + (carry >> 32);
    }
}
