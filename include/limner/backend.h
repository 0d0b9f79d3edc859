/* Choosing a device and opening it. */
#ifndef LIMNER_BACKEND_H
#define LIMNER_BACKEND_H

#include <limner/api.h>
#include <limner/log.h>
#include <limner/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

LIM_BEGIN

struct lim_backend;

/* All zero is a good choice: the best OpenCL GPU, else the CPU path. */
struct lim_device_choice {
    size_t struct_size;   /* of lim_device_defaults, or 0: see limner/api.h */
    const char *platform; /* index or part of a platform's name; NULL: any */
    const char
        *device;      /* auto, cpu, gpu, opencl, P:D, index, uuid:, pci:, name:, text; NULL: auto */
    int threads;      /* CPU path only; 0: as many as there are processors */
    size_t workspace; /* cap on scratch memory for convolutions in bytes; 0: the backend's own */
    /* Where compiled kernels are kept, in a sub-folder "programs": "off" or a folder. NULL:
     * $LIMNER_CACHE_DIR, or limner in $XDG_CACHE_HOME or ~/.cache, but for PoCL, which has a cache
     * of its own. */
    const char *cache_dir;
    bool sync; /* wait after every kernel: slow, but names the one that fails */
    /* Seconds that an OpenCL driver may take for a call, compilations too; 0: any time. After half
     * of them, 30 at most, a warning tells what is waited for. After all of them an error is
     * logged, and `hung` (may be NULL) is called once, with `user` and from a thread of its own,
     * while the call may never return: nothing is left but to end the process. */
    double wait_timeout;
    void (*hung)(void *user);
    void *user;
    /* For "auto"; each may be NULL. How fast a device is at what will be done (lim_tune_rate; 0:
     * not known), so that where there is no GPU the faster of the CPU path and an OpenCL device on
     * the processor is taken, if both were measured. */
    double (*rate)(const void *user, const char *identity);
    const void *rate_user;
    /* The name of the OpenCL device it was done on before, which then stays, and its option, by
     * which equal devices are told apart (lim_backend_name, lim_backend_option). */
    const char *before, *before_option;
    /* Not NULL: a log of the backend's own, from the opening on, as lim_backend_log_set. */
    lim_log_fn *log;
    void *log_user;
    enum lim_log_level log_level;
};

/* All zero but struct_size. */
LIM_API void lim_device_choice_init(struct lim_device_choice *choice, size_t struct_size);
static inline struct lim_device_choice lim_device_defaults(void)
{
    struct lim_device_choice choice;

    lim_device_choice_init(&choice, sizeof choice);
    return choice;
}

/* Opens the device (choice NULL: as all zero) and logs one line that names it. NULL after exactly
 * one error line; `why` (may be NULL) then says LIM_USAGE, LIM_NO_DEVICE or LIM_ERROR. An explicit
 * choice never falls back. Blocks while kernels are compiled (seconds on some drivers).
 * Thread-safety: one thread at a time may use a backend and all that belongs to it. */
LIM_API struct lim_backend *lim_backend_create(const struct lim_device_choice *choice,
                                               enum lim_status *why);

/* Sends what is said on behalf of this backend, of `level` and graver, to `fn` instead of to
 * lim_log_set's: by the functions that take it or what was created from it (networks, optimizers, a
 * DCGAN, lim_train, lim_tune, lim_eval), in whatever thread, and by those that watch its device.
 * NULL is silence. Thread-safety: that of the backend. */
LIM_API void lim_backend_log_set(struct lim_backend *be, lim_log_fn *fn, void *user,
                                 enum lim_log_level level);

/* The last error line of this backend, whether or not it was sent anywhere; "": none. Fills `text`,
 * cut to `size` bytes, and returns it. Thread-safety: any thread, while the backend lives. */
LIM_API char *lim_backend_last_error(const struct lim_backend *be, char *text, size_t size);

/* For the main() of a program: a crash while a driver is at work (SIGSEGV, SIGILL, SIGFPE and
 * SIGABRT, where they are not handled yet; SIGBUS) ends it with a line on stderr that begins with
 * `program` (static text) and names the call, and with LIM_DEVICE_FAILED; a mapped file that was
 * cut short, with LIM_ERROR. Any other crash ends it as without. The thread that calls it gets a
 * stack for signals, unless it has one: there a stack that is used up is told of too. */
LIM_API void lim_tell_crashes(const char *program);

/* Waits for queued work first. Destroy what was created from it before. NULL is fine. */
LIM_API void lim_backend_destroy(struct lim_backend *be);

/* Waits until everything queued is done. False once any queued work has failed: the first failure
 * was logged, and everything after it did nothing. */
LIM_API bool lim_backend_finish(struct lim_backend *be);

/* False once any queued work is known to have failed. Does not wait. */
LIM_API bool lim_backend_ok(const struct lim_backend *be);

/* From here on writes when each operation begins and ends to `path`, for chrome://tracing and
 * Perfetto, and waits for each, which is slower than training is. Ends with the backend, or with
 * another call. False after one log line. */
LIM_API bool lim_backend_profile(struct lim_backend *be, const char *path);

/* The device as its driver names it, e.g. "CPU path (2 threads, OpenBLAS)". Valid as long as `be`.
 */
LIM_API const char *lim_backend_name(const struct lim_backend *be);

/* The option that chooses this device again: "--device cpu", "--device 0:1". Valid as long as `be`.
 */
LIM_API const char *lim_backend_option(const struct lim_backend *be);

/* One device of an OpenCL platform, as `limner devices` shows it. */
struct lim_device_info {
    int platform, device; /* as `clinfo -l` counts; device -1: a platform without any */
    char platform_name[128], platform_version[128];
    char name[128], vendor[128], driver[128], version[128];
    char type[16]; /* "gpu", "cpu", "accelerator", "other"; "" with device -1 */
    char uuid[40]; /* 32 hex digits, or "" where the driver does not say */
    char pci[24];  /* dddd:bb:dd.f, or "" */
    unsigned compute_units, clock_mhz;
    bool integrated; /* shares the host's memory */
    size_t max_group;
    uint64_t global_mem, max_alloc, local_mem; /* bytes */
    bool usable;                               /* limner can run there */
    bool duplicate; /* the same hardware stands earlier in the list, under another platform */
    char note[256]; /* why it is not usable, or a hint; else "" */
    char reserved[128];
};

/* Every OpenCL device of this machine. Returns the number of rows (0 where OpenCL is absent, then
 * `*why_none` is a line that says why and what to do, else ""), which lim_device_list_free gives
 * back. Opens no context. `why_none` points to static text or to memory of the list. */
LIM_API int lim_device_list(struct lim_device_info **list, const char **why_none);
LIM_API void lim_device_list_free(struct lim_device_info *list);

/* The OpenCL loader that this process uses: its path, name and version where it tells them. */
LIM_API void lim_device_loader(char *text, size_t size);

LIM_END

#endif
