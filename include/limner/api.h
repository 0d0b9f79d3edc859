/* Visibility and C++ linkage, for every public header. */
#ifndef LIMNER_API_H
#define LIMNER_API_H

#ifdef __cplusplus
#define LIM_BEGIN extern "C" {
#define LIM_END }
#else
#define LIM_BEGIN
#define LIM_END
#endif

#if defined(LIM_BUILDING) && defined(__GNUC__)
#define LIM_API __attribute__((visibility("default")))
#else
#define LIM_API
#endif

#if defined(__GNUC__)
#define LIM_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LIM_PRINTF(text, first)
#endif

#endif
