/* Matrix multiplication: slots of the table, and sums of planes. */
#ifndef LIMNER_SRC_OPENCL_GEMM_H
#define LIMNER_SRC_OPENCL_GEMM_H

#include "opencl/backend.h"

void ocl_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c);
bool ocl_gemm_reserve(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, int m,
                      int n, int k);
void ocl_use_gemm(struct lim_backend *be, int index);
void ocl_gemm_init(struct ocl_backend *ocl); /* the order of preference */
void ocl_gemm_finish(struct ocl_backend *ocl);

/* Adds up planes of `count` floats: c = alpha (plane 0 + plane 1 + ...) + beta c. */
void ocl_gemm_planes(struct ocl_backend *ocl, struct lim_tensor planes, int n, size_t count,
                     float alpha, float beta, struct lim_tensor c);

#endif
