"""The faults of the mutation test: one text in one file, and the operation whose cases must notice."""
import typing

CPU = ("--device", "cpu")
POCL = ("--platform", "Portable Computing Language")
# With a layer that makes a GPU of it.
GPU = POCL + ("--device", "gpu", "--conv", "implicit")
WINOGRAD = POCL + ("--conv", "winograd")
NARROW = POCL + ("--conv", "narrow")


class Mutation(typing.NamedTuple):
    name: str
    device: tuple
    op: str
    file: str
    old: str
    new: str
    cases: tuple = ("--small",)  # of the operation, which must notice; (): any


# The backend's own self-test would refuse a broken kernel first; it is not what is tested here.
BEFORE = [
    Mutation("there is no self-test", POCL, "", "src/opencl/opencl.c",
             "!ocl_selftest(ocl)", "false"),
    Mutation("nor one of what is added later", POCL, "", "src/opencl/winograd.c",
             " && ocl_selftest_three(ocl)", ""),
]

ALL = [
    Mutation("a border test is off by one", POCL, "im2col", "cl/conv.cl",
             "if (y < 0 || y >= h || left == right)", "if (y < 0 || y > h || left == right)"),
    Mutation("a bounds guard is missing", POCL, "col2im", "cl/conv.cl",
             "if (row < p && column < q)", "if (row < p)"),
    Mutation("a rounded-up group is not cut off", POCL, "bias_forward", "cl/pointwise.cl",
             "if (row < rows && c0 < c) {", "if (c0 < c) {", ("--case", "12")),
    Mutation("a ragged vector is written whole", POCL, "copy", "cl/common.cl",
             "if (n >= LIM_VECTOR) {", "if (n >= 1) {"),
    Mutation("an offset is dropped", POCL, "im2col", "cl/conv.cl",
             "*image = x + x_at + (ulong)n", "*image = x + (ulong)n"),
    Mutation("kernel rows and columns are swapped", POCL, "col2im", "cl/conv.cl",
             "* r + i) * s + j) * c", "* s + j) * r + i) * c"),
    Mutation("epsilon is forgotten", POCL, "batchnorm_train", "cl/norm.cl",
             "1.0f / sqrt(var + eps)", "1.0f / sqrt(var)"),
    Mutation("the running variance is biased", POCL, "batchnorm_train", "cl/norm.cl",
             "(squares / (float)(rows - 1))", "(squares / (float)rows)"),
    Mutation("the batch's variance is not", POCL, "batchnorm_train", "cl/norm.cl",
             "var = squares / (float)rows;", "var = squares / (float)(rows - 1);"),
    Mutation("gradients overwrite", POCL, "bias_backward", "cl/norm.cl",
             "store_part(load_part(to, n) + sum, to, n);", "store_part(sum, to, n);"),
    Mutation("beta is ignored", POCL + ("--gemm", "packed"), "gemm", "cl/gemm.cl",
             "sum += beta * gemm_load(0, c);", "sum += 0.0f;"),
    Mutation("a barrier is missing", POCL + ("--gemm", "tiled"), "gemm", "cl/gemm.cl",
             "barrier(CLK_LOCAL_MEM_FENCE);\n        multiply", "multiply"),
    Mutation("a ragged vector is written whole", POCL + ("--gemm", "tiled"), "gemm", "cl/tiles.cl",
             "static inline void store_four(float4 v, __global float *p, int n)\n{\n    if (n >= 4)",
             "static inline void store_four(float4 v, __global float *p, int n)\n{\n    if (n >= 1)"),
    Mutation("a border test is off by one", GPU, "conv_forward", "cl/implicit.cl",
             "yy < from->height &&", "yy <= from->height &&"),
    Mutation("phases are swapped", GPU, "conv_backward_data", "cl/implicit.cl",
             "(ulong)(phase_y * s + phase_x)", "(ulong)(phase_x * s + phase_y)"),
    Mutation("a phase forgets its pixels in the padding", GPU, "conv_backward_data",
             "cl/implicit.cl", "line.from = before;", "line.from = 0;"),
    Mutation("planes lie on each other", GPU, "conv_backward_weights", "cl/implicit.cl",
             "dw_at + (ulong)plane * (ulong)rows * (ulong)k;", "dw_at;", ("--case", "34")),
    Mutation("gradients overwrite", GPU, "conv_backward_weights", "cl/implicit.cl",
             "if (keep)", "if (false)"),
    Mutation("a barrier is missing", GPU, "conv_backward_weights", "cl/implicit.cl",
             "barrier(CLK_LOCAL_MEM_FENCE);\n        multiply_pieces(tile_a, tile_b, x, y, sum);\n        /*",
             "multiply_pieces(tile_a, tile_b, x, y, sum);\n        /*"),
    Mutation("a tile reads its neighbour's rows", WINOGRAD, "conv_forward", "cl/winograd_tiles.cl",
             "to.start = phase - pad;", "to.start = phase - pad + 1;"),
    Mutation("a ragged tile is written whole", WINOGRAD, "conv_backward_data", "cl/winograd.cl",
             "if (i0 < ya.count && j0 < xa.count)", "if (i0 < ya.count)"),
    Mutation("taps are swapped", WINOGRAD, "conv_backward_weights", "cl/winograd.cl",
             "(phase & 1) + i % WINO_TAPS * 2;", "(phase & 1) + (WINO_TAPS - 1 - i % WINO_TAPS) * 2;"),
    Mutation("a short phase begins where a long one does", WINOGRAD, "conv_backward_data",
             "cl/winograd_tiles.cl", "first - taps_of(r, phase) + 1;", "first - WINO_TAPS + 1;"),
    Mutation("a short phase takes the next row's element", WINOGRAD, "conv_forward", "cl/winograd.cl",
             "count > 0 && y < down && x < across)", "count > 0 && y < down)"),
    Mutation("infinity is forgotten", WINOGRAD, "conv_forward", "cl/winograd_three.cl",
             "- 0.125f * s[5 * from] + s[4 * from];", "- 0.125f * s[5 * from];"),
    Mutation("a short phase writes the next row's element", WINOGRAD, "conv_backward_weights",
             "cl/winograd.cl", "if (y < r && x < r) {", "if (y < r) {"),
    Mutation("an activation is forgotten", POCL, "batchnorm_act_train", "cl/norm.cl",
             "store_part(rectified(kind, slope, v), y", "store_part(v, y"),
    Mutation("a sign without beta", POCL, "batchnorm_act_backward", "cl/norm.cl",
             """            d = rectified_back(kind, slope, from * scale + shift, d);
            sum += d;""",
             """            d = rectified_back(kind, slope, from * scale, d);
            sum += d;"""),
    Mutation("what was summed is not written", POCL, "bias_act_backward", "cl/norm.cl",
             "                store_part(d, dx + dx_at + at, n);\n", ""),
    Mutation("a bias without its activation", POCL, "bias_act_forward", "cl/pointwise.cl",
             "store_part(activated(kind, slope, sum), to, n);", "store_part(sum, to, n);"),
    Mutation("a padded line keeps what was there", NARROW, "conv_forward",
             "cl/narrow.cl", "fill_zeros(to + count, width - before - count);", ""),
    Mutation("a line of the ring is not cleared", NARROW,
             "conv_backward_data", "cl/narrow.cl", "    fill_zeros(from, width);", ""),
    Mutation("the ring turns too early", NARROW, "conv_backward_data",
             "cl/narrow.cl", "slot + y < slots ? slot + y", "slot + y < slots - 1 ? slot + y"),
    Mutation("a panel takes its neighbour's sums", NARROW,
             "conv_backward_weights", "cl/narrow.cl", "sums + (panel * r * tiles + tile)",
             "sums + tile", ("--case", "48")),
    Mutation("planes lie on each other", NARROW, "conv_backward_weights",
             "cl/narrow.cl", "planes_at + (ulong)get_group_id(0)", "planes_at + (ulong)0"),
    Mutation("Adam's correction is forgotten", POCL, "adam", "cl/pointwise.cl",
             "lr * (first * correct1)", "lr * first"),

    Mutation("a border test is off by one", CPU, "im2col", "src/cpu/conv.c",
             "if (i < 0 || i >= cv->h ||", "if (i < 0 || i > cv->h ||"),
    Mutation("a padded row keeps what was there", CPU, "conv_forward", "src/cpu/direct.c",
             "if (i < 0 || i >= x.h) {", "if (i < 0) {"),
    Mutation("an image's range is dropped", CPU, "split_backward_data", "src/cpu/direct.c",
             "pad(be, &from, lim_tensor_images(dy, first, n), scratch + panels);",
             "pad(be, &from, lim_tensor_images(dy, 0, n), scratch + panels);"),
    Mutation("kernel rows and columns are swapped", CPU, "conv_backward_data", "src/cpu/direct.c",
             "w + (size_t)(r * cv->s + s)", "w + (size_t)(s * cv->r + r)"),
    Mutation("a band lacks its last columns", CPU, "conv_backward_data", "src/cpu/narrow.c",
             "(band.to - 1 + cv->pad_top)", "(band.to - 3 + cv->pad_top)"),
    Mutation("pieces lie on each other", CPU, "conv_backward_data", "src/cpu/narrow.c",
             "row + u * piece);", "row);"),
    Mutation("a tile reads its neighbour's rows", CPU, "conv_forward", "src/cpu/winograd_input.c",
             ".start = {-pad, 1 - pad},", ".start = {-pad, 2 - pad},"),
    Mutation("gradients overwrite", CPU, "conv_backward_weights", "src/cpu/kernel_body.h",
             "STORE(at, LOAD(at) + w[j]);", "STORE(at, w[j]);"),
    Mutation("a phase of three taps begins where one of two does", CPU, "conv_backward_data",
             "src/cpu/winograd_input.c", "first - taps_of(kernel, a) + 1;", "first - 1;", ()),
    Mutation("a point takes the sums of phases that lack it", CPU, "conv_forward",
             "src/cpu/winograd_input.c", "range.last ? range.first : i;", "0;", ()),
    Mutation("taps are not turned around", CPU, "conv_backward_data", "src/cpu/winograd_panels.c",
             "pc->backward ? all - 1 - i : i;", "i;", ()),
    Mutation("a coefficient is another point's", CPU, "conv_backward_weights",
             "cl/winograd_three.cl", "0.5f * y[from] + 0.25f", "2.0f * y[from] + 0.25f", ()),
    Mutation("epsilon is forgotten", CPU, "batchnorm_infer", "src/cpu/norm.c",
             "sqrt((double)v[j] + (double)bn->eps)", "sqrt((double)v[j])"),
    Mutation("the running variance is biased", CPU, "batchnorm_train", "src/cpu/norm.c",
             "(m2 / (m - 1.0))", "(m2 / m)"),
    Mutation("beta is ignored", CPU, "gemm", "src/cpu/gemm.c",
             ".beta = beta}", ".beta = 0.0f}"),
    Mutation("gradients overwrite", CPU, "bias_backward", "src/cpu/norm_backward.c",
             "sums[j] += (float)total;", "sums[j] = (float)total;"),
    Mutation("the slope is that of another activation", CPU, "batchnorm_act_infer", "src/cpu/norm.h",
             "return v > 0.0f ? v : slope * v;", "return v > 0.0f ? v : 0.0f;"),
    Mutation("a sign is that of x, not of what is normalised", CPU, "batchnorm_act_backward",
             "src/cpu/norm_backward.c", "from * g[l] + b[l]", "from + b[l]"),
    Mutation("the second walk forgets the activation", CPU, "batchnorm_act_backward",
             "src/cpu/norm_backward.c", "scale[j] * (d - mean_dy[j]",
             "scale[j] * (dy[at + (size_t)j] - mean_dy[j]"),
    Mutation("a sum is that of the gradient after the activation", CPU, "bias_act_backward",
             "src/cpu/norm_backward.c", "sum_rows(n, c, dx + at, sum);",
             "sum_rows(n, c, dy + at, sum);"),
    Mutation("a bias comes after its activation", CPU, "bias_act_forward", "src/cpu/pointwise.c",
             """        add_bias(n, c, b, to);
        activate(kind, slope, (size_t)n * (size_t)c, to, to);""",
             """        activate(kind, slope, (size_t)n * (size_t)c, to, to);
        add_bias(n, c, b, to);"""),
    Mutation("tanh's series is too short", CPU, "activation_forward", "src/cpu/pointwise.c",
             "(1.0f / 720 + r * (1.0f / 5040))", "(1.0f / 720)", ()),
    Mutation("the last element is forgotten", CPU, "fill", "src/cpu/pointwise.c",
             "return left < CPU_CHUNK ? left : CPU_CHUNK;",
             "return left < CPU_CHUNK ? left - 1 : CPU_CHUNK;"),
]
