/* Notices that a driver does not return from a call. */
#ifndef LIMNER_SRC_OPENCL_WATCHDOG_H
#define LIMNER_SRC_OPENCL_WATCHDOG_H

#include <limner/backend.h>

struct ocl_pending;
struct ocl_watchdog;

/* Records the current call and, if `choice` asks for it, watches for calls that do not end; `where`
 * is the device as P:D. False after one log line. */
bool ocl_watchdog_start(struct ocl_watchdog **watchdog, const struct lim_device_choice *choice,
                        const char *where);
void ocl_watchdog_stop(struct ocl_watchdog *watchdog);

/* Sets the launches that messages name. */
void ocl_watchdog_launches(struct ocl_watchdog *watchdog, const struct ocl_pending *launches);

/* Surround every call of the driver: one at a time. `call`, and `program` if one is compiled (else
 * NULL), are static text. */
void ocl_watchdog_begin(struct ocl_watchdog *watchdog, const char *call, const char *program);
void ocl_watchdog_end(struct ocl_watchdog *watchdog);

#endif
