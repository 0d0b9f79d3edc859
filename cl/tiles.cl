/* What the kernels for GPUs share: a group multiplies two panels, piece by piece from local memory;
 * each work-item computes ITEM_ROWS x ITEM_COLUMNS of the results.
 *
 * A work-item's 8x8 multiply-adds for one k take 4 loads of 4 floats from local memory: one load
 * per 16, while 4x4 results with single loads took one per 2. A piece of 16 takes 6 loads of 4
 * floats from global memory and as many stores of 4 floats to local memory, for 1024 multiply-adds;
 * a tile of 128x64 reads 192 floats for 8192. There are two barriers per piece. 128x64x16 is 13 KiB
 * of local memory, so that several groups share a compute unit and hide each other's waits. */

#ifndef GROUP_X
#define GROUP_X 8 /* work-items of a group: across columns, */
#endif
#ifndef GROUP_Y
#define GROUP_Y 16 /* and down rows; powers of two */
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 8 /* results of a work-item; multiples of 4 */
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 8
#endif
#ifndef TILE_K
#define TILE_K 16 /* depth of a piece: 4, 8 or 16, and at most 4 * GROUP */
#endif
#define GROUP (GROUP_X * GROUP_Y)
#define TILE_ROWS (ITEM_ROWS * GROUP_Y)
#define TILE_COLUMNS (ITEM_COLUMNS * GROUP_X)
#define QUADS (TILE_K / 4)

/* Four floats more than needed: vectors stay aligned, and a step along k is no power of two, which
 * avoids bank conflicts. */
#define LEAD_ROWS (TILE_ROWS + 4)
#define LEAD_COLUMNS (TILE_COLUMNS + 4)

/* The places of a work-item's results in the tile: vectors of four, a group apart, so that
 * neighbors read and write neighbors. */
#define ITEM_ROW(i, y) ((i) / 4 * (4 * GROUP_Y) + 4 * (y) + (i) % 4)
#define ITEM_COLUMN(j, x) ((j) * (4 * GROUP_X) + 4 * (x))

/* The first n of four floats; the rest are zeros. Never reads past n. */
static inline float4 load_four(__global const float *p, int n)
{
    float4 v = (float4)(0.0f);

    if (n >= 4) {
        v = vload4(0, p);
    } else if (n > 0) {
        v.x = p[0];
        if (n > 1)
            v.y = p[1];
        if (n > 2)
            v.z = p[2];
    }
    return v;
}

static inline void store_four(float4 v, __global float *p, int n)
{
    if (n >= 4) {
        vstore4(v, 0, p);
    } else if (n > 0) {
        p[0] = v.x;
        if (n > 1)
            p[1] = v.y;
        if (n > 2)
            p[2] = v.z;
    }
}

/* Four steps of k into one column of a piece. */
static inline void put_down(__local float *to, int lead, float4 v)
{
    to[0] = v.x;
    to[lead] = v.y;
    to[2 * lead] = v.z;
    to[3 * lead] = v.w;
}

/* Copies TILE_K x `width` of a matrix into local memory, [k][width], with zeros beyond its `rows`
 * and `depth`. Element (row, k) is at from[row * ld + k] if `along`, else at from[k * ld + row]. */
static inline void fetch_piece(__local float *to, int lead, int width, __global const float *from,
                               int ld, int along, int rows, int depth, int id)
{
    for (int e = id; e < width * QUADS; e += GROUP) {
        if (along) {
            int i = e / QUADS, k = (e - i * QUADS) * 4;

            put_down(to + k * lead + i, lead,
                     load_four(from + (ulong)i * (ulong)ld + k, i < rows ? depth - k : 0));
        } else {
            int k = e / (width / 4), i = (e - k * (width / 4)) * 4;

            vstore4(load_four(from + (ulong)k * (ulong)ld + i, k < depth ? rows - i : 0), 0,
                    to + k * lead + i);
        }
    }
}

static inline void clear_sums(float4 sum[ITEM_ROWS][ITEM_COLUMNS / 4])
{
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS / 4; j++)
            sum[i][j] = (float4)(0.0f);
}

/* Adds the product of two pieces. */
static inline void multiply_pieces(__local const float *a, __local const float *b, int x, int y,
                                   float4 sum[ITEM_ROWS][ITEM_COLUMNS / 4])
{
    a += 4 * y;
    b += 4 * x;
    for (int k = 0; k < TILE_K; k++) {
        float4 right[ITEM_COLUMNS / 4];

#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS / 4; j++)
            right[j] = vload4(j * GROUP_X, b);
#pragma unroll
        for (int i = 0; i < ITEM_ROWS / 4; i++) {
            float4 left = vload4(i * GROUP_Y, a);

#pragma unroll
            for (int j = 0; j < ITEM_COLUMNS / 4; j++) {
                sum[4 * i][j] = fma((float4)(left.x), right[j], sum[4 * i][j]);
                sum[4 * i + 1][j] = fma((float4)(left.y), right[j], sum[4 * i + 1][j]);
                sum[4 * i + 2][j] = fma((float4)(left.z), right[j], sum[4 * i + 2][j]);
                sum[4 * i + 3][j] = fma((float4)(left.w), right[j], sum[4 * i + 3][j]);
            }
        }
        a += LEAD_ROWS;
        b += LEAD_COLUMNS;
    }
}
