/* Convolutions of pictures with a few channels: the host side of cl/narrow.cl, for CPUs. */
#include "opencl/narrow.h"

#include "opencl/gemm.h"
#include "opencl/launch.h"
#include "opencl/memory.h"

#include <string.h>

enum {
    MOST_CHANNELS = 8,
    GAINING_CHANNELS = 4,
    CACHED = 1 << 13, /* floats of panels at a time: they fit the first cache beside lines */
    ITEMS = 8,        /* work-items per compute unit, so that all end at about the same time */
    PLANES = 4
};

static int pieces(int v, int of)
{
    return (v - 1) / of + 1;
}

/* How a pass is cut, in floats of local memory: at most three parts. */
struct plan {
    int width;   /* of a padded line */
    int at_once; /* panels of channels */
    size_t local[3];
};

static struct plan plan_of(const struct ocl_backend *ocl, const struct lim_conv *cv,
                           enum lim_conv_pass pass)
{
    int run = cv->s * cv->c, depth = cv->r * run, seen = (cv->q - 1) * cv->stride + cv->s;
    int rows = ocl->tile_rows, columns = ocl->tile_columns, panels = pieces(cv->k, columns);
    struct plan plan = {.width = seen * cv->c};
    size_t panel = (size_t)depth * (size_t)columns;

    if (pass == LIM_CONV_BACKWARD_DATA) {
        int slots = cv->r > cv->stride ? cv->r : cv->stride;

        if (seen < cv->w + cv->pad_left)
            plan.width = (cv->w + cv->pad_left) * cv->c;
        plan.local[0] = (size_t)slots * (size_t)plan.width;
        plan.local[1] = (size_t)pieces(depth, columns) * (size_t)columns * (size_t)cv->k;
        plan.local[2] = (size_t)pieces(depth, columns) * (size_t)columns * (size_t)rows;
        return plan;
    }
    plan.local[0] = (size_t)cv->r * (size_t)plan.width + (size_t)(rows * cv->stride * cv->c);
    if (pass == LIM_CONV_BACKWARD_WEIGHTS) {
        panel = (size_t)(cv->r * pieces(run, rows) * rows) * (size_t)columns;
        plan.local[2] = (size_t)cv->q * (size_t)columns;
    }
    plan.at_once = (int)(CACHED / panel);
    if (plan.at_once < 1)
        plan.at_once = 1;
    if (plan.at_once > panels)
        plan.at_once = panels;
    plan.local[1] = (size_t)plan.at_once * panel;
    return plan;
}

bool ocl_narrow_runs(const struct lim_backend *be, const struct lim_conv *cv,
                     enum lim_conv_pass pass)
{
    const struct ocl_backend *ocl = (const struct ocl_backend *)be;
    size_t depth = (size_t)cv->r * (size_t)cv->s * (size_t)cv->c, floats = 0;
    struct plan plan;

    if (!ocl->limits.is_cpu || ocl->quirks & OCL_SHORT_LOOPS || cv->c > MOST_CHANNELS ||
        depth * (size_t)cv->k > OCL_SCRATCH || cv->w + cv->pad_left > 1 << 16 || cv->q > 1 << 16)
        return false;
    plan = plan_of(ocl, cv, pass);
    for (int i = 0; i < 3; i++)
        floats += plan.local[i];
    /* Half of it: the driver may use the rest. */
    return floats <= ocl->limits.local_mem / 2 / sizeof(float);
}

bool ocl_narrow_gains(const struct lim_backend *be, const struct lim_conv *cv,
                      enum lim_conv_pass pass)
{
    (void)be;
    (void)pass;
    return cv->c <= GAINING_CHANNELS;
}

/* GEOMETRY of cl/narrow.cl. */
#define GEOMETRY(cv, n)                                                                            \
    OCL_I(n), OCL_I((cv)->h), OCL_I((cv)->w), OCL_I((cv)->c), OCL_I((cv)->k), OCL_I((cv)->p),      \
        OCL_I((cv)->q), OCL_I((cv)->r), OCL_I((cv)->s), OCL_I((cv)->stride), OCL_I((cv)->pad_top), \
        OCL_I((cv)->pad_left)
#define LOCAL(plan, i) OCL_LOCAL((plan).local[i] * sizeof(float))

static struct ocl_grid items(int count)
{
    return (struct ocl_grid){{(size_t)count, 1, 1}, {1, 1, 1}};
}

void ocl_narrow_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                        struct lim_tensor w, struct lim_tensor y)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct plan plan = plan_of(ocl, cv, LIM_CONV_FORWARD);
    int lines = x.n * cv->p, each = pieces(lines, ITEMS * (int)ocl->limits.units);

    ocl_launch(ocl, OCL_NARROW_FORWARD, items(pieces(lines, each)), GEOMETRY(cv, x.n), OCL_I(each),
               OCL_I(plan.at_once), OCL_I(plan.width), OCL_T(x), OCL_T(w), OCL_T(y), LOCAL(plan, 0),
               LOCAL(plan, 1));
}

void ocl_narrow_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct plan plan = plan_of(ocl, cv, LIM_CONV_BACKWARD_DATA);

    ocl_launch(ocl, OCL_NARROW_DATA, items(dy.n), GEOMETRY(cv, dy.n), OCL_I(plan.width), OCL_T(dy),
               OCL_T(w), OCL_T(dx), LOCAL(plan, 0), LOCAL(plan, 1), LOCAL(plan, 2));
}

void ocl_narrow_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                 struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    struct plan plan = plan_of(ocl, cv, LIM_CONV_BACKWARD_WEIGHTS);
    size_t count = lim_tensor_count(dw);
    int lines = x.n * cv->p, planes = PLANES * (int)ocl->limits.units, each;
    struct lim_tensor to;

    if ((size_t)planes > OCL_SCRATCH / count)
        planes = (int)(OCL_SCRATCH / count);
    each = pieces(lines, planes);
    planes = pieces(lines, each);
    to = ocl_scratch(ocl, count * (size_t)planes);
    if (!to.buf)
        return;
    ocl_launch(ocl, OCL_NARROW_WEIGHTS, items(planes), GEOMETRY(cv, x.n), OCL_I(each),
               OCL_I(plan.at_once), OCL_I(plan.width), OCL_T(x), OCL_T(dy), OCL_T(to),
               LOCAL(plan, 0), LOCAL(plan, 2), LOCAL(plan, 1));
    ocl_gemm_planes(ocl, to, planes, count, 1.0f, 1.0f, dw);
}
