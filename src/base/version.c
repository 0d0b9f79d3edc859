#include <limner/version.h>

#include "config.h"

#if LIM_VERSION != LIM_PROJECT_NUMBER
#error "include/limner/version.h and the version in meson.build differ"
#endif

const char *lim_version(void)
{
    return LIM_PROJECT_VERSION;
}

int lim_version_number(void)
{
    return LIM_VERSION;
}
