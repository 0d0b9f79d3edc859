/* Numbers from distances between points. Matrices of distances are made a strip of rows at a time,
 * by a matrix product: |a - b|^2 = |a|^2 + |b|^2 - 2 ab. Every sum has a fixed order, and one
 * thread computes each result. */
#include "eval/eval.h"

#include "base/log.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 512,
    COLUMNS = 256 /* of a strip; of the piece of one thread, when it sums columns */
};

/* A strip of products: host[rows][columns->count], of the rows from `first` on of one cloud and all
 * of another. */
struct strip {
    const struct eval_cloud *down, *across;
    struct lim_buffer *buffer;
    float *host;
    int first, rows;
};

static bool strip_init(struct strip *s, const struct eval_job *job, const struct eval_cloud *down,
                       const struct eval_cloud *across)
{
    size_t count = (size_t)ROWS * (size_t)across->count;

    *s = (struct strip){.down = down, .across = across};
    s->buffer = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, count);
    s->host = malloc(count * sizeof *s->host);
    if (s->buffer && s->host)
        return true;
    lim_error("evaluation: no memory for the distances of %d pictures", across->count);
    return false;
}

static void strip_finish(struct strip *s)
{
    lim_buffer_destroy(s->buffer);
    free(s->host);
}

/* The next strip; false after the last one. */
static bool strip_next(struct strip *s, const struct eval_job *job)
{
    int dims = s->down->dims;
    struct lim_tensor c;

    s->first += s->rows;
    s->rows = s->down->count - s->first < ROWS ? s->down->count - s->first : ROWS;
    if (s->rows <= 0)
        return false;
    c = lim_tensor_of(s->buffer, 0, s->rows, 1, 1, s->across->count);
    lim_gemm(job->be, LIM_NO_TRANS, LIM_TRANS, 1,
             lim_tensor_of(s->down->points, (size_t)s->first * (size_t)dims, s->rows, 1, 1, dims),
             lim_tensor_of(s->across->points, 0, s->across->count, 1, 1, dims), 0, c);
    lim_read(c, s->host);
    return true;
}

static inline float product(const struct strip *s, int row, int column)
{
    return s->host[(size_t)row * (size_t)s->across->count + (size_t)column];
}

/* The squared distance; `row` counts from the strip's first. */
static inline float distance2(const struct strip *s, int row, int column)
{
    float d =
        s->down->square[s->first + row] + s->across->square[column] - 2 * product(s, row, column);

    return d > 0 ? d : 0;
}

/* The polynomial kernel of Binkowski et al. 2018 (arXiv 1801.01401, section 4), (xy/dims + 1)^3.
 * Our points have a total variance of 1, so xy replaces xy/dims. */
static inline double kernel(float xy)
{
    double k = (double)xy + 1;

    return k * k * k;
}

bool eval_cloud_points(struct eval_cloud *cloud, const struct eval_job *job, const float *points,
                       int count, int dims)
{
    *cloud = (struct eval_cloud){.count = count, .dims = dims};
    cloud->points = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, (size_t)count * (size_t)dims);
    cloud->square = malloc((size_t)count * sizeof *cloud->square);
    if (!cloud->points || !cloud->square) {
        lim_error("evaluation: no memory for the features of %d pictures", count);
        return false;
    }
    lim_write(lim_tensor_of(cloud->points, 0, count, 1, 1, dims), points);
    PARALLEL(job->threads, i, count) {
        const float *x = points + (size_t)i * (size_t)dims;
        double sum = 0;

        for (int k = 0; k < dims; k++)
            sum += (double)x[k] * (double)x[k];
        cloud->square[i] = (float)sum;
    }
    return true;
}

void eval_cloud_finish(struct eval_cloud *cloud)
{
    lim_buffer_destroy(cloud->points);
    free(cloud->square);
    free(cloud->nearest);
    free(cloud->radius);
    free(cloud->kernel);
    memset(cloud, 0, sizeof *cloud);
}

/* The numbers of one row's point. Returns the sum of its distances to the others. */
static double row_of_own(struct eval_cloud *cloud, const struct strip *s, int row)
{
    float near[LIM_EVAL_NEIGHBORS]; /* squared, in order */
    double sum = 0, kernels = 0;
    int self = s->first + row;

    for (int i = 0; i < LIM_EVAL_NEIGHBORS; i++)
        near[i] = INFINITY;
    for (int j = 0; j < cloud->count; j++) {
        float d = distance2(s, row, j);
        int place = LIM_EVAL_NEIGHBORS;

        if (j == self)
            continue;
        sum += sqrt((double)d);
        kernels += kernel(product(s, row, j));
        if (!(d < near[LIM_EVAL_NEIGHBORS - 1]))
            continue;
        while (--place > 0 && near[place - 1] > d)
            near[place] = near[place - 1];
        near[place] = d;
    }
    cloud->nearest[self] = near[0];
    cloud->radius[self] = near[LIM_EVAL_NEIGHBORS - 1];
    cloud->kernel[self] = kernels;
    return sum;
}

bool eval_cloud_init(struct eval_cloud *cloud, const struct eval_job *job, const float *points,
                     int count, int dims)
{
    double *sums = malloc((size_t)count * sizeof *sums);
    struct strip s = {0};
    bool good = eval_cloud_points(cloud, job, points, count, dims);

    cloud->nearest = malloc((size_t)count * sizeof *cloud->nearest);
    cloud->radius = malloc((size_t)count * sizeof *cloud->radius);
    cloud->kernel = malloc((size_t)count * sizeof *cloud->kernel);
    if (good && (!sums || !cloud->nearest || !cloud->radius || !cloud->kernel)) {
        lim_error("evaluation: no memory for the distances of %d pictures", count);
        good = false;
    }
    good = good && strip_init(&s, job, cloud, cloud);
    while (good && strip_next(&s, job)) {
        PARALLEL(job->threads, row, s.rows)
            sums[s.first + row] = row_of_own(cloud, &s, row);
    }
    for (int i = 0; good && i < count; i++)
        cloud->mean_distance += sums[i] / ((double)count * (count - 1));
    strip_finish(&s);
    free(sums);
    return good && lim_backend_ok(job->be);
}

/* The results of the comparison for each real and for each painted picture. */
struct sight {
    float *real_near, *painted_near;      /* squared distance to the nearest of the other kind */
    double *real_kernel, *painted_kernel; /* sums over the other kind, except its own number */
    bool *real_inside;                    /* within the radius of some painted picture */
    int *painted_inside;                  /* within the radius of how many reals */
};

static bool sight_init(struct sight *sight, int count)
{
    size_t n = (size_t)count;

    *sight = (struct sight){malloc(n * sizeof(float)), malloc(n * sizeof(float)),
                            calloc(n, sizeof(double)), calloc(n, sizeof(double)),
                            calloc(n, sizeof(bool)),   calloc(n, sizeof(int))};
    for (int i = 0; sight->painted_near && i < count; i++)
        sight->painted_near[i] = INFINITY;
    return sight->real_near && sight->painted_near && sight->real_kernel && sight->painted_kernel &&
           sight->real_inside && sight->painted_inside;
}

static void sight_finish(struct sight *sight)
{
    free(sight->real_near);
    free(sight->painted_near);
    free(sight->real_kernel);
    free(sight->painted_kernel);
    free(sight->real_inside);
    free(sight->painted_inside);
}

/* Compares a real of a strip with all painted pictures. */
static void look_across(struct sight *sight, const struct strip *s, int row)
{
    int self = s->first + row;
    float near = INFINITY;
    double sum = 0;

    for (int j = 0; j < s->across->count; j++) {
        float d = distance2(s, row, j);

        near = d < near ? d : near;
        if (d < s->across->radius[j])
            sight->real_inside[self] = true;
        if (j != self)
            sum += kernel(product(s, row, j));
    }
    sight->real_near[self] = near;
    sight->real_kernel[self] = sum;
}

/* Compares the painted pictures from `first` on with the reals of a strip. */
static void look_down(struct sight *sight, const struct strip *s, int first)
{
    int end = first + COLUMNS < s->across->count ? first + COLUMNS : s->across->count;

    for (int row = 0; row < s->rows; row++) {
        int real = s->first + row;

        for (int j = first; j < end; j++) {
            float d = distance2(s, row, j);

            sight->painted_near[j] = d < sight->painted_near[j] ? d : sight->painted_near[j];
            sight->painted_inside[j] += d < s->down->radius[real];
            if (j != real)
                sight->painted_kernel[j] += kernel(product(s, row, j));
        }
    }
}

/* Gretton et al. 2012, equation (4): the unbiased estimate as a mean over i != j of
 *   h(i, j) = k(r_i, r_j) + k(p_i, p_j) - k(r_i, p_j) - k(r_j, p_i),
 * and the jackknife's error of it: without i it is U - 2 (h_i - U) / (n - 2), where h_i is the mean
 * of h(i, j) over j and U that of all. */
static void kernel_distance(const struct eval_cloud *reals, const struct eval_cloud *other,
                            const struct sight *sight, double value[LIM_EVAL_NUMBERS])
{
    double n = reals->count, mean = 0, sum = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < reals->count; i++) {
            double h = (reals->kernel[i] + other->kernel[i] - sight->real_kernel[i] -
                        sight->painted_kernel[i]) /
                       (n - 1);

            if (pass == 0)
                mean += h / n;
            else
                sum += (h - mean) * (h - mean);
        }
    }
    value[LIM_EVAL_KID] = mean;
    value[LIM_EVAL_KID_ERROR] = 2 / (n - 2) * sqrt((n - 1) / n * sum);
}

static void count_neighbors(const struct eval_cloud *reals, const struct eval_cloud *other,
                            const struct sight *sight, double value[LIM_EVAL_NUMBERS])
{
    double n = reals->count;

    for (int i = 0; i < reals->count; i++) {
        value[LIM_EVAL_COVERAGE] += (sight->real_near[i] < reals->radius[i]) / n;
        value[LIM_EVAL_DENSITY] += sight->painted_inside[i] / (LIM_EVAL_NEIGHBORS * n);
        value[LIM_EVAL_PRECISION] += (sight->painted_inside[i] > 0) / n;
        value[LIM_EVAL_RECALL] += sight->real_inside[i] / n;
        value[LIM_EVAL_NN_REAL] += (reals->nearest[i] < sight->real_near[i]) / n;
        value[LIM_EVAL_NN_PAINTED] += (other->nearest[i] < sight->painted_near[i]) / n;
    }
    value[LIM_EVAL_SPREAD] =
        reals->mean_distance > 0 ? other->mean_distance / reals->mean_distance : 0;
}

bool eval_neighbors(const struct eval_job *job, const struct eval_cloud *reals,
                    const struct eval_cloud *other, double value[LIM_EVAL_NUMBERS])
{
    struct sight sight;
    struct strip s = {0};
    bool good = sight_init(&sight, reals->count);

    memset(value, 0, LIM_EVAL_NUMBERS * sizeof *value);
    if (!good)
        lim_error("evaluation: no memory for the neighbors of %d pictures", reals->count);
    good = good && strip_init(&s, job, reals, other);
    while (good && strip_next(&s, job)) {
        PARALLEL(job->threads, row, s.rows)
            look_across(&sight, &s, row);
        PARALLEL(job->threads, piece, (other->count + COLUMNS - 1) / COLUMNS)
            look_down(&sight, &s, piece * COLUMNS);
    }
    if (good) {
        kernel_distance(reals, other, &sight, value);
        count_neighbors(reals, other, &sight, value);
    }
    strip_finish(&s);
    sight_finish(&sight);
    return good && lim_backend_ok(job->be);
}

int64_t eval_close_pairs(const struct eval_job *job, const struct eval_cloud *cloud, float limit)
{
    struct strip s;
    int64_t pairs = 0;
    bool good = strip_init(&s, job, cloud, cloud);

    while (good && strip_next(&s, job)) {
        PARALLEL_SUM(job->threads, row, s.rows, pairs)
            for (int j = s.first + row + 1; j < cloud->count; j++)
                pairs += distance2(&s, row, j) <= limit;
    }
    strip_finish(&s);
    return good && lim_backend_ok(job->be) ? pairs : -1;
}

bool eval_nearest(const struct eval_job *job, const struct eval_cloud *searched,
                  const struct eval_cloud *other, int *index, float *distance)
{
    struct strip s;
    bool good = strip_init(&s, job, searched, other);

    for (int j = 0; j < other->count; j++) {
        distance[j] = INFINITY;
        index[j] = 0;
    }
    while (good && strip_next(&s, job)) {
        PARALLEL(job->threads, j, other->count) {
            for (int row = 0; row < s.rows; row++) {
                float d = distance2(&s, row, j);

                if (d < distance[j]) {
                    distance[j] = d;
                    index[j] = s.first + row;
                }
            }
        }
    }
    strip_finish(&s);
    return good && lim_backend_ok(job->be);
}

static int compare_floats(const void *a, const void *b)
{
    const float *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

double eval_quantile(const float *values, int count, double share)
{
    float *sorted = malloc((size_t)count * sizeof *sorted);
    double value;

    if (!sorted) {
        lim_error("evaluation: no memory for %d distances", count);
        return -1;
    }
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_floats);
    value = (double)sorted[(int)(share * count)];
    free(sorted);
    return value;
}
