#include <limner/version.h>

#include "config.h"

const char *lim_version(void)
{
    return LIM_VERSION;
}
