/* Operations on a time line, in the format of chrome://tracing and Perfetto: an event when each
 * begins and when it ends. The host waits for both, so its clock gives the device's time. */
#ifndef LIMNER_SRC_CORE_TRACE_H
#define LIMNER_SRC_CORE_TRACE_H

struct lim_backend;

void lim_trace_event(struct lim_backend *be, const char *name, char phase);

/* Ends the file. */
void lim_trace_finish(struct lim_backend *be);

#endif
