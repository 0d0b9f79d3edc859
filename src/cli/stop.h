/* Ctrl-C, SIGTERM, and a terminal that goes: the first asks the command to stop, a second ends it
 * at once. */
#ifndef LIMNER_SRC_CLI_STOP_H
#define LIMNER_SRC_CLI_STOP_H

#include <stdbool.h>

/* From here on. `told` is static text for stderr at the first of them, or NULL. */
void stop_on_signals(const char *told);

/* As the library's callbacks want it: `user` does not matter. */
bool stop_requested(void *user);

#endif
