/* Programs and kernels: built, taken from the cache, released. */
#ifndef LIMNER_SRC_OPENCL_PROGRAM_H
#define LIMNER_SRC_OPENCL_PROGRAM_H

#include "opencl/backend.h"

/* Builds all programs and creates all kernels. False after one log line. */
bool ocl_programs_init(struct ocl_backend *ocl);
/* Rebuilds the programs of tiles until their groups fit (kernel_group). False after one log
 * line. */
bool ocl_programs_fit(struct ocl_backend *ocl);
void ocl_programs_finish(struct ocl_backend *ocl);

/* Builds a family that ocl_programs_init did not build. False after one log line. */
bool ocl_programs_add(struct ocl_backend *ocl, enum ocl_family family);
void ocl_programs_drop(struct ocl_backend *ocl, enum ocl_family family);
const char *ocl_kernel_name(enum ocl_kernel id);
/* Is it built for groups of group_x x group_y? */
bool ocl_kernel_is_tiled(enum ocl_kernel id);

/* After the self-test, when drivers have compiled everything: stores these families in the
 * cache. */
void ocl_programs_keep(struct ocl_backend *ocl, enum ocl_family first, enum ocl_family last);

#endif
