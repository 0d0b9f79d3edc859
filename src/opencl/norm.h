/* Batch normalization and gradients of biases: slots of the table. */
#ifndef LIMNER_SRC_OPENCL_NORM_H
#define LIMNER_SRC_OPENCL_NORM_H

#include "opencl/backend.h"

void ocl_bias_backward(struct lim_backend *be, struct lim_tensor dy, struct lim_tensor dbias);
void ocl_batchnorm_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor running_mean, struct lim_tensor running_var,
                         struct lim_tensor mean, struct lim_tensor inv_std, struct lim_tensor y);
void ocl_batchnorm_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                         struct lim_tensor x, struct lim_tensor gamma, struct lim_tensor beta,
                         struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
void ocl_batchnorm_backward(struct lim_backend *be, struct lim_tensor x, struct lim_tensor dy,
                            struct lim_tensor gamma, struct lim_tensor mean,
                            struct lim_tensor inv_std, struct lim_tensor dgamma,
                            struct lim_tensor dbeta, struct lim_tensor dx);

/* Functions that take an activation also take LIM_NO_ACTIVATION. */
void ocl_batchnorm_act_train(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor running_mean, struct lim_tensor running_var,
                             struct lim_tensor mean, struct lim_tensor inv_std,
                             struct lim_tensor y);
void ocl_batchnorm_act_infer(struct lim_backend *be, const struct lim_batchnorm *bn,
                             enum lim_activation kind, float slope, struct lim_tensor x,
                             struct lim_tensor gamma, struct lim_tensor beta,
                             struct lim_tensor mean, struct lim_tensor var, struct lim_tensor y);
void ocl_bias_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                           struct lim_tensor y, struct lim_tensor dy, struct lim_tensor dbias,
                           struct lim_tensor dx);
void ocl_batchnorm_act_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                                struct lim_tensor x, struct lim_tensor dy, struct lim_tensor gamma,
                                struct lim_tensor beta, struct lim_tensor mean,
                                struct lim_tensor inv_std, struct lim_tensor dgamma,
                                struct lim_tensor dbeta, struct lim_tensor dx);

#endif
