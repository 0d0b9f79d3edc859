/* Which libOpenCL.so this is. */
#ifndef LIMNER_SRC_OPENCL_LOADER_H
#define LIMNER_SRC_OPENCL_LOADER_H

#include <stddef.h>

/* The library's path, name and version. Loads the drivers into this process. */
enum { OCL_LOADER = 512 };
void ocl_loader(char *text, size_t size);

#endif
