#include "opencl/precompile.h"

#include "opencl/backend.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/opencl.h"
#include "opencl/pointwise.h"
#include "opencl/winograd.h"

#include <limner/log.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A program from PoCL's cache takes 0.04 s, the front end for one a quarter of a second and more;
 * that nothing is asked of the child for so long is its end, for it keeps the compiler's memory. */
#define COMPILED 0.1
enum { IDLE = 20000 /* ms */, WIDE = 65536 /* work-items: below, PoCL counts in 16 bits */ };

static void ask(struct ocl_ahead *ahead, bool three)
{
    const struct ocl_request request = {ahead->platform, ahead->device, three};

    /* A child that has died is none: no signal, no complaint. */
    if (ahead->child.pid && !ocl_helper_ask(&ahead->child, &request))
        ocl_ahead_end(ahead);
    ahead->busy = true;
}

/* PoCL's, on a device with a core for each of the two. */
static bool gains(struct ocl_backend *ocl)
{
    return ocl->quirks & OCL_ONE_COMPILER && ocl->limits.is_cpu && ocl->limits.units > 1;
}

void ocl_ahead_begin(struct ocl_backend *ocl)
{
    ocl->ahead.gains = ocl->ahead.child.pid && gains(ocl);
}

void ocl_ahead_built(struct ocl_backend *ocl, double seconds)
{
    if (ocl->ahead.child.pid && !ocl->ahead.busy && seconds > COMPILED && ocl->ahead.gains)
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

void ocl_ahead_end(struct ocl_ahead *ahead)
{
    siginfo_t how;

    ocl_helper_end(&ahead->child, &how);
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
    struct ocl_request request;

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
}
