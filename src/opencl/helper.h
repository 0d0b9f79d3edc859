/* limner-probe: the program in which drivers are queried for their devices, because they crash,
 * abort and hang, and which then compiles ahead (precompile.h). This process talks to it through a
 * socket, which it has as OCL_HELPER_FD: first it says who it is, then it tells of the loader and
 * the devices, then it takes requests. It ends when the socket does. */
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
    int pidfd; /* means this process whoever else gets its number later; or -1 */
};

/* To open a device, and to compile its programs; with `three`, the optional ones too. */
struct ocl_request {
    int platform, device, three;
};

/* What the helper of this very version says first. */
void ocl_hello(char text[OCL_HELLO]);

/* Begins it, with the drivers of the folder `vendors` (NULL: those that the environment names).
 * False: `why` says in words what it is that cannot be run; "" where the host wants no processes.
 */
bool ocl_helper_start(struct ocl_helper *helper, const char *vendors, char *why, size_t size);

/* Reads until the time `until` of lim_clock; false where the helper ends before, or says no more
 * until then: `*late`. */
bool ocl_helper_read(const struct ocl_helper *helper, void *data, size_t size, double until,
                     bool *late);

/* False where the helper has gone; nothing is waited for. */
bool ocl_helper_request(const struct ocl_helper *helper, const struct ocl_request *request);

/* Waits for its end, at most two seconds: a process that hangs in the kernel cannot be ended. Does
 * nothing where there is none. True: `how` is filled as by waitid. False: it is not known, for the
 * host has waited for it, or ignores SIGCHLD. */
bool ocl_helper_end(struct ocl_helper *helper, siginfo_t *how);

#endif
