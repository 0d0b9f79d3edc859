/* The data gradient for pictures of few channels, such as RGB: makes columns for a band of dx, then
 * sums them while they are in the cache. */
#include "cpu/gemm_packed.h"

#include "base/parallel.h"

#include <string.h>

enum { BAND = 32 /* rows of dx that a thread makes at once */ };

/* One band: its columns are those of `lines` rows of dy from `first` on. */
struct band {
    int from, to, first, lines;
};

static struct band band_of(const struct lim_conv *cv, int from)
{
    struct band band = {.from = from, .to = cpu_min(from + BAND, cv->h)};
    int least = from + cv->pad_top - cv->r + 1;
    int last = cpu_min(cv->p - 1, (band.to - 1 + cv->pad_top) / cv->stride);

    band.first = least <= 0 ? 0 : (least + cv->stride - 1) / cv->stride;
    band.lines = last < band.first ? 0 : last - band.first + 1;
    return band;
}

static int most_lines(const struct lim_conv *cv)
{
    int most = 0;

    for (int from = 0; from < cv->h; from += BAND) {
        int lines = band_of(cv, from).lines;

        most = lines > most ? lines : most;
    }
    return most;
}

static inline void add_each(int count, int length, size_t from_step, size_t to_step,
                            const float *from, float *to)
{
    for (int i = 0; i < count; i++, from += from_step, to += to_step)
        for (int j = 0; j < length; j++)
            to[j] += from[j];
}

/* Unrolled lengths: those of three channels and kernels of 4 and 5. */
CPU_CLONES static void add_parts(int count, int length, size_t from_step, size_t to_step,
                                 const float *restrict from, float *restrict to)
{
    if (length == 6)
        add_each(count, 6, from_step, to_step, from, to);
    else if (length == 3)
        add_each(count, 3, from_step, to_step, from, to);
    else
        add_each(count, length, from_step, to_step, from, to);
}

/* One row of dx, with the padding at its left. A column's part for one kernel row is cut into
 * pieces of `stride` pixels, so that neighbors' pieces never meet; the last piece comes first, so
 * that every element sums in order of rows of dy, then of its columns. */
static void sum_row(const struct lim_conv *cv, const struct band *band, const float *col, int i,
                    size_t floats, float *row)
{
    size_t sc = (size_t)(cv->s * cv->c), rsc = (size_t)cv->r * sc;
    size_t piece = (size_t)(cv->stride * cv->c);

    memset(row, 0, floats * sizeof *row);
    for (int p = band->first; p < band->first + band->lines; p++) {
        int r = i + cv->pad_top - p * cv->stride;

        if (r < 0 || r >= cv->r)
            continue;
        for (size_t u = (sc + piece - 1) / piece; u-- > 0;)
            add_parts(cv->q, (int)(sc - u * piece < piece ? sc - u * piece : piece), rsc, piece,
                      col + (size_t)((p - band->first) * cv->q) * rsc + (size_t)r * sc + u * piece,
                      row + u * piece);
    }
}

void cpu_narrow_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                              struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    int rsc = cv->r * cv->s * cv->c, threads = cpu_of(be)->threads;
    int bands = cpu_pieces((size_t)cv->h, BAND),
        pieces = cpu_pieces((size_t)cv->s, (size_t)cv->stride);
    size_t c = (size_t)cv->c, panels = cpu_panels_size((size_t)cv->k, rsc);
    size_t reached = (size_t)(cv->q + pieces - 1) * (size_t)cv->stride * c;
    size_t padded = (size_t)(cv->pad_left + cv->w) * c;
    size_t row = reached > padded ? reached : padded;
    size_t col = (size_t)(most_lines(cv) * cv->q) * (size_t)rsc, own = (col + row + 15) / 16 * 16;
    float *scratch = cpu_scratch(be, (panels + (size_t)threads * own) * sizeof *scratch);
    float *to = cpu_data(dx);
    const float *from = cpu_data(dy);

    if (!scratch)
        return;
    cpu_panels_pack(be, cpu_data(w), 1, (size_t)cv->k, cv->k, rsc, scratch, 0, cv->k);
    PARALLEL_UNEVEN(threads, task, dx.n * bands) {
        struct band band = band_of(cv, task % bands * BAND);
        size_t n = (size_t)(task / bands), line = (size_t)cv->w * c;
        size_t first = (n * (size_t)cv->p + (size_t)band.first) * (size_t)cv->q;
        float *columns = scratch + panels + (size_t)cpu_thread() * own, *sums = columns + col;

        cpu_packed_gemm_run_here(be, &(struct cpu_packed_gemm){.n = 1,
                                                               .rows = 1,
                                                               .columns = band.lines * cv->q,
                                                               .in = from + first * (size_t)cv->k,
                                                               .in_column = (size_t)cv->k,
                                                               .out = columns,
                                                               .out_column = (size_t)rsc,
                                                               .runs = 1,
                                                               .length = cv->k,
                                                               .b = scratch,
                                                               .width = rsc,
                                                               .alpha = 1.0f});
        for (int i = band.from; i < band.to; i++) {
            sum_row(cv, &band, columns, i, row, sums);
            memcpy(to + (n * (size_t)cv->h + (size_t)i) * line, sums + (size_t)cv->pad_left * c,
                   line * sizeof *to);
        }
    }
}
