#include "opencl/precompile.h"

#include "opencl/backend.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/opencl.h"
#include "opencl/pointwise.h"
#include "opencl/winograd.h"

#include <errno.h>
#include <limner/log.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* A program from PoCL's cache takes 0.04 s, the front end for one a quarter of a second and more;
 * that nothing is asked of the child for so long is its end, for it keeps the compiler's memory. */
#define COMPILED 0.1
enum { IDLE = 20000 /* ms */, WIDE = 65536 /* work-items: below, PoCL counts in 16 bits */ };

struct request {
    int platform, device, three;
};

static void ask(struct ocl_ahead *ahead, bool three)
{
    const struct request request = {ahead->platform, ahead->device, three};

    /* A child that has died is none: no signal, no complaint. */
    if (ahead->child && send(ahead->fd, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        ocl_ahead_end(ahead);
    ahead->busy = true;
}

/* PoCL's, on a device with a core for each of the two; on Linux, where a child ends with its parent
 * for certain. */
static bool gains(struct ocl_backend *ocl)
{
#ifdef __linux__
    const bool ends = true;
#else
    const bool ends = false;
#endif
    return ends && ocl->quirks & OCL_ONE_COMPILER && ocl->limits.is_cpu && ocl->limits.units > 1;
}

void ocl_ahead_begin(struct ocl_backend *ocl)
{
    ocl->ahead.gains = ocl->ahead.child && gains(ocl);
}

void ocl_ahead_built(struct ocl_backend *ocl, double seconds)
{
    if (ocl->ahead.child && !ocl->ahead.busy && seconds > COMPILED && ocl->ahead.gains)
        ask(&ocl->ahead, false);
}

void ocl_ahead_three(struct ocl_backend *ocl)
{
    if (ocl->ahead.busy)
        ask(&ocl->ahead, true);
}

void ocl_ahead_opened(struct ocl_ahead *ahead)
{
    if (!ahead->busy)
        ocl_ahead_end(ahead);
}

int ocl_child_end(pid_t child, bool kill_it)
{
    int status = 0;

    for (int i = 0; i < 200; i++) {
        pid_t ended = waitpid(child, &status, kill_it ? WNOHANG : 0);

        if (ended == child)
            return status;
        if (ended < 0 && errno != EINTR)
            return 0;
        /* Now it is there for certain: nobody else has waited for it. */
        if (kill_it && i == 0)
            kill(child, SIGKILL);
        if (kill_it)
            nanosleep(&(struct timespec){.tv_nsec = i < 10 ? 1000000 : 10000000}, NULL);
    }
    return 0;
}

void ocl_ahead_end(struct ocl_ahead *ahead)
{
    if (!ahead->child)
        return;
    close(ahead->fd);
    ocl_child_end(ahead->child, true);
    ahead->child = 0;
}

/* PoCL compiles these once more where they first have so many work-items. */
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

void ocl_ahead_serve(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct ocl_backend *ocl = NULL;
    struct request request;

    lim_log_set(NULL, NULL, LIM_LOG_ERROR);
    while (poll(&ready, 1, ocl ? IDLE : -1) > 0 &&
           read(fd, &request, sizeof request) == sizeof request) {
        if (!ocl) {
            ocl = ocl_open_ahead(request.platform, request.device);
            if (!ocl)
                break;
            widen(ocl);
        }
        if (request.three)
            ocl_winograd_three(ocl);
    }
    _exit(0);
}
