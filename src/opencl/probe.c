#include "opencl/probe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "opencl/cache.h"
#include "opencl/enumerate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Seconds that the drivers may take; LIMNER_DRIVER_TIMEOUT sets others. The slowest start that was
 * heard of, a first one after an update, took about ten. */
enum { PATIENCE = 30, SUSPECTS = 64 };

static const char default_vendors[] = "/etc/OpenCL/vendors";

struct outcome {
    enum { TOLD, CRASHED, HUNG, NO_CHILD } kind;
    int detail; /* the signal, or the exit code below 0 */
};

/* What the child tells. */
struct answer {
    char loader[OCL_LOADER];
    struct lim_device_info *infos;
    int count;
    struct ocl_ahead ahead;
};

/* False at the end of the pipe, or at the time `until`; then `*late`. */
static bool read_all(int fd, void *data, size_t size, double until, bool *late)
{
    char *bytes = data;

    while (size > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        double left = until - lim_clock();
        ssize_t n;

        *late = left <= 0;
        if (*late)
            return false;
        if (poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        n = read(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* In the child: what its parent has open is the parent's alone; a lock of its would outlive it. */
static void close_all_but(int fd)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        int other = atoi(entry->d_name);

        if (other > STDERR_FILENO && other != fd && other != dirfd(dir))
            close(other);
    }
    if (dir)
        closedir(dir);
}

/* In the child: no message but the answer, no core file, and Ctrl-C is the parent's to handle. */
static void answer(int fd, const char *vendors)
{
    const struct rlimit none = {0, 0};
    struct lim_device_info *infos = NULL;
    char loader[OCL_LOADER];
    int count, silent;

    close_all_but(fd);
    silent = open("/dev/null", O_WRONLY);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    if (silent >= 0) {
        dup2(silent, STDOUT_FILENO);
        dup2(silent, STDERR_FILENO);
    }
    if (vendors) {
        setenv("OCL_ICD_VENDORS", vendors, 1);
        setenv("OPENCL_VENDOR_PATH", vendors, 1);
    }
    count = ocl_devices_here(&infos);
    ocl_loader(loader, sizeof loader);
    if (ocl_write_all(fd, loader, sizeof loader) && ocl_write_all(fd, &count, sizeof count))
        ocl_write_all(fd, infos, (size_t)count * sizeof *infos);
    ocl_ahead_serve(fd);
}

/* What the drivers in the folder `vendors` (NULL: those that the environment names) tell. */
static struct outcome ask(const char *vendors, struct answer *told)
{
    const char *given = getenv("LIMNER_DRIVER_TIMEOUT");
    double patience = given && atoi(given) > 0 ? atoi(given) : PATIENCE,
           until = lim_clock() + patience;
    bool whole, late = false;
    int ends[2], status;
    pid_t child;

    memset(told, 0, sizeof *told);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return (struct outcome){NO_CHILD, 0};
    child = fork();
    if (child == 0) {
        close(ends[0]);
        answer(ends[1], vendors);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    if (child < 0) {
        close(ends[0]);
        return (struct outcome){NO_CHILD, 0};
    }
    whole = read_all(ends[0], told->loader, sizeof told->loader, until, &late) &&
            read_all(ends[0], &told->count, sizeof told->count, until, &late);
    if (whole)
        told->infos = calloc((size_t)told->count + 1, sizeof *told->infos);
    whole = told->infos &&
            read_all(ends[0], told->infos, (size_t)told->count * sizeof *told->infos, until, &late);
    told->ahead = (struct ocl_ahead){.child = child, .fd = ends[0]};
    if (whole)
        return (struct outcome){TOLD, 0};
    close(ends[0]);
    status = ocl_child_end(child, late);
    free(told->infos);
    memset(told, 0, sizeof *told);
    if (late)
        return (struct outcome){HUNG, (int)patience};
    return (struct outcome){CRASHED, WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status)};
}

static void describe(char *text, size_t size, const char *who, struct outcome what)
{
    size_t used = strlen(text);

    if (used + 1 >= size)
        return;
    text += used;
    size -= used;
    if (what.kind == HUNG)
        snprintf(text, size, "%s%s did not answer in %d second%s and is left out", used ? "; " : "",
                 who, what.detail, lim_plural((uint64_t)what.detail));
    else if (what.detail > 0)
        snprintf(text, size,
                 "%s%s crashed (signal %d, %s) when asked for its devices and is left "
                 "out",
                 used ? "; " : "", who, what.detail, strsignal(what.detail));
    else
        snprintf(text, size,
                 "%s%s ended the process (exit code %d) when asked for its devices and "
                 "is left out",
                 used ? "; " : "", who, -what.detail);
}

static int is_vendor(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".icd") == 0;
}

/* The vendor file as the only one, or one more, of the folder. */
static bool link_vendor(const char *folder, const char *vendors, const char *name)
{
    char from[4096], to[4096];

    if (snprintf(from, sizeof from, "%s/%s", vendors, name) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%s", folder, name) >= (int)sizeof to)
        return false;
    return symlink(from, to) == 0;
}

static void unlink_vendor(const char *folder, const char *name)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
        unlink(path);
}

/* Asks each vendor file alone and leaves links to the good ones in probe->folder. False where none
 * is guilty, or nothing can be told apart. */
static bool find_guilty(struct ocl_probe *probe, const char *vendors)
{
    const char *temporary = getenv("TMPDIR");
    struct dirent **list = NULL;
    int count = scandir(vendors, &list, is_vendor, alphasort);
    bool guilty[SUSPECTS] = {false}, found = false;
    char whole[4096];

    snprintf(probe->folder, sizeof probe->folder, "%s/limner-vendors-XXXXXX",
             temporary && *temporary == '/' && strlen(temporary) < 200 ? temporary : "/tmp");
    if (count > 0 && !mkdtemp(probe->folder)) {
        probe->folder[0] = '\0';
        found = true; /* is unknown: none is tried */
    }
    for (int i = 0; i < count && i < SUSPECTS && probe->folder[0]; i++) {
        struct answer told = {.infos = NULL};
        struct outcome what = {TOLD, 0};

        if (link_vendor(probe->folder, vendors, list[i]->d_name))
            what = ask(probe->folder, &told);
        ocl_ahead_end(&told.ahead);
        free(told.infos);
        unlink_vendor(probe->folder, list[i]->d_name);
        guilty[i] = what.kind != TOLD;
        if (!guilty[i])
            continue;
        found = true;
        snprintf(whole, sizeof whole, "the OpenCL driver of %s/%s", vendors, list[i]->d_name);
        describe(probe->trouble, sizeof probe->trouble, whole, what);
    }
    for (int i = 0; i < count; i++) {
        if (probe->folder[0] && i < SUSPECTS && !guilty[i])
            link_vendor(probe->folder, vendors, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return found && probe->folder[0];
}

static char *copy_of(const char *name)
{
    const char *value = getenv(name);

    return value ? strdup(value) : NULL;
}

static void give_back(const char *name, char **value)
{
    if (*value)
        setenv(name, *value, 1);
    else
        unsetenv(name);
    free(*value);
    *value = NULL;
}

static void take(struct ocl_probe *probe, const struct answer *told)
{
    probe->infos = told->infos;
    probe->count = told->count;
    probe->ahead = told->ahead;
    snprintf(probe->loader, sizeof probe->loader, "%s", told->loader);
}

/* After a crash: which drivers are to blame, and what the others tell. */
static void go_on_without(struct ocl_probe *probe, struct outcome first)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");
    struct outcome again;
    struct answer told;
    struct stat st;

    if (!vendors || !*vendors)
        vendors = getenv("OPENCL_VENDOR_PATH");
    if (!vendors || !*vendors)
        vendors = default_vendors;
    if (stat(vendors, &st) != 0 || !S_ISDIR(st.st_mode) || !find_guilty(probe, vendors)) {
        describe(probe->trouble, sizeof probe->trouble, "an OpenCL driver", first);
        return;
    }
    again = ask(probe->folder, &told);
    take(probe, &told);
    if (again.kind == CRASHED || again.kind == HUNG)
        describe(probe->trouble, sizeof probe->trouble, "the rest of them together", again);
    probe->vendors = copy_of("OCL_ICD_VENDORS");
    probe->vendor_path = copy_of("OPENCL_VENDOR_PATH");
    probe->filtered = true;
    setenv("OCL_ICD_VENDORS", probe->folder, 1);
    setenv("OPENCL_VENDOR_PATH", probe->folder, 1);
}

bool ocl_probe_begin(struct ocl_probe *probe)
{
    struct outcome what;
    struct answer told;

    memset(probe, 0, sizeof *probe);
    what = ask(NULL, &told);
    take(probe, &told);
    if (what.kind == CRASHED || what.kind == HUNG)
        go_on_without(probe, what);
    else if (what.kind == NO_CHILD)
        probe->count = ocl_devices_here(&probe->infos);
    if (!probe->infos)
        probe->infos = calloc(1, sizeof *probe->infos);
    if (probe->infos)
        return true;
    lim_error("no memory to list the devices");
    ocl_probe_end(probe);
    return false;
}

void ocl_probe_end(struct ocl_probe *probe)
{
    DIR *dir = probe->folder[0] ? opendir(probe->folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (is_vendor(entry))
            unlink_vendor(probe->folder, entry->d_name);
    if (dir)
        closedir(dir);
    if (probe->folder[0])
        rmdir(probe->folder);
    if (probe->filtered) {
        give_back("OCL_ICD_VENDORS", &probe->vendors);
        give_back("OPENCL_VENDOR_PATH", &probe->vendor_path);
    }
    ocl_ahead_end(&probe->ahead);
    free(probe->infos);
    memset(probe, 0, sizeof *probe);
}
