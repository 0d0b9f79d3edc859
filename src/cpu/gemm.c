/* Matrix multiplication: cblas if it was found, and one of our own. */
#include "cpu/gemm_packed.h"

#include "base/parallel.h"
#include "config.h"

#ifdef LIM_HAVE_BLAS
#include <cblas.h>
#endif

const char *const *cpu_gemms(bool blas)
{
    static const char *const names[] = {"blas", "builtin", NULL};

    return blas ? names : names + 1;
}

bool cpu_has_blas(void)
{
#if defined LIM_HAVE_OPENBLAS
    return openblas_get_num_threads() == 1;
#elif defined LIM_HAVE_BLAS
    return true;
#else
    return false;
#endif
}

#ifdef LIM_HAVE_BLAS
/* In blocks of fixed size, one thread each: so the bits do not depend on the number of threads. */
static void gemm_blas(struct lim_backend *be, bool ta, bool tb, float alpha, struct lim_tensor a,
                      struct lim_tensor b, float beta, struct lim_tensor c)
{
    enum { ROWS = 256, COLUMNS = 512 };
    int m = cpu_rows(c), n = c.c, k = ta ? cpu_rows(a) : a.c, threads = cpu_of(be)->threads;
    int down = cpu_pieces((size_t)m, ROWS), across = cpu_pieces((size_t)n, COLUMNS);
    const float *left = cpu_data(a), *right = cpu_data(b);
    float *out = cpu_data(c);

    PARALLEL(threads, block, down * across) {
        int i = block / across * ROWS, j = block % across * COLUMNS;

        cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
                    cpu_min(ROWS, m - i), cpu_min(COLUMNS, n - j), k, alpha,
                    left + (ta ? (size_t)i : (size_t)i * (size_t)a.c), a.c,
                    right + (tb ? (size_t)j * (size_t)b.c : (size_t)j), b.c, beta,
                    out + (size_t)i * (size_t)n + j, n);
    }
}
#endif

/* to[columns][rows], in squares so that reads and writes come in whole cache lines. */
static void transpose(struct lim_backend *be, int rows, int columns, const float *a, float *to)
{
    enum { SIDE = 16 };
    int threads = cpu_of(be)->threads;

    PARALLEL(threads, strip, cpu_pieces((size_t)columns, SIDE)) {
        int left = strip * SIDE;

        for (int top = 0; top < rows; top += SIDE)
            for (int j = left; j < cpu_min(left + SIDE, columns); j++)
                for (int i = top; i < cpu_min(top + SIDE, rows); i++)
                    to[(size_t)j * (size_t)rows + (size_t)i] =
                        a[(size_t)i * (size_t)columns + (size_t)j];
    }
}

void cpu_gemm_builtin(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb,
                      float alpha, struct lim_tensor a, struct lim_tensor b, float beta,
                      struct lim_tensor c)
{
    int m = cpu_rows(c), n = c.c, k = ta ? cpu_rows(a) : a.c;
    size_t panels = cpu_panels_size((size_t)k, n), turned = ta ? (size_t)m * (size_t)k : 0;
    float *scratch = cpu_scratch(be, (panels + turned) * sizeof *scratch);
    const float *left = cpu_data(a);

    if (!scratch)
        return;
    if (ta) {
        transpose(be, k, m, left, scratch + panels);
        left = scratch + panels;
    }
    cpu_panels_pack(be, cpu_data(b), tb ? 1 : (size_t)n, tb ? (size_t)k : 1, k, n, scratch, 0, k);
    cpu_packed_gemm_run(be, &(struct cpu_packed_gemm){.n = 1,
                                                      .rows = m,
                                                      .columns = 1,
                                                      .in = left,
                                                      .in_row = (size_t)k,
                                                      .out = cpu_data(c),
                                                      .out_row = (size_t)n,
                                                      .runs = 1,
                                                      .length = k,
                                                      .b = scratch,
                                                      .width = n,
                                                      .alpha = alpha,
                                                      .beta = beta});
    be->launches++;
}

void cpu_gemm(struct lim_backend *be, enum lim_transpose ta, enum lim_transpose tb, float alpha,
              struct lim_tensor a, struct lim_tensor b, float beta, struct lim_tensor c)
{
#ifdef LIM_HAVE_BLAS
    if (cpu_of(be)->blas && cpu_of(be)->gemm == 0) {
        gemm_blas(be, ta == LIM_TRANS, tb == LIM_TRANS, alpha, a, b, beta, c);
        be->launches++;
        return;
    }
#endif
    cpu_gemm_builtin(be, ta, tb, alpha, a, b, beta, c);
}
