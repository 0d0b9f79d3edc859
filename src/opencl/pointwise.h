/* Operations on each element: slots of the table. */
#ifndef LIMNER_SRC_OPENCL_POINTWISE_H
#define LIMNER_SRC_OPENCL_POINTWISE_H

#include "opencl/backend.h"

void ocl_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y);
void ocl_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y);
void ocl_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx);
void ocl_loss(struct lim_backend *be, enum lim_loss_kind kind, float target,
              struct lim_tensor logits, struct lim_tensor stats, struct lim_tensor dlogits);
void ocl_adam(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
              float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
              struct lim_tensor p);
void ocl_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, bool root,
             struct lim_tensor s);
void ocl_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
               struct lim_tensor x, float beta, struct lim_tensor y);
void ocl_fill(struct lim_backend *be, float value, struct lim_tensor y);
void ocl_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y);
void ocl_multiply_add(struct lim_backend *be, int rounds, struct lim_tensor y);
void ocl_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y);

/* `kind` may be LIM_NO_ACTIVATION, too. */
void ocl_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y);

#endif
