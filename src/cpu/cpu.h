/* The CPU path: what its files share. Work is cut into pieces that do not depend on the number of
 * threads, and every piece is summed in a fixed order, so results have the same bits for any
 * number. No atomics. */
#ifndef LIMNER_SRC_CPU_CPU_H
#define LIMNER_SRC_CPU_CPU_H

#include "core/backend.h"
#include "cpu/kernel.h"

#include <stddef.h>

/* Compiled once for each instruction set and chosen when the program starts. Contraction is off
 * (meson.build), so all versions give the same bits. clang 14 cannot call a clone from another
 * file. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define CPU_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define CPU_CLONES
#endif

/* Elements that one thread takes per piece in loops over whole tensors: 64 KiB of floats. */
enum { CPU_CHUNK = 16384 };

struct cpu_backend {
    struct lim_backend base;
    int threads;
    bool blas; /* its multiplication is the first of base.gemms */
    int gemm;  /* index in base.gemms */
    const struct cpu_kernel *kernel;
    void *scratch;
    size_t scratch_size; /* bytes, as the next two */
    size_t planned_scratch;
    size_t measured; /* the largest request during measuring */
    bool measuring;
};

struct cpu_buffer {
    struct lim_buffer base;
    float *data; /* aligned to 64 bytes */
};

static inline struct cpu_backend *cpu_of(struct lim_backend *be)
{
    return (struct cpu_backend *)be;
}

static inline float *cpu_data(struct lim_tensor t)
{
    return ((struct cpu_buffer *)t.buf)->data + t.offset;
}

static inline int cpu_rows(struct lim_tensor t)
{
    return t.n * t.h * t.w;
}

static inline int cpu_min(int a, int b)
{
    return a < b ? a : b;
}

/* Number of pieces of at most `size` that make up `count`. */
static inline int cpu_pieces(size_t count, size_t size)
{
    return (int)((count + size - 1) / size);
}

/* Memory aligned to 64 bytes; the caller frees. NULL if there is none. */
void *cpu_alloc(size_t bytes);

/* The number of the calling thread within a loop's threads. */
int cpu_thread(void);

/* The backend's scratch memory, its contents undefined; the next call may move it. It grows to the
 * largest size requested, and convolutions reserve theirs, so steps allocate nothing. NULL after
 * one log line, with the backend failed; also NULL while backend.c measures how much an operation
 * requests: the operation must then do nothing. */
void *cpu_scratch(struct lim_backend *be, size_t bytes);

/* Grows it to that size. False, without a log line, if memory is short. */
bool cpu_scratch_grow(struct cpu_backend *cpu, size_t bytes);

/* gemm.c */
const char *const *cpu_gemms(bool blas);

/* Does a BLAS multiply on the thread that calls it? The threads are ours: OpenBLAS's own would
 * compete with them, and its way of cutting the work depends on their number, which is one for the
 * whole process and set by others (limner/host.h). */
bool cpu_has_blas(void);
void cpu_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c);

/* The same, always by the built-in code. */
void cpu_gemm_builtin(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb,
                      float alpha, struct lim_tensor a, struct lim_tensor b, float beta,
                      struct lim_tensor c);

/* conv.c */
void cpu_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col);
void cpu_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor col,
                struct lim_tensor x);

/* direct.c */
void cpu_conv_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                      struct lim_tensor w, struct lim_tensor y);
void cpu_conv_backward_data(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                            struct lim_tensor w, struct lim_tensor dx);
void cpu_conv_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                               struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

/* narrow.c */
void cpu_narrow_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);

/* norm.c: functions that take an activation also take LIM_NO_ACTIVATION. */
void cpu_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y);
void cpu_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
void cpu_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std,
                             struct lim_tensor y);
void cpu_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);

/* norm_backward.c */
void cpu_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias);
void cpu_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx);
void cpu_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx);
void cpu_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor dy, struct lim_tensor gamma,
                                struct lim_tensor beta, struct lim_tensor mean,
                                struct lim_tensor inv_std, struct lim_tensor dgamma,
                                struct lim_tensor dbeta, struct lim_tensor dx);

/* pointwise.c */
void cpu_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y);
void cpu_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y);
/* dx = dy f'(y) of n elements, in the calling thread; dx may be dy. */
void cpu_activate_back(enum lim_activation kind, float slope, size_t n, const float *from,
                       const float *dy, float *dx);
void cpu_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y);
void cpu_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx);
void cpu_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
              struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits);
void cpu_adam(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
              float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
              struct lim_tensor p);
void cpu_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, bool root,
             struct lim_tensor s);
void cpu_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
               struct lim_tensor x, float beta, struct lim_tensor y);
void cpu_fill(struct lim_backend *be, float value, struct lim_tensor y);
void cpu_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y);
void cpu_own(struct lim_backend *be, const struct lim_own_op *op, size_t items,
             const struct lim_own_arg *args, int count);
void cpu_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y);
void cpu_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y);

#endif
