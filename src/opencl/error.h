/* For messages about a failure: status codes in words, and the launches that were not finished. */
#ifndef LIMNER_SRC_OPENCL_ERROR_H
#define LIMNER_SRC_OPENCL_ERROR_H

#include <stddef.h>

/* "CL_OUT_OF_RESOURCES (-5)", or the number alone; valid until the next call of this thread. */
const char *ocl_error(int code);

enum { OCL_PENDING_NAMES = 8 };

/* The launches that nobody has waited for yet. */
struct ocl_pending {
    const char *names[OCL_PENDING_NAMES]; /* of the last ones, the newest first */
    unsigned count;                       /* of all */
};

/* " while waiting for: fill, adam ..."; "" where nothing is. Returns `text`. */
const char *ocl_pending(const struct ocl_pending *pending, char *text, size_t size);

#endif
