/* Convolutions whose results are known exactly: is an algorithm's result right, and independent of
 * the batch? */
#include "base/log.h"
#include "core/backend.h"
#include "tune/tune.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dw accumulates: from here on. */
#define START 0.5f

static const double half_ulp = FLT_EPSILON / 2; /* 2^-24 */

/* Eighths from -1 to 1, never 0: products and sums of up to 2^18 of them are exact in floats, so
 * any order of additions gives the same. */
static float eighth(uint32_t i)
{
    uint32_t bits = (i + 1) * 2654435761u;

    bits ^= bits >> 15;
    bits *= 2246822519u;
    bits ^= bits >> 13;
    return (float)((int)(bits % 8) + 1) * (bits & 256 ? 0.125f : -0.125f);
}

static size_t picture_floats(struct lim_tensor t)
{
    return (size_t)t.h * (size_t)t.w * (size_t)t.c;
}

/* Fills pictures first, first + 1, ... of `t`; picture i is picture i % LIM_TUNE_PICTURES. */
static bool fill(struct lim_tensor t, uint32_t seed, int first, bool sizes)
{
    size_t count = picture_floats(t);
    float *host = malloc(count * sizeof *host);

    for (int i = 0; host && i < t.n; i++) {
        uint32_t start = seed + (uint32_t)((first + i) % LIM_TUNE_PICTURES) * 40503u * 7919u;

        for (size_t j = 0; j < count; j++) {
            host[j] = eighth(start + (uint32_t)j);
            if (sizes)
                host[j] = fabsf(host[j]);
        }
        lim_write(lim_tensor_images(t, i, 1), host);
    }
    if (!host)
        lim_error("no memory to verify a convolution");
    free(host);
    return host != NULL;
}

/* Weights are no pictures: all of them differ. */
static bool fill_weights(struct lim_tensor w, bool sizes)
{
    return fill(lim_vector_of(w.buf, w.offset, lim_tensor_count(w)), 77u, 0, sizes);
}

static bool tensors(struct lim_backend *be, const struct lim_conv *cv, int n,
                    struct lim_buffer *buffers[3], struct lim_tensor t[3])
{
    t[0] = lim_tensor_of(NULL, 0, n, cv->h, cv->w, cv->c);
    t[1] = lim_tensor_of(NULL, 0, cv->r, cv->s, cv->c, cv->k);
    t[2] = lim_tensor_of(NULL, 0, n, cv->p, cv->q, cv->k);
    for (int i = 0; i < 3; i++) {
        t[i].buf = buffers[i] = lim_buffer_create(be, lim_tensor_count(t[i]));
        if (!buffers[i])
            return false;
    }
    return true;
}

bool tune_problem_init(struct tune_problem *pb, struct lim_backend *be, const struct lim_conv *cv)
{
    struct lim_tensor t[3] = {0};
    bool good;

    *pb = (struct tune_problem){.be = be, .cv = *cv};
    good = tensors(be, cv, cv->n, pb->buffers, t);
    pb->x = t[0];
    pb->w = t[1];
    pb->y = t[2];
    return good;
}

void tune_problem_finish(struct tune_problem *pb)
{
    for (int i = 0; i < 3; i++)
        lim_buffer_destroy(pb->buffers[i]);
    free(pb->truth);
    free(pb->scale);
}

static void run(struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
                struct lim_tensor x, struct lim_tensor w, struct lim_tensor y)
{
    if (pass == LIM_CONV_FORWARD)
        lim_conv_forward(be, cv, x, w, y);
    else if (pass == LIM_CONV_BACKWARD_DATA)
        lim_conv_backward_data(be, cv, y, w, x);
    else
        lim_conv_backward_weights(be, cv, x, y, w);
}

void tune_problem_run(struct tune_problem *pb)
{
    run(pb->be, &pb->cv, pb->pass, pb->x, pb->w, pb->y);
}

static struct lim_tensor result_of(const struct tune_problem *pb)
{
    return pb->pass == LIM_CONV_FORWARD         ? pb->y
           : pb->pass == LIM_CONV_BACKWARD_DATA ? pb->x
                                                : pb->w;
}

/* Pictures of the whole batch that are the one of this index. */
static int copies(const struct tune_problem *pb, int picture)
{
    return (pb->cv.n - picture + LIM_TUNE_PICTURES - 1) / LIM_TUNE_PICTURES;
}

/* Adds to `sums` what the oracle makes of each picture alone. */
static bool run_oracle(const struct tune_problem *pb, struct lim_backend *oracle, bool sizes,
                       double *sums)
{
    struct lim_buffer *buffers[3] = {NULL};
    struct lim_tensor t[3] = {0}, result;
    struct lim_conv cv = pb->cv;
    float *host = malloc(pb->count * sizeof *host);
    bool good;

    cv.n = 1;
    good = host && tensors(oracle, &cv, 1, buffers, t) && fill_weights(t[1], sizes);
    result = pb->pass == LIM_CONV_FORWARD ? t[2] : pb->pass == LIM_CONV_BACKWARD_DATA ? t[0] : t[1];
    for (int i = 0; good && i < LIM_TUNE_PICTURES && i < pb->cv.n; i++) {
        bool weights = pb->pass == LIM_CONV_BACKWARD_WEIGHTS;
        double times = weights ? copies(pb, i) : 1.0;

        good = fill(t[0], 1u, i, sizes) && fill(t[2], 2u, i, sizes);
        lim_fill(oracle, 0.0f, result);
        run(oracle, &cv, pb->pass, t[0], t[1], t[2]);
        lim_read(result, host);
        for (size_t j = 0; j < pb->count; j++)
            sums[(weights ? 0 : (size_t)i * pb->count) + j] += times * (double)host[j];
    }
    good = good && lim_backend_finish(oracle);
    for (int i = 0; i < 3; i++)
        lim_buffer_destroy(buffers[i]);
    free(host);
    return good;
}

bool tune_problem_pass(struct tune_problem *pb, struct lim_backend *oracle, enum lim_conv_pass pass)
{
    size_t room;

    pb->pass = pass;
    pb->count =
        pass == LIM_CONV_BACKWARD_WEIGHTS ? lim_tensor_count(pb->w) : picture_floats(result_of(pb));
    room = pass == LIM_CONV_BACKWARD_WEIGHTS ? pb->count : LIM_TUNE_PICTURES * pb->count;
    free(pb->truth);
    free(pb->scale);
    pb->truth = calloc(room, sizeof *pb->truth);
    pb->scale = calloc(room, sizeof *pb->scale);
    if (!pb->truth || !pb->scale) {
        lim_error("no memory to verify a convolution");
        return false;
    }
    return fill(pb->x, 1u, 0, false) && fill(pb->y, 2u, 0, false) && fill_weights(pb->w, false) &&
           run_oracle(pb, oracle, false, pb->truth) && run_oracle(pb, oracle, true, pb->scale);
}

static bool wrong(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s", what);
    return false;
}

/* How many products one number of the result is the sum of, at most. */
static double terms_of(const struct tune_problem *pb)
{
    const struct lim_conv *cv = &pb->cv;
    double down = (cv->r + cv->stride - 1) / cv->stride;
    double across = (cv->s + cv->stride - 1) / cv->stride;

    if (pb->pass == LIM_CONV_FORWARD)
        return (double)cv->r * cv->s * cv->c;
    if (pb->pass == LIM_CONV_BACKWARD_DATA)
        return down * across * cv->k;
    return (double)cv->n * cv->p * cv->q;
}

/* Are all numbers of a picture, or of the weights, within their bounds? */
static bool compare(const struct tune_problem *pb, double looseness, int picture, const float *got,
                    char *why, size_t size)
{
    bool weights = pb->pass == LIM_CONV_BACKWARD_WEIGHTS;
    double bound = looseness * fmax(sqrt(terms_of(pb)), 8.0) * half_ulp;
    size_t at = weights ? 0 : (size_t)(picture % LIM_TUNE_PICTURES) * pb->count;

    for (size_t i = 0; i < pb->count; i++) {
        double want = pb->truth[at + i] + (weights ? (double)START : 0.0);
        double most = bound * (pb->scale[at + i] + (weights ? (double)START : 0.0));

        if (fabs((double)got[i] - want) <= most) /* not for NaN */
            continue;
        snprintf(why, size, "picture %d, number %zu: %.7g instead of %.7g", picture, i,
                 (double)got[i], want);
        return false;
    }
    return true;
}

/* Reads picture `i` of the result, or the weights. */
static void read_result(const struct tune_problem *pb, int i, float *host)
{
    struct lim_tensor result = result_of(pb);

    lim_read(pb->pass == LIM_CONV_BACKWARD_WEIGHTS ? result : lim_tensor_images(result, i, 1),
             host);
}

static bool verify_weights(struct tune_problem *pb, double looseness, float *first, float *again,
                           char *why, size_t size)
{
    lim_fill(pb->be, START, pb->w);
    tune_problem_run(pb);
    read_result(pb, 0, first);
    lim_fill(pb->be, START, pb->w);
    tune_problem_run(pb);
    read_result(pb, 0, again);
    if (memcmp(first, again, pb->count * sizeof *first) != 0)
        return wrong(why, size, "two runs give different bits");
    return compare(pb, looseness, 0, first, why, size);
}

static bool verify_pictures(struct tune_problem *pb, double looseness, float *first, float *again,
                            char *why, size_t size)
{
    struct lim_tensor result = result_of(pb);
    bool forward = pb->pass == LIM_CONV_FORWARD;
    struct lim_tensor operand = forward ? pb->x : pb->y;
    size_t bytes = pb->count * sizeof *first;

    lim_fill(pb->be, NAN, result);
    tune_problem_run(pb);
    for (int i = 0; i < pb->cv.n; i++) {
        float *to = first + (size_t)(i % LIM_TUNE_PICTURES) * pb->count;

        read_result(pb, i, i < LIM_TUNE_PICTURES ? to : again);
        if (i < LIM_TUNE_PICTURES ? !compare(pb, looseness, i, to, why, size)
                                  : memcmp(to, again, bytes) != 0)
            return *why ? false : wrong(why, size, "a picture's bits depend on its place");
    }
    /* Each alone. */
    for (int i = 0; i < LIM_TUNE_PICTURES && i < pb->cv.n; i++) {
        struct lim_tensor in = lim_tensor_images(operand, i, 1);
        struct lim_tensor out = lim_tensor_images(result, i, 1);

        lim_fill(pb->be, NAN, out);
        run(pb->be, &pb->cv, pb->pass, forward ? in : out, pb->w, forward ? out : in);
        read_result(pb, i, again);
        if (memcmp(first + (size_t)i * pb->count, again, bytes) != 0)
            return wrong(why, size, "a picture's bits depend on its company");
    }
    return true;
}

bool tune_problem_verify(struct tune_problem *pb, double looseness, char *why, size_t size)
{
    float *first = malloc(LIM_TUNE_PICTURES * pb->count * sizeof *first);
    float *again = malloc(pb->count * sizeof *again);
    bool good = false;

    *why = '\0';
    if (!first || !again)
        wrong(why, size, "no memory to verify it");
    else if (pb->pass == LIM_CONV_BACKWARD_WEIGHTS)
        good = verify_weights(pb, looseness, first, again, why, size);
    else
        good = verify_pictures(pb, looseness, first, again, why, size);
    free(first);
    free(again);
    return good && lim_backend_finish(pb->be);
}
