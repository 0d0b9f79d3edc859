/* Operations on single elements. The threads share chunks of CPU_CHUNK elements. */
#include "cpu/cpu.h"

#include "base/parallel.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* An output may be the same memory as an input: tells the compiler that iterations are independent
 * all the same. */
#define EACH(i, n) _Pragma("omp simd") for (size_t i = 0; i < (n); i++)

struct chunk {
    size_t at, n;
};

/* Number i of cpu_pieces(count, CPU_CHUNK). */
static struct chunk chunk_of(size_t count, int i)
{
    size_t at = (size_t)i * CPU_CHUNK;

    return (struct chunk){at, count - at < CPU_CHUNK ? count - at : CPU_CHUNK};
}

/* A loop over them, shared among the backend's threads. */
#define CHUNKS(be, i, count) PARALLEL(cpu_of(be)->threads, i, cpu_pieces(count, CPU_CHUNK))

CPU_CLONES static void add_bias(int rows, int c, const float *bias, float *y)
{
    for (int i = 0; i < rows; i++) {
        float *row = y + (size_t)i * (size_t)c;

        EACH(j, (size_t)c)
        row[j] += bias[j];
    }
}

/* tanh(x) = t / (t + 2), where t = exp(2x) - 1 = 2^k p + (2^k - 1), 2x = k ln 2 + r, |r| <= ln 2 /
 * 2 and p = exp(r) - 1. Of p's series the first term left out, r^8 / 8!, is under u r / 4. r, p and
 * t round by 1, 2 and 1 u of their sizes, the sum and the quotient by 1 each; where p is negative,
 * t is over 0.4, so that p's error grows little. tests/unit/cpu/cpu.c finds 2.5 ulp at most. No
 * branch and no call: loops become vectors, and an element takes the same operations wherever it
 * stands.
 */
static inline float tanh_of(float x)
{
    const float shift = 0x1.8p23f; /* a float plus this has its integer in the lowest bits */
    float size = fabsf(x), z = 2.0f * (size > 10.0f ? 10.0f : size); /* propagates NaN */
    float whole = z * 1.44269504f + shift, k = whole - shift;
    float r = (z - k * 0.693359375f) + k * 2.12194440e-4f; /* ln 2: nine bits, and the rest */
    float p = 1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720 + r * (1.0f / 5040)));
    float power, t;
    int32_t bits;

    p = r + r * r * (0.5f + r * (1.0f / 6 + r * p));
    memcpy(&bits, &whole, sizeof bits);
    bits = (int32_t)((uint32_t)bits << 23) + 0x3f800000;
    memcpy(&power, &bits, sizeof power); /* 2^k */
    t = power * p + (power - 1.0f);
    return copysignf(t / (t + 2.0f), x);
}

CPU_CLONES static void activate(enum lim_activation kind, float slope, size_t n, const float *x,
                                float *y)
{
    switch (kind) {
    case LIM_RELU: /* propagates NaN */
        EACH(i, n)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
        break;
    case LIM_LEAKY_RELU:
        EACH(i, n)
        y[i] = x[i] > 0.0f ? x[i] : slope * x[i];
        break;
    case LIM_TANH:
        EACH(i, n)
        y[i] = tanh_of(x[i]);
        break;
    case LIM_SIGMOID:
        for (size_t i = 0; i < n; i++)
            y[i] = 1.0f / (1.0f + expf(-x[i]));
        break;
    case LIM_SILU:
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] / (1.0f + expf(-x[i]));
        break;
    case LIM_ACTIVATIONS:
        break;
    }
}

void cpu_bias_act_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                          struct lim_tensor bias, struct lim_tensor y)
{
    const float *b = cpu_data(bias);
    float *out = cpu_data(y);
    int rows = cpu_rows(y), c = y.c;
    int step = c < CPU_CHUNK ? CPU_CHUNK / c : 1;
    int threads = cpu_of(be)->threads;

    PARALLEL(threads, u, cpu_pieces((size_t)rows, (size_t)step)) {
        int n = cpu_min(step, rows - u * step);
        float *to = out + (size_t)u * (size_t)step * (size_t)c;

        add_bias(n, c, b, to);
        activate(kind, slope, (size_t)n * (size_t)c, to, to); /* from the cache */
    }
    be->launches++;
}

void cpu_bias_forward(struct lim_backend *be, struct lim_tensor bias, struct lim_tensor y)
{
    cpu_bias_act_forward(be, LIM_NO_ACTIVATION, 0.0f, bias, y);
}

void cpu_activation_forward(struct lim_backend *be, enum lim_activation kind, float slope,
                            struct lim_tensor x, struct lim_tensor y)
{
    size_t count = lim_tensor_count(x);
    const float *in = cpu_data(x);
    float *out = cpu_data(y);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        activate(kind, slope, k.n, in + k.at, out + k.at);
    }
    be->launches++;
}

CPU_CLONES static void activate_back(enum lim_activation kind, float slope, size_t n,
                                     const float *from, const float *dy, float *dx)
{
    switch (kind) {
    case LIM_RELU:
        EACH(i, n)
        dx[i] = from[i] > 0.0f ? dy[i] : 0.0f;
        break;
    case LIM_LEAKY_RELU:
        EACH(i, n)
        dx[i] = from[i] > 0.0f ? dy[i] : slope * dy[i];
        break;
    case LIM_TANH:
        EACH(i, n)
        dx[i] = dy[i] * (1.0f - from[i] * from[i]);
        break;
    case LIM_SIGMOID:
        EACH(i, n)
        dx[i] = dy[i] * (from[i] * (1.0f - from[i]));
        break;
    case LIM_SILU:
        for (size_t i = 0; i < n; i++) {
            float sigmoid = 1.0f / (1.0f + expf(-from[i]));

            dx[i] = dy[i] * (sigmoid * (1.0f + from[i] * (1.0f - sigmoid)));
        }
        break;
    case LIM_ACTIVATIONS:
        break;
    }
}

void cpu_activate_back(enum lim_activation kind, float slope, size_t n, const float *from,
                       const float *dy, float *dx)
{
    activate_back(kind, slope, n, from, dy, dx);
}

void cpu_activation_backward(struct lim_backend *be, enum lim_activation kind, float slope,
                             struct lim_tensor from, struct lim_tensor dy, struct lim_tensor dx)
{
    size_t count = lim_tensor_count(from);
    const float *in = cpu_data(from), *dout = cpu_data(dy);
    float *din = cpu_data(dx);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        activate_back(kind, slope, k.n, in + k.at, dout + k.at, din + k.at);
    }
    be->launches++;
}

CPU_CLONES static void adam_chunk(const struct lim_adam_desc *adam, float correct1, float correct2,
                                  size_t n, const float *restrict g, float *restrict m,
                                  float *restrict v, float *restrict p)
{
    float beta1 = adam->beta1, beta2 = adam->beta2, lr = adam->lr, eps = adam->eps;
    float new1 = (float)(1.0 - (double)beta1), new2 = (float)(1.0 - (double)beta2);

    EACH(i, n)
    {
        m[i] = beta1 * m[i] + new1 * g[i];
        v[i] = beta2 * v[i] + new2 * (g[i] * g[i]);
        p[i] -= lr * (m[i] * correct1) / (sqrtf(v[i] * correct2) + eps);
    }
}

void cpu_adam(struct lim_backend *be, const struct lim_adam_desc *adam, float correct1,
              float correct2, struct lim_tensor g, struct lim_tensor m, struct lim_tensor v,
              struct lim_tensor p)
{
    size_t count = lim_tensor_count(p);
    const float *grad = cpu_data(g);
    float *first = cpu_data(m), *second = cpu_data(v), *param = cpu_data(p);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        adam_chunk(adam, correct1, correct2, k.n, grad + k.at, first + k.at, second + k.at,
                   param + k.at);
    }
    be->launches++;
}

CPU_CLONES static void fill_chunk(float value, size_t n, float *y)
{
    EACH(i, n)
    y[i] = value;
}

void cpu_fill(struct lim_backend *be, float value, struct lim_tensor y)
{
    size_t count = lim_tensor_count(y);
    float *out = cpu_data(y);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        fill_chunk(value, k.n, out + k.at);
    }
    be->launches++;
}

void cpu_copy(struct lim_backend *be, struct lim_tensor x, struct lim_tensor y)
{
    size_t count = lim_tensor_count(x);
    const float *in = cpu_data(x);
    float *out = cpu_data(y);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        memcpy(out + k.at, in + k.at, k.n * sizeof *out);
    }
    be->launches++;
}

CPU_CLONES static void axpby_chunk(float a, size_t n, const float *restrict x, float b,
                                   float *restrict y)
{
    EACH(i, n)
    y[i] = a * x[i] + b * y[i];
}

void cpu_axpby(struct lim_backend *be, float a, struct lim_tensor x, float b, struct lim_tensor y)
{
    size_t count = lim_tensor_count(x);
    const float *in = cpu_data(x);
    float *out = cpu_data(y);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        axpby_chunk(a, k.n, in + k.at, b, out + k.at);
    }
    be->launches++;
}

/* In double: eight sums side by side, then one. */
CPU_CLONES static double dot_chunk(size_t n, const float *a, const float *b)
{
    double sums[8] = {0.0}, total = 0.0;
    size_t whole = n & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += (double)a[i + k] * (double)b[i + k];
    for (size_t i = whole; i < n; i++)
        total += (double)a[i] * (double)b[i];
    for (size_t k = 0; k < 8; k++)
        total += sums[k];
    return total;
}

void cpu_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, bool root,
             struct lim_tensor s)
{
    size_t count = lim_tensor_count(a);
    int chunks = cpu_pieces(count, CPU_CHUNK);
    const float *left = cpu_data(a), *right = cpu_data(b);
    double *sums = cpu_scratch(be, (size_t)chunks * sizeof *sums), total = 0.0;

    if (!sums)
        return;
    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        sums[i] = dot_chunk(k.n, left + k.at, right + k.at);
    }
    for (int i = 0; i < chunks; i++)
        total += sums[i];
    /* A NaN stays one. */
    *cpu_data(s) = root ? (total < 1e-24 ? 1e-12f : (float)sqrt(total)) : (float)total;
    be->launches++;
}

CPU_CLONES static void scale_chunk(float factor, size_t n, const float *x, float beta, float *y)
{
    if (beta == 0.0f) {
        EACH(i, n)
        y[i] = factor * x[i];
        return;
    }
    EACH(i, n)
    y[i] = factor * x[i] + beta * y[i];
}

void cpu_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
               struct lim_tensor x, float beta, struct lim_tensor y)
{
    size_t count = lim_tensor_count(x);
    float factor = divide ? alpha / *cpu_data(s) : alpha * *cpu_data(s);
    const float *in = cpu_data(x);
    float *out = cpu_data(y);

    CHUNKS(be, i, count) {
        struct chunk k = chunk_of(count, i);

        scale_chunk(factor, k.n, in + k.at, beta, out + k.at);
    }
    be->launches++;
}
