/* Which OpenCL devices there are, queried in a separate process (helper.h): drivers crash, abort
 * and hang while they are queried, and this process must survive that. */
#ifndef LIMNER_SRC_OPENCL_PROBE_H
#define LIMNER_SRC_OPENCL_PROBE_H

#include "opencl/loader.h"
#include "opencl/precompile.h"

#include <limner/backend.h>

struct ocl_probe {
    struct lim_device_info *infos; /* with room for one row more than `count` */
    int count;
    /* Which drivers crashed or hung and were left out, in words; "" if all went well. */
    char trouble[768];
    char loader[OCL_LOADER];
    struct ocl_precompile precompile; /* ocl_probe_end ends it, unless taken before */
    bool here;                        /* there was no helper: the drivers are loaded */

    /* Private: the folder of the remaining drivers, and the old environment. */
    char folder[256], *vendors, *vendor_path;
    bool (*set_variable)(const char *name, const char *value); /* the host's */
    bool filtered;
};

/* Fills `probe`. Until ocl_probe_end this process, too, loads none of the drivers left out: it must
 * not have loaded any before. For one thread at a time. False after one log line (no memory). */
bool ocl_probe_begin(struct ocl_probe *probe);
void ocl_probe_end(struct ocl_probe *probe);

#endif
