#include <limner/adam.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <stdlib.h>

struct lim_optimizer {
    struct lim_backend *be;
    struct lim_adam_desc desc;
    const struct lim_net *net;
    struct lim_buffer **moments; /* m, v of each chunk; apart: none is larger than its parameters */
    int chunks;
    uint64_t t;
};

static struct lim_optimizer *create(struct lim_backend *be, const struct lim_net *net,
                                    const struct lim_adam_desc *desc)
{
    struct lim_optimizer *opt;

    REQUIRE(be && net && desc && lim_net_params(net, 0).buf->be == be, NULL);
    opt = calloc(1, sizeof *opt);
    if (opt) {
        opt->be = be;
        opt->net = net;
        opt->desc = *desc;
        opt->chunks = lim_net_chunks(net);
        opt->moments = calloc(2 * (size_t)opt->chunks, sizeof *opt->moments);
    }
    if (!opt || !opt->moments) {
        lim_error("no memory for an optimizer");
        free(opt);
        return NULL;
    }
    for (int i = 0; i < 2 * opt->chunks; i++) {
        opt->moments[i] = lim_buffer_create_for(be, LIM_MEMORY_MOMENTS,
                                                lim_tensor_count(lim_net_params(net, i / 2)));
        if (!opt->moments[i]) {
            lim_optimizer_destroy(opt);
            return NULL;
        }
    }
    return opt;
}

struct lim_optimizer *lim_optimizer_create(struct lim_backend *be, const struct lim_net *net,
                                           const struct lim_adam_desc *desc)
{
    struct base_log *before;
    struct lim_optimizer *result;

    REQUIRE(be, NULL);
    before = base_log_enter(be->log);
    result = create(be, net, desc);
    base_log_enter(before);
    return result;
}

void lim_optimizer_destroy(struct lim_optimizer *opt)
{
    if (!opt)
        return;
    for (int i = 0; i < 2 * opt->chunks; i++)
        lim_buffer_destroy(opt->moments[i]);
    free(opt->moments);
    free(opt);
}

void lim_optimizer_step(struct lim_optimizer *opt)
{
    REQUIRE_OR_RETURN(opt);
    opt->t++;
    for (int i = 0; i < opt->chunks; i++)
        lim_adam(opt->be, &opt->desc, opt->t, lim_net_grads(opt->net, i), lim_optimizer_m(opt, i),
                 lim_optimizer_v(opt, i), lim_net_params(opt->net, i));
}

static const struct lim_tensor no_tensor = {.buf = NULL};

static struct lim_tensor all_of(struct lim_buffer *buf)
{
    return lim_vector_of(buf, 0, lim_buffer_count(buf));
}

struct lim_tensor lim_optimizer_m(const struct lim_optimizer *opt, int chunk)
{
    REQUIRE(opt && chunk >= 0 && chunk < opt->chunks, no_tensor);
    return all_of(opt->moments[2 * chunk]);
}

struct lim_tensor lim_optimizer_v(const struct lim_optimizer *opt, int chunk)
{
    REQUIRE(opt && chunk >= 0 && chunk < opt->chunks, no_tensor);
    return all_of(opt->moments[2 * chunk + 1]);
}

int lim_optimizer_chunks(const struct lim_optimizer *opt)
{
    REQUIRE(opt, 0);
    return opt->chunks;
}

uint64_t lim_optimizer_t(const struct lim_optimizer *opt)
{
    REQUIRE(opt, 0);
    return opt->t;
}

void lim_optimizer_set_t(struct lim_optimizer *opt, uint64_t t)
{
    REQUIRE_OR_RETURN(opt);
    opt->t = t;
}

void lim_optimizer_set_lr(struct lim_optimizer *opt, float lr)
{
    REQUIRE_OR_RETURN(opt);
    opt->desc.lr = lr;
}
