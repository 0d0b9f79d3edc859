#include "base/long_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#ifndef PATH_MAX
#define PATH_MAX 1024
#endif

/* Walks down by pieces: the folder (AT_FDCWD or a handle to close) from which `*rest` is short
 * enough. -1 with errno. */
static int walk_down(const char *path, const char **rest)
{
    char piece[PATH_MAX];
    int at = AT_FDCWD;

    while (strlen(path) >= PATH_MAX) {
        size_t cut = PATH_MAX - 1;
        int next;

        while (cut > 0 && path[cut] != '/')
            cut--;
        if (cut > 0) {
            memcpy(piece, path, cut);
            piece[cut] = 0;
            next = openat(at, piece, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        } else {
            errno = ENAMETOOLONG;
            next = -1;
        }
        if (at != AT_FDCWD)
            close(at);
        if (next < 0)
            return -1;
        at = next;
        for (path += cut; *path == '/';)
            path++;
    }
    *rest = path;
    return at;
}

static int leave(int at, int result)
{
    int number = errno;

    if (at != AT_FDCWD)
        close(at);
    errno = number;
    return result;
}

int lim_reach_open(const char *path, int flags)
{
    int at = walk_down(path, &path);

    return at == -1 ? -1 : leave(at, openat(at, path, flags));
}

int lim_reach_stat(const char *path, struct stat *st, bool follow)
{
    int at = walk_down(path, &path);

    return at == -1 ? -1 : leave(at, fstatat(at, path, st, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}
