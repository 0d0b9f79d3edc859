#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, posix_spawn_file_actions_addclosefrom_np */
#endif
#include "opencl/helper.h"

#include "base/clock.h"
#include "base/host.h"
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limner/backend.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* A process that another thread has just forked may hold the other end open, and so hide the end of
 * the helper: we check this often whether it has ended (milliseconds). */
enum { LOOK = 200 };

enum { PATH_SIZE = 4096 };

extern char **environ;

void ocl_hello(char text[OCL_HELLO])
{
    memset(text, 0, OCL_HELLO);
    snprintf(text, OCL_HELLO, "limner-probe %s %zu %zu", LIM_PROJECT_VERSION,
             sizeof(struct lim_device_info), sizeof(struct ocl_request));
}

/* The folder of the library or, if that is part of a program, of the program. */
static bool own_folder(char *folder, size_t size)
{
    bool (*entry)(struct ocl_helper *, const char *, char *, size_t) = ocl_helper_start;
    void *address;
    Dl_info where;
    ssize_t length;
    char *slash;

    memcpy(&address, &entry, sizeof address); /* as POSIX has it */
    if (!dladdr(address, &where) || !where.dli_fname || !strchr(where.dli_fname, '/')) {
        length = readlink("/proc/self/exe", folder, size - 1);
        folder[length > 0 ? length : 0] = '\0';
    } else if (snprintf(folder, size, "%s", where.dli_fname) >= (int)size) {
        return false;
    }
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    return slash != NULL;
}

/* The path where the program is expected. */
static void find(char *path, size_t size)
{
    /* Relative to the folder of the library, or of a program: in a build folder, and in an
     * installation, wherever it has been moved to. */
    static const char *const beside[] = {"", "/..", "/" LIM_LIBRARY_TO_HELPER,
                                         "/" LIM_PROGRAM_TO_HELPER};
    struct lim_host host = lim_host_get();
    const char *said = host.helper;
    char folder[PATH_SIZE];

    /* A process with raised rights must not run a program that its caller names. */
    if (!said && geteuid() == getuid() && getegid() == getgid())
        said = getenv("LIMNER_HELPER");
    if (said && *said) {
        snprintf(path, size, "%s", said);
        return;
    }
    for (size_t i = 0; own_folder(folder, sizeof folder) && i < sizeof beside / sizeof *beside; i++)
        if (snprintf(path, size, "%s%s/limner-probe", folder, beside[i]) < (int)size &&
            access(path, X_OK) == 0)
            return;
    snprintf(path, size, "%s", LIM_HELPER);
}

/* The environment with other drivers: a list for free(), whose texts are those of the process and
 * of `texts`. NULL: no memory. */
static char **environment(const char *vendors, char texts[2][PATH_SIZE])
{
    static const char *const names[2] = {"OCL_ICD_VENDORS=", "OPENCL_VENDOR_PATH="};
    int count = 0, used = 0;
    char **list;

    while (environ && environ[count])
        count++;
    list = calloc((size_t)count + 3, sizeof *list);
    for (int i = 0; list && i < 2; i++) {
        snprintf(texts[i], PATH_SIZE, "%s%s", names[i], vendors);
        list[used++] = texts[i];
    }
    for (int i = 0; list && i < count; i++)
        if (strncmp(environ[i], names[0], strlen(names[0])) != 0 &&
            strncmp(environ[i], names[1], strlen(names[1])) != 0)
            list[used++] = environ[i];
    return list;
}

/* Two ends that no other program inherits. The second differs from the helper's descriptors. */
static bool make_ends(int ends[2])
{
#ifdef SOCK_CLOEXEC
    int kind = SOCK_STREAM | SOCK_CLOEXEC;
#else
    int kind = SOCK_STREAM;
#endif
    int moved;

    if (socketpair(AF_UNIX, kind, 0, ends) != 0)
        return false;
    moved = fcntl(ends[1], F_DUPFD_CLOEXEC, OCL_HELPER_FD + 1);
    close(ends[1]);
    ends[1] = moved;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
    setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
    if (moved >= 0)
        return true;
    close(ends[0]);
    return false;
}

/* The child gets the end of the socket, no other descriptor of this process, and no terminal. */
static int add_files(posix_spawn_file_actions_t *files, int end)
{
    int err = 0;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !err; fd++)
        err = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(files, end, OCL_HELPER_FD);
#ifdef LIM_HAVE_CLOSEFROM /* elsewhere the helper does this itself */
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(files, OCL_HELPER_FD + 1);
#endif
    return err;
}

/* The helper gets no signal that is meant for the host: it ends when the host does. It does not
 * inherit what the host ignores or blocks: drivers start programs and wait for them. */
static int set_signals(posix_spawnattr_t *attributes)
{
    static const int blocked[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2},
                     usual[] = {SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    sigset_t set;
    int err;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
        sigaddset(&set, blocked[i]);
    err = posix_spawnattr_setsigmask(attributes, &set);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        sigaddset(&set, usual[i]);
    if (!err)
        err = posix_spawnattr_setsigdefault(attributes, &set);
    return err ? err
               : posix_spawnattr_setflags(attributes,
                                          POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* 0, or the number of an error. */
static int spawn(const char *path, char **variables, int end, pid_t *pid)
{
    char program[] = "limner-probe";
    char *const arguments[] = {program, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int err = posix_spawn_file_actions_init(&files);

    if (err)
        return err;
    err = posix_spawnattr_init(&attributes);
    if (!err) {
        err = add_files(&files, end);
        if (!err)
            err = set_signals(&attributes);
        if (!err)
            err = posix_spawn(pid, path, &files, &attributes, arguments, variables);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return err;
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

bool ocl_helper_start(struct ocl_helper *helper, const char *vendors, char *why, size_t size)
{
    char path[PATH_SIZE], texts[2][PATH_SIZE], **list = NULL;
    int ends[2], err = 0;

    helper->pid = 0;
    *why = '\0';
    if (lim_host_get().no_processes)
        return false;
    find(path, sizeof path);
    if (!make_ends(ends)) {
        snprintf(why, size, "no socket for %.200s (%s)", path, strerror(errno));
        return false;
    }
    if (vendors && !(list = environment(vendors, texts)))
        err = ENOMEM;
    if (!err)
        err = spawn(path, list ? list : environ, ends[1], &helper->pid);
    free(list);
    close(ends[1]);
    helper->fd = ends[0];
    if (!err) {
        helper->pidfd = open_pidfd(helper->pid);
        return true;
    }
    helper->pid = 0;
    close(ends[0]);
    snprintf(why, size, "%.200s cannot be run (%s)", path, strerror(err));
    return false;
}

/* waitid for the helper alone, without waiting. */
static int look(const struct ocl_helper *helper, siginfo_t *how, int options)
{
    memset(how, 0, sizeof *how);
#ifdef SYS_pidfd_open
    if (helper->pidfd >= 0)
        return waitid((idtype_t)3 /* P_PIDFD */, (id_t)helper->pidfd, how, options | WNOHANG);
#endif
    return waitid(P_PID, (id_t)helper->pid, how, options | WNOHANG);
}

static void end_it(const struct ocl_helper *helper)
{
#ifdef SYS_pidfd_open
    if (helper->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, helper->pidfd, SIGKILL, NULL, 0);
        return;
    }
#endif
    kill(helper->pid, SIGKILL);
}

bool ocl_helper_read(const struct ocl_helper *helper, void *data, size_t size, double until,
                     bool *late)
{
    struct pollfd ready = {.fd = helper->fd, .events = POLLIN};
    char *bytes = data;
    bool ended = false;
    siginfo_t how;

    while (size > 0) {
        double left = 1000 * (until - lim_clock());
        ssize_t n;

        *late = left <= 0;
        if (*late)
            return false;
        if (poll(&ready, 1, left < LOOK ? (int)left + 1 : LOOK) <= 0) {
            if (ended) /* and nothing has arrived since */
                return false;
            ended = look(helper, &how, WEXITED | WNOWAIT) != 0 || how.si_pid != 0;
            continue;
        }
        n = read(helper->fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool ocl_helper_request(const struct ocl_helper *helper, const struct ocl_request *request)
{
    return send(helper->fd, request, sizeof *request, MSG_NOSIGNAL | MSG_DONTWAIT) ==
           sizeof *request;
}

/* It ends when the socket does; if it does not, it is killed. */
bool ocl_helper_end(struct ocl_helper *helper, siginfo_t *how)
{
    bool known = false;

    if (!helper->pid)
        return false;
    shutdown(helper->fd, SHUT_RDWR); /* ends it even if others hold the socket */
    close(helper->fd);
    for (int i = 0; i < 240; i++) {
        int err = look(helper, how, WEXITED);

        known = err == 0 && how->si_pid != 0;
        if (known || (err && errno != EINTR))
            break;
        if (i == 40)
            end_it(helper);
        nanosleep(&(struct timespec){.tv_nsec = i < 40 ? 1000000 : 10000000}, NULL);
    }
    if (helper->pidfd >= 0)
        close(helper->pidfd);
    helper->pid = 0;
    return known;
}
