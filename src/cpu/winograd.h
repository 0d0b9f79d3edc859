/* The three passes of a stride-2 convolution with 3x3, 4x4 or 5x5 kernels by Winograd's algorithm,
 * for each of its four phases. */
#ifndef LIMNER_SRC_CPU_WINOGRAD_H
#define LIMNER_SRC_CPU_WINOGRAD_H

#include "cpu/cpu.h"

/* Depends only on the geometry of one picture: the same picture has the same bits in any batch. */
bool cpu_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass);

void cpu_winograd_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y);
void cpu_winograd_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx);
void cpu_winograd_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw);

#endif
