/* im2col and its adjoint: copies of contiguous runs of channels. */
#include "cpu/cpu.h"

#include "base/parallel.h"

#include <string.h>

void cpu_im2col(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                struct lim_tensor col)
{
    const float *in = cpu_data(x);
    float *out = cpu_data(col);
    size_t c = (size_t)cv->c, width = (size_t)cv->w * c;
    size_t rsc = (size_t)cv->r * (size_t)cv->s * c;
    int lines = x.n * cv->p, threads = cpu_of(be)->threads;

    PARALLEL(threads, line, lines) {
        int n = line / cv->p, top = line % cv->p * cv->stride - cv->pad_top;

        for (int j = 0; j < cv->q; j++) {
            int left = j * cv->stride - cv->pad_left;
            int first = left < 0 ? -left : 0; /* columns of the kernel inside: first to last - 1 */
            int last = cpu_min(cv->s, cv->w - left);
            float *to = out + ((size_t)line * (size_t)cv->q + (size_t)j) * rsc;

            for (int r = 0; r < cv->r; r++, to += (size_t)cv->s * c) {
                int i = top + r;

                if (i < 0 || i >= cv->h || first >= last) {
                    memset(to, 0, (size_t)cv->s * c * sizeof *to);
                    continue;
                }
                memset(to, 0, (size_t)first * c * sizeof *to);
                memcpy(to + (size_t)first * c,
                       in + ((size_t)n * (size_t)cv->h + (size_t)i) * width +
                           (size_t)(left + first) * c,
                       (size_t)(last - first) * c * sizeof *to);
                memset(to + (size_t)last * c, 0, (size_t)(cv->s - last) * c * sizeof *to);
            }
        }
    }
    be->launches++;
}

CPU_CLONES static void add_run(int c, const float *restrict from, float *restrict to)
{
    for (int i = 0; i < c; i++)
        to[i] += from[i];
}

/* Kernel rows r (or columns) and outputs p (or q) that read the input at `i`: r = i + pad - p *
 * stride in [0, size). */
static int first_output(int i, int pad, int size, int stride)
{
    int least = i + pad - size + 1;

    return least <= 0 ? 0 : (least + stride - 1) / stride;
}

/* A gather: each element of x sums its own contributions in order of p, then q. */
void cpu_col2im(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor columns,
                struct lim_tensor to_x)
{
    const float *col = cpu_data(columns);
    float *x = cpu_data(to_x);
    size_t c = (size_t)cv->c, rsc = (size_t)cv->r * (size_t)cv->s * c;
    int lines = to_x.n * cv->h, threads = cpu_of(be)->threads;

    PARALLEL(threads, line, lines) {
        int n = line / cv->h, i = line % cv->h;
        int p0 = first_output(i, cv->pad_top, cv->r, cv->stride);
        int p1 = cpu_min(cv->p - 1, (i + cv->pad_top) / cv->stride);

        for (int j = 0; j < cv->w; j++) {
            int q0 = first_output(j, cv->pad_left, cv->s, cv->stride);
            int q1 = cpu_min(cv->q - 1, (j + cv->pad_left) / cv->stride);
            float *to = x + ((size_t)line * (size_t)cv->w + (size_t)j) * c;

            memset(to, 0, c * sizeof *to);
            for (int p = p0; p <= p1; p++) {
                for (int q = q0; q <= q1; q++) {
                    int r = i + cv->pad_top - p * cv->stride;
                    int s = j + cv->pad_left - q * cv->stride;
                    size_t at = ((size_t)n * (size_t)cv->p + (size_t)p) * (size_t)cv->q + (size_t)q;

                    add_run(cv->c, col + at * rsc + (size_t)(r * cv->s + s) * c, to);
                }
            }
        }
    }
    be->launches++;
}
