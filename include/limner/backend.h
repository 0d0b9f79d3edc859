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

/* All zero selects the best OpenCL GPU, or the CPU path if there is none. */
struct lim_device_choice {
    size_t struct_size;   /* of lim_device_defaults, or 0: see limner/api.h */
    const char *platform; /* index or part of a platform's name; NULL: any */
    const char
        *device;      /* auto, cpu, gpu, opencl, P:D, index, uuid:, pci:, name:, text; NULL: auto */
    int threads;      /* CPU path only; 0: as many as there are processors */
    size_t workspace; /* cap on scratch memory for convolutions in bytes; 0: the backend's own */
    /* Compiled kernels are kept in the subfolder "programs" of this folder; "off": nowhere. NULL:
     * $LIMNER_CACHE_DIR, or limner in $XDG_CACHE_HOME or ~/.cache, except for PoCL, which has its
     * own cache. */
    const char *cache_dir;
    bool sync; /* wait after every kernel: slow, but names the one that fails */
    /* Timeout in seconds for one call of an OpenCL driver, including compilations; 0: none. After
     * half of it, 30 s at most, a warning names the call. After all of it an error is logged, and
     * `hung` (may be NULL) is called once, with `user`, from a separate thread. The call may never
     * return: the host can only end the process. */
    double wait_timeout;
    void (*hung)(void *user);
    void *user;
    /* For "auto"; each may be NULL. `rate` returns the measured speed of a device for the planned
     * work (lim_tune_rate; 0: unknown). Without a GPU, the faster of the CPU path and an OpenCL
     * device on the processor is used, if both were measured. */
    double (*rate)(const void *user, const char *identity);
    const void *rate_user;
    /* The name of the OpenCL device used before, which is used again, and its option, which
     * distinguishes equal devices (lim_backend_name, lim_backend_option). */
    const char *before, *before_option;
    /* Not NULL: the backend's own log from the opening on, as in lim_backend_log_set. */
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

/* Opens the device (choice NULL: same as all zero) and logs one line that names it. Returns NULL
 * after exactly one error line; `why` (may be NULL) is then LIM_USAGE, LIM_NO_DEVICE or LIM_ERROR.
 * An explicit choice never falls back. Blocks while kernels are compiled (seconds on some drivers).
 * Thread-safety: one thread at a time may use a backend and everything that belongs to it. */
LIM_API struct lim_backend *lim_backend_create(const struct lim_device_choice *choice,
                                               enum lim_status *why);

/* Sends this backend's messages of `level` and more severe to `fn` instead of lim_log_set's
 * function: those of all functions that take the backend or an object created from it (networks,
 * optimizers, a DCGAN, lim_train, lim_tune, lim_eval), in any thread, and those of its watchdog.
 * NULL discards them. Thread-safety: that of the backend. */
LIM_API void lim_backend_log_set(struct lim_backend *be, lim_log_fn *fn, void *user,
                                 enum lim_log_level level);

/* Copies the last error line of this backend, whether or not it was logged, to `text`, truncated to
 * `size` bytes, and returns `text`; "": none. Thread-safety: any thread, while the backend
 * lives. */
LIM_API char *lim_backend_last_error(const struct lim_backend *be, char *text, size_t size);

/* For the main() of a program: a crash inside a driver (SIGSEGV, SIGILL, SIGFPE and SIGABRT, if not
 * handled yet; SIGBUS) ends the program with LIM_DEVICE_FAILED and a line on stderr that begins
 * with `program` (static text) and names the call; a truncated mapped file ends it with LIM_ERROR.
 * Any other crash is unaffected. The calling thread gets a signal stack, unless it has one, so that
 * a stack overflow in it is reported too. */
LIM_API void lim_tell_crashes(const char *program);

/* Waits for queued work first. Everything created from it must be destroyed before. NULL is
 * allowed. */
LIM_API void lim_backend_destroy(struct lim_backend *be);

/* Waits until all queued work is done. Returns false once any queued work has failed: the first
 * failure was logged, and everything after it did nothing. */
LIM_API bool lim_backend_finish(struct lim_backend *be);

/* Returns false once any queued work is known to have failed. Does not wait. */
LIM_API bool lim_backend_ok(const struct lim_backend *be);

/* From now on, writes the begin and end of each operation to `path`, for chrome://tracing and
 * Perfetto, and waits for each, which makes training slower. Ends with the backend or at the next
 * call. Returns false after one log line. */
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
    bool duplicate; /* the same hardware is listed earlier, under another platform */
    char note[256]; /* why it is unusable, or a hint; else "" */
    char reserved[128];
};

/* Lists every OpenCL device of this machine. Returns the number of rows, which lim_device_list_free
 * frees; 0 if OpenCL is absent: `*why_none` is then a line that says why and what to do, else "".
 * Opens no context. `why_none` points to static text or to memory of the list. */
LIM_API int lim_device_list(struct lim_device_info **list, const char **why_none);
LIM_API void lim_device_list_free(struct lim_device_info *list);

/* The OpenCL loader that this process uses: its path, and its name and version if it reports
 * them. */
LIM_API void lim_device_loader(char *text, size_t size);

LIM_END

#endif
