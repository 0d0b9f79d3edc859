/* Ctrl-C, SIGTERM and SIGHUP (the terminal closes): the first asks the command to stop, a second
 * ends it at once. */
#ifndef LIMNER_SRC_CLI_STOP_H
#define LIMNER_SRC_CLI_STOP_H

#include <stdbool.h>

/* Handles them from now on. `told` is static text for stderr at the first of them, or NULL. */
void stop_on_signals(const char *told);

/* Has the signature of the library's callbacks: `user` is ignored. */
bool stop_requested(void *user);

#endif
