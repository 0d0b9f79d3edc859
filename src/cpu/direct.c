/* The three passes of a convolution without a column matrix.
 *
 * The picture is copied once into a padded one, so that for one kernel row the inputs of an output
 * pixel are one run of s * c floats: the kernels read them there. The data gradient (the forward
 * pass of a transposed convolution) splits into stride x stride phases of dx; within a phase every
 * pixel takes the same kernel elements, so it is a convolution with stride 1 of the padded dy, and
 * every pixel of dx is written once. ops.c's lowering is the oracle of all three. */
#include "cpu/gemm_packed.h"

#include "base/parallel.h"

#include <string.h>

enum {
    NARROW = 12,     /* with so few channels a phase's panels would be mostly empty: use columns */
    BLOCK = 256,     /* pixels that a weight gradient sums in registers at once */
    SLACK = CPU_ROWS /* floats that a kernel may read after the last picture */
};

/* A picture with a border of zeros, whose rows are `width` floats. */
struct padded {
    int top, left, h, w;
    size_t row, image; /* floats */
};

static struct padded padded_of(int h, int w, int c, int top, int left, int bottom, int right)
{
    struct padded to = {.top = top, .left = left, .h = h + top + bottom, .w = w + left + right};

    to.row = (size_t)to.w * (size_t)c;
    to.image = (size_t)to.h * to.row;
    return to;
}

static void pad(struct lim_backend *be, const struct padded *to, struct lim_tensor x, float *out)
{
    const float *in = cpu_data(x);
    size_t width = (size_t)x.w * (size_t)x.c, left = (size_t)to->left * (size_t)x.c;
    int lines = x.n * to->h, threads = cpu_of(be)->threads;

    PARALLEL(threads, line, lines) {
        int n = line / to->h, i = line % to->h - to->top;
        float *row = out + (size_t)line * to->row;

        if (i < 0 || i >= x.h) {
            memset(row, 0, to->row * sizeof *row);
            continue;
        }
        memset(row, 0, left * sizeof *row);
        memcpy(row + left, in + ((size_t)n * (size_t)x.h + (size_t)i) * width, width * sizeof *row);
        memset(row + left + width, 0, (to->row - left - width) * sizeof *row);
    }
    memset(out + (size_t)x.n * to->image, 0, SLACK * sizeof *out);
}

/* Images whose padded copies, of `floats` each, fit the workspace; at least one. */
static int images_at_once(const struct lim_backend *be, size_t floats, int n)
{
    size_t fit = be->workspace_cap / (floats * sizeof(float));

    return fit < 1 ? 1 : fit < (size_t)n ? (int)fit : n;
}

/* The picture itself is the columns: a product of two matrices. */
static bool col_is_x(const struct lim_conv *cv)
{
    bool unpadded = !cv->pad_top && !cv->pad_left && !cv->pad_bottom && !cv->pad_right;

    return unpadded &&
           ((cv->r == cv->h && cv->s == cv->w) || (cv->r == 1 && cv->s == 1 && cv->stride == 1));
}

static struct lim_tensor as_columns(const struct lim_conv *cv, struct lim_tensor x)
{
    return lim_tensor_of(x.buf, x.offset, x.n, cv->p, cv->q, cv->r * cv->s * cv->c);
}

void cpu_conv_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                      struct lim_tensor w, struct lim_tensor y)
{
    struct padded to =
        padded_of(cv->h, cv->w, cv->c, cv->pad_top, cv->pad_left, cv->pad_bottom, cv->pad_right);
    int depth = cv->r * cv->s * cv->c, step = images_at_once(be, to.image, x.n);
    size_t panels = cpu_panels_size((size_t)depth, cv->k);
    float *scratch;

    if (col_is_x(cv)) {
        cpu_gemm_builtin(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, as_columns(cv, x), w, 0.0f, y);
        return;
    }
    scratch = cpu_scratch(be, (panels + (size_t)step * to.image + SLACK) * sizeof *scratch);
    if (!scratch)
        return;
    cpu_panels_pack(be, cpu_data(w), (size_t)cv->k, 1, depth, cv->k, scratch, 0, depth);
    for (int first = 0; first < x.n; first += step) {
        int n = cpu_min(step, x.n - first);
        size_t line = (size_t)cv->q * (size_t)cv->k;

        pad(be, &to, lim_tensor_images(x, first, n), scratch + panels);
        cpu_packed_gemm_run(
            be, &(struct cpu_packed_gemm){.n = n,
                                          .rows = cv->p,
                                          .columns = cv->q,
                                          .in = scratch + panels,
                                          .in_image = to.image,
                                          .in_row = (size_t)cv->stride * to.row,
                                          .in_column = (size_t)cv->stride * (size_t)cv->c,
                                          .out = cpu_data(lim_tensor_images(y, first, n)),
                                          .out_image = (size_t)cv->p * line,
                                          .out_row = line,
                                          .out_column = (size_t)cv->k,
                                          .runs = cv->r,
                                          .length = cv->s * cv->c,
                                          .skip = to.row,
                                          .b = scratch,
                                          .width = cv->k,
                                          .alpha = 1.0f});
    }
    be->launches++;
}

/* Along one axis: dx at stride * t + phase - pad, for t from `first` on, `count` of them, is the
 * sum over u < taps of dy[t - u] w[phase + stride * u]. */
struct phase {
    int first, count, taps;
};

static struct phase phase_of(int phase, int size, int kernel, int stride, int pad)
{
    struct phase to = {.first = pad > phase ? (pad - phase + stride - 1) / stride : 0};
    int at = stride * to.first + phase - pad; /* in dx */

    to.count = at < size ? (size - 1 - at) / stride + 1 : 0;
    to.taps = phase < kernel ? (kernel - 1 - phase) / stride + 1 : 0;
    return to;
}

/* The border that dy needs so that no phase reads outside. */
static void border_of(int size, int kernel, int stride, int pad, int outputs, int *before,
                      int *after)
{
    *before = *after = 0;
    for (int i = 0; i < stride; i++) {
        struct phase p = phase_of(i, size, kernel, stride, pad);

        if (p.count > 0 && p.taps > 0) {
            int low = p.taps - 1 - p.first, high = p.first + p.count - outputs;

            *before = low > *before ? low : *before;
            *after = high > *after ? high : *after;
        }
    }
}

/* The kernel elements of one phase, last tap first, as panels [taps][taps][k] x c. */
static void pack_phase(struct lim_backend *be, const struct lim_conv *cv, const float *w, int a,
                       int b, struct phase down, struct phase across, float *panels)
{
    int total = down.taps * across.taps * cv->k;

    for (int i = 0; i < down.taps * across.taps; i++) {
        int r = a + cv->stride * (down.taps - 1 - i / across.taps);
        int s = b + cv->stride * (across.taps - 1 - i % across.taps);

        cpu_panels_pack(be, w + (size_t)(r * cv->s + s) * (size_t)cv->c * (size_t)cv->k, 1,
                        (size_t)cv->k, cv->k, cv->c, panels, i * cv->k, total);
    }
}

static void run_phase(struct lim_backend *be, const struct lim_conv *cv, int n, int a, int b,
                      const struct padded *from, const float *dy, const float *panels, float *dx)
{
    struct phase down = phase_of(a, cv->h, cv->r, cv->stride, cv->pad_top);
    struct phase across = phase_of(b, cv->w, cv->s, cv->stride, cv->pad_left);
    size_t c = (size_t)cv->c, k = (size_t)cv->k, line = (size_t)cv->w * c;
    size_t row = (size_t)(cv->stride * down.first + a - cv->pad_top);
    size_t column = (size_t)(cv->stride * across.first + b - cv->pad_left);

    if (!down.count || !across.count)
        return;
    dx += row * line + column * c;
    if (!down.taps || !across.taps) { /* the stride steps over these: nothing reads them */
        for (int i = 0; i < n * down.count * across.count; i++) {
            size_t j = (size_t)(i % across.count), t = (size_t)(i / across.count % down.count);
            size_t image = (size_t)(i / across.count / down.count);

            memset(dx + (image * (size_t)cv->h + t * (size_t)cv->stride) * line +
                       j * (size_t)cv->stride * c,
                   0, c * sizeof *dx);
        }
        return;
    }
    row = (size_t)(down.first - down.taps + 1 + from->top);
    column = (size_t)(across.first - across.taps + 1 + from->left);
    cpu_packed_gemm_run(be, &(struct cpu_packed_gemm){.n = n,
                                                      .rows = down.count,
                                                      .columns = across.count,
                                                      .in = dy + row * from->row + column * k,
                                                      .in_image = from->image,
                                                      .in_row = from->row,
                                                      .in_column = k,
                                                      .out = dx,
                                                      .out_image = (size_t)cv->h * line,
                                                      .out_row = (size_t)cv->stride * line,
                                                      .out_column = (size_t)cv->stride * c,
                                                      .runs = down.taps,
                                                      .length = across.taps * cv->k,
                                                      .skip = from->row,
                                                      .b = panels,
                                                      .width = cv->c,
                                                      .alpha = 1.0f});
}

static void backward_phases(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                            struct lim_tensor w, struct lim_tensor dx)
{
    int top, left, bottom, right, step, phases = cv->stride * cv->stride;
    /* All phases together use each kernel element once. */
    size_t panels = cpu_panels_size((size_t)cv->r * (size_t)cv->s * (size_t)cv->k, cv->c);
    struct padded from;
    float *scratch;

    border_of(cv->h, cv->r, cv->stride, cv->pad_top, cv->p, &top, &bottom);
    border_of(cv->w, cv->s, cv->stride, cv->pad_left, cv->q, &left, &right);
    from = padded_of(cv->p, cv->q, cv->k, top, left, bottom, right);
    step = images_at_once(be, from.image, dy.n);
    scratch = cpu_scratch(be, (panels + (size_t)step * from.image + SLACK) * sizeof *scratch);
    if (!scratch)
        return;
    for (int first = 0; first < dy.n; first += step) {
        int n = cpu_min(step, dy.n - first);
        float *at = scratch;

        pad(be, &from, lim_tensor_images(dy, first, n), scratch + panels);
        for (int i = 0; i < phases; i++) {
            int a = i / cv->stride, b = i % cv->stride;
            struct phase down = phase_of(a, cv->h, cv->r, cv->stride, cv->pad_top);
            struct phase across = phase_of(b, cv->w, cv->s, cv->stride, cv->pad_left);

            if (first == 0)
                pack_phase(be, cv, cpu_data(w), a, b, down, across, at);
            run_phase(be, cv, n, a, b, &from, scratch + panels, at,
                      cpu_data(lim_tensor_images(dx, first, n)));
            at += cpu_panels_size((size_t)(down.taps * across.taps * cv->k), cv->c);
        }
    }
}

void cpu_conv_backward_data(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor dy,
                            struct lim_tensor w, struct lim_tensor dx)
{
    if (col_is_x(cv)) {
        /* w is [r s c][k]: its rows are the columns of dx */
        cpu_gemm_builtin(be, LIM_NO_TRANS, LIM_TRANS, 1.0f, dy, w, 0.0f, as_columns(cv, dx));
        return;
    }
    if (cv->c <= NARROW)
        cpu_narrow_backward_data(be, cv, dy, w, dx);
    else
        backward_phases(be, cv, dy, w, dx);
    be->launches++;
}

/* dw for some of the s * c rows that belong to one kernel row, and some panels. */
struct weights {
    int lines, q, k; /* n * p lines of q pixels */
    const float *const *starts;
    size_t step; /* floats from one pixel's input to the next */
    const float *dy;
    float *dw;
};

static void weights_task(const struct cpu_kernel *kernel, const struct weights *j, size_t offset,
                         int first_row, int last_row, float *dw, int first_panel, int last_panel)
{
    int at_once = j->q < BLOCK ? BLOCK / j->q : 1;
    _Alignas(64) float tile[CPU_ROWS * CPU_COLUMNS];

    for (int panel = first_panel; panel < last_panel; panel++) {
        int column = panel * CPU_COLUMNS, n = cpu_min(CPU_COLUMNS, j->k - column);
        const float *b = j->dy + (size_t)panel * (size_t)j->lines * (size_t)j->q * CPU_COLUMNS;

        for (int line = 0; line < j->lines; line += at_once) {
            int lines = cpu_min(at_once, j->lines - line);

            for (int row = first_row; row < last_row; row += CPU_ROWS) {
                float *c[CPU_ROWS];
                int m = cpu_min(CPU_ROWS, last_row - row);

                for (int i = 0; i < m; i++)
                    c[i] = dw + (size_t)(row + i) * (size_t)j->k + column;
                kernel->across(m, n, lines, j->q, j->step, j->starts + line, offset + (size_t)row,
                               b, tile);
                cpu_tile_store(m, n, 1.0f, tile, 1.0f, c);
            }
            b += (size_t)lines * (size_t)j->q * CPU_COLUMNS;
        }
    }
}

static void weights_range(struct lim_backend *be, const struct lim_conv *cv,
                          const struct padded *from, const struct weights *j)
{
    enum { ROWS = 64 };
    const struct cpu_kernel *kernel = cpu_of(be)->kernel;
    int threads = cpu_of(be)->threads, rows = cv->s * cv->c;
    int panels = cpu_pieces((size_t)cv->k, CPU_COLUMNS), down = cpu_pieces((size_t)rows, ROWS);
    int across = cpu_min(panels, cpu_pieces(4 * (size_t)threads, (size_t)(down * cv->r)));
    int step = cpu_pieces((size_t)panels, (size_t)across);

    PARALLEL_UNEVEN(threads, task, cv->r * down * across) {
        int panel = task % across * step, row = task / across % down * ROWS;
        size_t r = (size_t)(task / across / down);

        weights_task(kernel, j, r * from->row, row, cpu_min(row + ROWS, rows),
                     j->dw + r * (size_t)rows * (size_t)cv->k, panel,
                     cpu_min(panel + step, panels));
    }
}

void cpu_conv_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                               struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct padded to =
        padded_of(cv->h, cv->w, cv->c, cv->pad_top, cv->pad_left, cv->pad_bottom, cv->pad_right);
    size_t pixels = (size_t)cv->p * (size_t)cv->q, panels = cpu_panels_size(pixels, cv->k);
    int step = images_at_once(be, to.image + panels, x.n);
    size_t floats;
    const float **starts;
    float *scratch, *copy;

    if (col_is_x(cv)) {
        cpu_gemm_builtin(be, LIM_TRANS, LIM_NO_TRANS, 1.0f, as_columns(cv, x), dy, 1.0f, dw);
        return;
    }
    floats = (size_t)step * (panels + to.image) + SLACK;
    floats += floats % 2; /* pointers follow */
    scratch =
        cpu_scratch(be, floats * sizeof *scratch + (size_t)step * (size_t)cv->p * sizeof *starts);
    if (!scratch)
        return;
    copy = scratch + (size_t)step * panels;
    starts = (const float **)(scratch + floats);
    for (int first = 0; first < x.n; first += step) {
        int n = cpu_min(step, x.n - first), depth = n * (int)pixels;

        pad(be, &to, lim_tensor_images(x, first, n), copy);
        cpu_panels_pack(be, cpu_data(lim_tensor_images(dy, first, n)), (size_t)cv->k, 1, depth,
                        cv->k, scratch, 0, depth);
        for (int line = 0; line < n * cv->p; line++)
            starts[line] = copy + (size_t)(line / cv->p) * to.image +
                           (size_t)(line % cv->p * cv->stride) * to.row;
        weights_range(be, cv, &to,
                      &(struct weights){.lines = n * cv->p,
                                        .q = cv->q,
                                        .k = cv->k,
                                        .starts = starts,
                                        .step = (size_t)cv->stride * (size_t)cv->c,
                                        .dy = scratch,
                                        .dw = cpu_data(dw)});
    }
    be->launches++;
}
