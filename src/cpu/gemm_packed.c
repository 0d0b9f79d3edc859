#include "cpu/gemm_packed.h"

#include "base/parallel.h"

#include <string.h>

enum {
    DEPTH = 512,   /* of one kernel call: a panel of it takes 64 KiB, half of a small L2 cache */
    TASK_ROWS = 64 /* rows that use a panel while it is in the cache */
};

CPU_CLONES static void store_tile(int m, int n, float alpha, const float *tile, float beta,
                                  float *const *c)
{
    for (int i = 0; i < m; i++, tile += CPU_COLUMNS) {
        float *row = c[i];

        if (beta == 0.0f)
            for (int j = 0; j < n; j++)
                row[j] = alpha * tile[j];
        else
            for (int j = 0; j < n; j++)
                row[j] = alpha * tile[j] + beta * row[j];
    }
}

/* clang 14 cannot export a function of several versions. */
void cpu_tile_store(int m, int n, float alpha, const float *tile, float beta, float *const *c)
{
    store_tile(m, n, alpha, tile, beta, c);
}

size_t cpu_panels_size(size_t depth, int width)
{
    return depth * (size_t)cpu_pieces((size_t)width, CPU_COLUMNS) * CPU_COLUMNS;
}

CPU_CLONES static void pack_rows(const float *b, size_t down, int depth, int n, float *to)
{
    for (int i = 0; i < depth; i++, b += down, to += CPU_COLUMNS) {
        if (n == CPU_COLUMNS) {
            memcpy(to, b, CPU_COLUMNS * sizeof *to);
        } else {
            memcpy(to, b, (size_t)n * sizeof *to);
            memset(to + n, 0, (size_t)(CPU_COLUMNS - n) * sizeof *to);
        }
    }
}

/* Columns are contiguous in memory: blocks of 16 rows read whole cache lines. */
static void pack_columns(const float *b, size_t down, size_t across, int depth, int n, float *to)
{
    for (int first = 0; first < depth; first += 16) {
        int last = cpu_min(first + 16, depth);

        for (int j = 0; j < n; j++)
            for (int i = first; i < last; i++)
                to[i * CPU_COLUMNS + j] = b[(size_t)i * down + (size_t)j * across];
        for (int i = first; i < last; i++)
            memset(to + i * CPU_COLUMNS + n, 0, (size_t)(CPU_COLUMNS - n) * sizeof *to);
    }
}

void cpu_panels_pack(struct lim_backend *be, const float *b, size_t down, size_t across, int depth,
                     int width, float *panels, int first, int total)
{
    int count = cpu_pieces((size_t)width, CPU_COLUMNS), pieces = cpu_pieces((size_t)depth, DEPTH);
    int threads = cpu_of(be)->threads;

    PARALLEL(threads, task, count * pieces) {
        int panel = task / pieces, at = task % pieces * DEPTH;
        int n = cpu_min(CPU_COLUMNS, width - panel * CPU_COLUMNS);
        int rows = cpu_min(DEPTH, depth - at);
        const float *from = b + (size_t)at * down + (size_t)panel * (size_t)CPU_COLUMNS * across;
        float *to =
            panels + ((size_t)panel * (size_t)total + (size_t)first + (size_t)at) * CPU_COLUMNS;

        if (across == 1)
            pack_rows(from, down, rows, n, to);
        else
            pack_columns(from, down, across, rows, n, to);
    }
}

/* The places of rows first..last-1; repeats the last one to fill a whole CPU_ROWS. */
static void find_places(const struct cpu_packed_gemm *s, int first, int last, const float **in,
                        float **out)
{
    int column = first % s->columns, y = first / s->columns % s->rows;
    size_t n = (size_t)(first / s->columns / s->rows);

    for (int row = first; row < last || (row - first) % CPU_ROWS; row++, in++, out++) {
        *in = s->in + n * s->in_image + (size_t)y * s->in_row + (size_t)column * s->in_column;
        *out = s->out + n * s->out_image + (size_t)y * s->out_row + (size_t)column * s->out_column;
        if (row + 1 >= last)
            continue;
        if (++column == s->columns) {
            column = 0;
            if (++y == s->rows) {
                y = 0;
                n++;
            }
        }
    }
}

/* Some rows by some panels. The depth is cut into pieces of whole runs, or of parts of one. */
static void run_task(const struct cpu_kernel *kernel, const struct cpu_packed_gemm *s,
                     int first_row, int last_row, int first_panel, int last_panel)
{
    int runs_at_once = s->length < DEPTH ? cpu_min(DEPTH / s->length, s->runs) : 1;
    int part = s->length < DEPTH ? s->length : DEPTH;
    const float *in[TASK_ROWS], *a[CPU_ROWS];
    float *out[TASK_ROWS];
    _Alignas(64) float tile[CPU_ROWS * CPU_COLUMNS];

    find_places(s, first_row, last_row, in, out);
    for (int panel = first_panel; panel < last_panel; panel++) {
        int column = panel * CPU_COLUMNS, n = cpu_min(CPU_COLUMNS, s->width - column);
        const float *b = s->b + (size_t)panel * (size_t)s->runs * (size_t)s->length * CPU_COLUMNS;

        for (int run = 0; run < s->runs; run += runs_at_once) {
            int runs = cpu_min(runs_at_once, s->runs - run);

            for (int at = 0; at < s->length; at += part) {
                int length = cpu_min(part, s->length - at);
                float beta = run == 0 && at == 0 ? s->beta : 1.0f;

                for (int row = 0; row < last_row - first_row; row += CPU_ROWS) {
                    float *c[CPU_ROWS];

                    for (int i = 0; i < CPU_ROWS; i++) {
                        a[i] = in[row + i] + (size_t)run * s->skip + at;
                        c[i] = out[row + i] + column;
                    }
                    kernel->along(n, runs, length, s->skip, a, b, tile);
                    cpu_tile_store(cpu_min(CPU_ROWS, last_row - first_row - row), n, s->alpha, tile,
                                   beta, c);
                }
                b += (size_t)runs * (size_t)length * CPU_COLUMNS;
            }
        }
    }
}

void cpu_packed_gemm_run_here(struct lim_backend *be, const struct cpu_packed_gemm *s)
{
    int rows = s->n * s->rows * s->columns, panels = cpu_pieces((size_t)s->width, CPU_COLUMNS);

    for (int row = 0; row < rows; row += TASK_ROWS)
        run_task(cpu_of(be)->kernel, s, row, cpu_min(row + TASK_ROWS, rows), 0, panels);
}

void cpu_packed_gemm_run(struct lim_backend *be, const struct cpu_packed_gemm *s)
{
    const struct cpu_kernel *kernel = cpu_of(be)->kernel;
    int rows = s->n * s->rows * s->columns, threads = cpu_of(be)->threads;
    int panels = cpu_pieces((size_t)s->width, CPU_COLUMNS);
    int down = cpu_pieces((size_t)rows, TASK_ROWS);
    /* Few rows: threads share panels too. No sum depends on this choice. */
    int across =
        down >= 4 * threads ? 1 : cpu_min(panels, cpu_pieces(4 * (size_t)threads, (size_t)down));
    int step = cpu_pieces((size_t)panels, (size_t)across);

    PARALLEL_UNEVEN(threads, task, down * across) {
        int row = task / across * TASK_ROWS, panel = task % across * step;

        run_task(kernel, s, row, cpu_min(row + TASK_ROWS, rows), panel,
                 cpu_min(panel + step, panels));
    }
}
