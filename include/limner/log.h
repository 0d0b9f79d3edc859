/* Where the library's messages go. It never writes to stdout or stderr by itself. */
#ifndef LIMNER_LOG_H
#define LIMNER_LOG_H

#include <limner/api.h>
#include <stddef.h>

LIM_BEGIN

enum lim_log_level {
    LIM_LOG_ERROR,   /* a request failed */
    LIM_LOG_WARNING, /* done, but the user should know */
    LIM_LOG_INFO,    /* one line on a choice that was made */
    LIM_LOG_DEBUG    /* for debugging */
};

/* `message` is one line without a newline, valid during the call. May be called from any thread. */
typedef void lim_log_fn(void *user, enum lim_log_level level, const char *message);

/* Sends messages of `level` and more severe to `fn`; NULL (the default) discards them. A backend's
 * messages go to its own log instead, if it has one (lim_backend_log_set). Thread-safety: any
 * thread. */
LIM_API void lim_log_set(lim_log_fn *fn, void *user, enum lim_log_level level);

/* The last error line that a call in this thread has caused, wherever it was sent, for programs
 * without a log; "": none yet. Valid until this thread's next call of the library. */
LIM_API const char *lim_last_error(void);

/* Makes `text` safe to print in one line on a terminal: control characters, and bytes that are not
 * UTF-8, become \n, \x1b and so on, because file names are untrusted. Truncated to `size`; returns
 * `out`. Every message of the library passes through it. */
LIM_API char *lim_printable(const char *text, char *out, size_t size);

LIM_END

#endif
