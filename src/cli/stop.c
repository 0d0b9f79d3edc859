#include "cli/stop.h"

#include <errno.h>
#include <limner/status.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t requests;
static const char *text;
static size_t text_size;

/* Only async-signal-safe calls. */
static void on_signal(int number)
{
    int before = errno;

    (void)number;
    if (++requests > 1)
        _exit(LIM_INTERRUPTED);
    /* A write to a closed terminal sets errno: the interrupted code may be reading its own. */
    if (text && write(STDERR_FILENO, text, text_size) < 0)
        errno = before;
}

void stop_on_signals(const char *told)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    text = told;
    text_size = told ? strlen(told) : 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_handler = on_signal}, before;

        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        /* nohup ignores SIGHUP on purpose: keep that. */
        if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
            before.sa_handler == SIG_IGN)
            continue;
        sigaction(numbers[i], &action, NULL);
    }
}

bool stop_requested(void *user)
{
    (void)user;
    return requests != 0;
}
