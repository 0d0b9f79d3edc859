#include "opencl/conv.h"

#include "opencl/launch.h"

void ocl_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    size_t rows = lim_tensor_count(col) / (size_t)col.c;
    bool by_rows = ocl->limits.is_cpu;
    struct ocl_grid grid = by_rows ? ocl_line(ocl, rows, 1) : ocl_plane(ocl, (size_t)col.c, rows);

    ocl_launch(ocl, by_rows ? OCL_IM2COL_ROWS : OCL_IM2COL, grid, OCL_T(x), OCL_T(col), OCL_I(rows),
               OCL_I(cv->h), OCL_I(cv->w), OCL_I(cv->c), OCL_I(cv->p), OCL_I(cv->q), OCL_I(cv->r),
               OCL_I(cv->s), OCL_I(cv->stride), OCL_I(cv->pad_top), OCL_I(cv->pad_left));
}

void ocl_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                struct lim_tensor x)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    size_t pixels = lim_tensor_count(x) / (size_t)x.c;
    size_t vectors = ocl_vectors(ocl, x.c);
    size_t each = ocl->limits.is_cpu ? vectors : 1; /* vectors of channels per work-item */

    ocl_launch(ocl, OCL_COL2IM, ocl_plane(ocl, vectors / each, pixels), OCL_T(col), OCL_T(x),
               OCL_I(pixels), OCL_I(each), OCL_I(cv->h), OCL_I(cv->w), OCL_I(cv->c), OCL_I(cv->p),
               OCL_I(cv->q), OCL_I(cv->r), OCL_I(cv->s), OCL_I(cv->stride), OCL_I(cv->pad_top),
               OCL_I(cv->pad_left));
}
