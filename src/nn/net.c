/* Networks from tables: allocates all memory at once, then only walks the layers. */
#include <limner/bench.h>
#include <limner/net.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "nn/net.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lim_tensor no_tensor = {.buf = NULL};

static const struct lim_layer_ops *const kinds[LIM_LAYER_KINDS] = {
    [LIM_LAYER_CONV] = &lim_conv_layer,
    [LIM_LAYER_CONV_TRANSPOSED] = &lim_conv_transposed_layer,
    [LIM_LAYER_BATCHNORM] = &lim_batchnorm_layer,
    [LIM_LAYER_ACTIVATION] = &lim_activation_layer,
    [LIM_LAYER_NOISE] = &lim_noise_layer,
};

bool lim_conv_of_row(const struct lim_layer_desc *row, int batch, int *side, int *channels,
                     struct lim_conv *cv)
{
    bool transposed;
    int64_t wide;
    int out;

    REQUIRE(row && side && channels && cv, false);
    transposed = row->kind == LIM_LAYER_CONV_TRANSPOSED;
    wide = ((int64_t)*side - 1) * row->stride + row->kernel - row->pad_start - row->pad_end;
    out = !transposed ? *side : wide > 0 && wide <= INT_MAX ? (int)wide : 0;
    if (!transposed && row->kind != LIM_LAYER_CONV)
        return false;
    *cv = (struct lim_conv){.n = batch,
                            .h = out,
                            .w = out,
                            .c = transposed ? row->out : *channels,
                            .k = transposed ? *channels : row->out,
                            .r = row->kernel,
                            .s = row->kernel,
                            .stride = row->stride,
                            .pad_top = row->pad_start,
                            .pad_left = row->pad_start,
                            .pad_bottom = row->pad_end,
                            .pad_right = row->pad_end};
    if (!lim_conv_init(cv))
        return false;
    *side = transposed ? out : cv->p;
    *channels = row->out;
    return true;
}

/* Of the output; more than there can be where a size_t does not count them. */
static size_t output_floats(const struct lim_net *net, const struct lim_layer *layer)
{
    return lim_tensor_count(
        lim_tensor_of(NULL, 0, net->batch, layer->out_h, layer->out_w, layer->out_c));
}

static bool is_own(const struct lim_layer_ops *ops)
{
    return ops && ops->name && ops->shape && ops->create && ops->forward && ops->backward &&
           ops->destroy;
}

/* What a layer of one's own says of itself: can it be? */
static bool is_shaped(const struct lim_layer *base, int batch, const char **reason)
{
    *reason = "the shape that it says is none, or too large";
    if (base->out_h < 1 || base->out_w < 1 || base->out_c < 1 ||
        (int64_t)base->out_h * base->out_w > INT_MAX / batch)
        return false;
    *reason = "the parts that it names are none, or too large, or their names too long";
    if (base->part_count < 0 || base->part_count > LIM_LAYER_MAX_PARTS)
        return false;
    for (int i = 0; i < base->part_count; i++)
        if (!base->parts[i].name || !*base->parts[i].name || strlen(base->parts[i].name) > 20 ||
            nn_part_floats(base->parts + i) == 0 || nn_part_floats(base->parts + i) > INT_MAX)
            return false;
    return true;
}

/* What follows from row i, where pictures h x w x c come in: false after one log line. */
static bool shape_row(int i, const struct lim_layer_desc *row, int h, int w, int c, int batch,
                      struct lim_layer *base)
{
    const char *reason = "";

    if ((unsigned)row->kind >= LIM_LAYER_KINDS) {
        lim_error("row %d of the network: there is no layer of kind %d", i, (int)row->kind);
        return false;
    }
    if ((unsigned)row->init >= LIM_INITS) {
        lim_error("row %d of the network: there is no init %d", i, (int)row->init);
        return false;
    }
    *base = (struct lim_layer){
        .ops = row->kind == LIM_LAYER_OWN ? row->ops : kinds[row->kind], .h = h, .w = w, .c = c};
    if (row->kind == LIM_LAYER_OWN && !is_own(row->ops))
        reason = "a layer of one's own needs its functions";
    else if (base->ops->shape(row, batch, base, &reason) &&
             (row->kind != LIM_LAYER_OWN || is_shaped(base, batch, &reason)))
        return true;
    lim_error("row %d of the network, on %dx%dx%d: %s", i, h, w, c, reason);
    return false;
}

/* Creates the layer of a row and the place for its output. */
static bool add_node(struct lim_net *net, int i, const struct lim_layer_desc *row)
{
    struct node *node = net->nodes + i, *before = i > 0 ? node - 1 : NULL;
    int h = before ? before->layer->out_h : net->h;
    int w = before ? before->layer->out_w : net->w;
    int c = before ? before->layer->out_c : net->c;
    struct lim_layer base, *layer;

    if (!shape_row(i, row, h, w, c, net->batch, &base))
        return false;
    base.be = net->be;
    layer = node->layer = base.ops->create(row, net->batch, &base);
    if (!layer && row->kind == LIM_LAYER_OWN) /* the others have told */
        lim_error("row %d of the network: the layer '%s' was not created", i, base.ops->name);
    if (!layer)
        return false;
    if (layer->overwrites_input && before && !before->layer->keeps_output) {
        node->output = before->output;
        node->taken = row->kind == LIM_LAYER_ACTIVATION && before->layer->ops->take &&
                      before->layer->ops->take(before->layer, row->activation, row->slope);
        return true;
    }
    node->own = lim_buffer_create_for(net->be, LIM_MEMORY_ACTIVATIONS, output_floats(net, layer));
    if (!node->own)
        return false;
    node->output =
        lim_tensor_of(node->own, 0, net->batch, layer->out_h, layer->out_w, layer->out_c);
    return true;
}

static bool make_buffer(struct lim_net *net, enum lim_memory_part what, size_t count,
                        struct lim_buffer **buf)
{
    *buf = lim_buffer_create_for(net->be, what, count ? count : 1);
    return *buf != NULL;
}

bool lim_rows_count(const struct lim_layer_desc *rows, int count, int h, int w, int c,
                    uint64_t *params, uint64_t *state)
{
    struct lim_layer base;

    REQUIRE(rows && count >= 0 && h > 0 && w > 0 && c > 0 && params && state, false);
    *params = *state = 0;
    for (int i = 0; i < count; i++) {
        /* Two pictures: batch norm has something to norm. */
        if (!shape_row(i, rows + i, h, w, c, 2, &base))
            return false;
        for (int j = 0; j < base.part_count; j++)
            *(base.parts[j].state ? state : params) += nn_part_floats(base.parts + j);
        h = base.out_h;
        w = base.out_w;
        c = base.out_c;
    }
    return true;
}

/* Lists the parts of all layers, and counts what goes into which chunk. */
static bool count_parts(struct lim_net *net)
{
    uint64_t largest = lim_backend_memory_limits(net->be).largest / sizeof(float);
    int most = 0;

    for (int i = 0; i < net->count; i++)
        most += net->nodes[i].layer->part_count;
    net->parts = calloc((size_t)most + 1, sizeof *net->parts);
    net->chunks = calloc((size_t)most + 1, sizeof *net->chunks);
    if (!net->parts || !net->chunks) {
        lim_error("no memory for a network");
        return false;
    }
    for (int i = 0; i < net->count; i++)
        for (int j = 0; j < net->nodes[i].layer->part_count; j++)
            net->parts[net->part_count++] = (struct part){.node = i, .index = j};
    net->chunk_count = 1;
    for (int i = 0; i < net->part_count; i++) {
        struct chunk *chunk = net->chunks + net->chunk_count - 1;
        size_t count = nn_part_floats(nn_part_of(net, i));

        if (nn_part_of(net, i)->state) {
            net->state_count += count;
            continue;
        }
        if (largest && chunk->count && chunk->count + count > largest)
            chunk = net->chunks + net->chunk_count++;
        chunk->count += count;
    }
    return true;
}

/* Takes the flat buffers, and lays the parts out in them. */
static bool place_parts(struct lim_net *net)
{
    struct chunk *chunk;
    size_t param = 0, state = 0;

    if (!count_parts(net) || !make_buffer(net, LIM_MEMORY_WEIGHTS, net->state_count, &net->state))
        return false;
    for (int i = 0; i < net->chunk_count; i++)
        if (!make_buffer(net, LIM_MEMORY_WEIGHTS, net->chunks[i].count, &net->chunks[i].params) ||
            !make_buffer(net, LIM_MEMORY_GRADIENTS, net->chunks[i].count, &net->chunks[i].grads))
            return false;
    chunk = net->chunks;
    for (int i = 0; i < net->part_count; i++) {
        struct lim_layer *layer = net->nodes[net->parts[i].node].layer;
        const struct lim_layer_part *part = nn_part_of(net, i);
        int j = net->parts[i].index;

        if (part->state) {
            layer->values[j] = lim_tensor_of(net->state, state, part->n, part->h, part->w, part->c);
            state += nn_part_floats(part);
            continue;
        }
        if (param == chunk->count) {
            chunk++;
            param = 0;
        }
        layer->values[j] = lim_tensor_of(chunk->params, param, part->n, part->h, part->w, part->c);
        layer->grads[j] = lim_tensor_of(chunk->grads, param, part->n, part->h, part->w, part->c);
        param += nn_part_floats(part);
    }
    return true;
}

static struct lim_net *create(struct lim_backend *be, const struct lim_layer_desc *rows, int count,
                              int h, int w, int c, int batch)
{
    struct lim_net *net;
    size_t largest;

    REQUIRE(be && rows && count > 0, NULL);
    REQUIRE(h > 0 && w > 0 && c > 0 && batch > 0, NULL);
    if ((int64_t)h * w > INT_MAX || (int64_t)h * w * batch > INT_MAX) {
        lim_error("row 0 of the network: %d pictures of %dx%d are too large", batch, h, w);
        return NULL;
    }
    largest = lim_tensor_count(lim_tensor_of(NULL, 0, batch, h, w, c));
    net = calloc(1, sizeof *net);
    if (net)
        net->nodes = calloc((size_t)count, sizeof *net->nodes);
    if (!net || !net->nodes) {
        lim_error("no memory for a network");
        free(net);
        return NULL;
    }
    net->be = be;
    net->batch = batch;
    net->h = h;
    net->w = w;
    net->c = c;
    for (; net->count < count; net->count++) {
        if (!add_node(net, net->count, rows + net->count)) {
            net->count += net->nodes[net->count].layer != NULL;
            goto error;
        }
        if (output_floats(net, net->nodes[net->count].layer) > largest)
            largest = output_floats(net, net->nodes[net->count].layer);
    }
    if (!place_parts(net) || !make_buffer(net, LIM_MEMORY_ACTIVATIONS, largest, net->spare) ||
        !make_buffer(net, LIM_MEMORY_ACTIVATIONS, largest, net->spare + 1))
        goto error;
    return net;

error:
    lim_net_destroy(net);
    return NULL;
}

struct lim_net *lim_net_create(struct lim_backend *be, const struct lim_layer_desc *rows, int count,
                               int h, int w, int c, int batch)
{
    struct base_log *before;
    struct lim_net *result;

    REQUIRE(be, NULL);
    before = base_log_enter(be->log);
    result = create(be, rows, count, h, w, c, batch);
    base_log_enter(before);
    return result;
}

void lim_net_destroy(struct lim_net *net)
{
    if (!net)
        return;
    for (int i = 0; i < net->count; i++) {
        net->nodes[i].layer->ops->destroy(net->nodes[i].layer);
        lim_buffer_destroy(net->nodes[i].own);
    }
    for (int i = 0; i < net->chunk_count; i++) {
        lim_buffer_destroy(net->chunks[i].params);
        lim_buffer_destroy(net->chunks[i].grads);
    }
    lim_buffer_destroy(net->state);
    lim_buffer_destroy(net->spare[0]);
    lim_buffer_destroy(net->spare[1]);
    free(net->chunks);
    free(net->parts);
    free(net->nodes);
    free(net);
}

/* Does x have the shape of this net's input? */
static bool takes(const struct lim_net *net, struct lim_tensor x)
{
    return net && x.buf && x.buf->be == net->be && lim_tensor_fits(x) && x.n <= net->batch &&
           x.h == net->h && x.w == net->w && x.c == net->c;
}

struct lim_tensor lim_net_forward(struct lim_net *net, struct lim_tensor x, enum lim_mode mode)
{
    if (!takes(net, x) || (unsigned)mode > LIM_BATCH_STATS) {
        lim_backend_refuse(net ? net->be : NULL, __func__,
                           "a net, 1 to `batch` pictures of its shape, and a mode");
        return no_tensor;
    }
    net->x = x;
    net->n = x.n;
    for (int i = 0; i < net->count; i++) {
        struct node *node = net->nodes + i;
        struct lim_tensor y = lim_tensor_images(node->output, 0, x.n);

        node->layer->draw = (struct lim_layer_draw){net->seed, net->draws * NET_ROWS + (uint64_t)i};
        if (!node->taken)
            node->layer->ops->forward(node->layer, x, y, mode);
        x = y;
    }
    net->draws += mode == LIM_TRAIN;
    return x;
}

void lim_net_set_step(struct lim_net *net, uint64_t seed, uint64_t step)
{
    REQUIRE_OR_RETURN(net);
    net->seed = seed;
    net->draws = step * NET_PASSES;
}

/* The input of node i in the last forward pass. */
static struct lim_tensor input_of(const struct lim_net *net, int i)
{
    return i > 0 ? lim_tensor_images(net->nodes[i - 1].output, 0, net->n) : net->x;
}

/* One of the spare buffers as the gradient of a layer's input, or of its output. */
static struct lim_tensor gradient_in(const struct lim_net *net, struct lim_buffer *buf,
                                     const struct lim_layer *layer, bool of_output)
{
    return lim_tensor_of(buf, 0, net->n, of_output ? layer->out_h : layer->h,
                         of_output ? layer->out_w : layer->w, of_output ? layer->out_c : layer->c);
}

/* Is dy the gradient of the last output? */
static bool follows(const struct lim_net *net, struct lim_tensor dy)
{
    struct lim_tensor y;

    if (!net || net->n == 0 || !dy.buf || dy.buf->be != net->be || !lim_tensor_fits(dy))
        return false;
    y = net->nodes[net->count - 1].output;
    return dy.n == net->n && dy.h == y.h && dy.w == y.w && dy.c == y.c;
}

struct lim_tensor lim_net_backward(struct lim_net *net, struct lim_tensor dy, unsigned want)
{
    if (!follows(net, dy) || (want & ~(unsigned)(LIM_WANT_INPUT | LIM_WANT_PARAMS))) {
        lim_backend_refuse(net ? net->be : NULL, __func__,
                           "a net after a forward pass, dy of its output's shape, and `want`");
        return no_tensor;
    }
    for (int i = net->count - 1; i >= 0; i--) {
        struct lim_layer *layer = net->nodes[i].layer;
        struct lim_tensor y = lim_tensor_images(net->nodes[i].output, 0, net->n);
        bool ours = dy.buf == net->spare[0] || dy.buf == net->spare[1];
        struct lim_buffer *mine = ours ? dy.buf : net->spare[0];
        struct lim_buffer *other = net->spare[mine == net->spare[0]];
        struct lim_tensor dx =
            gradient_in(net, layer->gradient_in_place ? mine : other, layer, false);

        if (net->nodes[i].taken)
            continue;
        if (i == 0 && !(want & LIM_WANT_INPUT) && !layer->gradient_in_place)
            dx = no_tensor;
        layer->ops->backward(layer, input_of(net, i), y, dy, gradient_in(net, mine, layer, true),
                             dx, want);
        dy = dx;
    }
    return want & LIM_WANT_INPUT ? dy : no_tensor;
}
