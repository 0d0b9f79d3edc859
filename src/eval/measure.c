#include "eval/whole.h"

#include "base/log.h"
#include "base/require.h"
#include "config.h"

#include <limner/random.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEWEST = 32 }; /* pictures on a side: with fewer, the numbers mean little */

#define RARE 0.01 /* the share of reals that is counted as near by mistake */

const char *lim_eval_number_name(enum lim_eval_number number)
{
    static const char *const names[LIM_EVAL_NUMBERS] = {
        "coverage",   "density", "precision", "recall",    "nn_real",
        "nn_painted", "spread",  "kid",       "kid_error", "frechet"};

    return (unsigned)number < LIM_EVAL_NUMBERS ? names[number] : "unknown";
}

struct lim_eval_config lim_eval_defaults(void)
{
    return (struct lim_eval_config){
        .size = 64, .channels = 3, .count = 5000, .nets = 3, .searched = 20000, .seed = 1};
}

int lim_eval_count(const struct lim_eval *ev)
{
    REQUIRE(ev, 0);
    return ev->count;
}

int lim_eval_searched(const struct lim_eval *ev)
{
    REQUIRE(ev, 0);
    return ev->searched;
}

int lim_eval_levels(const struct lim_eval *ev)
{
    REQUIRE(ev, 0);
    return ev->slices.levels;
}

const struct lim_eval_result *lim_eval_floor(const struct lim_eval *ev)
{
    REQUIRE(ev, NULL);
    return &ev->floor;
}

/* The features of pictures[count] in one space. */
struct vectors {
    float *wide, *narrow;
};

static bool vectors_init(struct vectors *v, struct eval_space *space, const struct eval_job *job,
                         const uint8_t *const *pictures, int count, bool learn, bool narrow)
{
    v->wide = malloc((size_t)count * (size_t)space->wide_dims * sizeof *v->wide);
    v->narrow =
        narrow ? malloc((size_t)count * (size_t)space->narrow_dims * sizeof *v->narrow) : NULL;
    if (v->wide && (v->narrow || !narrow))
        return eval_features(space, job, pictures, count, learn, v->wide, v->narrow);
    lim_error("evaluation: no memory for the features of %d pictures", count);
    return false;
}

static void vectors_finish(struct vectors *v)
{
    free(v->wide);
    free(v->narrow);
}

/* Scaled by both kinds of reals. With only those that others are compared with, their own moments
 * would come out too small, and the kernel distance would be biased. */
static bool prepare_space(struct lim_eval *ev, struct eval_reals *reals, int net)
{
    struct eval_space *space = &reals->space;
    struct vectors v = {0};
    bool good;

    eval_space_init(space, &ev->job, net);
    good =
        vectors_init(&v, space, &ev->job, ev->both, 2 * ev->count, true, true) &&
        eval_cloud_init(&reals->cloud, &ev->job, v.wide, ev->count, space->wide_dims) &&
        eval_moments_init(&reals->moments, &ev->job, v.narrow, ev->count, space->narrow_dims, true);
    vectors_finish(&v);
    return good;
}

/* The distance below which two pictures count as the same: reals rarely are that near. */
static bool prepare_search(struct lim_eval *ev)
{
    struct eval_reals *reals = &ev->conv[0];
    double same = eval_quantile(reals->cloud.nearest, ev->count, RARE);
    struct vectors v = {0};
    bool good = same >= 0;

    ev->same = (float)same;
    good = good &&
           vectors_init(&v, &reals->space, &ev->job, ev->reals, ev->searched, false, false) &&
           eval_cloud_points(&ev->search, &ev->job, v.wide, ev->searched, reals->space.wide_dims);
    vectors_finish(&v);
    return good;
}

/* All numbers except those that use only the first network. */
static bool measure_space(struct lim_eval *ev, struct eval_reals *reals,
                          const uint8_t *const *pictures, double value[LIM_EVAL_NUMBERS],
                          struct eval_cloud *cloud)
{
    struct eval_moments moments = {0};
    struct vectors v = {0};
    bool good = vectors_init(&v, &reals->space, &ev->job, pictures, ev->count, false, true) &&
                eval_cloud_init(cloud, &ev->job, v.wide, ev->count, reals->space.wide_dims) &&
                eval_moments_init(&moments, &ev->job, v.narrow, ev->count, reals->space.narrow_dims,
                                  false) &&
                eval_neighbors(&ev->job, &reals->cloud, cloud, value);

    if (good)
        value[LIM_EVAL_FRECHET] = eval_frechet(&ev->job, &reals->moments, &moments);
    vectors_finish(&v);
    eval_moments_finish(&moments);
    return good && value[LIM_EVAL_FRECHET] >= 0;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct lim_eval_pair *left = a, *right = b;

    if (left->distance != right->distance)
        return left->distance < right->distance ? -1 : 1;
    return left->painted - right->painted;
}

/* The nearest training picture of each. For other reals, which are measured first (`learn`): the
 * usual distances. */
static bool measure_nearest(struct lim_eval *ev, const struct eval_cloud *cloud, bool learn,
                            struct lim_eval_result *result, struct lim_eval_pair *pairs)
{
    int *index = malloc((size_t)ev->count * sizeof *index);
    float *distance = malloc((size_t)ev->count * sizeof *distance);
    bool good = index && distance;
    double median = 0;

    if (!good)
        lim_error("evaluation: no memory for the nearest of %d pictures", ev->count);
    good = good && eval_nearest(&ev->job, &ev->search, cloud, index, distance) &&
           (median = eval_quantile(distance, ev->count, 0.5)) >= 0;
    if (good && learn) {
        ev->other_median = median;
        ev->other_low = eval_quantile(distance, ev->count, RARE);
        good = ev->other_low >= 0;
    }
    if (good)
        result->nearest = ev->other_median > 0 ? sqrt(median / ev->other_median) : 0;
    for (int i = 0; good && i < ev->count; i++) {
        bool memorized = (double)distance[i] < ev->other_low;

        result->memorized += memorized / (double)ev->count;
        if (pairs)
            pairs[i] = (struct lim_eval_pair){i, ev->reals[index[i]], sqrt((double)distance[i]),
                                              memorized};
    }
    if (good && pairs)
        qsort(pairs, (size_t)ev->count, sizeof *pairs, compare_pairs);
    free(index);
    free(distance);
    return good;
}

/* The birthday test of Arora and Zhang 2017 (arXiv 1706.08224), with all pairs instead of the
 * first: of m different pictures that are equally frequent, the two of a pair are equal with
 * probability 1/m. */
static bool measure_distinct(struct lim_eval *ev, const struct eval_cloud *cloud,
                             struct lim_eval_result *result)
{
    int64_t same = eval_close_pairs(&ev->job, cloud, ev->same);
    double pairs = (double)ev->count * (ev->count - 1) / 2;

    result->distinct = same > 0 ? pairs / (double)same : pairs;
    result->distinct_at_least = same == 0;
    return same >= 0;
}

static bool measure_first(struct lim_eval *ev, const struct eval_cloud *cloud, bool learn,
                          struct lim_eval_result *result, struct lim_eval_pair *pairs)
{
    return measure_nearest(ev, cloud, learn, result, pairs) && measure_distinct(ev, cloud, result);
}

static bool measure(struct lim_eval *ev, const uint8_t *const *pictures, bool learn,
                    struct lim_eval_result *result, struct lim_eval_pair *pairs)
{
    double value[LIM_EVAL_MAX_NETS][LIM_EVAL_NUMBERS];
    struct eval_slices slices = {0};
    struct eval_cloud cloud = {0};
    bool good = measure_space(ev, &ev->gist, pictures, result->gist, &cloud);

    eval_cloud_finish(&cloud);
    for (int i = 0; good && i < ev->nets; i++) {
        good = measure_space(ev, &ev->conv[i], pictures, value[i], &cloud) &&
               (i > 0 || measure_first(ev, &cloud, learn, result, pairs));
        eval_cloud_finish(&cloud);
    }
    for (int k = 0; good && k < LIM_EVAL_NUMBERS; k++) {
        double sum = 0;

        for (int i = 0; i < ev->nets; i++)
            result->value[k] += value[i][k] / ev->nets;
        for (int i = 0; i < ev->nets; i++)
            sum += (value[i][k] - result->value[k]) * (value[i][k] - result->value[k]);
        result->deviation[k] = ev->nets > 1 ? sqrt(sum / (ev->nets - 1)) : 0;
    }
    good = good && eval_slices_init(&slices, &ev->job, pictures, ev->count);
    if (good)
        eval_slices_compare(&ev->job, &ev->slices, &slices, result->swd, result->detail);
    eval_slices_finish(&slices);
    return good;
}

bool lim_eval_measure(struct lim_eval *ev, const uint8_t *pictures, struct lim_eval_result *result,
                      struct lim_eval_pair *pairs)
{
    const uint8_t **list;
    size_t bytes;
    bool good;

    REQUIRE(ev && pictures && result, false);
    bytes = (size_t)ev->job.size * (size_t)ev->job.size * (size_t)ev->job.channels;
    list = malloc((size_t)ev->count * sizeof *list);
    good = list != NULL;
    memset(result, 0, sizeof *result);
    if (!good)
        lim_error("evaluation: no memory for a list of %d pictures", ev->count);
    for (int i = 0; good && i < ev->count; i++)
        list[i] = pictures + (size_t)i * bytes;
    good = good && measure(ev, list, false, result, pairs);
    free(list);
    return good;
}

static bool prepare(struct lim_eval *ev)
{
    bool good = prepare_space(ev, &ev->gist, 0);

    for (int i = 0; good && i < ev->nets; i++)
        good = prepare_space(ev, &ev->conv[i], i + 1);
    return good && prepare_search(ev) &&
           eval_slices_init(&ev->slices, &ev->job, ev->reals, ev->count) &&
           measure(ev, ev->both + ev->count, true, &ev->floor, NULL);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static bool good_config(const struct lim_eval_config *config)
{
    if (config->size >= 16 && config->size <= 4096 &&
        (config->channels == 1 || config->channels == 3) && config->nets >= 1 &&
        config->nets <= LIM_EVAL_MAX_NETS)
        return true;
    lim_error("evaluation of %dx%d pictures with %d channels by %d networks: sizes are 16 to 4096, "
              "channels 1 or 3, networks 1 to %d",
              config->size, config->size, config->channels, config->nets, LIM_EVAL_MAX_NETS);
    return false;
}

static bool are_pictures(const uint8_t *const *pictures, int count)
{
    bool good = pictures != NULL;

    for (int i = 0; good && i < count; i++)
        good = pictures[i] != NULL;
    return good;
}

struct lim_eval *lim_eval_create(struct lim_backend *be, const struct lim_eval_config *config,
                                 const uint8_t *const *reals, int real_count,
                                 const uint8_t *const *others, int other_count,
                                 enum lim_status *why)
{
    enum lim_status status = LIM_USAGE;
    struct lim_eval *ev = NULL;
    long threads;
    int count;

    if (why)
        *why = LIM_USAGE;
    REQUIRE(be && config && are_pictures(reals, real_count) && are_pictures(others, other_count),
            NULL);
    count = least(config->count, least(real_count, other_count));
    threads = config->threads > 0 ? config->threads : sysconf(_SC_NPROCESSORS_ONLN);
    if (!good_config(config))
        goto done;
    status = LIM_BAD_INPUT;
    if (count < FEWEST) {
        lim_error("evaluation needs %d pictures painted, %d to compare them with, and %d more "
                  "reals; there are %d, %d and %d",
                  FEWEST, FEWEST, FEWEST, config->count, real_count, other_count);
        goto done;
    }
    status = LIM_ERROR;
    ev = calloc(1, sizeof *ev);
    if (ev) {
        *ev = (struct lim_eval){
            .job = {be, config->size, config->channels, threads < 1 ? 1 : (int)threads},
            .count = count,
            .searched = least(real_count, config->searched > count ? config->searched : count),
            .nets = config->nets};
        ev->reals = malloc((size_t)ev->searched * sizeof *ev->reals);
        ev->both = malloc(2 * (size_t)count * sizeof *ev->both);
    }
    if (!ev || !ev->reals || !ev->both) {
        lim_error("evaluation: no memory for a list of %d pictures", count);
        goto done;
    }
    memcpy(ev->reals, reals, (size_t)ev->searched * sizeof *ev->reals);
    memcpy(ev->both, reals, (size_t)count * sizeof *ev->both);
    memcpy(ev->both + count, others, (size_t)count * sizeof *ev->both);
    if (prepare(ev))
        status = LIM_OK;
    else if (!lim_backend_ok(be))
        status = LIM_DEVICE_FAILED;
done:
    if (why)
        *why = status;
    if (status == LIM_OK)
        return ev;
    lim_eval_destroy(ev);
    return NULL;
}

static void reals_finish(struct eval_reals *reals)
{
    eval_space_finish(&reals->space);
    eval_cloud_finish(&reals->cloud);
    eval_moments_finish(&reals->moments);
}

void lim_eval_destroy(struct lim_eval *ev)
{
    if (!ev)
        return;
    reals_finish(&ev->gist);
    for (int i = 0; i < ev->nets; i++)
        reals_finish(&ev->conv[i]);
    eval_slices_finish(&ev->slices);
    eval_cloud_finish(&ev->search);
    free(ev->reals);
    free(ev->both);
    free(ev);
}
