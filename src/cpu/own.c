/* Operations that a program brings, in ranges of items on all threads. */
#include "base/parallel.h"
#include "cpu/cpu.h"

#include <limner/own.h>

/* Ranges for each thread: items may take unequal time. */
enum { RANGES = 4 };

void cpu_own(struct lim_backend *be, const struct lim_own_op *op, size_t items,
             const struct lim_own_arg *args, int count)
{
    struct lim_own_arg filled[LIM_OWN_MAX_ARGS];
    int threads = cpu_of(be)->threads;
    size_t ranges = (size_t)threads * RANGES < items ? (size_t)threads * RANGES : items;

    for (int i = 0; i < count; i++) {
        filled[i] = args[i];
        if (args[i].kind == LIM_OWN_IN || args[i].kind == LIM_OWN_OUT)
            filled[i].data = cpu_data(args[i].tensor);
    }
    PARALLEL_UNEVEN(threads, i, (int)ranges)
        op->cpu(items * (size_t)i / ranges, items * ((size_t)i + 1) / ranges, filled);
    be->launches++;
}
