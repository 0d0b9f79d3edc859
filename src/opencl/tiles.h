/* The sizes that kernels are built with: vectors, tiles and groups. */
#ifndef LIMNER_SRC_OPENCL_TILES_H
#define LIMNER_SRC_OPENCL_TILES_H

#include "opencl/backend.h"

/* Results of a work-item of the kernels for GPUs, down and across: ITEM_ROWS and ITEM_COLUMNS. */
enum { OCL_ITEM_ROWS = 8, OCL_ITEM_COLUMNS = 8 };

/* Chooses them by the device's limits. */
void ocl_tiles_init(struct ocl_backend *ocl);

/* Halves the group of the kernels for GPUs; false if it is already one work-item. */
bool ocl_shrink_group(struct ocl_backend *ocl);

#endif
