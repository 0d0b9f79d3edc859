/* What a backend is made of: THE table of operations. Private: callers use limner/ops.h, whose
 * front door (ops.c) has checked shapes, lengths and aliasing before a slot is called, so slots
 * check nothing.
 *
 * A slot queues its work and returns; on failure it calls lim_backend_fail, after which the front
 * door calls no more operations. Slots marked "optional" may be NULL: the comment says what happens
 * then. */
#ifndef LIMNER_SRC_CORE_BACKEND_H
#define LIMNER_SRC_CORE_BACKEND_H

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "limner must tell NaN and infinity from numbers: build it without -Ofast and -ffast-math"
#endif

#include <limner/backend.h>
#include <limner/memory.h>
#include <limner/ops.h>
#include <limner/own.h>
#include <limner/tensor.h>

/* First member of every backend's own buffer. */
struct lim_buffer {
    struct lim_backend *be;
    size_t count; /* floats */
    /* tensor.c's: how the account counts it, and whether it was only planned. */
    enum lim_memory_part part;
    bool planned;
};

struct lim_backend_ops {
    void (*destroy)(struct lim_backend *be);
    bool (*finish)(struct lim_backend *be); /* waits; logs and returns false on failure */

    /* Zeroed; NULL after one log line. `count` is at least 1. */
    struct lim_buffer *(*buffer_create)(struct lim_backend *be, size_t count);
    void (*buffer_destroy)(struct lim_buffer *buf);
    /* Optional: allocates the extra memory that operations on a buffer of `count` floats need.
     * False after one log line. */
    bool (*buffer_reserve)(struct lim_backend *be, size_t count);
    /* The backend's own memory, in bytes; while be->planning, the memory that it would take for
     * what was reserved since plan(). */
    uint64_t (*own_memory)(const struct lim_backend *be);
    void (*plan)(struct lim_backend *be); /* begins to plan, from the present state */
    void (*write)(struct lim_tensor t, const float *host);
    void (*read)(struct lim_tensor t, float *host);

    /* The caller has checked the index in `gemms`, the backend's list. */
    void (*use_gemm)(struct lim_backend *be, int index);

    /* Primitives: every slot required, as limner/ops.h defines them. */
    void (*gemm)(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
                 struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c);
    /* Optional (NULL: nothing to prepare): allocates now what a multiplication of these sizes would
     * allocate. False after one log line. */
    bool (*gemm_reserve)(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb,
                         int m, int n, int k);
    void (*im2col)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                   struct lim_tensor col);
    void (*col2im)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                   struct lim_tensor x);
    void (*bias_forward)(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y);
    void (*bias_backward)(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias);
    void (*batchnorm_train)(struct lim_backend *be, const struct lim_batchnorm *bn,
                            struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                            struct lim_tensor running_mean, struct lim_tensor running_var,
                            struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y);
    void (*batchnorm_infer)(struct lim_backend *be, const struct lim_batchnorm *bn,
                            struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                            struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
    void (*batchnorm_backward)(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                               struct lim_tensor gamma, struct lim_tensor mean,
                               struct lim_tensor inv_std, struct lim_tensor dgamma,
                               struct lim_tensor dbeta, struct lim_tensor dx);
    void (*activation_forward)(struct lim_backend *be, enum lim_activation kind, float slope,
                               struct lim_tensor x, struct lim_tensor y);
    void (*activation_backward)(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx);
    void (*loss)(struct lim_backend *be, enum lim_loss_kind kind, float target,
                 struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits);
    /* correct1 = 1/(1 - beta1^t), correct2 = 1/(1 - beta2^t), computed in double. */
    void (*adam)(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
                 float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
                 struct lim_tensor p);
    void (*fill)(struct lim_backend *be, float value, struct lim_tensor y);
    void (*copy)(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y);
    void (*axpby)(struct lim_backend *be, float a, struct lim_tensor x, float b,
                  struct lim_tensor y);
    /* `root`: computes lim_norm; then a is b. */
    void (*dot)(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, bool root,
                struct lim_tensor s);
    void (*scale)(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
                  struct lim_tensor x, float beta, struct lim_tensor y);
    /* Optional: runs an operation of the program's own (limner/own.h); NULL: there are none. The
     * second slot builds what it needs; NULL: nothing. False after one log line. */
    void (*own)(struct lim_backend *be, const struct lim_own_op *op, size_t items,
                const struct lim_own_arg *args, int count);
    bool (*own_reserve)(struct lim_backend *be, const struct lim_own_op *op);
    void (*multiply_add)(struct lim_backend *be, int rounds, struct lim_tensor y);

    /* Composites: every slot optional (NULL: ops.c calls the primitives in sequence, which is the
     * test oracle of these slots). */
    void (*bias_act_forward)(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor bias, struct lim_tensor y);
    void (*bias_act_backward)(struct lim_backend *be, enum lim_activation kind, float slope,
                              struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                              struct lim_tensor dx);
    /* These three are called only for LIM_RELU and LIM_LEAKY_RELU, whose derivative depends on the
     * sign: recomputing that of the normalized x is cheaper than reading y. */
    void (*batchnorm_act_train)(struct lim_backend *be, const struct lim_batchnorm *bn,
                                enum lim_activation kind, float slope, struct lim_tensor x,
                                struct lim_tensor gamma, struct lim_tensor beta,
                                struct lim_tensor running_mean, struct lim_tensor running_var,
                                struct lim_tensor mean, struct lim_tensor inv_std,
                                struct lim_tensor y);
    void (*batchnorm_act_infer)(struct lim_backend *be, const struct lim_batchnorm *bn,
                                enum lim_activation kind, float slope, struct lim_tensor x,
                                struct lim_tensor gamma, struct lim_tensor beta,
                                struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
    void (*batchnorm_act_backward)(struct lim_backend *be, enum lim_activation kind, float slope,
                                   struct lim_tensor x, struct lim_tensor dy,
                                   struct lim_tensor gamma, struct lim_tensor beta,
                                   struct lim_tensor mean, struct lim_tensor inv_std,
                                   struct lim_tensor dgamma, struct lim_tensor dbeta,
                                   struct lim_tensor dx);
};

/* "No activation", for functions of a backend that do a primitive and its composite. */
#define LIM_NO_ACTIVATION LIM_ACTIVATIONS

/* A way to do the passes of a convolution. The alternative is lowering to im2col, gemm and col2im,
 * which is algorithm 0 and the test oracle of the others. */
struct lim_conv_algorithm {
    const char *name;
    /* Depends on the geometry of one picture: cv->n must not count, so that a picture has the same
     * bits in any batch. The same holds for `gains`. */
    bool (*runs)(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass);
    void (*forward)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                    struct lim_tensor w, struct lim_tensor y);
    void (*backward_data)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                          struct lim_tensor w, struct lim_tensor dx);
    void (*backward_weights)(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                             struct lim_tensor dy, struct lim_tensor dw);
    /* Optional: allocates now what the pass would allocate, for up to cv->n pictures. False after
     * one log line. */
    bool (*reserve)(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass);
    /* Optional: if it runs, is it likely to be faster than those before it? NULL: yes. */
    bool (*gains)(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass);
};

/* The last algorithm that runs and gains is used, unless another is requested. */
enum { LIM_CONV_AUTO = -1, LIM_CONV_LOWERING = 0, LIM_CONV_ALGORITHMS = 4 };

/* The algorithms for the passes of one geometry, in place of the backend's own choice: measured by
 * the tuner, or taken from a run that is resumed. */
struct lim_conv_choice {
    struct lim_conv cv;       /* n is ignored */
    signed char algorithm[3]; /* of each pass, index in conv_names; LIM_CONV_AUTO: not chosen */
    signed char gemm[3];      /* of the lowering, index in gemms */
};

/* First member of every backend's own struct. The backend fills the upper part; backend.c and ops.c
 * handle the rest. */
struct lim_backend {
    const struct lim_backend_ops *ops;
    const char *const *gemms; /* NULL-terminated, preferred first */
    /* Algorithms 1 and up, the last one without a name. */
    const struct lim_conv_algorithm *convs;
    char name[192];     /* for messages */
    char option[64];    /* "--device cpu" */
    char identity[512]; /* device, driver and versions: measurements hold for one identity only */
    /* For a CPU path that "auto" has opened: name and option of the OpenCL device that would have
     * been used if it had been there and worked; or "". */
    char wanted[192], wanted_option[64];
    size_t workspace_cap; /* bytes that the lowering of a convolution may take; set by create */
    double most_work;     /* flop of one launch at most, for watchdogs; 0: any number */
    uint64_t launches;    /* counted by the backend */
    uint64_t bytes;       /* counted by ops.c */

    const char *conv_names[LIM_CONV_ALGORITHMS + 1];
    int conv; /* the requested algorithm, or LIM_CONV_AUTO */
    int gemm; /* the requested one */
    struct lim_conv_choice *choices;
    int conv_choice_count;
    bool tuned;              /* this process requested the choices: a run does not store them */
    struct lim_trace *trace; /* of --profile, or NULL: trace.c */
    struct base_log *log;    /* set by the factory */
    bool failed;
    char *trial; /* lim_trial_begin, or NULL */
    size_t trial_size;
    struct lim_buffer *workspace; /* grown by lim_conv_reserve, never within a step */

    struct lim_memory taken, planned; /* in buffers: memory.c */
    bool planning;
    struct lim_buffer *set_aside; /* the workspace, during planning */
    /* What the device reports, or 0; what was allocated when it refused a buffer, or 0. */
    uint64_t global_mem, max_alloc, refused_at;
    bool host_memory; /* buffers lie in the host's memory */
};

/* conv_choice.c. A geometry's choice, or NULL. */
const struct lim_conv_choice *lim_conv_choice_find(const struct lim_backend *be,
                                                   const struct lim_conv *cv);

/* LIM_CONV_AUTO removes a choice. False after one log line (no memory). */
bool lim_conv_choice_set(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                         int algorithm, int gemm);
void lim_conv_choices_clear(struct lim_backend *be);

/* The algorithm that would do a pass now: NULL is the lowering, with the multiplication of this
 * index. */
const struct lim_conv_algorithm *lim_conv_choice_algorithm(const struct lim_backend *be,
                                                           const struct lim_conv *cv,
                                                           enum lim_conv_pass pass);
int lim_conv_choice_gemm(const struct lim_backend *be, const struct lim_conv *cv,
                         enum lim_conv_pass pass);

/* ops.c. Images of a convolution per launch, by be->most_work: one to cv->n. */
int lim_images_of_work(const struct lim_backend *be, const struct lim_conv *cv);

/* Latches the first failure. The caller has logged it, or passes `what` to have one line logged. */
void lim_backend_fail(struct lim_backend *be, const char *what, ...) LIM_PRINTF(2, 3);

/* A public function was called with wrong arguments: latches, with one log line. `be` may be NULL.
 */
void lim_backend_refuse(struct lim_backend *be, const char *function, const char *required);

/* tensor.c. Does a view lie inside its buffer? Not NULL. */
bool lim_tensor_fits(struct lim_tensor t);

/* Until lim_trial_end, failures are written to `why` instead of the log. */
void lim_trial_begin(struct lim_backend *be, char *why, size_t size);

/* Clears a failure if the device still answers. False, after one log line, if it does not. */
bool lim_trial_end(struct lim_backend *be);

/* memory.c: adds `count` floats to the account, or removes them. */
void lim_memory_enter(struct lim_backend *be, enum lim_memory_part part, size_t count);
void lim_memory_leave(struct lim_backend *be, enum lim_memory_part part, size_t count);

/* The host's available memory, from the files below these folders ("/proc", "/sys"); ignores this
 * process's own limits. UINT64_MAX if they do not say. */
uint64_t lim_host_memory(const char *proc, const char *sys);

/* Makes the list of names from that of the algorithms; the choice is the backend's own. */
void lim_backend_name_convs(struct lim_backend *be);

/* The future `identity`; opens nothing. */
void lim_cpu_identity(const struct lim_device_choice *choice, char *text, size_t size);

/* The two existing backends. `choice` has no NULL or zero left that backend.c could fill in. */
struct lim_backend *lim_cpu_create(const struct lim_device_choice *choice, enum lim_status *why);

/* An OpenCL device that is not open. */
struct lim_rival {
    char name[192], identity[512], word[24]; /* "0:1" */
    bool known;
};

/* If OpenCL was not built in, opencl_absent.c replaces these. lim_opencl_create logs one line on
 * failure; lim_opencl_auto returns NULL without an error line and fills `reason` if there is no GPU
 * to prefer; one that cannot be opened is `missed` (name and word). */
struct lim_backend *lim_opencl_create(const struct lim_device_choice *choice, enum lim_status *why);
struct lim_backend *lim_opencl_auto(const struct lim_device_choice *choice, char *reason,
                                    size_t reason_size, enum lim_status *why,
                                    struct lim_rival *missed);

/* The OpenCL device that competes with the CPU path for the processor: the one that choice->before
 * names (`known`), else the best; false, without a log line, if there is none. */
bool lim_opencl_cpu(const struct lim_device_choice *choice, struct lim_rival *rival);

/* The driver call that has not returned, as "clBuildProgram of 'norm' for 0:0": of several the
 * last. False if there is none. Async-signal-safe. */
bool lim_opencl_asked(char *text, size_t size);

/* Call this after a driver may have removed the handlers of lim_tell_crashes. */
void lim_crash_arm(void);

#endif
