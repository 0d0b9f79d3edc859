#include "cpu/kernel.h"

const struct cpu_kernel *const cpu_kernels[] = {
#if defined(__GNUC__) && defined(__x86_64__)
    &cpu_kernel_avx512,
    &cpu_kernel_avx2,
#endif
    &cpu_kernel_any,
    NULL,
};

const struct cpu_kernel *cpu_kernel_best(void)
{
    int i = 0;

    while (!cpu_kernels[i]->usable())
        i++;
    return cpu_kernels[i];
}
