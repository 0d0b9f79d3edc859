/* The options of all commands that use a device. */
#ifndef LIMNER_CLI_DEVICE_OPTIONS_H
#define LIMNER_CLI_DEVICE_OPTIONS_H

#include "cli/options.h"

#include <limner/backend.h>

struct device_options {
    const char *platform, *device, *cache_dir;
    int threads;
    double wait_timeout;
};

/* Their option group, for a command whose settings hold them in `member`. */
#define DEVICE_OPTIONS(settings, member)                                         \
    {                                                                            \
        "Device", device_option, offsetof(settings, member), device_options_init \
    }

bool device_option(int i, struct option *option);
void device_options_init(void *part);

/* The device that the options choose. A driver's call that never returns ends the process
 * (LIM_DEVICE_FAILED), unless the caller replaces `hung`. */
struct lim_device_choice device_choice(const struct device_options *dev);

/* For lim_device_choice.hung. */
void leave_hung(void *user);

#endif
