#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static lim_log_fn *callback;
static void *callback_user;
static enum lim_log_level callback_level;

void lim_log_set(lim_log_fn *fn, void *user, enum lim_log_level level)
{
    callback = fn;
    callback_user = user;
    callback_level = level;
}

void lim_log(enum lim_log_level level, const char *format, ...)
{
    char line[2048];
    va_list args;

    if (!callback || level > callback_level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    callback(callback_user, level, line);
}
