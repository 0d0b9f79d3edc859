/* The Frechet distance of two normal distributions (Dowson and Landau 1982), as Heusel et al. 2017
 * (arXiv 1706.08500, equation 6) use it. With R = L L^T, tr (R S)^(1/2) is the sum of the roots of
 * the eigenvalues of L^T S L, which is symmetric. Only eigenvalues are needed, of at most a few
 * hundred rows: so these are our own eighty lines, instead of LAPACK, which not every BLAS
 * provides. */
#include "eval/eval.h"

#include "base/log.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* L of m->cov = L L^T, by Cholesky's method with complete pivoting (Higham, Accuracy and Stability
 * of Numerical Algorithms, section 10.3): a covariance of few pictures has no full rank, and
 * without pivoting small pivots would cause large errors. Pivots that are only rounding errors are
 * left out. `rest`[n][n] and `taken`[n] are for the remaining matrix, and which rows are done. */
static void cholesky(struct eval_moments *m, double *rest, bool *taken)
{
    int n = m->dims;
    double largest = 0;

    memcpy(rest, m->cov, (size_t)n * (size_t)n * sizeof *rest);
    for (int step = 0; step < n; step++) {
        int pivot = -1;
        double top;

        for (int i = 0; i < n; i++)
            if (!taken[i] && (pivot < 0 || rest[i * n + i] > rest[pivot * n + pivot]))
                pivot = i;
        top = rest[pivot * n + pivot];
        largest = step ? largest : top;
        if (!(top > largest * n * DBL_EPSILON))
            return;
        taken[pivot] = true;
        for (int i = 0; i < n; i++)
            if (!taken[i] || i == pivot)
                m->root[i * n + step] = rest[i * n + pivot] / sqrt(top);
        for (int i = 0; i < n; i++)
            for (int j = 0; !taken[i] && j < n; j++)
                rest[i * n + j] -= m->root[i * n + step] * m->root[j * n + step];
    }
}

bool eval_moments_init(struct eval_moments *m, const struct eval_job *job, const float *x,
                       int count, int dims, bool root)
{
    size_t n = (size_t)dims;
    double *rest;
    bool *taken;

    *m = (struct eval_moments){.dims = dims};
    m->mean = calloc(n, sizeof *m->mean);
    m->cov = calloc(n * n, sizeof *m->cov);
    m->root = root ? calloc(n * n, sizeof *m->root) : NULL;
    rest = root ? malloc(n * n * sizeof *rest) : NULL;
    taken = root ? calloc(n, sizeof *taken) : NULL;
    if (!m->mean || !m->cov || (root && (!m->root || !rest || !taken))) {
        lim_error("evaluation: no memory for a covariance of %d features", dims);
        free(rest);
        free(taken);
        return false;
    }
    for (int i = 0; i < count; i++)
        for (int k = 0; k < dims; k++)
            m->mean[k] += (double)x[(size_t)i * n + (size_t)k];
    for (int k = 0; k < dims; k++)
        m->mean[k] /= count;
    PARALLEL_UNEVEN(job->threads, k, dims) {
        double *row = m->cov + (size_t)k * n;

        for (int i = 0; i < count; i++) {
            const float *at = x + (size_t)i * n;
            double left = (double)at[k] - m->mean[k];

            for (int l = 0; l <= k; l++)
                row[l] += left * ((double)at[l] - m->mean[l]);
        }
        for (int l = 0; l <= k; l++)
            row[l] /= count - 1;
    }
    for (int k = 0; k < dims; k++)
        for (int l = 0; l < k; l++)
            m->cov[(size_t)l * n + (size_t)k] = m->cov[(size_t)k * n + (size_t)l];
    (void)job;
    if (root)
        cholesky(m, rest, taken);
    free(rest);
    free(taken);
    return true;
}

void eval_moments_finish(struct eval_moments *m)
{
    free(m->mean);
    free(m->cov);
    free(m->root);
    memset(m, 0, sizeof *m);
}

/* out = L^T S L. */
static void sandwich(const double *l, const double *s, int n, double *half, double *out,
                     int threads)
{
    for (int pass = 0; pass < 2; pass++) { /* half = S L; out = L^T half */
        const double *right = pass ? half : l;
        double *to = pass ? out : half;

        PARALLEL(threads, i, n) {
            for (int j = 0; j < n; j++)
                to[i * n + j] = 0;
            for (int k = 0; k < n; k++) {
                double left = pass ? l[k * n + i] : s[i * n + k];

                for (int j = 0; j < n; j++)
                    to[i * n + j] += left * right[k * n + j];
            }
        }
    }
}

/* Householder's reduction of a symmetric matrix to the tridiagonal one of the same eigenvalues
 * (Golub and Van Loan, Matrix Computations, section 8.3.1): diagonal[n], beside[n - 1]. */
static void tridiagonalize(double *a, int n, double *v, double *p, double *diagonal, double *beside)
{
    for (int k = 0; k < n - 2; k++) {
        double norm = 0, inner = 0, alpha, length;

        for (int i = k + 1; i < n; i++)
            norm += a[i * n + k] * a[i * n + k];
        norm = sqrt(norm);
        alpha = a[(k + 1) * n + k] > 0 ? -norm : norm;
        beside[k] = alpha;
        length = 2 * norm * (norm + fabs(a[(k + 1) * n + k])); /* |v|^2 of the v below */
        if (!(length > 0))
            continue;
        for (int i = k + 1; i < n; i++)
            v[i] = a[i * n + k];
        v[k + 1] -= alpha;
        /* With H = 1 - 2 v v^T / |v|^2: H A H = A - v w^T - w v^T */
        for (int i = k + 1; i < n; i++) {
            p[i] = 0;
            for (int j = k + 1; j < n; j++)
                p[i] += a[i * n + j] * v[j];
            p[i] *= 2 / length;
            inner += p[i] * v[i];
        }
        for (int i = k + 1; i < n; i++)
            p[i] -= inner / length * v[i];
        for (int i = k + 1; i < n; i++)
            for (int j = k + 1; j < n; j++)
                a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
    }
    for (int i = 0; i < n; i++)
        diagonal[i] = a[i * n + i];
    if (n > 1)
        beside[n - 2] = a[(n - 1) * n + n - 2];
}

/* The QR algorithm with Wilkinson's shift on a tridiagonal matrix (Golub and Van Loan, sections
 * 8.3.3 and 8.3.4): `d` becomes the eigenvalues. */
static bool diagonalize(double *d, double *e, int n)
{
    int last = n - 1;

    for (int step = 0; last > 0; step++) {
        int first;
        double half, shift, x, z;

        if (step > 60 * n)
            return false;
        for (int i = 0; i < last; i++) {
            if (fabs(e[i]) <= DBL_EPSILON * (fabs(d[i]) + fabs(d[i + 1])))
                e[i] = 0;
        }
        if (e[last - 1] == 0) {
            last--;
            continue;
        }
        for (first = last - 1; first > 0 && e[first - 1] != 0;)
            first--;
        half = (d[last - 1] - d[last]) / 2;
        shift =
            d[last] - e[last - 1] * e[last - 1] / (half + copysign(hypot(half, e[last - 1]), half));
        x = d[first] - shift;
        z = e[first];
        for (int k = first; k < last; k++) { /* chase the bulge down by rotations */
            double r = hypot(x, z), c = r > 0 ? x / r : 1, s = r > 0 ? z / r : 0;
            double dk = d[k], ek = e[k], dn = d[k + 1];

            if (k > first)
                e[k - 1] = r;
            d[k] = c * c * dk + 2 * c * s * ek + s * s * dn;
            d[k + 1] = s * s * dk - 2 * c * s * ek + c * c * dn;
            e[k] = c * s * (dn - dk) + (c * c - s * s) * ek;
            if (k < last - 1) {
                x = e[k];
                z = s * e[k + 1];
                e[k + 1] *= c;
            }
        }
    }
    return true;
}

bool eval_eigenvalues(double *a, int n, double *values)
{
    double *work = calloc(3 * (size_t)n, sizeof *work);
    bool good = work != NULL;

    if (good) {
        tridiagonalize(a, n, work, work + n, values, work + 2 * n);
        good = diagonalize(values, work + 2 * n, n);
    }
    free(work);
    return good;
}

double eval_frechet(const struct eval_job *job, const struct eval_moments *reals,
                    const struct eval_moments *other)
{
    int n = reals->dims;
    size_t square = (size_t)n * (size_t)n;
    double *half = malloc((2 * square + (size_t)n) * sizeof *half);
    double *product = half ? half + square : NULL, *values = half ? product + square : NULL;
    double distance = 0;

    if (half)
        sandwich(reals->root, other->cov, n, half, product, job->threads);
    if (!half || !eval_eigenvalues(product, n, values)) {
        lim_error("evaluation: %s for a Frechet distance of %d features",
                  half ? "no eigenvalues" : "no memory", n);
        free(half);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        double difference = reals->mean[i] - other->mean[i];

        distance += difference * difference + reals->cov[i * n + i] + other->cov[i * n + i] -
                    2 * sqrt(fmax(values[i], 0));
    }
    free(half);
    return fmax(distance, 0);
}
