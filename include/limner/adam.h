/* The optimiser's state: moments and step count beside a flat parameter view. */
#ifndef LIMNER_ADAM_H
#define LIMNER_ADAM_H

#include <limner/api.h>
#include <limner/ops.h>
#include <stdint.h>

LIM_BEGIN

struct lim_optimizer;

/* For `count` parameters; moments zero, step 0. NULL after one log line. */
LIM_API struct lim_optimizer *lim_optimizer_create(struct lim_backend *be, size_t count,
                                                   const struct lim_adam_desc *desc);
LIM_API void lim_optimizer_destroy(struct lim_optimizer *opt);

/* One step of Adam over all parameters, in one launch. */
LIM_API void lim_optimizer_step(struct lim_optimizer *opt, struct lim_tensor grads,
                                struct lim_tensor params);

/* The moments (vectors of `count`) and the steps taken: what a checkpoint holds. */
LIM_API struct lim_tensor lim_optimizer_m(const struct lim_optimizer *opt);
LIM_API struct lim_tensor lim_optimizer_v(const struct lim_optimizer *opt);
LIM_API uint64_t lim_optimizer_t(const struct lim_optimizer *opt);
LIM_API void lim_optimizer_set_t(struct lim_optimizer *opt, uint64_t t);

/* The step size from the next step on. */
LIM_API void lim_optimizer_set_lr(struct lim_optimizer *opt, float lr);

LIM_END

#endif
