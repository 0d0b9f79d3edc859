/* Sums over rows in two stages, and batch normalization on them: see cl/norm.cl. */
#include "opencl/norm.h"

#include "opencl/launch.h"
#include "opencl/memory.h"

/* How x[rows][c] is cut. Depends on the shape alone, never on the device: the cut decides the
 * bits. */
struct blocks {
    size_t rows, count;
    int block_rows;
};

/* About as many blocks as rows in a block, so that neither stage is long; at least 64 rows. */
static struct blocks cut(struct lim_tensor x)
{
    struct blocks b = {.rows = lim_tensor_count(x) / (size_t)x.c, .block_rows = 64};

    while ((size_t)b.block_rows * (size_t)b.block_rows < b.rows)
        b.block_rows *= 2;
    b.count = (b.rows + (size_t)b.block_rows - 1) / (size_t)b.block_rows;
    return b;
}

/* For the kernels without sums: the rows per work-item. */
static struct blocks cut_apply(const struct ocl_backend *ocl, struct lim_tensor x)
{
    struct blocks b = {.rows = lim_tensor_count(x) / (size_t)x.c,
                       .block_rows = ocl->limits.is_cpu ? 32 : 4};

    b.count = (b.rows + (size_t)b.block_rows - 1) / (size_t)b.block_rows;
    return b;
}

void ocl_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct blocks b = cut(dy);
    size_t vectors = ocl_vectors(ocl, dy.c);
    struct lim_tensor sums = ocl_scratch(ocl, b.count * (size_t)dy.c);

    if (!sums.buf)
        return;
    if (kind == LIM_NO_ACTIVATION)
        y = dx = sums; /* unused, but a kernel's argument must be some buffer */
    ocl_launch(ocl, OCL_BIAS_BLOCKS, ocl_plane(ocl, vectors, b.count), OCL_I(kind), OCL_F(slope),
               OCL_T(y), OCL_T(dy), OCL_U(b.rows), OCL_I(dy.c), OCL_I(b.block_rows), OCL_T(dx),
               OCL_T(sums));
    ocl_launch(ocl, OCL_BIAS_SUM, ocl_line(ocl, vectors, 1), OCL_T(sums), OCL_I(b.count),
               OCL_I(dy.c), OCL_T(dbias));
}

void ocl_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias)
{
    ocl_bias_act_backward(be, LIM_NO_ACTIVATION, 0.0f, dy, dy, dbias, dy);
}

static void apply(struct ocl_backend *ocl, enum lim_activation kind, float slope,
                  struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                  struct lim_tensor mean, struct lim_tensor spread, float eps, struct lim_tensor y)
{
    struct blocks b = cut_apply(ocl, x);

    ocl_launch(ocl, OCL_BATCHNORM_APPLY, ocl_plane(ocl, ocl_vectors(ocl, x.c), b.count),
               OCL_I(kind), OCL_F(slope), OCL_T(x), OCL_U(b.rows), OCL_I(x.c), OCL_I(b.block_rows),
               OCL_T(gamma), OCL_T(beta), OCL_T(mean), OCL_T(spread), OCL_F(eps), OCL_T(y));
}

void ocl_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct blocks b = cut(x);
    size_t vectors = ocl_vectors(ocl, x.c);
    struct lim_tensor parts = ocl_scratch(ocl, 2 * b.count * (size_t)x.c);

    if (!parts.buf)
        return;
    ocl_launch(ocl, OCL_BATCHNORM_BLOCKS, ocl_plane(ocl, vectors, b.count), OCL_T(x), OCL_U(b.rows),
               OCL_I(x.c), OCL_I(b.block_rows), OCL_T(parts));
    ocl_launch(ocl, OCL_BATCHNORM_MERGE, ocl_line(ocl, vectors, 1), OCL_T(parts), OCL_U(b.rows),
               OCL_I(x.c), OCL_I(b.block_rows), OCL_I(b.count), OCL_F(bn->eps), OCL_F(bn->momentum),
               OCL_T(running_mean), OCL_T(running_var), OCL_T(mean), OCL_T(inv_std));
    apply(ocl, kind, slope, x, gamma, beta, mean, inv_std, -1.0f, y);
}

void ocl_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y)
{
    ocl_batchnorm_act_train(be, bn, LIM_NO_ACTIVATION, 0.0f, x, gamma, beta, running_mean,
                            running_var, mean, inv_std, y);
}

void ocl_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    apply((struct ocl_backend *)be, kind, slope, x, gamma, beta, mean, var, bn->eps, y);
}

void ocl_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y)
{
    ocl_batchnorm_act_infer(be, bn, LIM_NO_ACTIVATION, 0.0f, x, gamma, beta, mean, var, y);
}

void ocl_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor dy, struct lim_tensor gamma,
                                struct lim_tensor beta, struct lim_tensor mean,
                                struct lim_tensor inv_std, struct lim_tensor dgamma,
                                struct lim_tensor dbeta, struct lim_tensor dx)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct blocks b = cut(x), run = cut_apply(ocl, x);
    size_t vectors = ocl_vectors(ocl, x.c), parts_size = 2 * b.count * (size_t)x.c;
    struct lim_tensor parts = ocl_scratch(ocl, parts_size + 2 * (size_t)x.c), totals = parts;
    bool accumulate = dgamma.buf != NULL;

    if (!parts.buf)
        return;
    totals.offset = parts_size;
    if (!accumulate)
        dgamma = dbeta = parts; /* as above */
    ocl_launch(ocl, OCL_BATCHNORM_BACKWARD_BLOCKS, ocl_plane(ocl, vectors, b.count), OCL_I(kind),
               OCL_F(slope), OCL_T(x), OCL_T(dy), OCL_U(b.rows), OCL_I(x.c), OCL_I(b.block_rows),
               OCL_T(gamma), OCL_T(beta), OCL_T(mean), OCL_T(inv_std), OCL_T(parts));
    ocl_launch(ocl, OCL_BATCHNORM_BACKWARD_SUM, ocl_line(ocl, vectors, 1), OCL_T(parts),
               OCL_I(b.count), OCL_I(x.c), OCL_T(totals), OCL_I(accumulate), OCL_T(dgamma),
               OCL_T(dbeta));
    ocl_launch(ocl, OCL_BATCHNORM_BACKWARD_APPLY, ocl_plane(ocl, vectors, run.count), OCL_I(kind),
               OCL_F(slope), OCL_T(x), OCL_T(dy), OCL_U(b.rows), OCL_I(x.c), OCL_I(run.block_rows),
               OCL_T(gamma), OCL_T(beta), OCL_T(mean), OCL_T(inv_std), OCL_T(totals), OCL_T(dx));
}

void ocl_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx)
{
    /* Without an activation beta has no effect: any c floats will do. */
    ocl_batchnorm_act_backward(be, LIM_NO_ACTIVATION, 0.0f, x, dy, gamma, gamma, mean, inv_std,
                               dgamma, dbeta, dx);
}
