/* One line to the user's callback. */
#ifndef LIMNER_SRC_BASE_LOG_H
#define LIMNER_SRC_BASE_LOG_H

#include <limner/log.h>
#include <stdbool.h>

void lim_log(enum lim_log_level level, const char *format, ...) LIM_PRINTF(2, 3);

/* A log of its own: who has entered it in a thread sends this thread's lines there. */
struct base_log;

/* NULL after one log line. It sends where lim_log_set says, until base_log_send. */
struct base_log *base_log_create(void);
void base_log_destroy(struct base_log *log);
void base_log_send(struct base_log *log, lim_log_fn *fn, void *user, enum lim_log_level level);

/* Its last error line, or "". Returns `text`. */
char *base_log_error(struct base_log *log, char *text, size_t size);

/* From here on, in this thread; NULL: the process's. Returns the one of before, to be entered again
 * at the end. */
struct base_log *base_log_enter(struct base_log *log);
struct base_log *base_log_current(void);

/* From here on this thread's errors are of the level of LIM_LOG_DEBUG, for what may fail; until
 * false is passed. */
void lim_log_hush(bool hush);

/* The last error that was hushed, for whoever can say more; "": none since lim_log_hush(true). */
const char *lim_log_hushed(void);

#define lim_error(...) lim_log(LIM_LOG_ERROR, __VA_ARGS__)
#define lim_warning(...) lim_log(LIM_LOG_WARNING, __VA_ARGS__)
#define lim_info(...) lim_log(LIM_LOG_INFO, __VA_ARGS__)
#define lim_debug(...) lim_log(LIM_LOG_DEBUG, __VA_ARGS__)

#endif
