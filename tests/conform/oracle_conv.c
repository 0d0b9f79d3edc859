/* Convolutions in double: seven nested loops over the definition, nothing lowered. */
#include "oracle.h"

#include <math.h>
#include <stddef.h>

/* Row `at` of kernel row r: the row of x that it reads, or -1 outside the picture. */
static int row_of(const struct lim_conv *cv, int at, int r)
{
    int h = at * cv->stride + r - cv->pad_top;

    return h >= 0 && h < cv->h ? h : -1;
}

static int column_of(const struct lim_conv *cv, int at, int s)
{
    int w = at * cv->stride + s - cv->pad_left;

    return w >= 0 && w < cv->w ? w : -1;
}

static size_t index4(size_t a, size_t b, int nb, size_t c, int nc, int nd)
{
    return ((a * (size_t)nb + b) * (size_t)nc + c) * (size_t)nd;
}

static size_t x_at(const struct lim_conv *cv, int n, int h, int w)
{
    return index4((size_t)n, (size_t)h, cv->h, (size_t)w, cv->w, cv->c);
}

static size_t y_at(const struct lim_conv *cv, int n, int p, int q)
{
    return index4((size_t)n, (size_t)p, cv->p, (size_t)q, cv->q, cv->k);
}

/* w[r][s][c][.] */
static size_t w_at(const struct lim_conv *cv, int r, int s, int c)
{
    return index4((size_t)r, (size_t)s, cv->s, (size_t)c, cv->c, cv->k);
}

/* col[n][p][q][r][s][.] */
static size_t col_at(const struct lim_conv *cv, int n, int p, int q, int r, int s)
{
    size_t pixel = ((size_t)n * (size_t)cv->p + (size_t)p) * (size_t)cv->q + (size_t)q;

    return index4(pixel, (size_t)r, cv->r, (size_t)s, cv->s, cv->c);
}

/* out[j] += a * b[j], size[j] += |a * b[j]| */
static void add_scaled(int count, double a, const float *b, double *out, double *size)
{
    for (int j = 0; j < count; j++)
        out[j] += a * (double)b[j];
    if (size)
        for (int j = 0; j < count; j++)
            size[j] += fabs(a * (double)b[j]);
}

void oracle_conv_forward(const struct lim_conv *cv, int n, const float *x, const float *w,
                         double *out, double *size_of)
{
#pragma omp parallel for schedule(dynamic)
    for (int np = 0; np < n * cv->p; np++) {
        int image = np / cv->p, p = np % cv->p;

        for (int q = 0; q < cv->q; q++) {
            size_t y = y_at(cv, image, p, q);

            for (int r = 0; r < cv->r; r++)
                for (int s = 0; s < cv->s; s++) {
                    int h = row_of(cv, p, r), v = column_of(cv, q, s);

                    for (int c = 0; h >= 0 && v >= 0 && c < cv->c; c++)
                        add_scaled(cv->k, (double)x[x_at(cv, image, h, v) + (size_t)c],
                                   w + w_at(cv, r, s, c), out + y, size_of ? size_of + y : NULL);
                }
        }
    }
}

/* Each term of the forward pass, walked in the same order, seen from x. */
void oracle_conv_backward_data(const struct lim_conv *cv, int n, const float *dy, const float *w,
                               double *out, double *size_of)
{
#pragma omp parallel for schedule(dynamic)
    for (int image = 0; image < n; image++)
        for (int p = 0; p < cv->p; p++)
            for (int q = 0; q < cv->q; q++)
                for (int r = 0; r < cv->r; r++)
                    for (int s = 0; s < cv->s; s++) {
                        int h = row_of(cv, p, r), v = column_of(cv, q, s);
                        const float *dyk = dy + y_at(cv, image, p, q);

                        for (int c = 0; h >= 0 && v >= 0 && c < cv->c; c++) {
                            const float *wk = w + w_at(cv, r, s, c);
                            size_t x = x_at(cv, image, h, v) + (size_t)c;
                            double sum = 0.0, size = 0.0;

#pragma omp simd reduction(+ : sum, size)
                            for (int k = 0; k < cv->k; k++) {
                                double term = (double)dyk[k] * (double)wk[k];

                                sum += term;
                                size += fabs(term);
                            }
                            out[x] += sum;
                            if (size_of)
                                size_of[x] += size;
                        }
                    }
}

void oracle_conv_backward_weights(const struct lim_conv *cv, int n, const float *x, const float *dy,
                                  double *out, double *size_of)
{
#pragma omp parallel for schedule(dynamic)
    for (int rs = 0; rs < cv->r * cv->s; rs++) {
        int r = rs / cv->s, s = rs % cv->s;

        for (int image = 0; image < n; image++)
            for (int p = 0; p < cv->p; p++)
                for (int q = 0; q < cv->q; q++) {
                    int h = row_of(cv, p, r), v = column_of(cv, q, s);

                    for (int c = 0; h >= 0 && v >= 0 && c < cv->c; c++) {
                        size_t wk = w_at(cv, r, s, c);

                        add_scaled(cv->k, (double)x[x_at(cv, image, h, v) + (size_t)c],
                                   dy + y_at(cv, image, p, q), out + wk,
                                   size_of ? size_of + wk : NULL);
                    }
                }
    }
}

void oracle_im2col(const struct lim_conv *cv, int n, const float *x, double *col)
{
    for (int image = 0; image < n; image++)
        for (int p = 0; p < cv->p; p++)
            for (int q = 0; q < cv->q; q++)
                for (int r = 0; r < cv->r; r++)
                    for (int s = 0; s < cv->s; s++) {
                        int h = row_of(cv, p, r), v = column_of(cv, q, s);
                        double *out = col + col_at(cv, image, p, q, r, s);

                        for (int c = 0; c < cv->c; c++)
                            out[c] = h >= 0 && v >= 0 ? (double)x[x_at(cv, image, h, v) + (size_t)c]
                                                      : 0.0;
                    }
}

void oracle_col2im(const struct lim_conv *cv, int n, const float *col, double *x, double *size_of,
                   int *terms)
{
    for (int image = 0; image < n; image++)
        for (int p = 0; p < cv->p; p++)
            for (int q = 0; q < cv->q; q++)
                for (int r = 0; r < cv->r; r++)
                    for (int s = 0; s < cv->s; s++) {
                        int h = row_of(cv, p, r), v = column_of(cv, q, s);
                        size_t at = h >= 0 && v >= 0 ? x_at(cv, image, h, v) : 0;

                        if (h < 0 || v < 0)
                            continue;
                        add_scaled(cv->c, 1.0, col + col_at(cv, image, p, q, r, s), x + at,
                                   size_of + at);
                        terms[at / (size_t)cv->c]++;
                    }
}
