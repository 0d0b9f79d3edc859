/* Counter-based random numbers: the same bits on every device, thread count and machine.
 *
 * Thread-safety: pure functions, any thread. */
#ifndef LIMNER_RANDOM_H
#define LIMNER_RANDOM_H

#include <limner/api.h>
#include <stddef.h>
#include <stdint.h>

LIM_BEGIN

/* Independent streams of one seed. */
enum lim_random_purpose {
    LIM_RANDOM_WEIGHTS,
    LIM_RANDOM_LATENT,
    LIM_RANDOM_TRAIN_LATENT,
    LIM_RANDOM_SHUFFLE,
    LIM_RANDOM_AUGMENT,
    LIM_RANDOM_TEST,
    LIM_RANDOM_EVAL,
    LIM_RANDOM_LAYER
};

/* Four random words from Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). Pure functions; any thread. */
LIM_API void lim_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* out[i] of the stream (seed, purpose, index), i < count: uniform in [0, 1), or standard normal
 * (Box-Muller in double). Element i does not depend on count. */
LIM_API void lim_random_uniform(uint64_t seed, enum lim_random_purpose purpose, uint64_t index,
                                size_t count, float *out);
LIM_API void lim_random_normal(uint64_t seed, enum lim_random_purpose purpose, uint64_t index,
                               size_t count, float *out);

/* An integer in [0, below), below >= 1, with negligible bias (64-bit multiply-shift). */
LIM_API uint64_t lim_random_below(uint64_t seed, enum lim_random_purpose purpose, uint64_t index,
                                  uint64_t below);

LIM_END

#endif
