/* Networks: gradients against finite differences, one small net for each kind of layer, and what
 * net.h promises besides. */
#include <limner/limner.h>
#include <limner/net.h>
#include <limner/random.h>

#include "support/check.h"
#include "support/devices.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lim_backend *be;
static int error_lines;

#define CONV(o, k, st, from, to, b)                                                     \
    {                                                                                   \
        .kind = LIM_LAYER_CONV, .out = o, .kernel = k, .stride = st, .pad_start = from, \
        .pad_end = to, .bias = b                                                        \
    }
#define UP(o, k, st, from, to, b)                                                                  \
    {                                                                                              \
        .kind = LIM_LAYER_CONV_TRANSPOSED, .out = o, .kernel = k, .stride = st, .pad_start = from, \
        .pad_end = to, .bias = b                                                                   \
    }
#define SPECTRAL(o, k, st, b)                                                                    \
    {                                                                                            \
        .kind = LIM_LAYER_CONV, .out = o, .kernel = k, .stride = st, .bias = b, .spectral = true \
    }
#define NORM                        \
    {                               \
        .kind = LIM_LAYER_BATCHNORM \
    }
#define NOISE(d)                                \
    {                                           \
        .kind = LIM_LAYER_NOISE, .deviation = d \
    }
#define ACT(a)                                                       \
    {                                                                \
        .kind = LIM_LAYER_ACTIVATION, .activation = a, .slope = 0.2f \
    }

/* `step` of the differences: linear layers take any; ReLUs one that no input (all of them farther
 * than 0.1 from 0) can cross zero with. */
struct gradient_case {
    const char *name;
    struct lim_layer_desc rows[4];
    int count, h, w, c;
    float step;
};

static const struct gradient_case gradient_cases[] = {
    {"conv 3 bias", {CONV(3, 3, 1, 1, 1, true)}, 1, 5, 4, 2, 0.5f},
    {"conv 4 stride 2", {CONV(3, 4, 2, 1, 1, false)}, 1, 6, 6, 2, 0.5f},
    {"conv 5 stride 2 pads 1, 2", {CONV(2, 5, 2, 1, 2, true)}, 1, 6, 4, 2, 0.5f},
    {"conv 4 of the whole picture", {CONV(1, 4, 1, 0, 0, false)}, 1, 4, 4, 3, 0.5f},
    {"transposed 3 stride 2 pads 0, 1", {UP(2, 3, 2, 0, 1, true)}, 1, 3, 4, 2, 0.5f},
    {"transposed 4 stride 2", {UP(3, 4, 2, 1, 1, true)}, 1, 3, 3, 2, 0.5f},
    {"transposed 5 stride 2 pads 1, 2", {UP(2, 5, 2, 1, 2, false)}, 1, 3, 2, 3, 0.5f},
    {"projection", {UP(3, 4, 1, 0, 0, false)}, 1, 1, 1, 5, 0.5f},
    {"batch norm", {NORM}, 1, 3, 2, 3, 0.01f},
    {"ReLU", {ACT(LIM_RELU)}, 1, 3, 3, 2, 0.05f},
    {"LeakyReLU", {ACT(LIM_LEAKY_RELU)}, 1, 3, 3, 2, 0.05f},
    {"tanh", {ACT(LIM_TANH)}, 1, 3, 3, 2, 0.01f},
    {"sigmoid", {ACT(LIM_SIGMOID)}, 1, 3, 3, 2, 0.02f},
    {"SiLU", {ACT(LIM_SILU)}, 1, 3, 3, 2, 0.02f},
    {"two SiLUs", {ACT(LIM_SILU), ACT(LIM_SILU)}, 2, 3, 3, 2, 0.02f},
    {"batch norm, SiLU, tanh", {NORM, ACT(LIM_SILU), ACT(LIM_TANH)}, 3, 3, 2, 3, 0.01f},
    {"conv bias, SiLU, conv",
     {CONV(2, 3, 1, 1, 1, true), ACT(LIM_SILU), CONV(1, 3, 1, 1, 1, true)},
     3,
     3,
     3,
     2,
     0.01f},
    {"tanh, SiLU, LeakyReLU",
     {ACT(LIM_TANH), ACT(LIM_SILU), ACT(LIM_LEAKY_RELU)},
     3,
     3,
     3,
     2,
     0.002f},
    {"spectral conv", {SPECTRAL(3, 3, 1, false)}, 1, 5, 4, 2, 0.005f},
    {"spectral conv bias, tanh, spectral conv",
     {SPECTRAL(3, 3, 1, true), ACT(LIM_TANH), SPECTRAL(1, 3, 1, true)},
     3,
     5,
     5,
     2,
     0.005f},
    {"transposed spectral",
     {{.kind = LIM_LAYER_CONV_TRANSPOSED, .out = 2, .kernel = 3, .stride = 2, .spectral = true}},
     1,
     3,
     3,
     2,
     0.005f},
    {"noise", {NOISE(0.5f)}, 1, 3, 3, 2, 0.5f},
    {"noise, noise, conv", {NOISE(0.5f), NOISE(1.0f), CONV(2, 3, 1, 1, 1, true)}, 3, 3, 3, 2, 0.5f},
    {"conv bias, noise, SiLU, noise",
     {CONV(2, 3, 1, 1, 1, true), NOISE(0.5f), ACT(LIM_SILU), NOISE(0.5f)},
     4,
     3,
     3,
     2,
     0.01f},
    {"tanh, noise", {ACT(LIM_TANH), NOISE(0.5f)}, 2, 3, 3, 2, 0.01f},
    {"two activations", {ACT(LIM_TANH), ACT(LIM_SIGMOID)}, 2, 3, 3, 2, 0.02f},
    {"conv, batch norm, tanh, conv",
     {CONV(3, 4, 2, 1, 1, false), NORM, ACT(LIM_TANH), CONV(2, 3, 1, 1, 1, true)},
     4,
     6,
     6,
     2,
     0.01f},
    {"conv bias, LeakyReLU", {CONV(2, 3, 1, 1, 1, true), ACT(LIM_LEAKY_RELU)}, 2, 3, 3, 2, 0.002f},
    {"transposed bias, tanh, conv",
     {UP(2, 4, 2, 1, 1, true), ACT(LIM_TANH), CONV(1, 3, 1, 1, 1, true)},
     3,
     2,
     2,
     2,
     0.01f},
    {"batch norm, ReLU", {NORM, ACT(LIM_RELU)}, 2, 3, 2, 3, 0.002f},
    {"batch norm, LeakyReLU, conv",
     {NORM, ACT(LIM_LEAKY_RELU), CONV(2, 3, 1, 1, 1, false)},
     3,
     3,
     2,
     3,
     0.002f},
    {"transposed, batch norm, sigmoid",
     {UP(3, 4, 2, 1, 1, true), NORM, ACT(LIM_SIGMOID)},
     3,
     3,
     3,
     2,
     0.01f},
};

enum { PICTURES = 3 };

/* Normal values, none of them within 0.1 of zero. */
static void fill_random(struct lim_tensor t, uint64_t index)
{
    size_t count = lim_tensor_count(t);
    float *host = malloc(count * sizeof *host);

    assert_non_null(host);
    lim_random_normal(11, LIM_RANDOM_TEST, index, count, host);
    for (size_t i = 0; i < count; i++)
        host[i] += host[i] < 0.0f ? -0.1f : 0.1f;
    lim_write(t, host);
    free(host);
}

static double loss(struct lim_net *net, struct lim_tensor x, const float *weights)
{
    struct lim_tensor y;
    float *host;
    double sum = 0.0;

    lim_net_set_step(net, 1, 2); /* the same noise again */
    y = lim_net_forward(net, x, LIM_TRAIN);
    host = read_all(y);
    for (size_t i = 0; i < lim_tensor_count(y); i++)
        sum += (double)host[i] * (double)weights[i];
    free(host);
    return sum;
}

/* d loss / d `at`, element by element, against `gradient`. */
static void check_differences(struct lim_net *net, struct lim_tensor x, const float *weights,
                              struct lim_tensor at, const float *gradient, double step)
{
    size_t count = lim_tensor_count(at);
    float *values = read_all(at);
    double largest = 0.0, worst = 0.0;

    for (size_t i = 0; i < count; i++) {
        float middle = values[i], high = middle + (float)step, low = middle - (float)step;
        double up, down;

        values[i] = high;
        lim_write(at, values);
        up = loss(net, x, weights);
        values[i] = low;
        lim_write(at, values);
        down = loss(net, x, weights);
        values[i] = middle;
        worst = fmax(worst, fabs((up - down) / ((double)high - (double)low) - (double)gradient[i]));
        largest = fmax(largest, fabs((double)gradient[i]));
    }
    lim_write(at, values);
    free(values);
    assert_true(largest > 0.01);
    if (worst > 2e-3 * largest)
        fail_msg("off by %g where the largest gradient is %g", worst, largest);
}

static void check_case(const struct gradient_case *gc)
{
    struct lim_net *net =
        lim_net_create(be, gc->rows, gc->count, gc->h, gc->w, gc->c, PICTURES + 1);
    struct lim_buffer *memory;
    struct lim_tensor x, y, dy, params;
    size_t in = (size_t)(PICTURES * gc->h * gc->w * gc->c), out;
    float *weights, *dx, *grads;
    int h, w, c;

    print_message("%s\n", gc->name);
    assert_non_null(net);
    lim_net_output_shape(net, &h, &w, &c);
    out = (size_t)(PICTURES * h * w * c);
    memory = lim_buffer_create(be, in + out);
    x = lim_tensor_of(memory, 0, PICTURES, gc->h, gc->w, gc->c);
    dy = lim_tensor_of(memory, in, PICTURES, h, w, c);
    params = lim_net_params(net, 0);
    fill_random(x, 1);
    fill_random(dy, 2);
    if (lim_net_part_count(net))
        fill_random(params, 3);
    weights = read_all(dy);

    if (gc->rows[0].spectral) { /* the power iteration has come to its end */
        fill_random(lim_net_state(net), 4);
        for (int i = 0; i < 300; i++)
            lim_net_forward(net, x, LIM_TRAIN);
    }
    lim_net_set_step(net, 1, 2);
    y = lim_net_forward(net, x, LIM_TRAIN);
    assert_true(y.n == PICTURES && y.h == h && y.w == w && y.c == c);
    lim_net_zero_grads(net);
    dx = read_all(lim_net_backward(net, dy, LIM_WANT_INPUT | LIM_WANT_PARAMS));
    grads = read_all(lim_net_grads(net, 0));
    check_differences(net, x, weights, x, dx, (double)gc->step);
    if (lim_net_part_count(net))
        check_differences(net, x, weights, params, grads, (double)gc->step);
    free(weights);
    free(dx);
    free(grads);
    lim_buffer_destroy(memory);
    lim_net_destroy(net);
}

static void gradients_match_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gradient_cases / sizeof *gradient_cases; i++)
        check_case(gradient_cases + i);
}

static bool equal(struct lim_tensor t, const float *want)
{
    float *got = read_all(t);
    bool same = memcmp(got, want, lim_tensor_count(t) * sizeof *got) == 0;

    free(got);
    return same;
}

static const struct lim_layer_desc small[] = {CONV(4, 4, 2, 1, 1, true), NORM, ACT(LIM_LEAKY_RELU),
                                              CONV(1, 4, 1, 0, 0, false)};

/* Parameter gradients add and dy stays; wanting the input alone leaves the parameters' alone. */
static void what_backward_writes(void **state)
{
    struct lim_net *net = lim_net_create(be, small, 4, 8, 8, 3, 2);
    struct lim_buffer *memory = lim_buffer_create(be, 2 * 8 * 8 * 3 + 2);
    struct lim_tensor x = lim_tensor_of(memory, 0, 2, 8, 8, 3);
    struct lim_tensor dy = lim_tensor_of(memory, 2 * 8 * 8 * 3, 2, 1, 1, 1);
    struct lim_tensor grads = lim_net_grads(net, 0), none;
    float *once, *given, *dx;

    (void)state;
    assert_true(lim_net_init(net, 5));
    fill_random(x, 1);
    fill_random(dy, 2);
    given = read_all(dy);
    lim_net_forward(net, x, LIM_TRAIN);
    none = lim_net_backward(net, dy, LIM_WANT_PARAMS);
    assert_null(none.buf);
    once = read_all(grads);
    dx = read_all(lim_net_backward(net, dy, LIM_WANT_INPUT));
    assert_true(equal(grads, once) && equal(dy, given));
    assert_true(equal(lim_net_backward(net, dy, LIM_WANT_INPUT | LIM_WANT_PARAMS), dx));
    for (size_t i = 0; i < lim_tensor_count(grads); i++)
        once[i] *= 2.0f;
    free(dx);
    dx = read_all(grads);
    for (size_t i = 0; i < lim_tensor_count(grads); i++)
        assert_true(fabsf(dx[i] - once[i]) <= 1e-6f + 1e-5f * fabsf(once[i]));
    free(dx);
    free(given);
    free(once);
    lim_buffer_destroy(memory);
    lim_net_destroy(net);
}

static void modes_and_running_statistics(void **state)
{
    struct lim_net *net = lim_net_create(be, small, 4, 8, 8, 3, 2);
    struct lim_buffer *memory = lim_buffer_create(be, 2 * 8 * 8 * 3);
    struct lim_tensor x = lim_tensor_of(memory, 0, 2, 8, 8, 3), y;
    struct lim_tensor statistics = lim_net_state(net);
    float *before, *train;

    (void)state;
    assert_true(lim_net_init(net, 5));
    fill_random(x, 1);
    before = read_all(statistics);
    y = lim_net_forward(net, x, LIM_INFER);
    train = read_all(y);
    assert_true(equal(statistics, before));
    y = lim_net_forward(net, x, LIM_BATCH_STATS);
    assert_true(equal(statistics, before) && !equal(y, train));
    free(train);
    train = read_all(y);
    y = lim_net_forward(net, x, LIM_TRAIN);
    assert_true(equal(y, train) && !equal(statistics, before));
    free(train);
    free(before);
    lim_buffer_destroy(memory);
    lim_net_destroy(net);
}

static void parts_have_names_and_first_values(void **state)
{
    static const char *const names[] = {"0.weight",       "0.bias",        "1.gamma", "1.beta",
                                        "1.running_mean", "1.running_var", "3.weight"};
    static const double means[] = {0, 0, 1, 0, 0, 1, 0};
    struct lim_net *net = lim_net_create(be, small, 4, 8, 8, 3, 2);

    (void)state;
    assert_true(lim_net_init(net, 5));
    assert_int_equal(lim_net_part_count(net), 7);
    for (int i = 0; i < 7; i++) {
        struct lim_net_part part = lim_net_part(net, i);
        float *host = read_all(part.tensor);

        assert_string_equal(part.name, names[i]);
        assert_int_equal(part.state, strstr(names[i], "running") != NULL);
        for (size_t j = 0; j < lim_tensor_count(part.tensor); j++)
            assert_true(fabs((double)host[j] - means[i]) < 0.1);
        free(host);
    }
    assert_int_equal(lim_tensor_count(lim_net_params(net, 0)), 4 * 4 * 3 * 4 + 4 + 8 + 4 * 4 * 4);
    assert_int_equal(lim_tensor_count(lim_net_state(net)), 8);
    lim_net_destroy(net);
}

/* What is drawn depends on seed, step, pass and row alone: a step that is done again draws the
 * same, and nothing is drawn twice. Only LIM_TRAIN draws. */
static void noise_follows_the_step(void **state)
{
    static const struct lim_layer_desc twice[] = {NOISE(0.5f), NOISE(0.0f)};
    static const struct lim_layer_desc later[] = {NOISE(0.0f), NOISE(0.5f)};
    struct lim_net *net = lim_net_create(be, twice, 2, 16, 16, 3, 2), *other;
    struct lim_buffer *memory = lim_buffer_create(be, 2 * 16 * 16 * 3);
    struct lim_tensor x = lim_tensor_of(memory, 0, 2, 16, 16, 3);
    float *first, *second;
    double sum = 0.0, squares = 0.0;

    (void)state;
    other = lim_net_create(be, later, 2, 16, 16, 3, 2);
    first = read_all(x); /* zeros */
    assert_true(equal(lim_net_forward(net, x, LIM_INFER), first));
    assert_true(equal(lim_net_forward(net, x, LIM_BATCH_STATS), first));
    free(first);
    lim_net_set_step(net, 9, 100);
    first = read_all(lim_net_forward(net, x, LIM_TRAIN));
    second = read_all(lim_net_forward(net, x, LIM_TRAIN));
    for (size_t i = 0; i < 2 * 16 * 16 * 3; i++) {
        sum += (double)first[i];
        squares += (double)first[i] * (double)first[i];
        assert_true(first[i] != second[i]);
    }
    assert_true(fabs(sum / 1536) < 0.05 && fabs(sqrt(squares / 1536) - 0.5) < 0.05);
    for (int i = 0; i < 3; i++)
        lim_net_forward(net, x, LIM_TRAIN);
    lim_net_set_step(net, 9, 101);
    assert_false(equal(lim_net_forward(net, x, LIM_TRAIN), first));
    lim_net_set_step(net, 8, 100);
    assert_false(equal(lim_net_forward(net, x, LIM_TRAIN), first));
    lim_net_set_step(other, 9, 100);
    assert_false(equal(lim_net_forward(other, x, LIM_TRAIN), first));
    lim_net_set_step(net, 9, 100);
    assert_true(equal(lim_net_forward(net, x, LIM_TRAIN), first));
    assert_true(equal(lim_net_forward(net, x, LIM_TRAIN), second));
    free(first);
    free(second);
    lim_buffer_destroy(memory);
    lim_net_destroy(net);
    lim_net_destroy(other);
}

/* A diagonal matrix shows its singular values: the output is that of weights with the largest 1.
 * Other modes leave the vector alone. */
static void spectral_norm_is_one(void **state)
{
    static const struct lim_layer_desc row[] = {SPECTRAL(3, 1, 1, false)};
    static const float diagonal[9] = {3.0f, 0, 0, 0, -6.0f, 0, 0, 0, 1.5f};
    static const float ones[3] = {1, 1, 1};
    struct lim_net *net = lim_net_create(be, row, 1, 1, 1, 3, 1);
    struct lim_buffer *memory = lim_buffer_create(be, 3);
    struct lim_tensor x = lim_tensor_of(memory, 0, 1, 1, 1, 3);
    float *y, *u;

    (void)state;
    assert_true(lim_net_init(net, 5));
    assert_string_equal(lim_net_part(net, 1).name, "0.u");
    assert_true(lim_net_part(net, 1).state);
    lim_write(x, ones);
    lim_write(lim_net_params(net, 0), diagonal);
    for (int i = 0; i < 60; i++)
        lim_net_forward(net, x, LIM_TRAIN);
    u = read_all(lim_net_state(net));
    y = read_all(lim_net_forward(net, x, LIM_INFER));
    assert_true(fabsf(y[0] - 0.5f) < 1e-4f && fabsf(y[1] + 1.0f) < 1e-4f);
    assert_true(fabsf(y[2] - 0.25f) < 1e-4f && fabsf(fabsf(u[1]) - 1.0f) < 1e-4f);
    assert_true(equal(lim_net_state(net), u));
    free(u);
    free(y);
    lim_buffer_destroy(memory);
    lim_net_destroy(net);
}

/* What rows ask for is what a network of them has. */
static void rows_count_their_tensors(void **state)
{
    struct lim_net *net = lim_net_create(be, small, 4, 8, 8, 3, 2);
    uint64_t params, values;

    (void)state;
    assert_true(lim_rows_count(small, 4, 8, 8, 3, &params, &values));
    assert_int_equal(params, lim_tensor_count(lim_net_params(net, 0)));
    assert_int_equal(values, lim_tensor_count(lim_net_state(net)));
    assert_string_equal(lim_net_part(net, 0).layer, "convolution");
    assert_string_equal(lim_net_part(net, 2).layer, "batch norm");
    lim_net_destroy(net);
    error_lines = 0;
    assert_false(lim_rows_count(small, 4, 2, 2, 3, &params, &values));
    assert_int_equal(error_lines, 1);
}

/* Tables that cannot work are refused when the net is made, with one line that names the row. */
static void refuses_what_does_not_fit(void **state)
{
    static const struct lim_layer_desc large[] = {CONV(2, 4, 2, 1, 1, false),
                                                  CONV(2, 9, 1, 0, 0, false)};
    static const struct lim_layer_desc single[] = {CONV(2, 4, 1, 0, 0, false), NORM};
    static const struct lim_layer_desc wide[] = {CONV(1, 1 << 10, 1, 0, 0, false)};
    static const struct lim_layer_desc padded[] = {CONV(1, 4, 1, INT_MAX, INT_MAX, false)};
    static const struct lim_layer_desc far[] = {
        {.kind = LIM_LAYER_CONV_TRANSPOSED, .out = 1, .kernel = 4, .stride = INT_MAX}};
    static const struct lim_layer_desc steep[] = {
        {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_LEAKY_RELU, .slope = 2.0f}};
    static const struct lim_layer_desc strange[] = {
        {.kind = LIM_LAYER_ACTIVATION, .activation = LIM_ACTIVATIONS}, {.kind = LIM_LAYER_KINDS}};

    (void)state;
    error_lines = 0;
    assert_null(lim_net_create(be, large, 2, 8, 8, 1, 2));
    assert_int_equal(error_lines, 1);
    assert_null(lim_net_create(be, single, 2, 4, 4, 1, 1));
    assert_int_equal(error_lines, 2);
    assert_null(lim_net_create(be, steep, 1, 4, 4, 1, 1));
    assert_int_equal(error_lines, 3);
    /* More pixels, or weights to an output, than an int counts; nothing is allocated for them. */
    assert_null(lim_net_create(be, large, 1, 1 << 15, 1 << 15, 1, 2));
    assert_int_equal(error_lines, 4);
    assert_null(lim_net_create(be, wide, 1, 1 << 10, 1 << 10, 1 << 12, 1));
    assert_int_equal(error_lines, 5);
    assert_null(lim_net_create(be, padded, 1, 4, 4, 1, 1));
    assert_int_equal(error_lines, 6);
    assert_null(lim_net_create(be, far, 1, 4, 4, 1, 1));
    assert_int_equal(error_lines, 7);
    for (int i = 0; i < 2; i++) {
        assert_null(lim_net_create(be, strange + i, 1, 4, 4, 1, 1));
        assert_int_equal(error_lines, 8 + i);
    }
}

static void count_errors(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    error_lines += level == LIM_LOG_ERROR && strstr(message, "row ") != NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_differences),
        cmocka_unit_test(what_backward_writes),
        cmocka_unit_test(modes_and_running_statistics),
        cmocka_unit_test(parts_have_names_and_first_values),
        cmocka_unit_test(noise_follows_the_step),
        cmocka_unit_test(spectral_norm_is_one),
        cmocka_unit_test(rows_count_their_tensors),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    int failed;

    lim_log_set(count_errors, NULL, LIM_LOG_ERROR);
    be = open_device(DEVICE_CPU);
    if (!be)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    lim_backend_destroy(be);
    return failed;
}
