/* Batch normalization in double: two passes over each channel. */
#include "oracle.h"

#include <math.h>
#include <string.h>

void oracle_moments(size_t rows, int c, const float *x, double *mean, double *size_of, double *var)
{
    size_t channels = (size_t)c;

    memset(mean, 0, channels * sizeof *mean);
    memset(size_of, 0, channels * sizeof *size_of);
    memset(var, 0, channels * sizeof *var);
    for (size_t i = 0; i < rows * channels; i++) {
        mean[i % channels] += (double)x[i] / (double)rows;
        size_of[i % channels] += fabs((double)x[i]) / (double)rows;
    }
    for (size_t i = 0; i < rows * channels; i++) {
        double off = (double)x[i] - mean[i % channels];

        var[i % channels] += off * off / (double)rows;
    }
}

void oracle_normalize(size_t rows, int c, const float *x, const double *mean, const double *inv_std,
                      const float *gamma, const float *beta, double *y)
{
    size_t channels = (size_t)c;

    for (size_t i = 0; i < rows * channels; i++) {
        size_t j = i % channels;

        y[i] = (double)gamma[j] * ((double)x[i] - mean[j]) * inv_std[j] + (double)beta[j];
    }
}

void oracle_norm_sums(size_t rows, int c, const float *x, const float *dy, const float *mean,
                      const float *inv_std, struct oracle_sums *sums)
{
    size_t channels = (size_t)c;

    memset(sums, 0, channels * sizeof *sums);
    for (size_t i = 0; i < rows * channels; i++) {
        size_t j = i % channels;
        double xhat = ((double)x[i] - (double)mean[j]) * (double)inv_std[j];
        double term = (double)dy[i] * xhat;

        sums[j].dy += (double)dy[i];
        sums[j].dy_xhat += term;
        sums[j].abs_dy += fabs((double)dy[i]);
        sums[j].abs_dy_xhat += fabs(term);
    }
}
