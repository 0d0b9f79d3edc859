/* Opens a device. The functions that the factory calls are declared in core/backend.h. */
#ifndef LIMNER_SRC_OPENCL_OPENCL_H
#define LIMNER_SRC_OPENCL_OPENCL_H

struct ocl_backend;

/* The device in limner-probe, which compiles ahead, from the last kernel; NULL if that fails. */
struct ocl_backend *ocl_open_precompile(int platform, int device);

#endif
