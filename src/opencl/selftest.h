/* Known answers for every kernel. */
#ifndef LIMNER_SRC_OPENCL_SELFTEST_H
#define LIMNER_SRC_OPENCL_SELFTEST_H

#include "opencl/backend.h"

/* Runs every kernel that the device may use on a few numbers with known answers: a driver that
 * miscompiles one must not train. Kernels for the other class of devices are left out, because each
 * takes time to compile. If the driver refuses a group of tiles, repeats with programs for a
 * smaller one. False after one log line that names the operation. */
bool ocl_selftest(struct ocl_backend *ocl);

/* The same for OCL_FAMILY_WINOGRAD_THREE. */
bool ocl_selftest_three(struct ocl_backend *ocl);

/* The same for gemm_tiled alone. */
bool ocl_selftest_tiled(struct ocl_backend *ocl);

#endif
