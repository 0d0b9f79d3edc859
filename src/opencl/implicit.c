/* Convolutions without columns in memory: the host side of cl/implicit.cl, for GPUs. */
#include "opencl/implicit.h"

#include "opencl/gemm.h"
#include "opencl/launch.h"
#include "opencl/memory.h"
#include "opencl/tiles.h"

/* Steps of the reduction in one launch, per work-item: few enough for OCL_SHORT_LOOPS and for
 * watchdogs. A multiple of TILE_K. */
enum { LAUNCH_K = 8192 };

/* The least pixels in a plane of the weight gradient. */
enum { LEAST_PIXELS = 256 };

/* The least in one launch, even if a watchdog would need fewer. */
enum { LEAST_IN_LAUNCH = 32 };

static int pieces(int v, int of)
{
    return (v - 1) / of + 1;
}

/* The columns are the picture itself, so the lowering is only a product; in the data gradient's
 * phases most taps would lie outside. */
static bool is_product(const struct lim_conv *cv)
{
    return !cv->pad_top && !cv->pad_left && !cv->pad_bottom && !cv->pad_right &&
           ((cv->r == cv->h && cv->s == cv->w) || (cv->r == 1 && cv->s == 1 && cv->stride == 1));
}

bool ocl_implicit_runs(const struct lim_backend *be, const struct lim_conv *cv,
                       enum lim_conv_pass pass)
{
    (void)be;
    (void)pass;
    return !is_product(cv);
}

/* Most of a tile's 64 columns would be empty: the lowering's product has all taps side by side. */
bool ocl_implicit_gains(const struct lim_backend *be, const struct lim_conv *cv,
                        enum lim_conv_pass pass)
{
    (void)be;
    return pass != LIM_CONV_BACKWARD_DATA || cv->c >= 32 || cv->r * cv->s < 4;
}

/* Work-items for these rows and columns of results, and planes or phases of them. */
static struct ocl_grid tiles(const struct ocl_backend *ocl, int rows, int columns, int planes)
{
    size_t gx = (size_t)ocl->group_x, gy = (size_t)ocl->group_y;
    size_t across = (size_t)pieces(columns, ocl->group_x * OCL_ITEM_COLUMNS);
    size_t down = (size_t)pieces(rows, ocl->group_y * OCL_ITEM_ROWS);

    return (struct ocl_grid){{across * gx, down * gy, (size_t)planes}, {gx, gy, 1}};
}

/* For a range of pictures. */
static void range(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                  struct lim_tensor in, struct lim_tensor w, struct lim_tensor out)
{
    /* Of the largest phase. */
    int down = backward ? pieces(cv->h, cv->stride) : cv->p;
    int across = backward ? pieces(cv->w, cv->stride) : cv->q;
    int taps = backward ? pieces(cv->r, cv->stride) * pieces(cv->s, cv->stride) : cv->r * cv->s;
    int depth = taps * in.c, phases = backward ? cv->stride * cv->stride : 1;
    double work = 2.0 * in.n * cv->p * cv->q * cv->k * cv->r * cv->s * cv->c;
    struct ocl_grid grid = tiles(ocl, in.n * down * across, out.c, phases);

    for (int first = 0; first < depth; first += LAUNCH_K) {
        int last = depth - first < LAUNCH_K ? depth : first + LAUNCH_K;

        ocl_work(ocl, work * (last - first) / depth);
        ocl_launch(ocl, OCL_IMPLICIT_PICTURES, grid, OCL_I(in.n), OCL_I(in.h), OCL_I(in.w),
                   OCL_I(in.c), OCL_I(out.h), OCL_I(out.w), OCL_I(out.c), OCL_I(cv->r),
                   OCL_I(cv->s), OCL_I(backward ? cv->stride : 1),
                   OCL_I(backward ? cv->pad_top : 0), OCL_I(backward ? cv->pad_left : 0),
                   OCL_I(backward ? 1 : cv->stride), OCL_I(backward ? 0 : -cv->pad_top),
                   OCL_I(backward ? 0 : -cv->pad_left), OCL_I(backward), OCL_I(first), OCL_I(last),
                   OCL_T(in), OCL_T(w), OCL_T(out));
    }
}

static void pictures(struct ocl_backend *ocl, const struct lim_conv *cv, bool backward,
                     struct lim_tensor in, struct lim_tensor w, struct lim_tensor out)
{
    int step = lim_images_of_work(&ocl->base, cv);

    for (int i = 0; i < in.n; i += step) {
        int n = in.n - i < step ? in.n - i : step;

        range(ocl, cv, backward, lim_tensor_images(in, i, n), w, lim_tensor_images(out, i, n));
    }
}

void ocl_implicit_forward(struct lim_backend *be, const struct lim_conv *cv, struct lim_tensor x,
                          struct lim_tensor w, struct lim_tensor y)
{
    pictures((struct ocl_backend *)be, cv, false, x, w, y);
}

void ocl_implicit_backward_data(struct lim_backend *be, const struct lim_conv *cv,
                                struct lim_tensor dy, struct lim_tensor w, struct lim_tensor dx)
{
    pictures((struct ocl_backend *)be, cv, true, dy, w, dx);
}

/* Adds planes until every compute unit has work, within the scratch memory that always exists. */
static int plane_count(const struct ocl_backend *ocl, const struct ocl_grid *grid, size_t count,
                       int pixels)
{
    size_t groups = grid->items[0] / grid->group[0] * (grid->items[1] / grid->group[1]);
    size_t planes = 8 * (size_t)ocl->limits.units / groups;

    if (planes > (size_t)(pixels / LEAST_PIXELS))
        planes = (size_t)(pixels / LEAST_PIXELS);
    if (planes > OCL_SCRATCH / count)
        planes = OCL_SCRATCH / count;
    return planes > 1 ? (int)planes : 1;
}

void ocl_implicit_backward_weights(struct lim_backend *be, const struct lim_conv *cv,
                                   struct lim_tensor x, struct lim_tensor dy, struct lim_tensor dw)
{
    struct ocl_backend *ocl = (struct ocl_backend *)be;
    int rows = cv->r * cv->s * cv->c, pixels = x.n * cv->p * cv->q;
    size_t count = (size_t)rows * (size_t)cv->k;
    struct ocl_grid grid = tiles(ocl, rows, cv->k, 1);
    int planes = plane_count(ocl, &grid, count, pixels);
    struct lim_tensor to = planes > 1 ? ocl_scratch(ocl, count * (size_t)planes) : dw;
    double work = 2.0 * rows * cv->k; /* of a pixel */
    int most = LAUNCH_K;

    if (ocl->base.most_work > 0 && planes * most * work > ocl->base.most_work)
        most = (int)(ocl->base.most_work / (planes * work));
    if (most < LEAST_IN_LAUNCH)
        most = LEAST_IN_LAUNCH;
    for (int first = 0; first < pixels && to.buf;) {
        int left = pixels - first, each = pieces(left, planes), last;

        if (each > most)
            each = most;
        last = left / each >= planes ? first + each * planes : pixels;
        grid.items[2] = (size_t)pieces(last - first, each);
        ocl_work(ocl, work * (last - first));
        ocl_launch(ocl, OCL_IMPLICIT_WEIGHTS, grid, OCL_I(cv->h), OCL_I(cv->w), OCL_I(cv->c),
                   OCL_I(cv->k), OCL_I(cv->p), OCL_I(cv->q), OCL_I(cv->r), OCL_I(cv->s),
                   OCL_I(cv->stride), OCL_I(cv->pad_top), OCL_I(cv->pad_left), OCL_I(first),
                   OCL_I(last), OCL_I(each), OCL_I(planes == 1), OCL_T(x), OCL_T(dy), OCL_T(to));
        if (planes > 1)
            ocl_gemm_planes(ocl, to, (int)grid.items[2], count, 1.0f, 1.0f, dw);
        first = last;
    }
}
