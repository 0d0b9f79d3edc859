/* When a file was last changed: the member of struct stat has another name on macOS. */
#ifndef LIMNER_SRC_BASE_FILE_TIME_H
#define LIMNER_SRC_BASE_FILE_TIME_H

#include <stdint.h>
#include <sys/stat.h>

static inline struct timespec lim_file_time(const struct stat *st)
{
#ifdef __APPLE__
    return st->st_mtimespec;
#else
    return st->st_mtim;
#endif
}

/* Nanoseconds since 1970. */
static inline uint64_t lim_file_time_ns(const struct stat *st)
{
    struct timespec time = lim_file_time(st);

    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
