/* Operations on a time line, in the format of chrome://tracing and Perfetto: an event as each
 * begins and as it ends, both waited for, so that the clock of the host tells the time of the
 * device. */
#ifndef LIMNER_SRC_CORE_TRACE_H
#define LIMNER_SRC_CORE_TRACE_H

struct lim_backend;

void lim_trace_event(struct lim_backend *be, const char *name, char phase);

/* Ends the file. */
void lim_trace_finish(struct lim_backend *be);

#endif
