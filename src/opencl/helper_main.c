/* The program limner-probe: see helper.h. */
#include "opencl/cache.h"
#include "opencl/enumerate.h"
#include "opencl/helper.h"
#include "opencl/loader.h"
#include "opencl/precompile.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where its parent could not say so: what that has open is its alone; a lock would outlive it. */
static void close_all_others(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        int fd = atoi(entry->d_name);

        if (fd > OCL_HELPER_FD && fd != dirfd(dir))
            close(fd);
    }
    if (dir)
        closedir(dir);
}

/* Whatever a driver is at, the end of the parent is the end. */
static void *watch_parent(void *user)
{
    struct pollfd parent = {.fd = OCL_HELPER_FD};

    (void)user;
    while (poll(&parent, 1, -1) < 0)
        continue;
    _exit(0);
}

/* A crash is the parent's to tell: there is no core file. */
static void prepare(void)
{
    const struct rlimit none = {0, 0};
    pthread_t thread;

    close_all_others();
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (pthread_create(&thread, NULL, watch_parent, NULL) == 0)
        pthread_detach(thread);
}

int main(void)
{
    struct lim_device_info *infos = NULL;
    char hello[OCL_HELLO], loader[OCL_LOADER];
    struct stat st;
    int count;

    if (fstat(OCL_HELPER_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        fputs(
            "limner-probe is for the library, which asks OpenCL drivers with it; 'limner devices' "
            "tells what they say\n",
            stderr);
        return 2;
    }
    prepare();
    ocl_hello(hello);
    ocl_write_all(OCL_HELPER_FD, hello, sizeof hello);
    count = ocl_devices_here(&infos);
    ocl_loader(loader, sizeof loader);
    if (ocl_write_all(OCL_HELPER_FD, loader, sizeof loader) &&
        ocl_write_all(OCL_HELPER_FD, &count, sizeof count) &&
        ocl_write_all(OCL_HELPER_FD, infos, (size_t)count * sizeof *infos))
        ocl_ahead_serve(OCL_HELPER_FD);
    _exit(0); /* drivers crash when they are unloaded */
}
