/* The grammar of --platform and --device, over a list of devices: pure, so that tests can make the
 * list. */
#ifndef LIMNER_SRC_OPENCL_DEVICE_SELECT_H
#define LIMNER_SRC_OPENCL_DEVICE_SELECT_H

#include <limner/backend.h>

/* "NAME (driver VERSION)", by which a run knows the device that it was trained on. */
void ocl_choice_name(const struct lim_device_info *row, char *text, size_t size);

/* The row that the words select (`platform` may be NULL). -1: `message` says why none was and what
 * there is, `why` is LIM_USAGE (words without meaning) or LIM_NO_DEVICE. */
int ocl_device_select(const struct lim_device_info *list, int count, const char *platform,
                      const char *device, char *message, size_t size, enum lim_status *why);

/* The best GPU or accelerator (discrete GPU, integrated GPU, accelerator; a native driver before
 * rusticl; then compute units x clock; then the first), or -1. */
int ocl_choice_auto(const struct lim_device_info *list, int count);

/* The row that was used before as `name`, under any driver, by `option` ("--device P:D"): of equal
 * devices the one that the option names, else the first. -1: there is none. `preferred`: among
 * those that ocl_choice_auto chooses from; else among the others. */
int ocl_choice_again(const struct lim_device_info *list, int count, const char *name,
                     const char *option, bool preferred);

#endif
