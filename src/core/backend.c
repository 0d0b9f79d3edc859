/* Accessors of a backend, and its failure state. */
#include "core/backend.h"

#include "base/log.h"
#include "base/require.h"

#include <limner/bench.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lim_backend_name_convs(struct lim_backend *be)
{
    be->conv = LIM_CONV_AUTO;
    be->conv_names[LIM_CONV_LOWERING] = "lowering";
    for (int i = 1; be->convs && be->convs[i - 1].name; i++)
        be->conv_names[i] = be->convs[i - 1].name;
}

bool lim_backend_finish(struct lim_backend *be)
{
    REQUIRE(be, false);
    if (!be->failed) {
        struct base_log *before = base_log_enter(be->log);

        be->failed = !be->ops->finish(be) || be->failed;
        base_log_enter(before);
    }
    return !be->failed;
}

bool lim_backend_ok(const struct lim_backend *be)
{
    return be && !be->failed;
}

const char *lim_backend_name(const struct lim_backend *be)
{
    REQUIRE(be, "");
    return be->name;
}

const char *lim_backend_option(const struct lim_backend *be)
{
    REQUIRE(be, "");
    return be->option;
}

uint64_t lim_backend_launches(const struct lim_backend *be)
{
    REQUIRE(be, 0);
    return be->launches;
}

uint64_t lim_backend_bytes(const struct lim_backend *be)
{
    REQUIRE(be, 0);
    return be->bytes;
}

static const char *const nothing[] = {NULL};

const char *const *lim_backend_gemms(const struct lim_backend *be)
{
    REQUIRE(be, nothing);
    return be->gemms;
}

bool lim_backend_use_gemm(struct lim_backend *be, const char *name)
{
    REQUIRE(be && name, false);
    for (int i = 0; be->gemms[i]; i++) {
        if (strcmp(be->gemms[i], name) == 0) {
            struct base_log *before = base_log_enter(be->log);

            be->ops->use_gemm(be, i);
            base_log_enter(before);
            be->gemm = i;
            return true;
        }
    }
    return false;
}

const char *const *lim_backend_convs(const struct lim_backend *be)
{
    REQUIRE(be, nothing);
    return be->conv_names;
}

bool lim_backend_use_conv(struct lim_backend *be, const char *name)
{
    REQUIRE(be && name, false);
    if (strcmp(name, "auto") == 0) {
        be->conv = LIM_CONV_AUTO;
        return true;
    }
    for (int i = 0; be->conv_names[i]; i++) {
        if (strcmp(be->conv_names[i], name) == 0) {
            be->conv = i;
            return true;
        }
    }
    return false;
}

void lim_backend_log_set(struct lim_backend *be, lim_log_fn *fn, void *user,
                         enum lim_log_level level)
{
    REQUIRE_OR_RETURN(be);
    base_log_send(be->log, fn, user, level);
}

char *lim_backend_last_error(const struct lim_backend *be, char *text, size_t size)
{
    REQUIRE(text && size > 0, text);
    *text = '\0';
    REQUIRE(be, text);
    return base_log_error(be->log, text, size);
}

static void log_error(struct lim_backend *be, const char *line)
{
    struct base_log *before = base_log_enter(be->log);

    lim_error("%s", line);
    base_log_enter(before);
}

void lim_backend_fail(struct lim_backend *be, const char *what, ...)
{
    char line[1024];
    va_list args;

    if (!be->failed && what) {
        va_start(args, what);
        vsnprintf(line, sizeof line, what, args);
        va_end(args);
        if (be->trial)
            snprintf(be->trial, be->trial_size, "%s", line);
        else
            log_error(be, line);
    }
    be->failed = true;
}

void lim_backend_refuse(struct lim_backend *be, const char *function, const char *required)
{
    if (be)
        lim_backend_fail(be, "%s: wrong argument; it requires: %s", function, required);
    else
        lim_refuse(function, required);
}

void lim_trial_begin(struct lim_backend *be, char *why, size_t size)
{
    *why = '\0';
    be->trial = why;
    be->trial_size = size;
}

bool lim_trial_end(struct lim_backend *be)
{
    be->trial = NULL;
    if (!be->failed)
        return true;
    be->failed = false;
    return lim_backend_finish(be);
}
