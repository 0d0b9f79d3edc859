/* Convolutions without columns in memory, for GPUs: an algorithm of the table. */
#ifndef LIMNER_SRC_OPENCL_IMPLICIT_H
#define LIMNER_SRC_OPENCL_IMPLICIT_H

#include "opencl/backend.h"

bool ocl_implicit_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass);
bool ocl_implicit_gains(const struct lim_backend *be, const struct lim_conv *cv,
                        enum lim_conv_pass pass);
void ocl_implicit_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y);
void ocl_implicit_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_implicit_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

#endif
