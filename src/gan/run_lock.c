/* One training a folder. The system gives the lock back when its holder ends, however it ends: a
 * file without a lock is stale. Its text is for people. */
#include "gan/run.h"

#include "base/log.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PID on HOST" of whoever wrote the file last; "" where there is nothing, or something else. */
static void read_holder(int fd, char *holder, size_t size)
{
    ssize_t length = pread(fd, holder, size - 1, 0);
    size_t digits;

    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    digits = strspn(holder, "0123456789");
    if (digits == 0 || strncmp(holder + digits, " on ", 4) != 0)
        holder[0] = '\0';
}

static void write_holder(int fd)
{
    char host[128] = "", text[192];
    int length;

    gethostname(host, sizeof host - 1);
    length = snprintf(text, sizeof text, "%ld on %s\n", (long)getpid(), host);
    /* A full disk may refuse it; the lock holds all the same, without half a name in it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) == length)
        return;
    if (ftruncate(fd, 0) != 0)
        lim_warning("the lock of the run folder does not name its holder: %s", strerror(errno));
}

/* Is the locked file still the one at `path`? Its holder removes it at the end. */
static bool still_there(int fd, const char *path)
{
    struct stat ours, now;

    return fstat(fd, &ours) == 0 && stat(path, &now) == 0 && ours.st_dev == now.st_dev &&
           ours.st_ino == now.st_ino;
}

/* A regular file, to write to where that is allowed: no link, which may lead anywhere. -1 after one
 * log line. */
static int open_lock(const char *path)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = open(path, O_RDWR | O_CREAT | flags, 0666);
    struct stat st;

    /* Another user's or read-only file can still be locked. */
    if (fd < 0 && (errno == EACCES || errno == EPERM))
        fd = open(path, O_RDONLY | flags);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    if (fd >= 0 || errno == ELOOP || errno == EISDIR)
        lim_error("%s: is not a regular file: remove it", path);
    else
        lim_error("%s: cannot be %s: %s", path, access(path, F_OK) == 0 ? "opened" : "made",
                  strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool lim_run_revive(struct lim_run *run, bool *made)
{
    char *lock = lim_run_file(run, LIM_RUN_LOCK), *samples = lim_run_file(run, LIM_RUN_SAMPLES);
    bool ours = lock && run->lock >= 0 && still_there(run->lock, lock);
    bool good =
        lock && samples && lim_folder_make(run->path, made) && lim_folder_make(samples, NULL);

    if (good && run->locked && !ours) {
        if (run->lock >= 0)
            close(run->lock);
        run->lock = -1;
        good = lim_run_take_lock(run);
    }
    if (*made && run->log >= 0) {
        close(run->log);
        run->log = -1;
    }
    free(lock);
    free(samples);
    return good;
}

bool lim_run_take_lock(struct lim_run *run)
{
    char *path = lim_run_file(run, LIM_RUN_LOCK), holder[192];
    bool ok = false;

    while (path && run->lock < 0) {
        int fd = open_lock(path);

        if (fd < 0)
            break;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;

            read_holder(fd, holder, sizeof holder);
            close(fd);
            ok = error != EWOULDBLOCK;
            if (ok)
                lim_warning("%s: this file system has no locks (%s): nothing keeps a second "
                            "training out of the folder",
                            path, strerror(error));
            else
                lim_error("%s: another training is under way there, process %s; wait until it "
                          "ends, or end it",
                          run->path, *holder ? holder : "unknown");
            break;
        }
        if (still_there(fd, path))
            run->lock = fd;
        else
            close(fd);
    }
    free(path);
    if (run->lock < 0)
        return ok;
    read_holder(run->lock, holder, sizeof holder);
    if (*holder)
        lim_info("%s: the previous training, process %s, ended without closing the run; continuing "
                 "from what it saved",
                 run->path, holder);
    write_holder(run->lock);
    run->locked = true;
    return true;
}

void lim_run_drop_lock(struct lim_run *run)
{
    char *path;

    if (run->lock < 0)
        return;
    path = lim_run_file(run, LIM_RUN_LOCK);
    if (path)
        unlink(path);
    free(path);
    close(run->lock);
    run->lock = -1;
}
