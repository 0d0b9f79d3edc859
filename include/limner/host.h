/* What the library does to its host, the process that loads it, and how to change that.
 *
 * It never forks without exec, sets no environment variable, no signal handler, no locale, no umask
 * and no working directory, writes nothing to stdout or stderr, and does not end the process; only
 * lim_tell_crashes does, on request. It reads the environment (getenv).
 *
 * What it does do:
 * - The first time that OpenCL devices are enumerated, drivers are queried in a separate process,
 *   the program limner-probe: some crash, abort or hang. It is started with posix_spawn, has none
 *   of the host's files open, and its environment is a copy. On PoCL it keeps running while kernels
 *   are compiled, and compiles half of them. waitpid is called only for it; a host that ignores
 *   SIGCHLD, or waits for all children itself, loses only the signal's number in a message. If the
 *   program cannot be run, drivers are queried in the host, after one log line.
 * - Then the drivers are loaded into the host permanently. They start threads, and may set
 *   variables and signal handlers. The device "cpu" loads none.
 * - The CPU path runs on threads of OpenMP, whose settings it does not change. It multiplies with
 *   OpenBLAS where that has one thread (OPENBLAS_NUM_THREADS=1 before the start, or the host's own
 *   openblas_set_num_threads(1)) when the backend is created and as long as it lives; otherwise
 *   with limner's own multiplication, because OpenBLAS's threads would change the bits.
 * - A backend that has used CLBlast empties CLBlast's cache when it is destroyed: the cache would
 *   hold the OpenCL context until main has returned, when drivers crash. CLBlast recompiles the
 *   host's own kernels when they are next needed.
 * - It starts threads, with all signals blocked: one per backend that has a wait_timeout,
 *   and those that decode pictures.
 *
 * Thread-safety: any thread, see lim_host_set. */
#ifndef LIMNER_HOST_H
#define LIMNER_HOST_H

#include <limner/api.h>
#include <stdbool.h>
#include <stddef.h>

LIM_BEGIN

/* All zero is the behavior described above. */
struct lim_host {
    size_t struct_size; /* of lim_host_defaults, or 0: see limner/api.h */
    /* Start no process: drivers are queried in the host, and a driver that crashes ends it. */
    bool no_processes;
    /* The program limner-probe. NULL: $LIMNER_HELPER, else the one beside the library or the
     * program, else the one in the configured install folder. */
    const char *helper;
    /* Sets a variable of the environment, or removes it (value NULL); returns false if it cannot.
     * Called only if one of several drivers crashes or hangs: to open another device, the others
     * must be loaded without it, which requires OCL_ICD_VENDORS and OPENCL_VENDOR_PATH to be set
     * briefly. May be NULL: OpenCL is then not used on such a machine. Never called by two threads
     * at once; no other thread may call getenv meanwhile. */
    bool (*set_variable)(const char *name, const char *value);
    /* Keep CLBlast's cache, and with it the context of every backend that has used CLBlast. */
    bool keep_clblast;
};

/* All zero but struct_size. */
LIM_API void lim_host_init(struct lim_host *host, size_t struct_size);
static inline struct lim_host lim_host_defaults(void)
{
    struct lim_host host;

    lim_host_init(&host, sizeof host);
    return host;
}

/* Applies from now on; the default is all zero. The texts must stay valid. Any thread may call it,
 * preferably before any other function of the library. Does not block. */
LIM_API void lim_host_set(const struct lim_host *host);

LIM_END

#endif
