/* Convolutions of pictures with a few channels, for CPUs: an algorithm of the table. */
#ifndef LIMNER_SRC_OPENCL_NARROW_H
#define LIMNER_SRC_OPENCL_NARROW_H

#include "opencl/backend.h"

bool ocl_narrow_runs(const struct lim_backend *be, const struct lim_conv *cv,
                     enum lim_conv_pass pass);
bool ocl_narrow_gains(const struct lim_backend *be, const struct lim_conv *cv,
                      enum lim_conv_pass pass);
void ocl_narrow_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                        struct lim_tensor w, struct lim_tensor y);
void ocl_narrow_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_narrow_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                 struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

#endif
