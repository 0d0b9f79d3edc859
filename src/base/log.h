/* One line to the user's callback. */
#ifndef LIMNER_SRC_BASE_LOG_H
#define LIMNER_SRC_BASE_LOG_H

#include <limner/log.h>
#include <stdbool.h>

void lim_log(enum lim_log_level level, const char *format, ...) LIM_PRINTF(2, 3);

/* From here on errors are of the level of LIM_LOG_DEBUG, for what may fail; until false is passed.
 */
void lim_log_hush(bool hush);

/* The last error that was hushed, for whoever can say more; "": none since lim_log_hush(true). */
const char *lim_log_hushed(void);

#define lim_error(...) lim_log(LIM_LOG_ERROR, __VA_ARGS__)
#define lim_warning(...) lim_log(LIM_LOG_WARNING, __VA_ARGS__)
#define lim_info(...) lim_log(LIM_LOG_INFO, __VA_ARGS__)
#define lim_debug(...) lim_log(LIM_LOG_DEBUG, __VA_ARGS__)

#endif
