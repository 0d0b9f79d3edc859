/* How much memory a training takes, whether it is available, and which settings would fit. */
#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "gan/dcgan.h"

#include <stdio.h>
#include <string.h>

/* Batches of 8 bits that data/prefetch.c holds. */
enum { AHEAD = 4 };

/* Host memory for uncounted uses: grids, the animation, threads' stacks, file buffers. */
static const uint64_t spare = (uint64_t)32 << 20;

static bool count(struct lim_backend *be, const struct lim_dcgan_config *config,
                  struct lim_dcgan_memory *memory)
{
    uint64_t picture, batch;
    struct lim_dcgan *gan;

    REQUIRE(be && memory, false);
    memset(memory, 0, sizeof *memory);
    if (!lim_dcgan_check(config))
        return false;
    picture = lim_dcgan_picture_floats(config);
    batch = (uint64_t)lim_dcgan_net_batch(config);
    lim_backend_plan(be, true);
    gan = lim_dcgan_create_filled(be, config, false, FILL_PLANNED);
    if (gan)
        memory->device = lim_backend_memory(be);
    lim_dcgan_destroy(gan);
    lim_backend_plan(be, false);
    memory->host = batch * (picture + (uint64_t)config->latent) * sizeof(float) +
                   AHEAD * (uint64_t)config->batch * picture +
                   memory->device.parts[LIM_MEMORY_WEIGHTS] +
                   memory->device.parts[LIM_MEMORY_MOMENTS];
    return gan != NULL;
}

bool lim_dcgan_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                      struct lim_dcgan_memory *memory)
{
    struct base_log *before;
    bool result;

    REQUIRE(be, false);
    before = base_log_enter(be->log);
    result = count(be, config, memory);
    base_log_enter(before);
    return result;
}

/* "1.5 GiB". Returns `text`. */
static const char *bytes(uint64_t n, char text[24])
{
    double mib = (double)n / (1 << 20);

    if (mib >= 10 * 1024)
        snprintf(text, 24, "%.0f GiB", mib / 1024);
    else if (mib >= 1024)
        snprintf(text, 24, "%.1f GiB", mib / 1024);
    else
        snprintf(text, 24, mib < 10 ? "%.1f MiB" : "%.0f MiB", mib);
    return text;
}

enum { WHY = 256 };

/* True if all memory suffices; else `why` says which does not. */
static bool enough(struct lim_backend *be, const struct lim_dcgan_config *config,
                   const struct lim_memory_limits *limits, char why[WHY])
{
    struct lim_dcgan_memory need;
    const char *device = lim_backend_option(be);
    char a[24], b[24];
    uint64_t host;

    *why = '\0';
    if (!lim_dcgan_memory(be, config, &need))
        return false;
    host = need.host + spare + (limits->shared ? need.device.total : 0);
    if (limits->largest && need.device.largest > limits->largest)
        snprintf(why, WHY, "takes a buffer of %s, and the largest of %s is %s",
                 bytes(need.device.largest, a), device, bytes(limits->largest, b));
    else if (limits->device && need.device.total > limits->device)
        snprintf(why, WHY, "takes %s, and %s has %s", bytes(need.device.total, a), device,
                 bytes(limits->device, b));
    else if (host > limits->host)
        snprintf(why, WHY, "takes %s of this machine's memory, of which %s is available",
                 bytes(host, a), bytes(limits->host, b));
    else
        return true;
    return false;
}

static int largest(struct lim_backend *be, struct lim_dcgan_config config,
                   const struct lim_memory_limits *limits, int most)
{
    int low = 0, high = most;
    char why[WHY];

    while (low < high) {
        config.batch = low + (high - low + 1) / 2;
        if (enough(be, &config, limits, why))
            low = config.batch;
        else
            high = config.batch - 1;
    }
    return low;
}

int lim_dcgan_largest_batch(struct lim_backend *be, const struct lim_dcgan_config *config, int most)
{
    struct lim_memory_limits limits;

    REQUIRE(be && config, 0);
    limits = lim_backend_memory_limits(be);
    return largest(be, *config, &limits, most < LIM_DCGAN_MAX_BATCH ? most : LIM_DCGAN_MAX_BATCH);
}

static bool fits(struct lim_backend *be, const struct lim_dcgan_config *config, char *why,
                 size_t size)
{
    struct lim_memory_limits limits;
    struct lim_dcgan_config smaller;
    char what[WHY];
    int batch;

    REQUIRE(be && why && size > 0, false);
    *why = '\0';
    if (!lim_dcgan_check(config))
        return false;
    limits = lim_backend_memory_limits(be);
    smaller = *config;
    if (enough(be, config, &limits, what))
        return true;
    batch = largest(be, smaller, &limits, config->batch);
    if (batch > 0) {
        snprintf(why, size, "training with --batch %d %s: --batch %d would fit", config->batch,
                 what, batch);
        return false;
    }
    while (batch == 0 && smaller.width > 1) {
        smaller.width /= 2;
        batch = largest(be, smaller, &limits, config->batch);
    }
    if (batch > 0)
        snprintf(why, size, "training %s, whatever the batch: --width %d --batch %d would fit",
                 what, smaller.width, batch);
    else
        snprintf(why, size, "training %s, whatever batch and width", what);
    return false;
}

bool lim_dcgan_fits(struct lim_backend *be, const struct lim_dcgan_config *config, char *why,
                    size_t size)
{
    struct base_log *before;
    bool result;

    REQUIRE(be, false);
    before = base_log_enter(be->log);
    result = fits(be, config, why, size);
    base_log_enter(before);
    return result;
}

static int try_batches(struct lim_backend *be, const struct lim_dcgan_config *config, int most)
{
    struct lim_dcgan_config tried;
    char why[2 * WHY];

    REQUIRE(be && most > 0, 0);
    if (!lim_dcgan_check(config))
        return 0;
    tried = *config;
    most = most < LIM_DCGAN_MAX_BATCH ? most : LIM_DCGAN_MAX_BATCH;
    for (tried.batch = 1; tried.batch <= most / 2;)
        tried.batch *= 2;
    for (; tried.batch > 0; tried.batch /= 2) {
        struct lim_memory_limits limits = lim_backend_memory_limits(be);
        struct lim_dcgan *gan;

        if (!enough(be, &tried, &limits, why))
            continue;
        lim_log_hush(true);
        gan = lim_dcgan_create_filled(be, &tried, false, FILL_LATER);
        lim_log_hush(false);
        lim_dcgan_destroy(gan);
        limits = lim_backend_memory_limits(be); /* not all freed memory is available again */
        if (gan && enough(be, &tried, &limits, why))
            return tried.batch;
    }
    tried.batch = 1;
    if (lim_backend_ok(be) && !lim_dcgan_fits(be, &tried, why, sizeof why))
        lim_error("%s", why);
    else
        lim_error("%s could not be given the memory for any batch", lim_backend_option(be));
    return 0;
}

int lim_dcgan_try_batches(struct lim_backend *be, const struct lim_dcgan_config *config, int most)
{
    struct base_log *before;
    int result;

    REQUIRE(be, 0);
    before = base_log_enter(be->log);
    result = try_batches(be, config, most);
    base_log_enter(before);
    return result;
}
