/* The report when a driver crashes in this process: the signal, and the call that it interrupted.
 * Only async-signal-safe calls here. */
#include "base/require.h"
#include "core/backend.h"

#include <limner/backend.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static const char *program;
static atomic_bool tells_abort;
static pid_t process;

struct line {
    char text[512];
    size_t length;
};

static void add(struct line *line, const char *text)
{
    size_t length = strlen(text), room = sizeof line->text - line->length;

    length = length < room ? length : room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void end(const struct line *line, enum lim_status status)
{
    ssize_t written = write(STDERR_FILENO, line->text, line->length);

    (void)written;
    _exit(status);
}

/* A child that the host has forked ends by the signal, as its parent expects. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    struct line line = {.length = 0};
    char call[128];

    (void)context;
    add(&line, "\n");
    add(&line, program);
    /* Prepared pictures are mapped: their file was truncated, or its disk fails. */
    if (number == SIGBUS && info->si_code == BUS_ADRERR) {
        add(&line, ": a file in use was cut short, or its disk failed: the prepared pictures "
                   "(pictures.cache, --cache-dir); what was saved before is whole, and can be "
                   "resumed\n");
        end(&line, LIM_ERROR);
    }
    if (getpid() == process && lim_opencl_asked(call, sizeof call)) {
        add(&line, ": crashed in ");
        add(&line, call);
        add(&line, ", most likely the driver: update it, or choose another device ('limner "
                   "devices'; --device cpu loads no "
                   "driver); what was saved before is whole\n");
        end(&line, LIM_DEVICE_FAILED);
    }
    signal(number, SIG_DFL);
    raise(number); /* blocked until this function returns: then it ends the process */
}

static void handle(int number)
{
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigemptyset(&crash.sa_mask);
    sigaction(number, &crash, NULL);
}

/* Compilers recurse: after a stack overflow the handler needs another stack. */
static void give_stack(void)
{
    static char stack[1 << 16];
    stack_t before;

    if (sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
}

void lim_tell_crashes(const char *name)
{
    struct sigaction before;

    REQUIRE_OR_RETURN(name);
    program = name;
    process = getpid();
    give_stack();
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        /* A sanitizer has its own handlers, which report more, but nothing about mapped files. */
        if (fatal[i] == SIGBUS ||
            (sigaction(fatal[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL))
            handle(fatal[i]);
    if (sigaction(SIGABRT, NULL, &before) == 0 && before.sa_sigaction == on_crash)
        atomic_store(&tells_abort, true);
}

/* LLVM, in many drivers, installs handlers in front of these. Its handler for faults removes itself
 * and lets the fault occur again; abort() comes only once. */
void lim_crash_arm(void)
{
    if (atomic_load(&tells_abort))
        handle(SIGABRT);
}
