/* A device that does not answer any more, in the commands that have nothing to resume. */
#include "cli/commands.h"

#include <unistd.h>

const char wait_timeout_help[] =
    "how long an OpenCL device may take to answer, or to compile a kernel, before it counts as "
    "failed (exit code 4); 10m without it, 0s: for ever";

void leave_hung(void *user)
{
    (void)user;
    _exit(LIM_DEVICE_FAILED);
}
