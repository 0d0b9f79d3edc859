/* Convolutions by Winograd's method, for CPUs: an algorithm of the table. */
#ifndef LIMNER_SRC_OPENCL_WINOGRAD_H
#define LIMNER_SRC_OPENCL_WINOGRAD_H

#include "opencl/backend.h"

void ocl_winograd_init(struct ocl_backend *ocl);
bool ocl_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass);
bool ocl_winograd_reserve(struct lim_backend *be, const struct lim_conv *cv,
                          enum lim_conv_pass pass);
void ocl_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y);
void ocl_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void ocl_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

/* The kernels for 5x5, compiled and tested. False after one log line. */
bool ocl_winograd_three(struct ocl_backend *ocl);

/* The two passes that write pictures, by the method that suits the sizes or, for the self-test, by
 * the one requested. */
enum ocl_winograd_way { OCL_WINO_BEST, OCL_WINO_BY_TILES, OCL_WINO_BY_PANELS };
void ocl_winograd_pictures(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                           enum ocl_winograd_way way, struct lim_tensor in, struct lim_tensor w,
                           struct lim_tensor out);

#endif
