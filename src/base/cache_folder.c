#include "base/cache_folder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096 };

static bool make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return false;
        if (!slash)
            return true;
        *slash = '/';
    }
}

static char *find(const char *wanted, const char *name, bool make)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char path[PATH];
    int n;

    if (!wanted)
        wanted = getenv("LIMNER_CACHE_DIR");
    if (wanted && (!*wanted || strcmp(wanted, "off") == 0))
        return NULL;
    if (wanted)
        n = snprintf(path, PATH, "%s/%s", wanted, name);
    else if (xdg && *xdg == '/')
        n = snprintf(path, PATH, "%s/limner/%s", xdg, name);
    else if (home && *home == '/' && home[1])
        n = snprintf(path, PATH, "%s/.cache/limner/%s", home, name);
    else
        return NULL;
    return n > 0 && n < PATH && (!make || make_folder(path)) ? strdup(path) : NULL;
}

char *lim_cache_folder(const char *wanted, const char *name)
{
    return find(wanted, name, true);
}

char *lim_cache_folder_there(const char *wanted, const char *name)
{
    return find(wanted, name, false);
}
