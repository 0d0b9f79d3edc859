/* OpenCL's own header, for the version that limner is written for. */
#ifndef LIMNER_SRC_OPENCL_CL_H
#define LIMNER_SRC_OPENCL_CL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#endif
