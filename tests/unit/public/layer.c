#include "unit/public/public.h"

#include <stdlib.h>

/* What `shape` says, and whether `create` makes something: set by the test. */
static struct lim_layer said;
static bool creates, fits;

static bool shape(const struct lim_layer_desc *row, int batch, struct lim_layer *base,
                  const char **reason)
{
    (void)batch;
    assert_ptr_equal(row->settings, &said);
    *reason = "it does not like it";
    base->out_h = said.out_h;
    base->out_w = said.out_w;
    base->out_c = said.out_c;
    base->part_count = said.part_count;
    for (int i = 0; i < LIM_LAYER_MAX_PARTS; i++)
        base->parts[i] = said.parts[i];
    return fits;
}

static struct lim_layer *create(const struct lim_layer_desc *row, int batch,
                                const struct lim_layer *base)
{
    struct lim_layer *layer = creates ? malloc(sizeof *layer) : NULL;

    (void)row;
    (void)batch;
    if (layer)
        *layer = *base;
    return layer;
}

static void forward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                    enum lim_mode mode)
{
    (void)mode;
    lim_copy(layer->be, x, y);
}

static void backward(struct lim_layer *layer, struct lim_tensor x, struct lim_tensor y,
                     struct lim_tensor dy, struct lim_tensor dz, struct lim_tensor dx,
                     unsigned want)
{
    (void)x;
    (void)y;
    (void)dz;
    (void)want;
    if (dx.buf)
        lim_copy(layer->be, dy, dx);
}

static void destroy(struct lim_layer *layer)
{
    free(layer);
}

static struct lim_layer_ops ops = {.name = "mine",
                                   .shape = shape,
                                   .create = create,
                                   .forward = forward,
                                   .backward = backward,
                                   .destroy = destroy};

static struct lim_net *make(const struct lim_layer_ops *with)
{
    const struct lim_layer_desc row = {.kind = LIM_LAYER_OWN, .ops = with, .settings = &said};

    return lim_net_create(be, &row, 1, 2, 2, 3, 1);
}

static void refuses(void **state)
{
    struct lim_layer_ops partial = ops;
    const struct lim_layer good = {.out_h = 2, .out_w = 2, .out_c = 3};
    struct lim_net *net;

    (void)state;
    said = good;
    creates = fits = true;
    REFUSES(assert_null(make(NULL)));
    partial.backward = NULL;
    REFUSES(assert_null(make(&partial)));
    fits = false;
    REFUSES(assert_null(make(&ops)));
    assert_non_null(strstr(here_log.error, "it does not like it"));
    fits = true;
    creates = false;
    REFUSES(assert_null(make(&ops)));
    assert_non_null(strstr(here_log.error, "'mine'"));
    creates = true;
    said.out_w = 0;
    REFUSES(assert_null(make(&ops)));
    said = good;
    said.out_h = said.out_w = 1 << 20;
    REFUSES(assert_null(make(&ops)));
    said = good;
    said.part_count = LIM_LAYER_MAX_PARTS + 1;
    REFUSES(assert_null(make(&ops)));
    said.part_count = 1; /* without a name */
    REFUSES(assert_null(make(&ops)));
    said.parts[0] = (struct lim_layer_part){.name = "p", .n = 1, .h = 1, .w = 1, .c = 0};
    REFUSES(assert_null(make(&ops)));
    said.parts[0].c = 5;
    net = make(&ops);
    assert_non_null(net);
    assert_string_equal(lim_net_part(net, 0).name, "0.p");
    assert_int_equal(lim_tensor_count(lim_net_part(net, 0).grad), 5);
    lim_net_destroy(net);
}

int test_layer(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses)};

    return cmocka_run_group_tests_name("limner/layer.h", tests, NULL, NULL);
}
