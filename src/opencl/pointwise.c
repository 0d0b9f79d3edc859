#include "opencl/pointwise.h"

#include "opencl/launch.h"
#include "opencl/memory.h"

static struct ocl_grid vectors_of(struct ocl_backend *ocl, struct lim_tensor t)
{
    return ocl_line(ocl, lim_tensor_count(t), ocl->vector);
}

void ocl_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_ACTIVATION_FORWARD, vectors_of(ocl, y), OCL_I(kind), OCL_F(slope), OCL_T(x),
               OCL_T(y), OCL_U(lim_tensor_count(y)));
}

void ocl_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_ACTIVATION_BACKWARD, vectors_of(ocl, from), OCL_I(kind), OCL_F(slope),
               OCL_T(from), OCL_T(dy), OCL_T(dx), OCL_U(lim_tensor_count(from)));
}

void ocl_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    size_t rows = lim_tensor_count(y) / (size_t)y.c;

    ocl_launch(ocl, OCL_BIAS_FORWARD, ocl_plane(ocl, ocl_vectors(ocl, y.c), rows), OCL_I(kind),
               OCL_F(slope), OCL_T(bias), OCL_T(y), OCL_U(rows), OCL_I(y.c));
}

void ocl_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y)
{
    ocl_bias_act_forward(be, LIM_NO_ACTIVATION, 0.0f, bias, y);
}

void ocl_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
              struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    size_t count = lim_tensor_count(logits);
    size_t blocks = (count + OCL_LOSS_BLOCK - 1) / OCL_LOSS_BLOCK;
    struct lim_tensor sums = ocl_scratch(ocl, 2 * blocks);

    if (!sums.buf)
        return;
    ocl_launch(ocl, OCL_LOSS_BLOCKS, ocl_line(ocl, blocks, 1), OCL_I(kind), OCL_F(target),
               OCL_T(logits), OCL_T(dlogits), OCL_T(sums), OCL_U(count));
    ocl_launch(ocl, OCL_LOSS_MEANS, ocl_line(ocl, 2, 1), OCL_T(sums), OCL_U(blocks), OCL_U(count),
               OCL_T(stats));
}

void ocl_adam(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
              float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
              struct lim_tensor p)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_ADAM, vectors_of(ocl, p), OCL_F(adam->lr), OCL_F(adam->beta1),
               OCL_F(1.0f - adam->beta1), OCL_F(adam->beta2), OCL_F(1.0f - adam->beta2),
               OCL_F(adam->eps), OCL_F(correct1), OCL_F(correct2), OCL_T(g), OCL_T(m), OCL_T(v),
               OCL_T(p), OCL_U(lim_tensor_count(p)));
}

void ocl_fill(struct lim_backend *be, float value, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_FILL, vectors_of(ocl, y), OCL_F(value), OCL_T(y),
               OCL_U(lim_tensor_count(y)));
}

void ocl_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_COPY, vectors_of(ocl, y), OCL_T(x), OCL_T(y), OCL_U(lim_tensor_count(y)));
}

void ocl_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_AXPBY, vectors_of(ocl, y), OCL_F(a), OCL_T(x), OCL_F(b), OCL_T(y),
               OCL_U(lim_tensor_count(y)));
}

void ocl_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_MULTIPLY_ADD,
               ocl_line(ocl, lim_tensor_count(y), (size_t)ocl->chains * ocl->vector), OCL_I(rounds),
               OCL_T(y), OCL_U(lim_tensor_count(y)));
}

/* About as many blocks as elements in one, so that neither stage is long. */
void ocl_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, bool root,
             struct lim_tensor s)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    size_t count = lim_tensor_count(a), block = 64, blocks;
    struct lim_tensor sums;

    while (block * block < count)
        block *= 2;
    blocks = (count + block - 1) / block;
    sums = ocl_scratch(ocl, blocks);
    if (!sums.buf)
        return;
    ocl_launch(ocl, OCL_DOT_BLOCKS, ocl_line(ocl, blocks, 1), OCL_T(a), OCL_T(b), OCL_T(sums),
               OCL_U(block), OCL_U(count));
    ocl_launch(ocl, OCL_DOT_SUM, ocl_line(ocl, 1, 1), OCL_T(sums), OCL_U(blocks), OCL_I(root),
               OCL_T(s));
}

void ocl_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
               struct lim_tensor x, float beta, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;

    ocl_launch(ocl, OCL_SCALE, vectors_of(ocl, y), OCL_F(alpha), OCL_T(s), OCL_I(divide), OCL_T(x),
               OCL_F(beta), OCL_T(y), OCL_U(lim_tensor_count(y)));
}
