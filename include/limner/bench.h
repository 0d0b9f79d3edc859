/* What `limner bench` and limner-conform measure and choose with. Not stable: limner/limner.h does
 * not include this header, and what stands in it may change or go with any version.
 *
 * Thread-safety: that of the backend. */
#ifndef LIMNER_BENCH_H
#define LIMNER_BENCH_H

#include <limner/api.h>
#include <limner/backend.h>
#include <limner/ops.h>
#include <stdbool.h>
#include <stdint.h>

LIM_BEGIN

struct lim_layer_desc;

/* Kernels launched (on the CPU path: primitives run) since the backend was created. */
LIM_API uint64_t lim_backend_launches(const struct lim_backend *be);

/* Minimum bytes that these operations had to move: every operand as often as the operation passes
 * over it (batch normalization reads its input twice), assuming that no cache keeps data from one
 * operation to the next. */
LIM_API uint64_t lim_backend_bytes(const struct lim_backend *be);

/* The matrix multiplications of this backend, a NULL-terminated list; the first is used unless
 * lim_backend_use_gemm has selected another ("blas" "builtin"; "packed" "tiled" "clblast"). */
LIM_API const char *const *lim_backend_gemms(const struct lim_backend *be);

/* Uses the named one from now on. Returns false (and changes nothing) if this backend does not have
 * it. */
LIM_API bool lim_backend_use_gemm(struct lim_backend *be, const char *name);

/* The convolution algorithms of this backend, a NULL-terminated list: first "lowering", which
 * supports every pass of every convolution, then others that support some of them ("direct",
 * "winograd"). */
LIM_API const char *const *lim_backend_convs(const struct lim_backend *be);

/* Uses the named one from now on wherever it is supported, and "lowering" elsewhere; "auto", the
 * default, uses the one that the backend expects to be fastest for each geometry. Returns false
 * (and changes nothing) if this backend does not have it. */
LIM_API bool lim_backend_use_conv(struct lim_backend *be, const char *name);

/* The name of the algorithm (lim_backend_convs) that `be` currently uses for this pass of `cv`. It
 * depends on the geometry of one picture, never on cv->n. */
LIM_API const char *lim_conv_algorithm(const struct lim_backend *be, const struct lim_conv *cv,
                                       enum lim_conv_pass pass);

/* The multiplication (lim_backend_gemms) that it uses if that algorithm is "lowering"; else "". */
LIM_API const char *lim_conv_gemm(const struct lim_backend *be, const struct lim_conv *cv,
                                  enum lim_conv_pass pass);

/* Fills in the convolution of a row whose input is `batch` pictures of *side x *side with
 * *channels, and sets both to those of its output. A transposed convolution is the convolution that
 * it runs backwards. Returns false if the row is not a convolution or does not fit. */
LIM_API bool lim_conv_of_row(const struct lim_layer_desc *row, int batch, int *side, int *channels,
                             struct lim_conv *cv);

/* y = y / 2 + 1, repeated `rounds` times in registers: two operations per element and round. It
 * measures a device's multiply-add peak. */
LIM_API void lim_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y);

LIM_END

#endif
