/* Scratch memory, and which thread this is. */
#include "config.h"
#include "cpu/cpu.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef LIM_HAVE_OPENMP
#include <omp.h>
#endif

void *cpu_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX - 63)
        return NULL;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

bool cpu_scratch_grow(struct cpu_backend *cpu, size_t bytes)
{
    if (bytes <= cpu->scratch_size)
        return true;
    free(cpu->scratch);
    cpu->scratch = cpu_alloc(bytes);
    cpu->scratch_size = cpu->scratch ? bytes : 0;
    return cpu->scratch != NULL;
}

int cpu_thread(void)
{
#ifdef LIM_HAVE_OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

void *cpu_scratch(struct lim_backend *be, size_t bytes)
{
    struct cpu_backend *cpu = cpu_of(be);

    if (cpu->measuring) {
        cpu->measured = bytes > cpu->measured ? bytes : cpu->measured;
        return NULL;
    }
    if (!cpu_scratch_grow(cpu, bytes))
        lim_backend_fail(be, "no memory for %zu MiB of scratch on the CPU path", bytes >> 20);
    return cpu->scratch;
}
