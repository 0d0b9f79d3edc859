/* Matrix multiplication: cblas where it was found, and one of our own. */
#include "cpu.h"

#include "config.h"

#ifdef LIM_HAVE_BLAS
#include <cblas.h>
#endif

const char *const cpu_gemms[] = {
#ifdef LIM_HAVE_BLAS
    "blas",
#endif
    "builtin", NULL};

void cpu_gemm_init(void)
{
#ifdef LIM_HAVE_OPENBLAS
    /* The threads are ours: OpenBLAS's own would compete with them, and its way of cutting the work
     * depends on their number. */
    openblas_set_num_threads(1);
#endif
}

/* One call: op(a) is m x k, op(b) k x n, c m x n. */
struct product {
    bool ta, tb;
    int m, n, k, lda, ldb, ldc;
    float alpha, beta;
    const float *a, *b;
    float *c;
};

#ifdef LIM_HAVE_BLAS
static void blas_block(const struct product *g, int i, int j, int m, int n)
{
    const float *a = g->a + (size_t)i * (g->ta ? 1 : (size_t)g->lda);
    const float *b = g->b + (size_t)j * (g->tb ? (size_t)g->ldb : 1);

    cblas_sgemm(CblasRowMajor, g->ta ? CblasTrans : CblasNoTrans, g->tb ? CblasTrans : CblasNoTrans,
                m, n, g->k, g->alpha, a, g->lda, b, g->ldb, g->beta,
                g->c + (size_t)i * (size_t)g->ldc + j, g->ldc);
}
#endif

CPU_CLONES static void builtin_block(const struct product *g, int i0, int j0, int m, int n)
{
    for (int i = i0; i < i0 + m; i++) {
        float *c = g->c + (size_t)i * (size_t)g->ldc + j0;

        for (int j = 0; j < n; j++)
            c[j] = g->beta == 0.0f ? 0.0f : g->beta * c[j];
        for (int k = 0; k < g->k; k++) {
            float a = g->alpha * (g->ta ? g->a[(size_t)k * (size_t)g->lda + i]
                                        : g->a[(size_t)i * (size_t)g->lda + k]);

            if (g->tb)
                for (int j = 0; j < n; j++)
                    c[j] += a * g->b[(size_t)(j0 + j) * (size_t)g->ldb + k];
            else
                for (int j = 0; j < n; j++)
                    c[j] += a * g->b[(size_t)k * (size_t)g->ldb + j0 + j];
        }
    }
}

void cpu_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c)
{
    struct product g = {.ta = ta == LIM_TRANS,
                        .tb = tb == LIM_TRANS,
                        .m = cpu_rows(c),
                        .n = c.c,
                        .k = ta ? cpu_rows(a) : a.c,
                        .lda = a.c,
                        .ldb = b.c,
                        .ldc = c.c,
                        .alpha = alpha,
                        .beta = beta,
                        .a = cpu_data(a),
                        .b = cpu_data(b),
                        .c = cpu_data(c)};
    enum { ROWS = 256, COLUMNS = 512 };
    int down = cpu_pieces((size_t)g.m, ROWS), across = cpu_pieces((size_t)g.n, COLUMNS);
    int threads = cpu_of(be)->threads;
#ifdef LIM_HAVE_BLAS
    bool builtin = cpu_of(be)->gemm == 1;
#endif

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int block = 0; block < down * across; block++) {
        int i = block / across * ROWS, j = block % across * COLUMNS;
        int m = cpu_min(ROWS, g.m - i), n = cpu_min(COLUMNS, g.n - j);

#ifdef LIM_HAVE_BLAS
        if (!builtin) {
            blas_block(&g, i, j, m, n);
            continue;
        }
#endif
        builtin_block(&g, i, j, m, n);
    }
    be->launches++;
    (void)threads;
}
