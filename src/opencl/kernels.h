/* Every kernel there is, and the programs they are in. */
#ifndef LIMNER_SRC_OPENCL_KERNELS_H
#define LIMNER_SRC_OPENCL_KERNELS_H

/* One program each. */
enum ocl_family {
    OCL_FAMILY_GEMM,
    OCL_FAMILY_CONV,
    OCL_FAMILY_NORM,
    OCL_FAMILY_POINTWISE,
    OCL_FAMILY_WINOGRAD,       /* built where wino_block > 0 */
    OCL_FAMILY_WINOGRAD_THREE, /* the same source for three taps; built when it is needed */
    OCL_FAMILY_IMPLICIT,       /* built for GPUs */
    OCL_FAMILY_NARROW,         /* built for CPUs */
    OCL_FAMILIES
};

/* Every kernel there is; program.c says where each lives. */
enum ocl_kernel {
    OCL_GEMM_PACKED,
    OCL_GEMM_TILED,
    OCL_GEMM_PLANES,
    OCL_IM2COL,
    OCL_IM2COL_ROWS,
    OCL_COL2IM,
    OCL_BIAS_BLOCKS,
    OCL_BIAS_SUM,
    OCL_BATCHNORM_BLOCKS,
    OCL_BATCHNORM_MERGE,
    OCL_BATCHNORM_APPLY,
    OCL_BATCHNORM_BACKWARD_BLOCKS,
    OCL_BATCHNORM_BACKWARD_SUM,
    OCL_BATCHNORM_BACKWARD_APPLY,
    OCL_ACTIVATION_FORWARD,
    OCL_ACTIVATION_BACKWARD,
    OCL_BIAS_FORWARD,
    OCL_LOSS_BLOCKS,
    OCL_LOSS_MEANS,
    OCL_ADAM,
    OCL_FILL,
    OCL_COPY,
    OCL_AXPBY,
    OCL_MULTIPLY_ADD,
    OCL_DOT_BLOCKS,
    OCL_DOT_SUM,
    OCL_SCALE,
    OCL_WINO_WEIGHTS,
    OCL_WINO_TILES,
    OCL_WINO_INPUT,
    OCL_WINO_PANELS,
    OCL_WINO_PAIRS,
    OCL_WINO_TAPS,
    OCL_WINO_THREE_WEIGHTS, /* in the order of those for two taps */
    OCL_WINO_THREE_TILES,
    OCL_WINO_THREE_INPUT,
    OCL_WINO_THREE_PANELS,
    OCL_WINO_THREE_PAIRS,
    OCL_WINO_THREE_TAPS,
    OCL_IMPLICIT_PICTURES,
    OCL_IMPLICIT_WEIGHTS,
    OCL_NARROW_FORWARD,
    OCL_NARROW_DATA,
    OCL_NARROW_WEIGHTS,
    OCL_KERNELS
};

/* Logits that one work-item of loss_blocks adds up. */
enum { OCL_LOSS_BLOCK = 64 };

#endif
