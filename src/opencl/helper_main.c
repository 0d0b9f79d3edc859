/* The program limner-probe: see helper.h. */
#include "base/thread.h"
#include "opencl/backend.h"
#include "opencl/cache.h"
#include "opencl/enumerate.h"
#include "opencl/helper.h"
#include "opencl/launch.h"
#include "opencl/loader.h"
#include "opencl/memory.h"
#include "opencl/opencl.h"
#include "opencl/pointwise.h"
#include "opencl/winograd.h"

#include <dirent.h>
#include <limner/log.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without a request for IDLE milliseconds the process ends, because the compiler keeps its memory.
 * From WIDE work-items on, PoCL counts in more than 16 bits. */
enum { IDLE = 20000, WIDE = 65536 };

/* Closes what the parent could not: its open files are its own; an inherited lock would outlive
 * it. */
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

/* The process ends with its parent, whatever a driver is doing. */
static void *watch_parent(void *user)
{
    struct pollfd parent = {.fd = OCL_HELPER_FD};

    (void)user;
    while (poll(&parent, 1, -1) < 0)
        continue;
    _exit(0);
}

/* The parent reports a crash: no core file is written. */
static void prepare(void)
{
    const struct rlimit none = {0, 0};
    pthread_t thread;

    close_all_others();
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (thread_create(&thread, watch_parent, NULL) == 0)
        pthread_detach(thread);
}

/* PoCL compiles these again when they first have so many work-items. */
static void widen(struct ocl_backend *ocl)
{
    const struct lim_adam_desc adam = {0.5f, 0.5f, 0.5f, 1.0f};
    struct lim_tensor t = ocl_scratch(ocl, WIDE * ocl->vector);
    struct lim_backend *be = &ocl->base;

    if (!t.buf)
        return;
    t.c = (int)(WIDE * ocl->vector);
    ocl_activation_forward(be, LIM_RELU, 0.0f, t, t);
    ocl_activation_backward(be, LIM_RELU, 0.0f, t, t, t);
    ocl_adam(be, &adam, 1.0f, 1.0f, t, t, t, t);
    ocl_finish(be);
}

/* Serves requests, until the socket ends or no request arrives. */
static void serve(void)
{
    struct pollfd ready = {.fd = OCL_HELPER_FD, .events = POLLIN};
    struct ocl_backend *ocl = NULL;
    struct ocl_request request;

    lim_log_set(NULL, NULL, LIM_LOG_ERROR);
    while (poll(&ready, 1, ocl ? IDLE : -1) > 0 &&
           read(OCL_HELPER_FD, &request, sizeof request) == sizeof request) {
        if (!ocl) {
            ocl = ocl_open_precompile(request.platform, request.device);
            if (!ocl)
                break;
            widen(ocl);
        }
        if (request.three)
            ocl_winograd_three(ocl);
    }
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
        serve();
    _exit(0); /* drivers crash when they are unloaded */
}
