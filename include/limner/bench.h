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

/* Bytes that the operations since then had to move at least: every operand as often as the
 * operation passes over it (batch normalization reads its input twice), nothing staying in a cache
 * from one operation to the next. */
LIM_API uint64_t lim_backend_bytes(const struct lim_backend *be);

/* The matrix multiplications this backend has, a NULL-terminated list; the first is the one in use
 * unless lim_backend_use_gemm has chosen another ("blas" "builtin"; "packed" "tiled" "clblast"). */
LIM_API const char *const *lim_backend_gemms(const struct lim_backend *be);

/* Uses the named one from here on. False (and no change) where this backend does not have it. */
LIM_API bool lim_backend_use_gemm(struct lim_backend *be, const char *name);

/* The algorithms for convolutions this backend has, a NULL-terminated list: first "lowering", which
 * does every pass of every convolution, then others that do some of them ("direct", "winograd"). */
LIM_API const char *const *lim_backend_convs(const struct lim_backend *be);

/* Uses the named one from here on wherever it runs, and "lowering" elsewhere; "auto", which is how
 * a backend starts, takes the one that the backend finds fastest for each geometry. False (and no
 * change) where this backend does not have it. */
LIM_API bool lim_backend_use_conv(struct lim_backend *be, const char *name);

/* The name of the algorithm (lim_backend_convs) that does this pass of `cv` on `be` as things
 * stand. It depends on the geometry of one picture, never on cv->n. */
LIM_API const char *lim_conv_algorithm(const struct lim_backend *be, const struct lim_conv *cv,
                                       enum lim_conv_pass pass);

/* The multiplication (lim_backend_gemms) that it takes where that algorithm is "lowering"; else "".
 */
LIM_API const char *lim_conv_gemm(const struct lim_backend *be, const struct lim_conv *cv,
                                  enum lim_conv_pass pass);

/* The convolution of a row whose input is `batch` pictures of *side x *side with *channels, which
 * become those of its output. A transposed one is the convolution that it runs backwards. False:
 * the row is none, or does not fit. */
LIM_API bool lim_conv_of_row(const struct lim_layer_desc *row, int batch, int *side, int *channels,
                             struct lim_conv *cv);

/* y = y / 2 + 1, `rounds` times over without going back to memory: two operations an element and
 * round. What a device's multiply-add peak is measured with. */
LIM_API void lim_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y);

LIM_END

#endif
