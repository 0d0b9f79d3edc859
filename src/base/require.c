#include "base/require.h"

#include "base/log.h"

void lim_refuse(const char *function, const char *required)
{
    lim_error("%s: wrong argument, nothing is done; it requires: %s", function, required);
}
