/* One line to the user's callback. */
#ifndef LIMNER_SRC_BASE_LOG_H
#define LIMNER_SRC_BASE_LOG_H

#include <limner/log.h>
#include <stdbool.h>

void lim_log(enum lim_log_level level, const char *format, ...) LIM_PRINTF(2, 3);

/* A separate log: after a thread enters it, the thread's lines go there. */
struct base_log;

/* NULL after one log line. Until base_log_send it sends its lines where lim_log_set says. */
struct base_log *base_log_create(void);
void base_log_destroy(struct base_log *log);
void base_log_send(struct base_log *log, lim_log_fn *fn, void *user, enum lim_log_level level);

/* Its last error line, or "". Returns `text`. */
char *base_log_error(struct base_log *log, char *text, size_t size);

/* This thread logs there from now on; NULL: to the process's log. Returns the previous log, which
 * the caller enters again at the end. */
struct base_log *base_log_enter(struct base_log *log);
struct base_log *base_log_current(void);

/* Until false is passed, this thread logs errors at LIM_LOG_DEBUG: for work that may fail. */
void lim_log_hush(bool hush);

/* The last hushed error, for callers that can say more; "": none since lim_log_hush(true). */
const char *lim_log_hushed(void);

#define lim_error(...) lim_log(LIM_LOG_ERROR, __VA_ARGS__)
#define lim_warning(...) lim_log(LIM_LOG_WARNING, __VA_ARGS__)
#define lim_info(...) lim_log(LIM_LOG_INFO, __VA_ARGS__)
#define lim_debug(...) lim_log(LIM_LOG_DEBUG, __VA_ARGS__)

#endif
