/* The factory: from the user's words to a backend. */
#include "base/log.h"
#include "base/require.h"
#include "base/struct_size.h"
#include "core/backend.h"
#include "core/trace.h"

#include <stdio.h>
#include <string.h>

static struct lim_backend *open_cpu(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct lim_backend *be = lim_cpu_create(choice, why);

    if (be)
        lim_info("device: %s (%s)", be->name, be->option);
    return be;
}

/* Of two ways to use the processor, the one that was measured to be faster, with one log line about
 * it. NULL: not both were measured, or the faster one cannot be opened. */
static struct lim_backend *open_faster(struct lim_device_choice *full, const char *reason,
                                       enum lim_status *why, struct lim_rival *missed)
{
    char identity[sizeof((struct lim_backend *)0)->identity];
    struct lim_backend *be;
    struct lim_rival rival;
    double cpu, other;

    if (!full->rate && !full->before)
        return NULL;
    lim_cpu_identity(full, identity, sizeof identity);
    cpu = full->rate ? full->rate(full->rate_user, identity) : 0;
    if (!(cpu > 0) && !full->before)
        return NULL;
    if (!lim_opencl_cpu(full, &rival))
        return NULL;
    other = full->before ? 0 : full->rate(full->rate_user, rival.identity);
    if (rival.known)
        lim_info("%s, going on with %s", reason, rival.name);
    else if (other > 0)
        lim_info("%s; measured by 'limner tune': %s %.4g pictures/s, the CPU path %.4g: using the "
                 "%s",
                 reason, rival.name, other, cpu, other > cpu ? "former" : "CPU path");
    if (!rival.known && !(other > 0))
        return NULL;
    full->device = rival.known || other > cpu ? rival.word : "cpu";
    if (strcmp(full->device, "cpu") == 0)
        return open_cpu(full, why);
    be = lim_opencl_create(full, why);
    if (!be)
        *missed = rival;
    return be;
}

/* Records what failed, so that the next opening tries it again. */
static void remember(struct lim_backend *be, const struct lim_rival *missed,
                     const struct lim_device_choice *choice)
{
    if (missed->name[0]) {
        snprintf(be->wanted, sizeof be->wanted, "%s", missed->name);
        snprintf(be->wanted_option, sizeof be->wanted_option, "--device %s", missed->word);
    } else if (choice->before && strncmp(choice->before, "CPU path", 8) != 0) {
        snprintf(be->wanted, sizeof be->wanted, "%s", choice->before);
        snprintf(be->wanted_option, sizeof be->wanted_option, "%s",
                 choice->before_option ? choice->before_option : "");
    }
}

static struct lim_backend *open_device(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct lim_device_choice full = *choice;
    struct lim_rival missed = {.name = ""};
    struct lim_backend *be;
    char reason[256];

    if (!full.device || !*full.device)
        full.device = "auto";
    if (full.platform && !*full.platform)
        full.platform = NULL;
    if (!full.platform && strcmp(full.device, "cpu") == 0)
        return open_cpu(&full, why);
    if (full.platform || strcmp(full.device, "auto") != 0)
        return lim_opencl_create(&full, why);

    be = lim_opencl_auto(&full, reason, sizeof reason, why, &missed);
    if (be)
        return be;
    be = open_faster(&full, reason, why, &missed);
    if (be)
        return be;
    lim_info("%s, using the CPU path", reason);
    full.device = "cpu";
    be = open_cpu(&full, why);
    if (be)
        remember(be, &missed, choice);
    return be;
}

#define CHOICE_FIRST SIZE_UP_TO(struct lim_device_choice, log_level)

void lim_device_choice_init(struct lim_device_choice *choice, size_t struct_size)
{
    static const struct lim_device_choice zero = {0};

    base_struct_give(choice, struct_size, CHOICE_FIRST, &zero, sizeof zero, "lim_device_choice");
}

struct lim_backend *lim_backend_create(const struct lim_device_choice *choice, enum lim_status *why)
{
    struct lim_backend *be;
    struct lim_device_choice full = {0};
    struct base_log *log, *before;
    enum lim_status ignored;

    if (!why)
        why = &ignored;
    *why = LIM_USAGE;
    if (choice && !base_struct_take(&full, sizeof full, CHOICE_FIRST, choice, "lim_device_choice"))
        return NULL;
    REQUIRE(full.threads >= 0 && full.wait_timeout >= 0, NULL);
    *why = LIM_ERROR;
    log = base_log_create();
    if (!log)
        return NULL;
    if (full.log)
        base_log_send(log, full.log, full.log_user, full.log_level);
    before = base_log_enter(log);
    be = open_device(&full, why);
    base_log_enter(before);
    if (!be) {
        base_log_destroy(log);
        return NULL;
    }
    be->log = log;
    lim_backend_name_convs(be);
    return be;
}

void lim_backend_destroy(struct lim_backend *be)
{
    struct base_log *log, *before;

    if (!be)
        return;
    log = be->log;
    before = base_log_enter(log);
    lim_trace_finish(be);
    lim_buffer_destroy(be->workspace);
    lim_conv_choices_clear(be);
    be->ops->destroy(be);
    base_log_enter(before);
    base_log_destroy(log);
}
