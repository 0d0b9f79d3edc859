/* A few launches with known answers when the device is opened. All sums are of small integers, so
 * the answers are exact on any device except for the transcendental functions. */
#include "opencl/selftest.h"

#include "base/log.h"
#include "opencl/conv.h"
#include "opencl/gemm.h"
#include "opencl/implicit.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/narrow.h"
#include "opencl/norm.h"
#include "opencl/pointwise.h"
#include "opencl/program.h"
#include "opencl/winograd.h"

#include <math.h>
#include <string.h>

enum { ROOM = 64 /* between two tensors */, FLOATS = 10 * ROOM };

struct check {
    struct ocl_backend *ocl;
    struct lim_buffer *buf;
    float inputs[FLOATS];
    const struct known *known; /* the convolution under test */
    const char *bad;           /* the operation that failed, or NULL */
};

static struct lim_tensor at(const struct check *t, int slot, int rows, int c)
{
    return (struct lim_tensor){t->buf, (size_t)slot * ROOM + 1, 1, 1, rows, c};
}

/* Rewrites the whole buffer, because Oclgrind's check for uninitialized values loses what is
 * written to an offset; so every input is put before the first result is computed. */
static void put(struct check *t, int slot, int count, const float *values)
{
    memcpy(t->inputs + slot * ROOM + 1, values, (size_t)count * sizeof *values);
    ocl_write((struct lim_tensor){t->buf, 0, 1, 1, 1, FLOATS}, t->inputs);
}

/* NaN never compares near. */
static void expect(struct check *t, const char *operation, int slot, int count, const float *values)
{
    float got[ROOM];

    if (t->bad || t->ocl->base.failed)
        return;
    ocl_read(at(t, slot, 1, count), got);
    if (t->ocl->base.failed)
        return;
    for (int i = 0; i < count; i++)
        if (!(fabsf(got[i] - values[i]) <= 1e-5f * (1.0f + fabsf(values[i]))))
            t->bad = operation;
}

/* 2x3 by 3x2, all four ways to store them. */
static void multiply(struct check *t)
{
    static const float a[] = {1, 2, 3, 4, 5, 6}, a_t[] = {1, 4, 2, 5, 3, 6};
    static const float b[] = {1, -1, 2, 0, 3, 1}, b_t[] = {1, 2, 3, -1, 0, 1};
    static const float nans[] = {NAN, NAN, NAN, NAN}, c[] = {28, 4, 64, 4};
    struct lim_backend *be = &t->ocl->base;

    for (int way = 0; way < 4; way++) {
        enum lim_transpose ta = way & 1 ? LIM_TRANS : LIM_NO_TRANS;
        enum lim_transpose tb = way & 2 ? LIM_TRANS : LIM_NO_TRANS;

        put(t, 0, 6, ta ? a_t : a);
        put(t, 1, 6, tb ? b_t : b);
        put(t, 2, 4, nans);
        ocl_gemm(be, ta, tb, 2.0f, at(t, 0, ta ? 3 : 2, ta ? 2 : 3),
                 at(t, 1, tb ? 2 : 3, tb ? 3 : 2), 0.0f, at(t, 2, 2, 2));
        expect(t, "gemm", 2, 4, c);
    }
}

static void tiled(struct check *t)
{
    enum ocl_gemm gemm = t->ocl->gemm;

    t->ocl->gemm = OCL_TILED;
    multiply(t);
    t->ocl->gemm = gemm;
    t->ocl->tiled_tested = !t->bad && !t->ocl->base.failed;
}

static void gemms(struct check *t)
{
    static const float planes[] = {1, 2, 3, 10, 20, 30}, nans[] = {NAN, NAN, NAN};

    if (t->ocl->gemm != OCL_TILED)
        multiply(t);
    /* Jobs that CLBlast cannot do go to the tiled kernel. */
    if (t->ocl->gemm != OCL_PACKED)
        tiled(t);
    put(t, 0, 6, planes);
    put(t, 1, 3, nans);
    ocl_launch(t->ocl, OCL_GEMM_PLANES, ocl_line(t->ocl, 3, 1), OCL_T(at(t, 0, 2, 3)), OCL_I(2),
               OCL_F(2.0f), OCL_F(0.0f), OCL_T(at(t, 1, 1, 3)), OCL_U(3));
    expect(t, "gemm (its sum of planes)", 1, 3, (const float[]){22, 44, 66});
}

/* One picture of 2x2, kernel 3x3, pads 1: nine taps, of which four lie inside. */
static void columns(struct check *t)
{
    static const struct lim_conv cv = {1, 2, 2, 1, 1, 3, 3, 2, 1, 1, 0, 0, 1, 1};
    static const float x[] = {1, 2, 3, 4}, col[] = {0, 0, 0, 0, 1, 2, 0, 3, 4};
    struct lim_tensor picture = {t->buf, 1, 1, 2, 2, 1}, cols = {t->buf, ROOM + 1, 1, 1, 1, 9};

    put(t, 0, 4, x);
    ocl_im2col(&t->ocl->base, &cv, picture, cols);
    expect(t, "im2col", 1, 9, col);
    ocl_fill(&t->ocl->base, 7.0f, picture);
    ocl_col2im(&t->ocl->base, &cv, cols, picture);
    expect(t, "col2im", 0, 4, x);
}

/* One picture of 4x4, stride 2, and one channel: conformance tests cover whole vectors. */
static const struct known {
    struct lim_conv cv;
    float w[25], y[4], dx[16], dw[25];
} four = {{1, 4, 4, 1, 1, 4, 4, 2, 1, 1, 1, 1, 2, 2},
          {1, 0, 2, -1, 2, 1, 0, 1, 0, -1, 1, 2, 1, 1, 0, 1},
          {11, 2, 5, 1},
          {1, 4, 3, 0, -1, 2, 1, 8, 0, 8, 5, 0, 1, -1, -5, 3},
          {3, 9, 2, -3, 1, 2, 1, -1, 2, 11, 6, 1, -2, 4, -1, 1}},
  five = {{1, 4, 4, 1, 1, 5, 5, 2, 1, 1, 2, 2, 2, 2},
          {1, 0, 2, -1, 1, 2, 1, 0, 1, -1, 0, -1, 1, 2, 3, 1, 1, 0, 1, 2, -1, 2, 1, 0, -2},
          {15, 7, 9, 1},
          {1, 4, 3, -1, -1, 2, 1, 10, 0, 8, 5, 3, 3, -2, -1, 0},
          {3, 9, 2, -3, -1, 1, 2, 1, -1, -1, 2, 11, 6, 1, 0, -2, 4, -1, 1, 0, 0, 5, 2, 2, 1}};
enum { X, W, DY, Y, DX, DW, TENSORS };

/* A step of an algorithm's test, after operands with known answers are in place. */
typedef void step_fn(struct check *t, const struct lim_tensor *at);

static void winograd(struct check *t, const struct lim_tensor *at, enum ocl_winograd_way way)
{
    struct lim_backend *be = &t->ocl->base;

    ocl_fill(be, NAN, at[Y]);
    ocl_fill(be, NAN, at[DX]);
    ocl_winograd_pictures(t->ocl, &t->known->cv, false, way, at[X], at[W], at[Y]);
    ocl_winograd_pictures(t->ocl, &t->known->cv, true, way, at[DY], at[W], at[DX]);
    expect(t, "winograd's forward pass", Y, 4, t->known->y);
    expect(t, "winograd's data gradient", DX, 16, t->known->dx);
}

static void winograd_tiles(struct check *t, const struct lim_tensor *at)
{
    winograd(t, at, OCL_WINO_BY_TILES);
}

static void winograd_panels(struct check *t, const struct lim_tensor *at)
{
    winograd(t, at, OCL_WINO_BY_PANELS);
}

static void expect_weights(struct check *t, const char *operation)
{
    expect(t, operation, DW, t->known->cv.r * t->known->cv.s, t->known->dw);
}

static void winograd_weights(struct check *t, const struct lim_tensor *at)
{
    ocl_winograd_backward_weights(&t->ocl->base, &t->known->cv, at[X], at[DY], at[DW]);
    expect_weights(t, t->known == &five ? "winograd's weight gradient for 5x5"
                                        : "winograd's weight gradient");
}

static void implicit_forward(struct check *t, const struct lim_tensor *at)
{
    ocl_fill(&t->ocl->base, NAN, at[Y]);
    ocl_implicit_forward(&t->ocl->base, &t->known->cv, at[X], at[W], at[Y]);
    expect(t, "implicit's forward pass", Y, 4, t->known->y);
}

static void implicit_data(struct check *t, const struct lim_tensor *at)
{
    ocl_fill(&t->ocl->base, NAN, at[DX]);
    ocl_implicit_backward_data(&t->ocl->base, &t->known->cv, at[DY], at[W], at[DX]);
    expect(t, "implicit's data gradient", DX, 16, t->known->dx);
}

static void implicit_weights(struct check *t, const struct lim_tensor *at)
{
    ocl_implicit_backward_weights(&t->ocl->base, &t->known->cv, at[X], at[DY], at[DW]);
    expect_weights(t, "implicit's weight gradient");
}

static void narrow_forward(struct check *t, const struct lim_tensor *at)
{
    ocl_fill(&t->ocl->base, NAN, at[Y]);
    ocl_narrow_forward(&t->ocl->base, &t->known->cv, at[X], at[W], at[Y]);
    expect(t, "narrow's forward pass", Y, 4, t->known->y);
}

static void narrow_data(struct check *t, const struct lim_tensor *at)
{
    ocl_fill(&t->ocl->base, NAN, at[DX]);
    ocl_narrow_backward_data(&t->ocl->base, &t->known->cv, at[DY], at[W], at[DX]);
    expect(t, "narrow's data gradient", DX, 16, t->known->dx);
}

static void narrow_weights(struct check *t, const struct lim_tensor *at)
{
    ocl_narrow_backward_weights(&t->ocl->base, &t->known->cv, at[X], at[DY], at[DW]);
    expect_weights(t, "narrow's weight gradient");
}

enum { STEPS = 3 };

static step_fn *const winograd_steps[STEPS] = {winograd_tiles, winograd_panels, winograd_weights};
static step_fn *const implicit_steps[STEPS] = {implicit_forward, implicit_data, implicit_weights};
static step_fn *const narrow_steps[STEPS] = {narrow_forward, narrow_data, narrow_weights};

static void convolve(struct check *t, const struct known *known, step_fn *const *steps)
{
    static const float x[] = {1, 2, 0, -1, 0, 1, 3, 1, 2, -1, 1, 0, 1, 0, 2, 1}, zeros[25] = {0};
    static const float dy[] = {1, 2, -1, 3};
    int taps = known->cv.r * known->cv.s;
    struct lim_tensor at[TENSORS];

    t->known = known;
    for (size_t i = 0; i < TENSORS; i++) {
        int edge = i == DY || i == Y ? 2 : i == W || i == DW ? known->cv.r : 4;

        at[i] = (struct lim_tensor){t->buf, i * ROOM + 1, 1, edge, edge, 1};
    }
    put(t, X, 16, x);
    put(t, W, taps, known->w);
    put(t, DY, 4, dy);
    put(t, DW, taps, zeros);
    for (int i = 0; i < STEPS; i++)
        steps[t->ocl->backwards ? STEPS - 1 - i : i](t, at);
}

static void convolve_winograd(struct check *t)
{
    if (t->ocl->wino_block[0] > 0)
        convolve(t, &four, winograd_steps);
}

static void convolve_narrow(struct check *t)
{
    if (ocl_narrow_runs(&t->ocl->base, &four.cv, LIM_CONV_FORWARD))
        convolve(t, &four, narrow_steps);
}

static void convolve_implicit(struct check *t)
{
    if (!t->ocl->limits.is_cpu)
        convolve(t, &four, implicit_steps);
}

/* Two channels over two rows; variances 1 and 4. */
static void norms(struct check *t)
{
    static const float x[] = {1, 10, 3, 14}, gamma[] = {2, 1, 1, 1}, zeros[4] = {0};
    static const float y[] = {-2, -1, 2, 1}, dbias[] = {4, 24}, dx[] = {0, 0, 0, 0};
    const struct lim_batchnorm bn = {0.0f, 0.5f};
    struct lim_backend *be = &t->ocl->base;

    put(t, 0, 4, x);
    put(t, 1, 4, gamma);
    for (int slot = 2; slot < 8; slot++)
        put(t, slot, 4, zeros);
    ocl_batchnorm_train(be, &bn, at(t, 0, 2, 2), at(t, 1, 1, 2), at(t, 2, 1, 2), at(t, 3, 1, 2),
                        at(t, 4, 1, 2), at(t, 5, 1, 2), at(t, 6, 1, 2), at(t, 7, 2, 2));
    expect(t, "batchnorm_train", 7, 4, y);
    expect(t, "batchnorm_train", 4, 2, (const float[]){1, 4});
    /* dy = y lies in the span that the backward pass projects out. */
    ocl_batchnorm_backward(be, at(t, 0, 2, 2), at(t, 7, 2, 2), at(t, 1, 1, 2), at(t, 5, 1, 2),
                           at(t, 6, 1, 2), (struct lim_tensor){0}, (struct lim_tensor){0},
                           at(t, 7, 2, 2));
    expect(t, "batchnorm_backward", 7, 4, dx);
    ocl_bias_backward(be, at(t, 0, 2, 2), at(t, 2, 1, 2));
    expect(t, "bias_backward", 2, 2, dbias);
    ocl_bias_forward(be, at(t, 2, 1, 2), at(t, 0, 2, 2));
    expect(t, "bias_forward", 0, 4, (const float[]){5, 34, 7, 38});
}

/* The same rows, and LeakyReLUs. */
static void fused(struct check *t)
{
    static const float x[] = {1, 10, 3, 14}, gamma[] = {2, 1}, beta[] = {0, 0.5f}, zeros[4] = {0};
    static const float dy[] = {4, 2, 1, 3}, dx[] = {0, 0, 0, 0}, back[] = {2, 1, 1, 3};
    const struct lim_batchnorm bn = {0.0f, 0.5f};
    struct lim_backend *be = &t->ocl->base;

    put(t, 0, 4, x);
    put(t, 1, 2, gamma);
    put(t, 2, 2, beta);
    put(t, 3, 4, dy);
    for (int slot = 4; slot < 10; slot++)
        put(t, slot, 4, zeros);
    ocl_batchnorm_act_train(be, &bn, LIM_LEAKY_RELU, 0.5f, at(t, 0, 2, 2), at(t, 1, 1, 2),
                            at(t, 2, 1, 2), at(t, 4, 1, 2), at(t, 9, 1, 2), at(t, 5, 1, 2),
                            at(t, 6, 1, 2), at(t, 7, 2, 2));
    expect(t, "batchnorm_act_train", 7, 4, (const float[]){-1, -0.25f, 2, 1.5f});
    /* With two values per channel nothing is left. */
    ocl_batchnorm_act_backward(be, LIM_LEAKY_RELU, 0.5f, at(t, 0, 2, 2), at(t, 3, 2, 2),
                               at(t, 1, 1, 2), at(t, 2, 1, 2), at(t, 5, 1, 2), at(t, 6, 1, 2),
                               at(t, 8, 1, 2), at(t, 4, 1, 2), at(t, 1, 2, 2));
    expect(t, "batchnorm_act_backward", 8, 2, (const float[]){-1, 2});
    expect(t, "batchnorm_act_backward", 1, 4, dx);
    ocl_fill(be, 0.0f, at(t, 4, 1, 2));
    ocl_bias_act_backward(be, LIM_LEAKY_RELU, 0.5f, at(t, 7, 2, 2), at(t, 3, 2, 2), at(t, 4, 1, 2),
                          at(t, 8, 2, 2));
    expect(t, "bias_act_backward", 8, 4, back);
    expect(t, "bias_act_backward", 4, 2, (const float[]){3, 4});
    ocl_bias_act_forward(be, LIM_LEAKY_RELU, 0.5f, at(t, 2, 1, 2), at(t, 7, 2, 2));
    expect(t, "bias_act_forward", 7, 4, (const float[]){-0.5f, 0.25f, 2, 2});
}

static void pointwise(struct check *t)
{
    static const float x[] = {-2, 0, 3}, ones[] = {1, 1, 1};
    static const float y[LIM_ACTIVATIONS][3] = {[LIM_RELU] = {0, 0, 3},
                                                [LIM_LEAKY_RELU] = {-1, 0, 3},
                                                [LIM_TANH] = {-0.96402758f, 0, 0.99505475f},
                                                [LIM_SIGMOID] = {0.11920292f, 0.5f, 0.95257413f},
                                                [LIM_SILU] = {-0.23840584f, 0, 2.85772238f}};
    static const float dy[LIM_ACTIVATIONS][3] = {[LIM_RELU] = {0, 0, 1},
                                                 [LIM_LEAKY_RELU] = {0.5f, 0.5f, 1},
                                                 [LIM_TANH] = {0.07065082f, 1, 0.00986604f},
                                                 [LIM_SIGMOID] = {0.10499359f, 0.25f, 0.04517666f},
                                                 [LIM_SILU] = {-0.09078425f, 0.5f, 1.08810411f}};
    static const float losses[LIM_LOSSES][2] = {[LIM_LOSS_BCE] = {0.95622087f, 0.52392568f},
                                                [LIM_LOSS_HINGE] = {1.33333333f, 0.33333333f},
                                                [LIM_LOSS_SQUARES] = {2.33333333f, 0.33333333f},
                                                [LIM_LOSS_LINEAR] = {-0.33333333f, 0.33333333f}};
    const struct lim_adam_desc adam = {0.5f, 0.5f, 0.75f, 0.0f};
    struct lim_backend *be = &t->ocl->base;

    put(t, 0, 3, x);
    put(t, 2, 3, ones);
    for (int kind = 0; kind < LIM_ACTIVATIONS; kind++) {
        int from = lim_activation_needs_input((enum lim_activation)kind) ? 0 : 1;

        ocl_activation_forward(be, (enum lim_activation)kind, 0.5f, at(t, 0, 1, 3), at(t, 1, 1, 3));
        expect(t, "activation_forward", 1, 3, y[kind]);
        ocl_activation_backward(be, (enum lim_activation)kind, 0.5f, at(t, from, 1, 3),
                                at(t, 2, 1, 3), at(t, 3, 1, 3));
        expect(t, "activation_backward", 3, 3, dy[kind]);
    }
    for (int kind = 0; kind < LIM_LOSSES; kind++) {
        ocl_loss(be, (enum lim_loss_kind)kind, 1.0f, at(t, 0, 1, 3), at(t, 1, 1, 2),
                 at(t, 3, 1, 3));
        expect(t, "loss", 1, 2, losses[kind]);
    }
    ocl_fill(be, 0.0f, at(t, 3, 1, 3));
    ocl_copy(be, at(t, 3, 1, 3), at(t, 4, 1, 3));
    ocl_adam(be, &adam, 2.0f, 4.0f, at(t, 2, 1, 3), at(t, 3, 1, 3), at(t, 4, 1, 3), at(t, 0, 1, 3));
    expect(t, "adam", 0, 3, (const float[]){-2.5f, -0.5f, 2.5f});
    ocl_axpby(be, 2.0f, at(t, 2, 1, 3), -1.0f, at(t, 0, 1, 3));
    expect(t, "axpby", 0, 3, (const float[]){4.5f, 2.5f, -0.5f});
    ocl_dot(be, at(t, 0, 1, 3), at(t, 2, 1, 3), false, at(t, 1, 1, 1));
    expect(t, "dot", 1, 1, (const float[]){6.5f});
    ocl_dot(be, at(t, 0, 1, 3), at(t, 0, 1, 3), true, at(t, 1, 1, 1));
    expect(t, "norm", 1, 1, (const float[]){5.1720402f});
    ocl_scale(be, 2.0f, at(t, 1, 1, 1), true, at(t, 0, 1, 3), 0.5f, at(t, 2, 1, 3));
    expect(t, "scale", 2, 3, (const float[]){2.2401238f, 1.4667354f, 0.3066529f});
    ocl_multiply_add(be, 2, at(t, 0, 1, 3));
    expect(t, "multiply_add", 0, 3, (const float[]){2.625f, 2.125f, 1.375f});
}

static bool end(struct check *t)
{
    struct ocl_backend *ocl = t->ocl;

    ocl_buffer_destroy(t->buf);
    if (t->bad)
        lim_error("%s computes wrong numbers in %s (a fault of the driver or of limner's kernel); "
                  "update the driver or use --device cpu",
                  ocl_where(ocl), t->bad);
    ocl->wrong = ocl->wrong || t->bad;
    return !t->bad && !ocl->base.failed;
}

/* Runs one part, in the middle of other work. */
static bool alone(struct ocl_backend *ocl, void (*part)(struct check *t))
{
    struct check t = {.ocl = ocl, .buf = ocl_buffer_create(&ocl->base, FLOATS)};
    uint64_t launches = ocl->base.launches;

    if (!t.buf)
        return false;
    part(&t);
    ocl->base.launches = launches;
    return end(&t);
}

static void convolve_three(struct check *t)
{
    convolve(t, &five, winograd_steps);
}

bool ocl_selftest_three(struct ocl_backend *ocl)
{
    return alone(ocl, convolve_three);
}

static bool test_tiled(struct ocl_backend *ocl)
{
    return alone(ocl, tiled);
}

static void (*const parts[])(struct check *t) = {
    gemms, columns, convolve_winograd, convolve_narrow, convolve_implicit, norms, fused, pointwise};
enum { PARTS = sizeof parts / sizeof *parts };

static bool test_all(struct ocl_backend *ocl)
{
    struct check t = {.ocl = ocl, .buf = ocl_buffer_create(&ocl->base, FLOATS)};

    if (!t.buf)
        return false;
    for (size_t i = 0; i < PARTS; i++)
        parts[ocl->backwards ? PARTS - 1 - i : i](&t);
    ocl->base.launches = 0;
    return end(&t);
}

/* Repeats the test, with other programs, if the driver refuses a group of tiles. */
static bool test(struct ocl_backend *ocl, bool (*selftest)(struct ocl_backend *))
{
    bool good;

    ocl->tested = false;
    while (!(good = selftest(ocl)) && ocl->refused) {
        ocl->refused = ocl->base.failed = false;
        if (!ocl_programs_fit(ocl))
            break;
    }
    ocl->tested = true;
    return good;
}

bool ocl_selftest(struct ocl_backend *ocl)
{
    return test(ocl, test_all);
}

bool ocl_selftest_tiled(struct ocl_backend *ocl)
{
    return test(ocl, test_tiled);
}
