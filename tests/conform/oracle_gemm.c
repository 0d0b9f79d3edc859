/* Matrix products in double. */
#include "oracle.h"

#include "conform.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void oracle_gemm(bool ta, bool tb, int m, int n, int k, const float *a, const float *b, double *out,
                 double *size_of)
{
    size_t columns = (size_t)n, terms = (size_t)k;
    double *rows_of_b = conform_alloc(terms * columns, sizeof *rows_of_b); /* [k][n] */

    for (size_t l = 0; l < terms; l++)
        for (size_t j = 0; j < columns; j++)
            rows_of_b[l * columns + j] = (double)(tb ? b[j * terms + l] : b[l * columns + j]);

#pragma omp parallel for schedule(static)
    for (int i = 0; i < m; i++) {
        double *sum = out + (size_t)i * columns;
        double *size = size_of ? size_of + (size_t)i * columns : NULL;

        memset(sum, 0, columns * sizeof *sum);
        if (size)
            memset(size, 0, columns * sizeof *size);
        for (size_t l = 0; l < terms; l++) {
            double ail = (double)(ta ? a[l * (size_t)m + (size_t)i] : a[(size_t)i * terms + l]);
            const double *bl = rows_of_b + l * columns;

            for (size_t j = 0; j < columns; j++)
                sum[j] += ail * bl[j];
            if (size)
                for (size_t j = 0; j < columns; j++)
                    size[j] += fabs(ail * bl[j]);
        }
    }
    free(rows_of_b);
}
