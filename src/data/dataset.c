#include "data/dataset.h"

#include "base/require.h"

#include <limner/dataset.h>
#include <limner/random.h>
#include <stdlib.h>
#include <string.h>

void lim_dataset_destroy(struct lim_dataset *ds)
{
    if (!ds)
        return;
    free(ds->pictures);
    free(ds->held_out);
    free(ds->skipped);
    free(ds->results);
    data_cache_finish(&ds->cache);
    data_files_finish(&ds->files);
    free(ds);
}

int lim_dataset_count(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->count;
}

int lim_dataset_size(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->size;
}

int lim_dataset_channels(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->channels;
}

int lim_dataset_skipped(const struct lim_dataset *ds, const struct lim_skipped **list)
{
    if (list)
        *list = NULL;
    REQUIRE(ds, 0);
    if (list)
        *list = ds->skipped;
    return ds->skipped_count;
}

int lim_dataset_ignored(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->ignored;
}

int lim_dataset_unseen(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->unseen;
}

int lim_dataset_dropped(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->dropped;
}

int lim_dataset_held_out(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->held_out_count;
}

const uint8_t *lim_dataset_held_out_picture(const struct lim_dataset *ds, int i)
{
    REQUIRE(ds && i >= 0 && i < ds->held_out_count, NULL);
    return ds->held_out[i];
}

uint64_t lim_dataset_fingerprint(const struct lim_dataset *ds)
{
    REQUIRE(ds, 0);
    return ds->fingerprint;
}

const uint8_t *lim_dataset_picture(const struct lim_dataset *ds, int i)
{
    REQUIRE(ds && i >= 0 && i < ds->count, NULL);
    return ds->pictures[i];
}

/* Rounds of the Feistel network below. Four make a good cipher of wide blocks; with narrow ones,
 * and few pictures, more cost nothing. */
#define ROUNDS 8

/* Where picture `i` of `count` stands in the shuffle of one epoch: a permutation as a function,
 * without a table to build each epoch. Numbers are split into two digits of base `root`; each round
 * adds a random function of one digit to the other, which can be undone, so no two numbers meet. A
 * number outside the count goes through again (root^2 >= count is hardly larger). */
static uint64_t shuffled(uint64_t seed, uint64_t epoch, uint64_t count, uint64_t root, uint64_t i)
{
    do {
        uint64_t high = i / root, low = i % root;

        for (uint64_t round = 0; round < ROUNDS; round++) {
            uint64_t index = (epoch * ROUNDS + round) * root + low;
            uint64_t sum = high + lim_random_below(seed, LIM_RANDOM_SHUFFLE, index, root);

            high = low;
            low = sum % root;
        }
        i = high * root + low;
    } while (i >= count);
    return i;
}

/* Exchanges left and right of in[size][size][channels]. */
static void mirror(const struct lim_dataset *ds, const uint8_t *in, uint8_t *out)
{
    int size = ds->size, channels = ds->channels;

    for (int y = 0; y < size; y++, in += size * channels)
        for (int x = size - 1; x >= 0; x--)
            for (int k = 0; k < channels; k++)
                *out++ = in[x * channels + k];
}

void lim_dataset_batch(const struct lim_dataset *ds, uint64_t seed, uint64_t step, int batch,
                       uint8_t *out)
{
    uint64_t count, steps, epoch, first, root = 1;
    size_t bytes;

    REQUIRE_OR_RETURN(ds && out && batch >= 1 && batch <= ds->count);
    bytes = (size_t)ds->size * (size_t)ds->size * (size_t)ds->channels;
    count = (uint64_t)ds->count;
    steps = count / (uint64_t)batch;
    while (root * root < count)
        root++;
    steps = steps ? steps : 1;
    epoch = step / steps;
    first = step % steps * (uint64_t)batch;
    for (int i = 0; i < batch; i++)
        data_cache_want(&ds->cache,
                        ds->pictures[shuffled(seed, epoch, count, root, first + (uint64_t)i)]);
    for (int i = 0; i < batch; i++, out += bytes) {
        uint64_t place = first + (uint64_t)i;
        const uint8_t *in = ds->pictures[shuffled(seed, epoch, count, root, place)];

        if (ds->mirror && lim_random_below(seed, LIM_RANDOM_AUGMENT, epoch * count + place, 2))
            mirror(ds, in, out);
        else
            memcpy(out, in, bytes);
    }
}
