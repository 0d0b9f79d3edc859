/* What the drivers in this process report about their devices. */
#ifndef LIMNER_SRC_OPENCL_ENUMERATE_H
#define LIMNER_SRC_OPENCL_ENUMERATE_H

#include "opencl/cl.h"

#include <limner/backend.h>

/* Loads the drivers into this process and queries all of them. The caller frees the rows. Returns
 * how many. */
int ocl_devices_here(struct lim_device_info **infos);

/* Returns how many; the caller frees them. */
cl_uint ocl_platforms(cl_platform_id **platforms);

/* An empty string if the driver does not answer; a device's name is never empty. */
void ocl_device_text(cl_device_id id, cl_device_info what, char *text, size_t size);

#endif
