/* What the files of this room share. A set of pictures becomes, in each space of features, a cloud
 * of points; numbers compare the cloud of the reals with another one of equal size. */
#ifndef LIMNER_EVAL_EVAL_H
#define LIMNER_EVAL_EVAL_H

#include <limner/eval.h>
#include <limner/ops.h>

/* Feature networks see pictures of at most this many pixels along an edge; larger ones are
 * averaged. */
enum { EVAL_SIDE = 64, EVAL_LAYERS = 3, EVAL_CELLS = 4, EVAL_GIST = 8 };

/* Streams of LIM_RANDOM_EVAL with seed 0: directions, then positions of patches by level. Seeds
 * from 1 on belong to the networks, with a stream for each layer. */
enum { EVAL_DIRECTIONS, EVAL_POSITIONS };

struct eval_job {
    struct lim_backend *be;
    int size, channels, threads;
};

/* ---- features.c: pictures to vectors ---- */

/* How a space's raw features become points: the mean of all reals is subtracted from each block,
 * which is then divided so that all blocks have the same total variance over the reals, 1
 * in sum. */
struct eval_scale {
    double *mean; /* [dims] */
    double factor[EVAL_LAYERS];
};

struct eval_space {
    int net;                 /* the seed of a random network; 0: the gist */
    int blocks;              /* of features: one for each layer */
    int wide[EVAL_LAYERS];   /* features of a block, in cells: for distances */
    int narrow[EVAL_LAYERS]; /* the same, averaged over the picture: for the Frechet distance */
    int wide_dims, narrow_dims;
    struct eval_scale wide_scale, narrow_scale;
};

void eval_space_init(struct eval_space *space, const struct eval_job *job, int net);
void eval_space_finish(struct eval_space *space);

/* wide[count][wide_dims] and narrow[count][narrow_dims] (may be NULL) of pictures[count]. `learn`:
 * these are the reals, and the scales are set from them. False after one log line. */
bool eval_features(struct eval_space *space, const struct eval_job *job,
                   const uint8_t *const *pictures, int count, bool learn, float *wide,
                   float *narrow);

/* A picture as floats in [-1, 1], averaged over squares so that its edge is at most EVAL_SIDE.
 * Returns the edge; with out = NULL does only that. */
int eval_reduce(const struct eval_job *job, const uint8_t *picture, float *out);

/* Averages x[side][side][channels] in cells x cells cells, which overlap if they do not divide the
 * edge (like PyTorch's adaptive_avg_pool2d), to out[cells][cells][channels]. */
void eval_pool(const float *x, int side, int channels, int cells, float *out);

/* ---- neighbors.c: numbers from distances ---- */

struct eval_cloud {
    int count, dims;
    struct lim_buffer *points; /* [count][dims] */
    float *square;             /* [count]: squared lengths */
    /* For each point, among the others of its own cloud: squared distances to the nearest, and to
     * the neighbor LIM_EVAL_NEIGHBORS; sum of the kernel. */
    float *nearest, *radius;
    double *kernel;
    double mean_distance; /* between two points */
};

/* eval_cloud_points fills only the points, eval_cloud_init everything. False after one log line;
 * call eval_cloud_finish even then. */
bool eval_cloud_points(struct eval_cloud *cloud, const struct eval_job *job, const float *points,
                       int count, int dims);
bool eval_cloud_init(struct eval_cloud *cloud, const struct eval_job *job, const float *points,
                     int count, int dims);
void eval_cloud_finish(struct eval_cloud *cloud);

/* Everything but LIM_EVAL_FRECHET. */
bool eval_neighbors(const struct eval_job *job, const struct eval_cloud *reals,
                    const struct eval_cloud *other, double value[LIM_EVAL_NUMBERS]);

/* Pairs of points of one cloud with a squared distance of at most `limit`. -1 after one log line.
 */
int64_t eval_close_pairs(const struct eval_job *job, const struct eval_cloud *cloud, float limit);

/* For each of `other` the nearest of `searched`: index and squared distance. */
bool eval_nearest(const struct eval_job *job, const struct eval_cloud *searched,
                  const struct eval_cloud *other, int *index, float *distance);

/* The value below which `share` of values[count] lie: element floor(share * count) in order; 0.5 is
 * the median. Negative after one log line. */
double eval_quantile(const float *values, int count, double share);

/* ---- frechet.c ---- */

struct eval_moments {
    int dims;
    double *mean; /* [dims] */
    double *cov;  /* [dims][dims], unbiased */
    double *root; /* [dims][dims] of the reals: root root^T = cov; else NULL */
};

bool eval_moments_init(struct eval_moments *m, const struct eval_job *job, const float *x,
                       int count, int dims, bool root);
void eval_moments_finish(struct eval_moments *m);

/* |difference of means|^2 + tr(R + S - 2 (R S)^(1/2)); `reals` has a root. Negative after one log
 * line. */
double eval_frechet(const struct eval_job *job, const struct eval_moments *reals,
                    const struct eval_moments *other);

/* The eigenvalues of a[n][n], symmetric, which is overwritten; unordered. False if they do not
 * converge (NaN). */
bool eval_eigenvalues(double *a, int n, double *values);

/* ---- pyramid.c: Laplacian pyramids ---- */

int eval_level_count(int size);

/* The edge of a level; that of the finest, level 0, is `size`. */
int eval_level_side(int size, int level);

/* All levels of one picture in sequence, each [side][side][channels]: eval_pyramid_floats in all,
 * in `out`; `scratch` has twice the floats of the picture. */
size_t eval_pyramid_floats(int size, int channels);
void eval_pyramid(const uint8_t *picture, int size, int channels, float *out, float *scratch);

/* The filter of the pyramid on x[side][side][channels], in place; scratch of the same length. */
void eval_blur(float *x, int side, int channels, float *scratch);

/* ---- swd.c: sliced Wasserstein distance ---- */

/* Sorted projections of a set's patches, and the contrast of its levels. */
struct eval_slices {
    int levels, patches;                  /* patches of all pictures, on each level */
    float *sorted[LIM_EVAL_MAX_LEVELS];   /* [directions][patches] */
    double contrast[LIM_EVAL_MAX_LEVELS]; /* standard deviation of the patches' pixels */
};

bool eval_slices_init(struct eval_slices *s, const struct eval_job *job,
                      const uint8_t *const *pictures, int count);
void eval_slices_finish(struct eval_slices *s);
void eval_slices_compare(const struct eval_job *job, const struct eval_slices *reals,
                         const struct eval_slices *other, double *swd, double *detail);

#endif
