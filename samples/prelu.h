/* Three operations that limner does not have: ReLU with a learned slope a[c] for each channel (He
 * et al. 2015, arXiv 1502.01852). Each is a kernel for OpenCL devices and a function for the CPU
 * path; limner-conform checks both (tests/conform/own.c). */
#ifndef SAMPLES_PRELU_H
#define SAMPLES_PRELU_H

#include <limner/own.h>

/* y = x > 0 ? x : a[channel] x, an item an element. Arguments: x, a, y, channels. */
static void prelu_forward_cpu(size_t first, size_t end, const struct lim_own_arg *args)
{
    const float *x = args[0].data, *a = args[1].data;
    float *y = args[2].data;
    size_t channels = (size_t)args[3].i;

    for (size_t i = first; i < end; i++)
        y[i] = x[i] > 0.0f ? x[i] : a[i % channels] * x[i];
}

/* dx = x > 0 ? dy : a[channel] dy, an item an element. Arguments: x, a, dy, dx, channels. */
static void prelu_backward_cpu(size_t first, size_t end, const struct lim_own_arg *args)
{
    const float *x = args[0].data, *a = args[1].data, *dy = args[2].data;
    float *dx = args[3].data;
    size_t channels = (size_t)args[4].i;

    for (size_t i = first; i < end; i++)
        dx[i] = x[i] > 0.0f ? dy[i] : a[i % channels] * dy[i];
}

/* da[c] += the sum of dy x where x <= 0, an item a channel. Arguments: x, dy, da, rows. */
static void prelu_slopes_cpu(size_t first, size_t end, const struct lim_own_arg *args)
{
    const float *x = args[0].data, *dy = args[1].data;
    size_t channels = lim_tensor_count(args[2].tensor), rows = (size_t)args[3].i;

    for (size_t c = first; c < end; c++) {
        float sum = 0.0f;

        for (size_t i = c; i < rows * channels; i += channels)
            sum += x[i] > 0.0f ? 0.0f : dy[i] * x[i];
        args[2].data[c] += sum;
    }
}

static const struct lim_own_op prelu_forward = {
    "prelu_forward",
    "__kernel void prelu_forward(ulong items, __global const float *x, ulong x0,\n"
    "                            __global const float *a, ulong a0, __global float *y, ulong y0,\n"
    "                            int channels)\n"
    "{\n"
    "    ulong i = get_global_id(0);\n"
    "    if (i < items) {\n"
    "        float v = x[x0 + i];\n"
    "        y[y0 + i] = v > 0.0f ? v : a[a0 + i % channels] * v;\n"
    "    }\n"
    "}\n",
    prelu_forward_cpu};

static const struct lim_own_op prelu_backward = {
    "prelu_backward",
    "__kernel void prelu_backward(ulong items, __global const float *x, ulong x0,\n"
    "                             __global const float *a, ulong a0,\n"
    "                             __global const float *dy, ulong dy0, __global float *dx,\n"
    "                             ulong dx0, int channels)\n"
    "{\n"
    "    ulong i = get_global_id(0);\n"
    "    if (i < items) {\n"
    "        float d = dy[dy0 + i];\n"
    "        dx[dx0 + i] = x[x0 + i] > 0.0f ? d : a[a0 + i % channels] * d;\n"
    "    }\n"
    "}\n",
    prelu_backward_cpu};

static const struct lim_own_op prelu_slopes = {
    "prelu_slopes",
    "#pragma OPENCL FP_CONTRACT OFF\n"
    "__kernel void prelu_slopes(ulong items, __global const float *x, ulong x0,\n"
    "                           __global const float *dy, ulong dy0, __global float *da,\n"
    "                           ulong da0, int rows)\n"
    "{\n"
    "    ulong c = get_global_id(0);\n"
    "    float sum = 0.0f;\n"
    "    if (c >= items)\n"
    "        return;\n"
    "    for (ulong i = c; i < rows * items; i += items)\n"
    "        sum += x[x0 + i] > 0.0f ? 0.0f : dy[dy0 + i] * x[x0 + i];\n"
    "    da[da0 + c] += sum;\n"
    "}\n",
    prelu_slopes_cpu};

#endif
