#include "cli/terminal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The library may log from any of its threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool be_quiet, live;
static char shown[512];

static void clear_status(void)
{
    if (*shown)
        fputs("\r\033[K", stderr);
}

static void write_line(const char *text)
{
    char line[2048 + 16];

    lim_printable(text, line, sizeof line);
    pthread_mutex_lock(&lock);
    clear_status();
    fprintf(stderr, "limner: %s\n%s", line, shown);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

static void on_log(void *user, enum lim_log_level level, const char *message)
{
    char line[2048 + 16];

    (void)user;
    if (level != LIM_LOG_WARNING) {
        write_line(message);
        return;
    }
    snprintf(line, sizeof line, "warning: %s", message);
    write_line(line);
}

void terminal_init(bool quiet)
{
    const char *term = getenv("TERM");

    be_quiet = quiet;
    live = !quiet && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    lim_log_set(on_log, NULL, quiet ? LIM_LOG_WARNING : LIM_LOG_INFO);
}

bool terminal_live(void)
{
    return live;
}

int terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

void say_error(const char *format, ...)
{
    char line[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    write_line(line);
}

void say(const char *format, ...)
{
    char line[2048];
    va_list args;

    if (be_quiet)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    write_line(line);
}

void status_line(const char *text)
{
    if (!live)
        return;
    pthread_mutex_lock(&lock);
    clear_status();
    snprintf(shown, sizeof shown, "%.*s", terminal_width() - 1, text);
    fputs(shown, stderr);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}
