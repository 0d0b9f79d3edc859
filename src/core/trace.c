#include "core/trace.h"

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* About 100 MB; later operations are not written. */
enum { MOST_EVENTS = 1 << 20 };

struct lim_trace {
    FILE *file;
    char *path;
    struct timespec zero;
    int events, depth; /* depth: operations begun, in the file, and not ended */
};

bool lim_backend_profile(struct lim_backend *be, const char *path)
{
    struct lim_trace *trace;

    REQUIRE(be && path, false);
    lim_trace_finish(be);
    trace = calloc(1, sizeof *trace);
    if (trace)
        trace->path = strdup(path);
    if (!trace || !trace->path || (trace->file = fopen(path, "we")) == NULL) {
        lim_error("cannot write the profile %s: %s", path, strerror(errno));
        if (trace)
            free(trace->path);
        free(trace);
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &trace->zero);
    fputs("[\n{\"name\":\"process_name\",\"ph\":\"M\",\"ts\":0,\"pid\":1,\"tid\":1,"
          "\"args\":{\"name\":\"limner\"}}",
          trace->file);
    be->trace = trace;
    return true;
}

void lim_trace_event(struct lim_backend *be, const char *name, char phase)
{
    struct lim_trace *trace = be->trace;
    struct timespec t;
    int64_t ns;

    if (!trace || (phase == 'B' ? trace->events >= MOST_EVENTS : trace->depth == 0))
        return;
    trace->depth += phase == 'B' ? 1 : -1;
    lim_backend_finish(be);
    clock_gettime(CLOCK_MONOTONIC, &t);
    ns = (int64_t)(t.tv_sec - trace->zero.tv_sec) * 1000000000 + (t.tv_nsec - trace->zero.tv_nsec);
    fprintf(trace->file,
            ",\n{\"name\":\"%s\",\"ph\":\"%c\",\"ts\":%" PRId64 ".%03d,\"pid\":1,\"tid\":1}", name,
            phase, ns / 1000, (int)(ns % 1000));
    trace->events++;
}

void lim_trace_finish(struct lim_backend *be)
{
    struct lim_trace *trace = be->trace;
    bool good;

    if (!trace)
        return;
    fputs("\n]\n", trace->file);
    good = !ferror(trace->file);
    if (fclose(trace->file) != 0 || !good)
        lim_warning("the profile %s is not whole: the disk may be full", trace->path);
    free(trace->path);
    free(trace);
    be->trace = NULL;
}
