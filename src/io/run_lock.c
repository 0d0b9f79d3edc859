/* One training a folder. The system gives the lock back when its holder ends, however it ends: a
 * file that is still there without one is stale. What it says is for people. */
#include "run.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PID HOST" of whoever wrote the file last; "" where there is nothing. */
static void read_holder(int fd, char *holder, size_t size)
{
    ssize_t length = pread(fd, holder, size - 1, 0);

    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
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

/* Is the file that was locked still the one that has the name? Its holder removes it at the end. */
static bool still_there(int fd, const char *path)
{
    struct stat ours, now;

    return fstat(fd, &ours) == 0 && stat(path, &now) == 0 && ours.st_dev == now.st_dev &&
           ours.st_ino == now.st_ino;
}

bool lim_run_take_lock(struct lim_run *run)
{
    char *path = lim_run_file(run, LIM_RUN_LOCK), holder[192];
    bool ok = false;

    while (path && run->lock < 0) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (fd < 0) {
            lim_error("%s: cannot be made: %s", path, strerror(errno));
            break;
        }
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
        lim_info("%s: the training of before, process %s, ended without closing the run; going on "
                 "from what it saved",
                 run->path, holder);
    write_holder(run->lock);
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
