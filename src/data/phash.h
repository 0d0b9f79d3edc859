/* A picture's perceptual hash: 64 bits that hardly change when it is saved again, resized or
 * lightened a little: pHash (Zauner 2010), the signs of its lowest frequencies about their median.
 */
#ifndef LIMNER_SRC_DATA_PHASH_H
#define LIMNER_SRC_DATA_PHASH_H

#include <stdbool.h>
#include <stdint.h>

/* Hashes that differ in more bits are of different pictures. */
#define PHASH_BITS 7

/* pixels[size][size][channels]. The same on every machine: whole numbers only. */
uint64_t data_phash_of(const uint8_t *pixels, int size, int channels);

/* In how many bits two hashes differ. */
int data_phash_distance(uint64_t a, uint64_t b);

/* Whether the pixels themselves agree but for noise, cell by cell of 16 x 16. Hashes alone confuse
 * pictures that differ in a detail, as drawings do. */
bool data_phash_same(const uint8_t *a, const uint8_t *b, int size, int channels);

/* Means of the channels in 4 x 4 parts: where they disagree data_phash_same is false. Cheap to
 * store beside a hash, and to compare. */
struct phash_sketch {
    uint8_t means[3][16];
};

struct phash_sketch data_sketch_of(const uint8_t *pixels, int size, int channels);
bool data_sketches_agree(const struct phash_sketch *a, const struct phash_sketch *b);

#endif
