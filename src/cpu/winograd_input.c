#include "cpu/winograd.h"
#include "cpu/winograd_job.h"

#include <string.h>

enum { LEAST_CHANNELS = 16 };

/* Rows and columns of the phases, ordered so that all phases that have a point are adjacent. */
static const int phase_down[] = {1, 0, 0, 1}, phase_across[] = {0, 0, 1, 1};

/* The m of fewest products, or 0 if a direct convolution, with r * s for each output, costs less
 * than the products and the transforms. */
static int best_m(const struct lim_conv *cv)
{
    int best = 0, smallest = cv->r == 4 ? 2 : WINO_MOST;
    double least = 0.75 * (double)cv->r * (double)cv->s * (double)cv->p * (double)cv->q;

    for (int m = WINO_MOST; m >= smallest; m--) {
        double tiles = (double)cpu_pieces((size_t)cv->p, (size_t)m) *
                       (double)cpu_pieces((size_t)cv->q, (size_t)m);
        int line = 2 * m + cv->r - 2; /* points of both phases */
        double products = tiles * line * line;

        if (products < least) {
            least = products;
            best = m;
        }
    }
    return best;
}

bool cpu_winograd_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass)
{
    (void)be;
    (void)pass;
    return cv->r >= 3 && cv->r <= 5 && cv->s == cv->r && cv->stride == 2 &&
           cv->c >= LEAST_CHANNELS && cv->k >= LEAST_CHANNELS && best_m(cv) > 0;
}

/* The taps of phase a in a line of `kernel` taps. */
static int taps_of(int kernel, int a)
{
    return (kernel - a + 1) / 2;
}

/* From x to y. */
static struct cpu_winograd_axis forward_axis(int size, int outputs, int kernel, int pad, int m)
{
    (void)size;
    (void)kernel;
    return (struct cpu_winograd_axis){.start = {-pad, 1 - pad},
                                      .tile = 2 * m,
                                      .step = 2,
                                      .to_step = 1,
                                      .count = {outputs, outputs},
                                      .tiles = cpu_pieces((size_t)outputs, (size_t)m)};
}

/* From dy to dx, whose row 2 t + a - pad is the sum over taps i of dy[t - i] w[2 i + a]. */
static struct cpu_winograd_axis backward_axis(int size, int outputs, int kernel, int pad, int m)
{
    struct cpu_winograd_axis axis = {.tile = m, .step = 1, .to_step = 2};

    (void)outputs;
    for (int a = 0; a < 2; a++) {
        int first = (pad - a + 1) / 2; /* t of the first row inside dx */

        axis.to[a] = 2 * first + a - pad;
        axis.start[a] = first - taps_of(kernel, a) + 1;
        axis.count[a] = (size - axis.to[a] + 1) / 2;
    }
    axis.tiles = cpu_pieces((size_t)(axis.count[0] > axis.count[1] ? axis.count[0] : axis.count[1]),
                            (size_t)m);
    return axis;
}

struct cpu_winograd_job cpu_winograd_job(struct lim_backend *be, const struct lim_conv *cv,
                                         struct lim_tensor in, bool forward)
{
    int m = best_m(cv), most = taps_of(cv->r, 0), n = m + most - 1;
    struct cpu_winograd_job job = {.kernel = cpu_of(be)->kernel,
                                   .m = m,
                                   .whole = {m, n, most, most},
                                   .points = n * n,
                                   .in = in,
                                   .groups = cpu_pieces((size_t)in.c, WINO_LANES)};
    struct cpu_winograd_axis (*axis)(int, int, int, int, int) =
        forward ? forward_axis : backward_axis;

    for (int i = 0; i < WINO_PHASES; i++) {
        struct cpu_winograd_phase *phase = &job.phases[i];

        phase->down = phase_down[i];
        phase->across = phase_across[i];
        phase->shape =
            (struct wino_shape){m, n, taps_of(cv->r, phase->down), taps_of(cv->s, phase->across)};
    }
    job.down = axis(cv->h, cv->p, cv->r, cv->pad_top, m);
    job.across = axis(cv->w, cv->q, cv->s, cv->pad_left, m);
    job.total = in.n * job.down.tiles * job.across.tiles;
    job.zeros_size = (size_t)(job.groups + 1) * WINO_LANES;
    return job;
}

struct cpu_winograd_range cpu_winograd_phases_of(const struct cpu_winograd_job *job, int point)
{
    struct cpu_winograd_range range = {0, 0};

    for (int i = 0; i < WINO_PHASES; i++)
        if (cpu_winograd_has(&job->phases[i].shape, point)) {
            range.first = range.last ? range.first : i;
            range.last = i + 1;
        }
    return range;
}

struct cpu_winograd_place cpu_winograd_place(const struct cpu_winograd_job *job, int tile)
{
    int line = tile / job->across.tiles;

    return (struct cpu_winograd_place){
        .n = line / job->down.tiles, .y = line % job->down.tiles, .x = tile % job->across.tiles};
}

const float *cpu_winograd_pixel(struct lim_tensor t, int n, int y, int x, const float *outside)
{
    if (y < 0 || y >= t.h || x < 0 || x >= t.w)
        return outside;
    return cpu_data(t) +
           (((size_t)n * (size_t)t.h + (size_t)y) * (size_t)t.w + (size_t)x) * (size_t)t.c;
}

void cpu_winograd_fill_up(int pixels, int from, int last, int lanes, const float *const *in,
                          float *copy, const float **to)
{
    size_t count = (size_t)(last - from);

    for (int i = 0; i < pixels; i++, copy += lanes) {
        memcpy(copy, in[i] + from, count * sizeof *copy);
        memset(copy + count, 0, ((size_t)lanes - count) * sizeof *copy);
        to[i] = copy;
    }
}

void cpu_winograd_input_tile(const struct cpu_winograd_job *job, int first, int last, int tile,
                             float *v, const struct cpu_winograd_layout *layout)
{
    struct cpu_winograd_place at = cpu_winograd_place(job, tile);
    int group = 0;
    float copy[WINO_POINTS * WINO_LANES];
    const float *in[WINO_POINTS], *filled[WINO_POINTS];

    for (const struct cpu_winograd_phase *phase = job->phases + first; phase < job->phases + last;
         phase++) {
        int rows = job->m + phase->shape.down - 1, columns = job->m + phase->shape.across - 1;
        int y = job->down.start[phase->down] + at.y * job->down.tile;
        int x = job->across.start[phase->across] + at.x * job->across.tile;

        for (int i = 0; i < rows * columns; i++)
            in[i] = cpu_winograd_pixel(job->in, at.n, y + i / columns * job->down.step,
                                       x + i % columns * job->across.step, job->zeros);
        for (int channel = 0; channel < job->in.c; channel += WINO_LANES, group++) {
            float *to = v + (size_t)(group / WINO_NEAR) * layout->near +
                        (size_t)(group % WINO_NEAR) * layout->group;

            if (channel + WINO_LANES <= job->in.c) {
                job->kernel->input(phase->shape, in, (size_t)channel, to, layout->point);
            } else {
                cpu_winograd_fill_up(rows * columns, channel, job->in.c, WINO_LANES, in, copy,
                                     filled);
                job->kernel->input(phase->shape, filled, 0, to, layout->point);
            }
        }
    }
}
