/* Compiled programs to and from the cache. */
#ifndef LIMNER_SRC_OPENCL_BINARY_H
#define LIMNER_SRC_OPENCL_BINARY_H

#include "opencl/backend.h"

/* Where programs are cached; `cache_dir` as in lim_device_choice. */
void ocl_binaries_init(struct ocl_backend *ocl, const char *cache_dir);
void ocl_binaries_finish(struct ocl_backend *ocl);

/* A built program from the cache; NULL: it must be compiled. */
cl_program ocl_binary_load(struct ocl_backend *ocl, enum ocl_family family, const char *name,
                           const char *options, const char *const *sources);

/* The program that was loaded is unusable: removes it. */
void ocl_binary_drop(struct ocl_backend *ocl, enum ocl_family family, const char *name);

/* The program works: stores it in the cache, unless it came from there. */
void ocl_binary_keep(struct ocl_backend *ocl, enum ocl_family family, const char *name);

#endif
