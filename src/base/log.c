#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048 };

/* Where log lines go. */
struct target {
    lim_log_fn *fn;
    void *user;
    enum lim_log_level level;
};

struct base_log {
    pthread_mutex_t lock; /* of all below */
    bool own;             /* has a target of its own; else lim_log_set's */
    struct target target;
    char error[LINE];
};

static struct base_log process = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Per thread: one thread neither hushes nor redirects the lines of another. */
static _Thread_local struct {
    struct base_log *log; /* NULL: the process's */
    bool hushed;
    char last_hushed[LINE], error[LINE];
} here;

void lim_log_set(lim_log_fn *fn, void *user, enum lim_log_level level)
{
    base_log_send(&process, fn, user, level);
}

const char *lim_last_error(void)
{
    return here.error;
}

struct base_log *base_log_create(void)
{
    struct base_log *log = calloc(1, sizeof *log);

    if (log && pthread_mutex_init(&log->lock, NULL) == 0)
        return log;
    lim_error("no memory for a log");
    free(log);
    return NULL;
}

void base_log_destroy(struct base_log *log)
{
    if (!log)
        return;
    pthread_mutex_destroy(&log->lock);
    free(log);
}

void base_log_send(struct base_log *log, lim_log_fn *fn, void *user, enum lim_log_level level)
{
    pthread_mutex_lock(&log->lock);
    log->own = true;
    log->target = (struct target){.fn = fn, .user = user, .level = level};
    pthread_mutex_unlock(&log->lock);
}

char *base_log_error(struct base_log *log, char *text, size_t size)
{
    pthread_mutex_lock(&log->lock);
    snprintf(text, size, "%s", log->error);
    pthread_mutex_unlock(&log->lock);
    return text;
}

struct base_log *base_log_enter(struct base_log *log)
{
    struct base_log *before = here.log;

    here.log = log;
    return before;
}

struct base_log *base_log_current(void)
{
    return here.log;
}

/* Bytes of the UTF-8 character that begins here; 0 if none does or it is a control character. */
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
    here.hushed = hush;
    if (hush)
        here.last_hushed[0] = '\0';
}

const char *lim_log_hushed(void)
{
    return here.last_hushed;
}

/* False where it has no target of its own. */
static bool own_target(struct base_log *log, struct target *target)
{
    bool own;

    pthread_mutex_lock(&log->lock);
    own = log->own;
    *target = log->target;
    pthread_mutex_unlock(&log->lock);
    return own;
}

/* Keeps the line as the last error of this thread and of its log. */
static void keep_error(const char *line)
{
    snprintf(here.error, sizeof here.error, "%s", line);
    if (!here.log)
        return;
    pthread_mutex_lock(&here.log->lock);
    snprintf(here.log->error, sizeof here.log->error, "%s", line);
    pthread_mutex_unlock(&here.log->lock);
}

void lim_log(enum lim_log_level level, const char *format, ...)
{
    char line[LINE], printable[LINE];
    struct target target;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (here.hushed && level == LIM_LOG_ERROR) {
        snprintf(here.last_hushed, sizeof here.last_hushed, "%s", line);
        level = LIM_LOG_DEBUG;
    }
    lim_printable(line, printable, sizeof printable);
    if (level == LIM_LOG_ERROR)
        keep_error(printable);
    if (!here.log || !own_target(here.log, &target))
        own_target(&process, &target);
    if (target.fn && level <= target.level)
        target.fn(target.user, level, printable);
}
