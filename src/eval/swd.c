/* The sliced Wasserstein distance of Karras et al. 2018 (arXiv 1710.10196, section 5 and appendix
 * C): patches of 7 x 7 from each level of a Laplacian pyramid, each set's channels scaled to mean 0
 * and deviation 1, projected on random directions; the mean distance of the sorted projections.
 * Karras takes 128 patches of each of 16,384 pictures and 512 directions. */
#include "eval/eval.h"

#include "base/log.h"
#include "base/parallel.h"

#include <limner/random.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDGE = 7,
    DIRECTIONS = 128,
    PATCHES = 32768, /* of all pictures together */
    MOST = 64,       /* of one picture, at most */
    LEAST = 4        /* of one picture, at least */
};

static int patches_of_one(int count)
{
    int patches = PATCHES / count;

    return patches > MOST ? MOST : patches < LEAST ? LEAST : patches;
}

/* The places of all pictures' patches on each level, places[level][picture][patch]: row, column as
 * shares of the possible ones. NULL: no memory. */
static float *make_places(int levels, int patches)
{
    size_t count = 2 * (size_t)patches;
    float *places = malloc((size_t)levels * count * sizeof *places);

    for (int level = 0; places && level < levels; level++)
        lim_random_uniform(0, LIM_RANDOM_EVAL, (uint64_t)(EVAL_POSITIONS + level), count,
                           places + (size_t)level * count);
    return places;
}

/* Patches first..end of one level, out[patch][y][x][channel], from x[side][side][channels]. */
static void cut_level(const float *x, int side, int channels, const float *places, int first,
                      int end, float *out)
{
    size_t row = (size_t)(EDGE * channels);

    for (int k = first; k < end; k++) {
        int top = (int)((double)places[2 * k] * (side - EDGE + 1));
        int left = (int)((double)places[2 * k + 1] * (side - EDGE + 1));

        for (int y = 0; y < EDGE; y++)
            memcpy(out + ((size_t)k * EDGE + (size_t)y) * row,
                   x + ((size_t)(top + y) * (size_t)side + (size_t)left) * (size_t)channels,
                   row * sizeof *out);
    }
}

/* The patches of pictures[count] on all levels, patches[level][picture][patch][y][x][channel]. */
static bool cut(const struct eval_job *job, const uint8_t *const *pictures, int count,
                float *patches)
{
    int levels = eval_level_count(job->size), each = patches_of_one(count);
    size_t patch = (size_t)(EDGE * EDGE * job->channels), all = (size_t)(count * each);
    size_t pixels = (size_t)job->size * (size_t)job->size * (size_t)job->channels;
    size_t floats = eval_pyramid_floats(job->size, job->channels);
    float *scratch = malloc((size_t)job->threads * (floats + 2 * pixels) * sizeof *scratch);
    float *places = make_places(levels, count * each);
    bool good = scratch && places;

    PARALLEL(job->threads, piece, job->threads) {
        float *pyramid = good ? scratch + (size_t)piece * (floats + 2 * pixels) : NULL;

        for (int i = piece; good && i < count; i += job->threads) {
            const float *level = pyramid;

            eval_pyramid(pictures[i], job->size, job->channels, pyramid, pyramid + floats);
            for (int k = 0; k < levels; k++) {
                int side = eval_level_side(job->size, k);

                cut_level(level, side, job->channels, places + 2 * (size_t)k * all, i * each,
                          (i + 1) * each, patches + (size_t)k * all * patch);
                level += (size_t)side * (size_t)side * (size_t)job->channels;
            }
        }
    }
    free(scratch);
    free(places);
    return good;
}

/* Scales each channel to mean 0 and deviation 1. Returns the root of the channels' mean
 * variance. */
static double normalize(float *x, size_t count, int channels, int threads)
{
    double total = 0;

    for (int c = 0; c < channels; c++) {
        double mean = 0, variance = 0, scale;

        for (size_t i = (size_t)c; i < count; i += (size_t)channels)
            mean += (double)x[i];
        mean /= (double)(count / (size_t)channels);
        for (size_t i = (size_t)c; i < count; i += (size_t)channels)
            variance += ((double)x[i] - mean) * ((double)x[i] - mean);
        variance /= (double)(count / (size_t)channels);
        total += variance / channels;
        scale = variance > 0 ? 1 / sqrt(variance) : 0;
        PARALLEL(threads, i, (int)(count / (size_t)channels)) {
            float *at = x + (size_t)i * (size_t)channels + c;

            *at = (float)(((double)*at - mean) * scale);
        }
    }
    return sqrt(total);
}

/* Unit vectors, directions[patch][DIRECTIONS]: normal numbers, divided by their length. */
static void make_directions(size_t patch, float *directions)
{
    lim_random_normal(0, LIM_RANDOM_EVAL, EVAL_DIRECTIONS, patch * DIRECTIONS, directions);
    for (int j = 0; j < DIRECTIONS; j++) {
        double sum = 0;

        for (size_t i = 0; i < patch; i++)
            sum += (double)directions[i * DIRECTIONS + (size_t)j] *
                   (double)directions[i * DIRECTIONS + (size_t)j];
        for (size_t i = 0; i < patch; i++)
            directions[i * DIRECTIONS + (size_t)j] /= (float)sqrt(sum);
    }
}

/* A float's bits, mapped so that they sort like the numbers. */
static inline uint32_t rank_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* Sorts x[count] by radix, eleven bits a pass; spare[count]. */
static void sort_floats(float *x, float *spare, int count)
{
    float *from = x, *to = spare;

    for (int shift = 0; shift < 33; shift += 11) {
        int starts[2049] = {0};
        float *swap = from;

        for (int i = 0; i < count; i++)
            starts[(rank_of(from[i]) >> shift & 2047) + 1]++;
        for (int i = 0; i < 2048; i++)
            starts[i + 1] += starts[i];
        for (int i = 0; i < count; i++)
            to[starts[rank_of(from[i]) >> shift & 2047]++] = from[i];
        from = to;
        to = swap;
    }
    memcpy(x, spare, (size_t)count * sizeof *x); /* after three passes the result is there */
}

/* sorted[DIRECTIONS][count] from patches[count][patch]. */
static bool project(const struct eval_job *job, const float *patches, int count, size_t patch,
                    float *sorted)
{
    float *directions = malloc(patch * DIRECTIONS * sizeof *directions);
    float *spare = malloc((size_t)count * DIRECTIONS * sizeof *spare);
    struct lim_buffer *x = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, (size_t)count * patch);
    struct lim_buffer *d = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, patch * DIRECTIONS);
    struct lim_buffer *y =
        lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, (size_t)count * DIRECTIONS);
    bool good = directions && spare && x && d && y;

    if (good) {
        struct lim_tensor all = lim_tensor_of(x, 0, count, 1, 1, (int)patch);
        struct lim_tensor across = lim_tensor_of(d, 0, (int)patch, 1, 1, DIRECTIONS);
        struct lim_tensor products = lim_tensor_of(y, 0, DIRECTIONS, 1, 1, count);

        make_directions(patch, directions);
        lim_write(all, patches);
        lim_write(across, directions);
        lim_gemm(job->be, LIM_TRANS, LIM_TRANS, 1, across, all, 0, products);
        lim_read(products, sorted);
#pragma omp parallel for schedule(static) num_threads(job->threads)
        for (int j = 0; j < DIRECTIONS; j++)
            sort_floats(sorted + (size_t)j * (size_t)count, spare + (size_t)j * (size_t)count,
                        count);
    }
    lim_buffer_destroy(x);
    lim_buffer_destroy(d);
    lim_buffer_destroy(y);
    free(spare);
    free(directions);
    return good;
}

bool eval_slices_init(struct eval_slices *s, const struct eval_job *job,
                      const uint8_t *const *pictures, int count)
{
    size_t patch = (size_t)(EDGE * EDGE * job->channels);
    float *patches;
    bool good;

    *s = (struct eval_slices){.levels = eval_level_count(job->size),
                              .patches = count * patches_of_one(count)};
    patches = malloc((size_t)s->levels * (size_t)s->patches * patch * sizeof *patches);
    good = patches && cut(job, pictures, count, patches);
    for (int level = 0; good && level < s->levels; level++) {
        float *own = patches + (size_t)level * (size_t)s->patches * patch;

        s->sorted[level] = malloc((size_t)s->patches * DIRECTIONS * sizeof(float));
        s->contrast[level] =
            normalize(own, (size_t)s->patches * patch, job->channels, job->threads);
        good = s->sorted[level] && project(job, own, s->patches, patch, s->sorted[level]);
    }
    if (!good)
        lim_error("evaluation: no memory for %d patches", s->patches);
    free(patches);
    return good && lim_backend_ok(job->be);
}

void eval_slices_finish(struct eval_slices *s)
{
    for (int i = 0; i < LIM_EVAL_MAX_LEVELS; i++)
        free(s->sorted[i]);
    memset(s, 0, sizeof *s);
}

void eval_slices_compare(const struct eval_job *job, const struct eval_slices *reals,
                         const struct eval_slices *other, double *swd, double *detail)
{
    for (int level = 0; level < reals->levels; level++) {
        double sums[DIRECTIONS] = {0}, sum = 0;

        PARALLEL(job->threads, j, DIRECTIONS) {
            const float *a = reals->sorted[level] + (size_t)j * (size_t)reals->patches;
            const float *b = other->sorted[level] + (size_t)j * (size_t)reals->patches;

            for (int i = 0; i < reals->patches; i++)
                sums[j] += fabs((double)a[i] - (double)b[i]);
        }
        for (int j = 0; j < DIRECTIONS; j++)
            sum += sums[j];
        swd[level] = 1000 * sum / DIRECTIONS / reals->patches;
        detail[level] =
            reals->contrast[level] > 0 ? other->contrast[level] / reals->contrast[level] : 0;
    }
}
