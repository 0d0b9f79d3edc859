/* The parameters and the state of a network: their first values, flat and by name. */
#include "nn/net.h"

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <limner/random.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct lim_tensor no_tensor = {.buf = NULL};

void nn_init_weights(struct lim_layer_part *part, const struct lim_layer_desc *row, double inputs)
{
    double gain = row->init_value > 0.0f ? (double)row->init_value : sqrt(2.0);

    switch (row->init) {
    case LIM_INIT_NORMAL:
        part->deviation = row->init_value;
        break;
    case LIM_INIT_HE:
        part->deviation = row->kind == LIM_LAYER_BATCHNORM ? 0.0f : (float)(gain / sqrt(inputs));
        break;
    case LIM_INIT_CONSTANT:
        part->mean = row->init_value;
        part->deviation = 0.0f;
        break;
    case LIM_INIT_ZERO:
        part->mean = part->deviation = 0.0f;
        break;
    default:
        break;
    }
}

size_t nn_part_floats(const struct lim_layer_part *part)
{
    return lim_tensor_count(lim_tensor_of(NULL, 0, part->n, part->h, part->w, part->c));
}

const struct lim_layer_part *nn_part_of(const struct lim_net *net, int i)
{
    return net->nodes[net->parts[i].node].layer->parts + net->parts[i].index;
}

static bool init(struct lim_net *net, uint64_t seed)
{
    REQUIRE(net, false);
    for (int i = 0; i < net->part_count; i++) {
        struct lim_layer *layer = net->nodes[net->parts[i].node].layer;
        const struct lim_layer_part *part = nn_part_of(net, i);
        struct lim_tensor values = layer->values[net->parts[i].index];
        size_t count = nn_part_floats(part);
        float *host = malloc(count * sizeof *host);

        if (!host) {
            lim_error("no memory to initialize a network");
            return false;
        }
        lim_random_normal(seed, LIM_RANDOM_WEIGHTS, (uint64_t)i, count, host);
        for (size_t j = 0; j < count; j++)
            host[j] = part->mean + part->deviation * host[j];
        lim_write(values, host);
        free(host);
    }
    return true;
}

bool lim_net_init(struct lim_net *net, uint64_t seed)
{
    struct base_log *before;
    bool result;

    REQUIRE(net, false);
    before = base_log_enter(net->be->log);
    result = init(net, seed);
    base_log_enter(before);
    return result;
}

void lim_net_zero_grads(struct lim_net *net)
{
    REQUIRE_OR_RETURN(net);
    for (int i = 0; i < net->chunk_count; i++)
        lim_fill(net->be, 0.0f, lim_net_grads(net, i));
}

int lim_net_chunks(const struct lim_net *net)
{
    REQUIRE(net, 0);
    return net->chunk_count;
}

/* Of a net without parameters: the one float that its buffers have. */
static struct lim_tensor flat(const struct chunk *chunk, struct lim_buffer *buf)
{
    return lim_vector_of(buf, 0, chunk->count ? chunk->count : 1);
}

struct lim_tensor lim_net_params(const struct lim_net *net, int chunk)
{
    REQUIRE(net && chunk >= 0 && chunk < net->chunk_count, no_tensor);
    return flat(net->chunks + chunk, net->chunks[chunk].params);
}

struct lim_tensor lim_net_grads(const struct lim_net *net, int chunk)
{
    REQUIRE(net && chunk >= 0 && chunk < net->chunk_count, no_tensor);
    return flat(net->chunks + chunk, net->chunks[chunk].grads);
}

struct lim_tensor lim_net_state(const struct lim_net *net)
{
    REQUIRE(net, no_tensor);
    if (!net->state_count)
        return no_tensor;
    return lim_vector_of(net->state, 0, net->state_count);
}

int lim_net_part_count(const struct lim_net *net)
{
    REQUIRE(net, 0);
    return net->part_count;
}

struct lim_net_part lim_net_part(const struct lim_net *net, int index)
{
    struct lim_net_part part = {.name = "", .layer = ""};
    const struct lim_layer *layer;
    const struct part *at;

    REQUIRE(net && index >= 0 && index < net->part_count, part);
    at = net->parts + index;
    layer = net->nodes[at->node].layer;
    part.tensor = layer->values[at->index];
    part.grad = layer->grads[at->index];
    part.state = layer->parts[at->index].state;
    part.layer = layer->ops->name;
    snprintf(part.name, sizeof part.name, "%d.%s", at->node, layer->parts[at->index].name);
    return part;
}

void lim_net_output_shape(const struct lim_net *net, int *h, int *w, int *c)
{
    const struct lim_layer *last;

    REQUIRE_OR_RETURN(net && h && w && c);
    last = net->nodes[net->count - 1].layer;
    *h = last->out_h;
    *w = last->out_w;
    *c = last->out_c;
}
