#include <limner/adam.h>

#include "log.h"

#include <stdlib.h>

struct lim_optimizer {
    struct lim_backend *be;
    struct lim_adam_desc desc;
    struct lim_buffer *m, *v; /* apart: neither is larger than the parameters */
    size_t count;
    uint64_t t;
};

struct lim_optimizer *lim_optimizer_create(struct lim_backend *be, size_t count,
                                           const struct lim_adam_desc *desc)
{
    struct lim_optimizer *opt = calloc(1, sizeof *opt);

    if (!opt) {
        lim_error("no memory for an optimiser");
        return NULL;
    }
    opt->be = be;
    opt->desc = *desc;
    opt->count = count;
    opt->m = lim_buffer_create_for(be, LIM_MEMORY_MOMENTS, count);
    opt->v = opt->m ? lim_buffer_create_for(be, LIM_MEMORY_MOMENTS, count) : NULL;
    if (!opt->v) {
        lim_optimizer_destroy(opt);
        return NULL;
    }
    return opt;
}

void lim_optimizer_destroy(struct lim_optimizer *opt)
{
    if (!opt)
        return;
    lim_buffer_destroy(opt->m);
    lim_buffer_destroy(opt->v);
    free(opt);
}

void lim_optimizer_step(struct lim_optimizer *opt, struct lim_tensor grads,
                        struct lim_tensor params)
{
    opt->t++;
    lim_adam(opt->be, &opt->desc, opt->t, grads, lim_optimizer_m(opt), lim_optimizer_v(opt),
             params);
}

struct lim_tensor lim_optimizer_m(const struct lim_optimizer *opt)
{
    return lim_vector_of(opt->m, 0, opt->count);
}

struct lim_tensor lim_optimizer_v(const struct lim_optimizer *opt)
{
    return lim_vector_of(opt->v, 0, opt->count);
}

uint64_t lim_optimizer_t(const struct lim_optimizer *opt)
{
    return opt->t;
}

void lim_optimizer_set_t(struct lim_optimizer *opt, uint64_t t)
{
    opt->t = t;
}

void lim_optimizer_set_lr(struct lim_optimizer *opt, float lr)
{
    opt->desc.lr = lr;
}
