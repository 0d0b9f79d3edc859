/* The result of an operation. The values are the exit codes of the programs.
 *
 * Thread-safety: values alone. */
#ifndef LIMNER_STATUS_H
#define LIMNER_STATUS_H

#include <limner/api.h>

LIM_BEGIN

enum lim_status {
    LIM_OK = 0,
    LIM_ERROR = 1,         /* anything that has no code of its own: a full disk, no memory */
    LIM_USAGE = 2,         /* an option, or a device word, that cannot be understood */
    LIM_NO_DEVICE = 3,     /* nothing matches the device asked for, or it cannot be opened */
    LIM_DEVICE_FAILED = 4, /* the device failed while running */
    LIM_NONCONFORMING = 5, /* a kernel's result is outside its tolerance */
    LIM_BAD_INPUT = 6,     /* no usable pictures, or a model that cannot be read */
    LIM_DIVERGED = 7,      /* NaN or infinity in training */
    LIM_INTERRUPTED = 130  /* stopped by the user, and saved */
};

LIM_END

#endif
