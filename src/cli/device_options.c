#include "cli/device_options.h"

#include <unistd.h>

#define FIELD(name) offsetof(struct device_options, name)
static const struct option rows[] = {
    {"device", 0, OPTION_TEXT, "D", FIELD(device), 0, 0, NULL, "LIMNER_DEVICE",
     "auto, gpu, cpu, opencl, P:D, uuid:, pci: or part of a name ('limner devices' lists them)"},
    {"platform", 0, OPTION_TEXT, "P", FIELD(platform), 0, 0, NULL, "LIMNER_PLATFORM",
     "OpenCL platform: an index or part of its name"},
    {"threads", 0, OPTION_INT, "N", FIELD(threads), 0, 1024, NULL, NULL,
     "threads of the CPU path, and of those that decode pictures; 0: one for each processor"},
    {"wait-timeout", 0, OPTION_TIME, "T", FIELD(wait_timeout), 0, 1e6, NULL, NULL,
     "how long an OpenCL device may take to answer, or to compile a kernel, before it counts as "
     "failed (exit code 4; a training keeps its last checkpoint); 10m without it, 0s: for ever"},
    {"cache-dir", 0, OPTION_PATH, "DIR", FIELD(cache_dir), 0, 0, NULL, NULL,
     "keep compiled kernels and what is tuned there instead of in the user's cache, and prepared "
     "pictures, for many trainings, instead of in the run folder; 'off': keep none of them"},
};
#undef FIELD

bool device_option(int i, struct option *option)
{
    if (i >= (int)(sizeof rows / sizeof rows[0]))
        return false;
    *option = rows[i];
    return true;
}

void device_options_init(void *part)
{
    *(struct device_options *)part = (struct device_options){.wait_timeout = 600};
}

void leave_hung(void *user)
{
    (void)user;
    _exit(LIM_DEVICE_FAILED);
}

struct lim_device_choice device_choice(const struct device_options *dev)
{
    return (struct lim_device_choice){.platform = dev->platform,
                                      .device = dev->device,
                                      .threads = dev->threads,
                                      .cache_dir = dev->cache_dir,
                                      .wait_timeout = dev->wait_timeout,
                                      .hung = leave_hung};
}
