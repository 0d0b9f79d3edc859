/* Notices that a driver does not come back from a call. */
#ifndef LIMNER_SRC_OPENCL_WATCHDOG_H
#define LIMNER_SRC_OPENCL_WATCHDOG_H

#include <limner/backend.h>

struct ocl_pending;
struct ocl_watch;

/* Keeps what is called, and looks for calls that do not end where `choice` asks for it; `where` is
 * the device as P:D. False after one log line. */
bool ocl_watch_start(struct ocl_watch **watch, const struct lim_device_choice *choice,
                     const char *where);
void ocl_watch_stop(struct ocl_watch *watch);

/* The launches that a message is to name. */
void ocl_watch_launches(struct ocl_watch *watch, const struct ocl_pending *launches);

/* Around every call of the driver: one at a time. `call`, and `program` where one is compiled (else
 * NULL), are static text. */
void ocl_watch_begin(struct ocl_watch *watch, const char *call, const char *program);
void ocl_watch_end(struct ocl_watch *watch);

#endif
