/* Adam for all parameters of a network: the moments and the number of steps taken.
 *
 * Thread-safety: an optimizer belongs to its network and to the network's backend: one thread at a
 * time may use them. */
#ifndef LIMNER_ADAM_H
#define LIMNER_ADAM_H

#include <limner/api.h>
#include <limner/net.h>
#include <limner/ops.h>
#include <stdint.h>

LIM_BEGIN

struct lim_optimizer;

/* Creates an optimizer for a network, which must outlive it: moments zero, step 0. Returns NULL
 * after one log line. */
LIM_API struct lim_optimizer *lim_optimizer_create(struct lim_backend *be,
                                                   const struct lim_net *net,
                                                   const struct lim_adam_desc *desc);
LIM_API void lim_optimizer_destroy(struct lim_optimizer *opt);

/* Takes one step of Adam on all parameters with their gradients: one launch for each of the
 * network's chunks. */
LIM_API void lim_optimizer_step(struct lim_optimizer *opt);

/* The moments (in chunks like the network's parameters) and the steps taken: what a checkpoint
 * holds. */
LIM_API struct lim_tensor lim_optimizer_m(const struct lim_optimizer *opt, int chunk);
LIM_API struct lim_tensor lim_optimizer_v(const struct lim_optimizer *opt, int chunk);
LIM_API int lim_optimizer_chunks(const struct lim_optimizer *opt);
LIM_API uint64_t lim_optimizer_t(const struct lim_optimizer *opt);
LIM_API void lim_optimizer_set_t(struct lim_optimizer *opt, uint64_t t);

/* The step size from the next step on. */
LIM_API void lim_optimizer_set_lr(struct lim_optimizer *opt, float lr);

LIM_END

#endif
