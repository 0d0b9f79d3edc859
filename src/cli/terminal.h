/* All output for people goes through here, so that messages and the status line do not mix. */
#ifndef LIMNER_CLI_TERMINAL_H
#define LIMNER_CLI_TERMINAL_H

#include <limner/api.h>
#include <limner/log.h>
#include <stdbool.h>

/* Sends the library's messages to stderr, as "limner: ..."; `quiet`: only errors and warnings. */
void terminal_init(bool quiet);

/* True where stderr is a terminal that can overwrite a line. */
bool terminal_live(void);

/* Columns of the terminal; 80 if it does not report them. */
int terminal_width(void);

void say_error(const char *format, ...) LIM_PRINTF(1, 2);
void say(const char *format, ...) LIM_PRINTF(1, 2); /* not when quiet */

/* Replaces the status line; "" removes it. Does nothing unless the terminal is live. */
void status_line(const char *text);

#endif
