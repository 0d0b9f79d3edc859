/* Files and folders whose path is longer than the system accepts in one call. */
#ifndef LIMNER_SRC_BASE_LONG_PATH_H
#define LIMNER_SRC_BASE_LONG_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

/* As open and stat (lstat without `follow`); -1 with errno. */
int lim_reach_open(const char *path, int flags);
int lim_reach_stat(const char *path, struct stat *st, bool follow);

#endif
