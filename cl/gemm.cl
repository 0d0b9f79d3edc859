/* c[m][n] = alpha op(a) op(b) + beta c, row-major. beta = 0 never reads c.
 *
 * Both kernels can split k into planes of plane_k (third dimension of the groups): each plane then
 * writes its own c (c_at + plane * plane_stride), and gemm_planes adds them in their order. */

#ifndef GEMM_VECTOR
#define GEMM_VECTOR 4 /* floats in the device's registers */
#endif
#ifndef GEMM_ROWS
#define GEMM_ROWS 4 /* rows of a register tile; its columns are two vectors. A multiple of 4 */
#endif
#define GEMM_COLUMNS (2 * GEMM_VECTOR)
#define gemm_v LIM_JOIN(float, GEMM_VECTOR)
#define gemm_load(i, p) LIM_JOIN(vload, GEMM_VECTOR)(i, p)
#define gemm_store(v, i, p) LIM_JOIN(vstore, GEMM_VECTOR)(v, i, p)

#include "tiles.cl"

/* Copies a rows x depth piece of a matrix into panels of `width` rows, [panel][depth][width], with
 * zeros for rows missing in the last panel. Element (row, k) is at from[row * ld + k] if `along`,
 * else at from[k * ld + row]. */
static inline void pack(__local float *to, __global const float *from, int ld, int along, int rows,
                        int depth, int width)
{
    for (int row = 0; row < rows; row += width, to += depth * width) {
        int full = rows - row >= width;
        int k = 0;

        if (full && along) {
            for (; k + 4 <= depth; k += 4)
                for (int i = 0; i < width; i += 4) {
                    __global const float *f = from + (ulong)(row + i) * (ulong)ld + k;
                    float4 a = vload4(0, f), b = vload4(0, f + ld);
                    float4 c = vload4(0, f + 2 * (ulong)ld), d = vload4(0, f + 3 * (ulong)ld);

                    vstore4((float4)(a.x, b.x, c.x, d.x), 0, to + k * width + i);
                    vstore4((float4)(a.y, b.y, c.y, d.y), 0, to + (k + 1) * width + i);
                    vstore4((float4)(a.z, b.z, c.z, d.z), 0, to + (k + 2) * width + i);
                    vstore4((float4)(a.w, b.w, c.w, d.w), 0, to + (k + 3) * width + i);
                }
        } else if (full) {
            for (; k < depth; k++)
                for (int i = 0; i < width; i += 4)
                    vstore4(vload4(0, from + (ulong)k * (ulong)ld + row + i), 0,
                            to + k * width + i);
        }
        for (; k < depth; k++)
            for (int i = 0; i < width; i++) {
                float v = 0.0f;

                if (row + i < rows)
                    v = from[along ? (ulong)(row + i) * (ulong)ld + k
                                   : (ulong)k * (ulong)ld + row + i];
                to[k * width + i] = v;
            }
    }
}

/* One vector of results: the first `columns` of c = alpha sum + beta c. */
static inline void put(__global float *c, gemm_v sum, float alpha, float beta, int columns)
{
    if (columns >= GEMM_VECTOR) {
        sum = alpha * sum;
        if (beta != 0.0f)
            sum += beta * gemm_load(0, c);
        gemm_store(sum, 0, c);
    } else {
        float some[GEMM_VECTOR];

        gemm_store(sum, 0, some);
        for (int j = 0; j < columns; j++)
            c[j] = beta != 0.0f ? alpha * some[j] + beta * c[j] : alpha * some[j];
    }
}

/* A register tile: GEMM_ROWS x GEMM_COLUMNS sums over `depth` of two panels. */
static inline void tile(__local const float *a, __local const float *b, int depth,
                        __global float *c, int ldc, float alpha, float beta, int rows, int columns)
{
    gemm_v left[GEMM_ROWS], right[GEMM_ROWS];

#pragma unroll
    for (int i = 0; i < GEMM_ROWS; i++)
        left[i] = right[i] = (gemm_v)(0.0f);
    for (int k = 0; k < depth; k++) {
        gemm_v b0 = gemm_load(0, b), b1 = gemm_load(1, b);

#pragma unroll
        for (int i = 0; i < GEMM_ROWS; i++) {
            gemm_v v = (gemm_v)(a[i]);

            left[i] = fma(v, b0, left[i]);
            right[i] = fma(v, b1, right[i]);
        }
        a += GEMM_ROWS;
        b += GEMM_COLUMNS;
    }
#pragma unroll
    for (int i = 0; i < GEMM_ROWS; i++)
        if (i < rows) {
            put(c + (ulong)i * (ulong)ldc, left[i], alpha, beta, columns);
            put(c + (ulong)i * (ulong)ldc + GEMM_VECTOR, right[i], alpha, beta,
                columns - GEMM_VECTOR);
        }
}

/* For CPUs: a group is one work-item. It packs an mb x kb block of a and a kb x nb block of b into
 * local memory (the cache) in the order in which the register tiles read them. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void gemm_packed(
    int m, int n, int k, int a_along, int b_along, float alpha, float beta, __global const float *a,
    ulong a_at, int lda, __global const float *b, ulong b_at, int ldb, __global float *c,
    ulong c_at, int ldc, int plane_k, ulong plane_stride, int mb, int nb, int kb,
    __local float *packed_a, __local float *packed_b)
{
    int j0 = (int)get_group_id(0) * nb, i0 = (int)get_group_id(1) * mb;
    int plane = (int)get_group_id(2);
    int rows = min(mb, m - i0), columns = min(nb, n - j0);
    int first = plane * plane_k, last = min(k, first + plane_k);

    a += a_at;
    b += b_at;
    c += c_at + (ulong)plane * plane_stride + (ulong)i0 * (ulong)ldc + j0;
    for (int k0 = first; k0 < last; k0 += kb) {
        int depth = min(kb, last - k0);
        float keep = k0 == first ? beta : 1.0f;

        pack(packed_a, a + (a_along ? (ulong)i0 * (ulong)lda + k0 : (ulong)k0 * (ulong)lda + i0),
             lda, a_along, rows, depth, GEMM_ROWS);
        pack(packed_b, b + (b_along ? (ulong)j0 * (ulong)ldb + k0 : (ulong)k0 * (ulong)ldb + j0),
             ldb, b_along, columns, depth, GEMM_COLUMNS);
        for (int j = 0; j < columns; j += GEMM_COLUMNS)
            for (int i = 0; i < rows; i += GEMM_ROWS)
                tile(packed_a + i * depth, packed_b + j * depth, depth,
                     c + (ulong)i * (ulong)ldc + j, ldc, alpha, keep, rows - i, columns - j);
    }
}

/* For GPUs: a group computes TILE_ROWS x TILE_COLUMNS results. */
__kernel __attribute__((reqd_work_group_size(GROUP_X, GROUP_Y, 1))) void gemm_tiled(
    int m, int n, int k, int a_along, int b_along, float alpha, float beta, __global const float *a,
    ulong a_at, int lda, __global const float *b, ulong b_at, int ldb, __global float *c,
    ulong c_at, int ldc, int plane_k, ulong plane_stride)
{
    __local float tile_a[TILE_K * LEAD_ROWS], tile_b[TILE_K * LEAD_COLUMNS];
    int x = (int)get_local_id(0), y = (int)get_local_id(1), id = y * GROUP_X + x;
    int j0 = (int)get_group_id(0) * TILE_COLUMNS, i0 = (int)get_group_id(1) * TILE_ROWS;
    int plane = (int)get_group_id(2);
    int first = plane * plane_k, last = min(k, first + plane_k);
    float4 sum[ITEM_ROWS][ITEM_COLUMNS / 4];

    a += a_at + (a_along ? (ulong)i0 * (ulong)lda : (ulong)i0);
    b += b_at + (b_along ? (ulong)j0 * (ulong)ldb : (ulong)j0);
    c += c_at + (ulong)plane * plane_stride;
    clear_sums(sum);
    for (int k0 = first; k0 < last; k0 += TILE_K) {
        fetch_piece(tile_a, LEAD_ROWS, TILE_ROWS, a + (ulong)k0 * (a_along ? 1 : (ulong)lda), lda,
                    a_along, m - i0, last - k0, id);
        fetch_piece(tile_b, LEAD_COLUMNS, TILE_COLUMNS, b + (ulong)k0 * (b_along ? 1 : (ulong)ldb),
                    ldb, b_along, n - j0, last - k0, id);
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply_pieces(tile_a, tile_b, x, y, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS / 4; j++) {
            int row = i0 + ITEM_ROW(i, y), column = j0 + ITEM_COLUMN(j, x);

            if (row < m && column < n) {
                __global float *to = c + (ulong)row * (ulong)ldc + column;
                float4 v = alpha * sum[i][j];

                if (beta != 0.0f)
                    v += beta * load_four(to, n - column);
                store_four(v, to, n - column);
            }
        }
}

/* c = alpha (plane 0 + plane 1 + ...) + beta c over `count` elements. */
__kernel void gemm_planes(__global const float *from, ulong from_at, int planes, float alpha,
                          float beta, __global float *c, ulong c_at, ulong count)
{
    ulong i = (ulong)get_global_id(0) * LIM_VECTOR;

    if (i < count) {
        ulong n = count - i;
        real_v sum = load_part(from + from_at + i, n);

        for (int plane = 1; plane < planes; plane++)
            sum += load_part(from + from_at + (ulong)plane * count + i, n);
        sum = alpha * sum;
        if (beta != 0.0f)
            sum += beta * load_part(c + c_at + i, n);
        store_part(sum, c + c_at + i, n);
    }
}
