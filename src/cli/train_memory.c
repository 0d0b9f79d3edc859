#include "cli/train_memory.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <string.h>

enum { WIDTH = 24 }; /* of a size in words */

bool train_fit_batch(struct lim_backend *be, struct lim_train_config *config, int pictures)
{
    int wanted = config->gan.batch, most = wanted < pictures ? wanted : pictures;
    int batch = lim_dcgan_try_batches(be, &config->gan, most);

    if (batch == 0)
        return false;
    config->gan.batch = batch;
    if (batch == wanted)
        say("--batch auto: %d; with larger ones there are fewer steps, and steps are what teaches",
            batch);
    else if (batch > most / 2)
        say("--batch auto: %d, the largest power of two of %d pictures", batch, most);
    else
        say("--batch auto: %d, the largest power of two that there is memory for, instead of %d",
            batch, wanted);
    return true;
}

static enum lim_status check(struct lim_backend *be, const struct lim_dcgan_config *config)
{
    char why[512];

    if (lim_dcgan_fits(be, config, why, sizeof why))
        return LIM_OK;
    say_error("%s", why);
    return LIM_ERROR;
}

enum lim_status train_print_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                                   double pictures)
{
    struct lim_memory_limits limits = lim_backend_memory_limits(be);
    struct lim_dcgan_memory need;
    char text[WIDTH], other[WIDTH];

    if (!lim_dcgan_memory(be, config, &need))
        return LIM_ERROR;
    printf("memory    %s", format_bytes((double)need.device.total, text, sizeof text));
    if (limits.device)
        printf(" of the device's %s", format_bytes((double)limits.device, text, sizeof text));
    printf(", the largest buffer %s", format_bytes((double)need.device.largest, text, sizeof text));
    if (limits.largest)
        printf(" of at most %s", format_bytes((double)limits.largest, text, sizeof text));
    printf("\n         ");
    for (int i = 0; i < LIM_MEMORY_PARTS; i++)
        if (need.device.parts[i])
            printf(" %s %s", lim_memory_part_name((enum lim_memory_part)i),
                   format_bytes((double)need.device.parts[i], text, sizeof text));
    printf("\n          and %s beside", format_bytes((double)need.host, text, sizeof text));
    if (limits.host != UINT64_MAX)
        printf("; %s of this machine's are to be had",
               format_bytes((double)limits.host, text, sizeof text));
    printf("; prepared pictures: %s\n", format_bytes(pictures, other, sizeof other));
    return check(be, config);
}

enum lim_status train_add_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                                 cJSON *object)
{
    struct lim_memory_limits limits = lim_backend_memory_limits(be);
    struct lim_dcgan_memory need;
    cJSON *parts = cJSON_AddObjectToObject(object, "memory_parts");

    if (!lim_dcgan_memory(be, config, &need))
        return LIM_ERROR;
    for (int i = 0; i < LIM_MEMORY_PARTS; i++)
        cJSON_AddNumberToObject(parts, lim_memory_part_name((enum lim_memory_part)i),
                                (double)need.device.parts[i]);
    cJSON_AddNumberToObject(object, "memory", (double)need.device.total);
    cJSON_AddNumberToObject(object, "largest_buffer", (double)need.device.largest);
    cJSON_AddNumberToObject(object, "host_memory", (double)need.host);
    if (limits.device)
        cJSON_AddNumberToObject(object, "device_memory", (double)limits.device);
    if (limits.largest)
        cJSON_AddNumberToObject(object, "max_alloc", (double)limits.largest);
    if (limits.host != UINT64_MAX)
        cJSON_AddNumberToObject(object, "host_free", (double)limits.host);
    return check(be, config);
}
