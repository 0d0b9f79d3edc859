/* What the library does to the process that it is loaded into, its host, and how to say otherwise.
 *
 * It never forks without exec, sets no environment variable, no signal handler, no locale, no umask
 * and no working directory, writes nothing to stdout or stderr, and does not end the process; what
 * lim_tell_crashes does is asked for. It reads the environment (getenv).
 *
 * What it does do:
 * - The first time that OpenCL devices are asked for, drivers are asked in a process of its own,
 *   the program limner-probe: some crash, abort or hang. It is begun with posix_spawn, has none of
 *   the host's files open, and its environment is a copy. On PoCL it stays while kernels are
 *   compiled, and compiles half of them. waitpid is called for it alone; a host that ignores
 *   SIGCHLD, or waits for all children itself, loses nothing but the signal's number in a message.
 *   Where the program cannot be run, drivers are asked in the host, after one line to the log.
 * - Then the drivers are loaded into the host, to stay. They start threads, and may set variables
 *   and signal handlers. The device "cpu" loads none.
 * - The CPU path runs on threads of OpenMP, whose settings it does not change. It multiplies with
 *   OpenBLAS where that has one thread (OPENBLAS_NUM_THREADS=1 before the start, or the host's own
 *   openblas_set_num_threads(1)) when the backend is made and as long as it lives; else with a
 *   multiplication of its own, for OpenBLAS's threads would change the bits.
 * - A backend that has used CLBlast empties CLBlast's cache when it is destroyed: that would hold
 *   the OpenCL context until main has returned, when drivers crash. Whatever else the host does
 * with CLBlast is compiled again when it is next needed.
 * - It has threads of its own, with all signals blocked: one per backend that has a wait_timeout,
 *   and those that decode pictures.
 *
 * Thread-safety: any thread, see lim_host_set. */
#ifndef LIMNER_HOST_H
#define LIMNER_HOST_H

#include <limner/api.h>
#include <stdbool.h>
#include <stddef.h>

LIM_BEGIN

/* All zero is what is described above. */
struct lim_host {
    size_t struct_size; /* of lim_host_defaults, or 0: see limner/api.h */
    /* Start no process: drivers are asked in the host, and one that crashes ends it. */
    bool no_processes;
    /* The program limner-probe. NULL: $LIMNER_HELPER, else the one beside the library or the
     * program, else the one of the folder it was built to be installed in. */
    const char *helper;
    /* Sets a variable of the environment, or removes it (value NULL); false where it cannot. Only
     * called where a driver beside others crashes or hangs: to open another device the others have
     * to be loaded without it, which takes OCL_ICD_VENDORS and OPENCL_VENDOR_PATH, for a moment.
     * May be NULL: then OpenCL is not used on such a machine. Not called by two threads at once;
     * but no other thread may call getenv meanwhile. */
    bool (*set_variable)(const char *name, const char *value);
    /* CLBlast's cache stays as it is, and a context of every backend that has used CLBlast with it.
     */
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

/* From here on; all zero until it is called. The texts have to stay valid. Any thread may call it,
 * best before anything else of the library is used. Does not block. */
LIM_API void lim_host_set(const struct lim_host *host);

LIM_END

#endif
