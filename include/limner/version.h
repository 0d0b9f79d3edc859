/* Which limner this is. Thread-safety: any thread, any time. */
#ifndef LIMNER_VERSION_H
#define LIMNER_VERSION_H

#include <limner/api.h>
#include <stdbool.h>

LIM_BEGIN

/* The version of these headers. */
#define LIM_VERSION_MAJOR 0
#define LIM_VERSION_MINOR 1
#define LIM_VERSION_PATCH 0

/* Versions as numbers that can be compared: 0.12.3 is 12003. */
#define LIM_VERSION_NUMBER(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define LIM_VERSION LIM_VERSION_NUMBER(LIM_VERSION_MAJOR, LIM_VERSION_MINOR, LIM_VERSION_PATCH)

/* For #if: are these headers those of this version, or of a newer one? */
#define LIM_VERSION_AT_LEAST(major, minor, patch) \
    (LIM_VERSION >= LIM_VERSION_NUMBER(major, minor, patch))

/* The version of the library that runs: "0.1.0", and as a number. */
LIM_API const char *lim_version(void);
LIM_API int lim_version_number(void);

/* Is the library that runs at least as new as the headers that the caller was compiled with? */
static inline bool lim_version_matches(void)
{
    return lim_version_number() >= LIM_VERSION;
}

LIM_END

#endif
