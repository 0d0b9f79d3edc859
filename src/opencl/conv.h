/* Columns of a convolution: slots of the table. */
#ifndef LIMNER_SRC_OPENCL_CONV_H
#define LIMNER_SRC_OPENCL_CONV_H

#include "opencl/backend.h"

void ocl_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col);
void ocl_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                struct lim_tensor x);

#endif
