#include "opencl/tiles.h"

/* Local memory of the kernels for GPUs, in bytes: two pieces, and where their rows lie. */
static size_t tiled_local_mem(const struct ocl_backend *ocl)
{
    int rows = ocl->group_y * OCL_ITEM_ROWS, columns = ocl->group_x * OCL_ITEM_COLUMNS;

    return (size_t)(ocl->tile_k * (rows + 4 + columns + 4) + 4 * rows + 3 * ocl->tile_k) *
           sizeof(float);
}

bool ocl_shrink_group(struct ocl_backend *ocl)
{
    if (ocl->group_x * ocl->group_y == 1)
        return false;
    *(ocl->group_x > ocl->group_y ? &ocl->group_x : &ocl->group_y) /= 2;
    while (ocl->tile_k > 4 * ocl->group_x * ocl->group_y)
        ocl->tile_k /= 2;
    return true;
}

void ocl_tiles_init(struct ocl_backend *ocl)
{
    const struct ocl_limits *limits = &ocl->limits;

    ocl->vector = limits->is_cpu ? 16 : 4;
    ocl->chains = 8;
    while (limits->is_cpu && ocl->chains > 2 && ocl->chains * ocl->vector > 8 * limits->float_width)
        ocl->chains /= 2;
    /* Rows x two vectors of sums must fit the registers: 32 of them where they hold 16 floats, 16
     * where they hold fewer. */
    ocl->tile_columns = limits->float_width >= 16 ? 32 : limits->float_width >= 8 ? 16 : 8;
    ocl->tile_rows = limits->float_width >= 16 ? 8 : 4;
    /* Tiles of 128x64; their depth is halved before they are made smaller. */
    ocl->group_x = 8;
    ocl->group_y = ocl->tile_k = 16;
    if (tiled_local_mem(ocl) > limits->local_mem)
        ocl->tile_k = 8;
    while (((size_t)ocl->group_x > limits->items[0] || (size_t)ocl->group_y > limits->items[1] ||
            (size_t)(ocl->group_x * ocl->group_y) > limits->group ||
            tiled_local_mem(ocl) > limits->local_mem) &&
           ocl_shrink_group(ocl))
        continue;
}
