/* limner-probe: the program in which drivers are queried for their devices, because they crash,
 * abort and hang, and which then compiles ahead (precompile.h). This process talks to it through a
 * socket, which the helper has as OCL_HELPER_FD: first the helper says who it is, then it reports
 * the loader and the devices, then it takes requests. It ends when the socket does. */
#ifndef LIMNER_SRC_OPENCL_HELPER_H
#define LIMNER_SRC_OPENCL_HELPER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { OCL_HELPER_FD = 3, OCL_HELLO = 64 };

struct ocl_helper {
    pid_t pid; /* 0: there is none */
    int fd;
    int pidfd; /* identifies the process even if its number is reused; or -1 */
};

/* To open a device, and to compile its programs; with `three`, the optional ones too. */
struct ocl_request {
    int platform, device, three;
};

/* The first thing that a helper of the same version sends. */
void ocl_hello(char text[OCL_HELLO]);

/* Starts the helper, with the drivers of the folder `vendors` (NULL: those that the environment
 * names). False: `why` says in words what cannot be run; "" if the host allows no processes. */
bool ocl_helper_start(struct ocl_helper *helper, const char *vendors, char *why, size_t size);

/* Reads until the time `until` of lim_clock; false if the helper ends before, or sends nothing more
 * until then: `*late`. */
bool ocl_helper_read(const struct ocl_helper *helper, void *data, size_t size, double until,
                     bool *late);

/* False if the helper has ended; does not wait. */
bool ocl_helper_request(const struct ocl_helper *helper, const struct ocl_request *request);

/* Waits at most two seconds for its end: a process that hangs in the kernel cannot be ended. Does
 * nothing if there is none. True: `how` is filled as by waitid. False: the end is unknown, because
 * the host has waited for it, or ignores SIGCHLD. */
bool ocl_helper_end(struct ocl_helper *helper, siginfo_t *how);

#endif
