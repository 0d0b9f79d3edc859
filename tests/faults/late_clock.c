/* Makes the wall clock an hour fast (LD_PRELOAD): for code that waits until a time that it read
 * here, the time has been set back by an hour. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *time)
{
    int error = (int)syscall(SYS_clock_gettime, id, time);

    if (error == 0 && id == CLOCK_REALTIME)
        time->tv_sec += 3600;
    return error;
}
