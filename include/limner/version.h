/* Which limner this is. */
#ifndef LIMNER_VERSION_H
#define LIMNER_VERSION_H

#include <limner/api.h>

LIM_BEGIN

/* The version of the library that runs: "0.1.0". */
LIM_API const char *lim_version(void);

LIM_END

#endif
