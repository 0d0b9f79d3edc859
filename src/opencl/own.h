/* Operations that a program brings. */
#ifndef LIMNER_SRC_OPENCL_OWN_H
#define LIMNER_SRC_OPENCL_OWN_H

#include "opencl/backend.h"

#include <limner/own.h>

bool ocl_own_reserve(struct lim_backend *be, const struct lim_own_op *op);
void ocl_own(struct lim_backend *be, const struct lim_own_op *op, size_t items,
             const struct lim_own_arg *args, int count);
void ocl_own_finish(struct ocl_backend *ocl);

#endif
