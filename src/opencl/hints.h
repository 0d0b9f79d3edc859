/* What a user can do where a driver or a device is missing. */
#ifndef LIMNER_SRC_OPENCL_HINTS_H
#define LIMNER_SRC_OPENCL_HINTS_H

#include <stddef.h>

/* One line: no platform, where it was looked for, the package to install on this system. */
void ocl_hint_no_platform(char *text, size_t size);

/* Advice on a program that a driver with these quirks cannot build, from the compiler's output; ""
 * if there is none. */
void ocl_hint_build(unsigned quirks, const char *log, char *text, size_t size);

/* A render node below `dri` ("/dev/dri") that this user may not open; "" if there is none. */
void ocl_hint_render_node(const char *dri, char *text, size_t size);

#endif
