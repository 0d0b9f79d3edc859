/* Features that need no download: three layers of convolutions with random weights, as those of
 * untrained networks in Naeem et al. 2020 (arXiv 2002.09797, section 4.1) and of Ulyanov et al.'s
 * textures; and averaged pixels. */
#include "eval/eval.h"

#include "base/log.h"
#include "base/parallel.h"

#include <limner/image.h>
#include <limner/random.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A layer is a convolution of 4 x 4 with stride 2 and pad 1, then leaky ReLU, as in a DCGAN's
 * discriminator. There are no biases, so the scale of the weights has no effect. */
static const int filters[EVAL_LAYERS] = {16, 32, 64};
static const float slope = 0.2f;
enum { KERNEL = 4, CHUNK = 64 /* pictures at once */ };

int eval_reduce(const struct eval_job *job, const uint8_t *picture, float *out)
{
    int factor = 1, side, channels = job->channels;
    float scale;

    while (job->size / factor > EVAL_SIDE)
        factor *= 2;
    side = job->size / factor;
    if (out && factor == 1)
        lim_pixels_to_floats(picture, (size_t)side * (size_t)side * (size_t)channels, out);
    scale = 1.0f / (127.5f * (float)(factor * factor));
    for (int i = 0; out && factor > 1 && i < side * side; i++) {
        for (int k = 0; k < channels; k++) {
            int top = i / side * factor, left = i % side * factor, sum = 0;

            for (int y = top; y < top + factor; y++)
                for (int x = left; x < left + factor; x++)
                    sum += picture[((size_t)y * (size_t)job->size + (size_t)x) * (size_t)channels +
                                   (size_t)k];
            out[i * channels + k] = (float)sum * scale - 1;
        }
    }
    return side;
}

void eval_pool(const float *x, int side, int channels, int cells, float *out)
{
    for (int i = 0; i < cells * cells; i++, out += channels) {
        int top = i / cells * side / cells, bottom = ((i / cells + 1) * side + cells - 1) / cells;
        int left = i % cells * side / cells, right = ((i % cells + 1) * side + cells - 1) / cells;
        float scale = 1.0f / (float)((bottom - top) * (right - left));

        for (int k = 0; k < channels; k++)
            out[k] = 0;
        for (int r = top; r < bottom; r++)
            for (int s = left; s < right; s++)
                for (int k = 0; k < channels; k++)
                    out[k] += x[(r * side + s) * channels + k];
        for (int k = 0; k < channels; k++)
            out[k] *= scale;
    }
}

void eval_space_init(struct eval_space *space, const struct eval_job *job, int net)
{
    *space = (struct eval_space){.net = net, .blocks = net ? EVAL_LAYERS : 1};
    for (int i = 0; i < space->blocks; i++) {
        space->wide[i] =
            net ? EVAL_CELLS * EVAL_CELLS * filters[i] : EVAL_GIST * EVAL_GIST * job->channels;
        space->narrow[i] = net ? filters[i] : space->wide[i];
        space->wide_dims += space->wide[i];
        space->narrow_dims += space->narrow[i];
    }
}

void eval_space_finish(struct eval_space *space)
{
    free(space->wide_scale.mean);
    free(space->narrow_scale.mean);
}

/* Computes the mean of each feature, and for each block the factor that makes its total variance
 * 1/blocks. */
static bool learn_scale(struct eval_scale *scale, const float *x, int count, const int *widths,
                        int blocks, int dims)
{
    scale->mean = calloc((size_t)dims, sizeof *scale->mean);
    if (!scale->mean)
        return false;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < dims; k++)
            scale->mean[k] += (double)x[(size_t)i * (size_t)dims + (size_t)k];
    for (int k = 0; k < dims; k++)
        scale->mean[k] /= count;
    for (int b = 0, first = 0; b < blocks; first += widths[b++]) {
        double sum = 0;

        for (int i = 0; i < count; i++) {
            const float *row = x + (size_t)i * (size_t)dims;

            for (int k = first; k < first + widths[b]; k++)
                sum += ((double)row[k] - scale->mean[k]) * ((double)row[k] - scale->mean[k]);
        }
        sum /= count - 1;
        scale->factor[b] = sum > 0 ? sqrt(1 / (sum * blocks)) : 0;
    }
    return true;
}

static void apply_scale(const struct eval_scale *scale, float *x, int count, const int *widths,
                        int blocks, int dims, int threads)
{
    PARALLEL(threads, i, count) {
        float *row = x + (size_t)i * (size_t)dims;

        for (int b = 0, k = 0; b < blocks; b++)
            for (int end = k + widths[b]; k < end; k++)
                row[k] = (float)(((double)row[k] - scale->mean[k]) * scale->factor[b]);
    }
}

static void gist(const struct eval_job *job, const uint8_t *const *pictures, int count, float *wide)
{
    int dims = EVAL_GIST * EVAL_GIST * job->channels;

    PARALLEL(job->threads, i, count) {
        float x[EVAL_SIDE * EVAL_SIDE * 3];
        int side = eval_reduce(job, pictures[i], x);

        eval_pool(x, side, job->channels, EVAL_GIST, wide + (size_t)i * (size_t)dims);
    }
}

/* The layers of a random network and their buffers. */
struct network {
    struct lim_conv conv[EVAL_LAYERS];
    struct lim_buffer *weights[EVAL_LAYERS], *x[EVAL_LAYERS + 1];
    float *host; /* a chunk of the input, or of a layer's output */
    int side;
};

static void network_finish(struct network *net)
{
    for (int i = 0; i <= EVAL_LAYERS; i++) {
        if (i < EVAL_LAYERS)
            lim_buffer_destroy(net->weights[i]);
        lim_buffer_destroy(net->x[i]);
    }
    free(net->host);
}

static struct lim_tensor output_of(const struct network *net, int layer)
{
    const struct lim_conv *cv = &net->conv[layer];

    return lim_tensor_of(net->x[layer + 1], 0, cv->n, cv->p, cv->q, cv->k);
}

/* Weights of layer i are the normal numbers of stream (seed, i) / sqrt(inputs of a sum). */
static bool network_init(struct network *net, const struct eval_job *job, int seed)
{
    int side = eval_reduce(job, NULL, NULL), channels = job->channels;
    size_t largest = (size_t)CHUNK * (size_t)side * (size_t)side * (size_t)channels;

    *net = (struct network){.side = side};
    net->x[0] = lim_buffer_create(job->be, largest);
    for (int i = 0; i < EVAL_LAYERS; i++) {
        struct lim_conv *cv = &net->conv[i];
        size_t count = (size_t)(KERNEL * KERNEL * channels * filters[i]), outputs;
        float *weights, scale = 1 / sqrtf((float)(KERNEL * KERNEL * channels));

        *cv = (struct lim_conv){.n = CHUNK,
                                .h = side,
                                .w = side,
                                .c = channels,
                                .k = filters[i],
                                .r = KERNEL,
                                .s = KERNEL,
                                .stride = 2,
                                .pad_top = 1,
                                .pad_left = 1,
                                .pad_bottom = 1,
                                .pad_right = 1};
        if (!lim_conv_init(cv) || !lim_conv_reserve(job->be, cv))
            return false;
        outputs = (size_t)CHUNK * (size_t)cv->p * (size_t)cv->q * (size_t)cv->k;
        largest = outputs > largest ? outputs : largest;
        net->weights[i] = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, count);
        net->x[i + 1] = lim_buffer_create_for(job->be, LIM_MEMORY_OTHER, outputs);
        weights = malloc(count * sizeof *weights);
        if (!net->weights[i] || !net->x[i + 1] || !weights) {
            free(weights);
            return false;
        }
        lim_random_normal((uint64_t)seed, LIM_RANDOM_EVAL, (uint64_t)i, count, weights);
        for (size_t k = 0; k < count; k++)
            weights[k] *= scale;
        lim_write(lim_tensor_of(net->weights[i], 0, KERNEL, KERNEL, channels, filters[i]), weights);
        free(weights);
        side = cv->p;
        channels = filters[i];
    }
    net->host = malloc(largest * sizeof *net->host);
    return net->x[0] && net->host;
}

/* A chunk of up to CHUNK pictures; wide and narrow are those of its first picture. */
static void network_run(struct network *net, const struct eval_space *space,
                        const struct eval_job *job, const uint8_t *const *pictures, int count,
                        float *wide, float *narrow)
{
    size_t floats = (size_t)net->side * (size_t)net->side * (size_t)job->channels;
    struct lim_tensor x = lim_tensor_of(net->x[0], 0, CHUNK, net->side, net->side, job->channels);
    int first_wide = 0, first_narrow = 0;

    memset(net->host, 0, CHUNK * floats * sizeof *net->host);
    PARALLEL(job->threads, i, count)
        eval_reduce(job, pictures[i], net->host + (size_t)i * floats);
    lim_write(x, net->host);
    for (int layer = 0; layer < EVAL_LAYERS; layer++) {
        const struct lim_conv *cv = &net->conv[layer];
        struct lim_tensor w = lim_tensor_of(net->weights[layer], 0, KERNEL, KERNEL, cv->c, cv->k);
        struct lim_tensor y = output_of(net, layer);
        size_t outputs = (size_t)cv->p * (size_t)cv->q * (size_t)cv->k;

        lim_conv_forward(job->be, cv, x, w, y);
        lim_activation_forward(job->be, LIM_LEAKY_RELU, slope, y, y);
        lim_read(y, net->host);
        PARALLEL(job->threads, i, count) {
            const float *of = net->host + (size_t)i * outputs;

            eval_pool(of, cv->p, cv->k, EVAL_CELLS,
                      wide + (size_t)i * (size_t)space->wide_dims + first_wide);
            if (narrow)
                eval_pool(of, cv->p, cv->k, 1,
                          narrow + (size_t)i * (size_t)space->narrow_dims + first_narrow);
        }
        first_wide += space->wide[layer];
        first_narrow += space->narrow[layer];
        x = y;
    }
}

bool eval_features(struct eval_space *space, const struct eval_job *job,
                   const uint8_t *const *pictures, int count, bool learn, float *wide,
                   float *narrow)
{
    struct network net = {0};
    bool good = true;

    if (!space->net) {
        gist(job, pictures, count, wide);
        if (narrow)
            memcpy(narrow, wide, (size_t)count * (size_t)space->wide_dims * sizeof *wide);
    } else {
        good = network_init(&net, job, space->net);
        for (int i = 0; good && i < count; i += CHUNK)
            network_run(&net, space, job, pictures + i, count - i < CHUNK ? count - i : CHUNK,
                        wide + (size_t)i * (size_t)space->wide_dims,
                        narrow ? narrow + (size_t)i * (size_t)space->narrow_dims : NULL);
        network_finish(&net);
    }
    if (good && learn)
        good = learn_scale(&space->wide_scale, wide, count, space->wide, space->blocks,
                           space->wide_dims) &&
               learn_scale(&space->narrow_scale, narrow, count, space->narrow, space->blocks,
                           space->narrow_dims);
    if (!good) {
        lim_error("evaluation: no memory for the features of %d pictures", count);
        return false;
    }
    apply_scale(&space->wide_scale, wide, count, space->wide, space->blocks, space->wide_dims,
                job->threads);
    if (narrow)
        apply_scale(&space->narrow_scale, narrow, count, space->narrow, space->blocks,
                    space->narrow_dims, job->threads);
    return lim_backend_ok(job->be);
}
