#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static lim_log_fn *callback;
static void *callback_user;
static enum lim_log_level callback_level;
static bool hushed;
static char last_hushed[1024];

void lim_log_set(lim_log_fn *fn, void *user, enum lim_log_level level)
{
    callback = fn;
    callback_user = user;
    callback_level = level;
}

/* Bytes of the UTF-8 character that begins here, 0 where none does or it is a control character. */
static size_t plain(const unsigned char *at)
{
    size_t length = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;

    if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && *at < 0xc2) || *at > 0xf4)
        return 0;
    if (*at == 0xc2 && at[1] < 0xa0) /* U+0080 to U+009F: terminals obey those too */
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

char *lim_printable(const char *text, char *out, size_t size)
{
    const unsigned char *at = (const unsigned char *)(text ? text : "");
    size_t used = 0;

    if (!out || size == 0)
        return out;
    while (*at && used + 5 < size) {
        size_t length = plain(at);

        if (length) {
            memcpy(out + used, at, length);
            used += length;
            at += length;
        } else {
            const char *known = *at == '\n'   ? "\\n"
                                : *at == '\t' ? "\\t"
                                : *at == '\r' ? "\\r"
                                              : NULL;
            int wrote = known ? snprintf(out + used, size - used, "%s", known)
                              : snprintf(out + used, size - used, "\\x%02x", *at);

            used += (size_t)wrote;
            at++;
        }
    }
    out[used] = '\0';
    return out;
}

void lim_log_hush(bool hush)
{
    hushed = hush;
    if (hush)
        last_hushed[0] = '\0';
}

const char *lim_log_hushed(void)
{
    return last_hushed;
}

void lim_log(enum lim_log_level level, const char *format, ...)
{
    char line[2048], printable[2048];
    va_list args;

    if (hushed && level == LIM_LOG_ERROR) {
        va_start(args, format);
        vsnprintf(last_hushed, sizeof last_hushed, format, args);
        va_end(args);
        level = LIM_LOG_DEBUG;
    }
    if (!callback || level > callback_level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    callback(callback_user, level, lim_printable(line, printable, sizeof printable));
}
