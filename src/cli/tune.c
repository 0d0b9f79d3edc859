/* limner tune: finds the fastest algorithm here for each pass of a network's convolutions. */
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/device_options.h"
#include "cli/gan_options.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/train_display.h"

#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

struct tune_settings {
    const char *mode;
    bool json;
    struct gan_options gan;
    struct device_options dev;
};

static const char *const mode_words[] = {"fast", "full", NULL};
const char *const tune_words[] = {"off", "fast", "full", NULL};
static const char *const pass_words[] = {"forward", "data", "weights"};
static const struct tune_settings defaults = {.mode = "full"};

#define FIELD(name) offsetof(struct tune_settings, name)
static const struct option options[] = {
    {"tune", 0, OPTION_TEXT, "MODE", FIELD(mode), 0, 0, mode_words, NULL,
     "full: everything; fast: what is not stored yet, in smaller batches, within seconds"},
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, NULL, NULL, "print one JSON object a line"},
    {0},
};
#undef FIELD

static const struct option_group shared[] = {
    GAN_WORK_OPTIONS(struct tune_settings, gan), DEVICE_OPTIONS(struct tune_settings, dev), {0}};

struct teller {
    bool table, json;
    int measured, other; /* passes; those whose winner is not the built-in choice */
};

static const char *way(const struct lim_tune_candidate *c, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", c->algorithm, *c->gemm ? " " : "", c->gemm);
    return text;
}

static void print_json_pass(const struct lim_tune_result *r)
{
    cJSON *o = cJSON_CreateObject(), *list;
    char text[64];

    cJSON_AddStringToObject(o, "event", "pass");
    cJSON_AddStringToObject(o, "layers", r->layers);
    cJSON_AddNumberToObject(o, "h", r->cv.h);
    cJSON_AddNumberToObject(o, "w", r->cv.w);
    cJSON_AddNumberToObject(o, "c", r->cv.c);
    cJSON_AddNumberToObject(o, "k", r->cv.k);
    cJSON_AddNumberToObject(o, "batch", r->cv.n);
    cJSON_AddStringToObject(o, "pass", pass_words[r->pass]);
    cJSON_AddBoolToObject(o, "stored", r->stored);
    list = cJSON_AddArrayToObject(o, "candidates");
    for (int i = 0; i < r->count; i++) {
        const struct lim_tune_candidate *c = &r->candidates[i];
        cJSON *item = cJSON_CreateObject();

        cJSON_AddStringToObject(item, "algorithm", c->algorithm);
        cJSON_AddStringToObject(item, "gemm", c->gemm);
        cJSON_AddBoolToObject(item, "verified", c->verified);
        if (*c->why)
            cJSON_AddStringToObject(item, "why", c->why);
        if (c->seconds > 0)
            cJSON_AddNumberToObject(item, "ms", 1e3 * c->seconds);
        cJSON_AddItemToArray(list, item);
    }
    cJSON_AddStringToObject(o, "builtin", way(&r->candidates[r->builtin], text, sizeof text));
    if (r->winner >= 0)
        cJSON_AddStringToObject(o, "winner", way(&r->candidates[r->winner], text, sizeof text));
    else
        cJSON_AddNullToObject(o, "winner");
    display_json(o);
}

static void print_pass(const struct lim_tune_result *r)
{
    char what[64], text[64];

    snprintf(what, sizeof what, "%s %dx%d %d-%d", r->layers, r->cv.h, r->cv.w, r->cv.c, r->cv.k);
    printf("%-28s %-8s", what, pass_words[r->pass]);
    for (int i = 0; i < r->count; i++) {
        const struct lim_tune_candidate *c = &r->candidates[i];

        printf("  %s", way(c, text, sizeof text));
        if (c->verified && c->seconds > 0)
            printf(" %s%.3f", c->behind ? "~" : "", 1e3 * c->seconds);
        else if (!c->verified)
            printf(" REFUSED (%s)", c->why);
        if (i == r->winner)
            printf("*");
    }
    printf("%s\n", r->stored ? "  (stored)" : "");
    fflush(stdout);
}

static void on_pass(void *user, const struct lim_tune_result *result)
{
    struct teller *teller = user;
    char line[96];

    if (!result->stored) {
        teller->measured++;
        teller->other += result->winner != result->builtin;
    }
    status_line("");
    if (teller->table)
        (teller->json ? print_json_pass : print_pass)(result);
    snprintf(line, sizeof line, "tuning: %d of %d passes", result->done, result->total);
    status_line(result->done < result->total ? line : "");
}

enum lim_status tune_before(struct lim_backend *be, const struct lim_tune_work *work,
                            const char *word, const char *cache_dir, bool (*stop)(void *user))
{
    struct teller teller = {0};
    struct lim_tune_config config = {
        .cache_dir = cache_dir, .stop = stop, .told = on_pass, .user = &teller};
    enum lim_status status;

    lim_tune_parse(word, &config.mode);
    if (config.mode == LIM_TUNE_OFF) {
        lim_tune_load(be, cache_dir);
        return LIM_OK;
    }
    status_line("tuning");
    status = lim_tune(be, work, &config);
    status_line("");
    if (status == LIM_OK)
        say("tuned %d pass%s; in %d of them another algorithm than the built-in choice is faster",
            teller.measured, teller.measured == 1 ? "" : "es", teller.other);
    return status;
}

/* The whole step with what was chosen; 'auto' compares devices by it. */
static enum lim_status measure_step(struct lim_backend *be, const struct tune_settings *set,
                                    const struct lim_dcgan_config *gan,
                                    const struct lim_tune_work *tuned)
{
    enum { RUNS = 7 };
    const struct bench_work work = {.be = be, .kind = BENCH_STEP, .config = gan};
    struct bench_timing time;
    double rate;

    if (!bench_measure(&work, RUNS, &time))
        return lim_backend_ok(be) ? LIM_ERROR : LIM_DEVICE_FAILED;
    rate = gan->batch / time.median;
    if (set->json) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "event", "step");
        cJSON_AddNumberToObject(o, "ms", 1e3 * time.median);
        cJSON_AddNumberToObject(o, "pictures_per_s", rate);
        display_json(o);
    } else {
        printf("training step %.3f ms, %.4g pictures/s\n", 1e3 * time.median, rate);
    }
    return lim_tune_keep_rate(be, set->dev.cache_dir, tuned->name, rate) ? LIM_OK : LIM_ERROR;
}

static void print_head(const struct lim_backend *be, const struct tune_settings *set,
                       const struct lim_tune_work *work)
{
    if (set->json) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "event", "start");
        cJSON_AddStringToObject(o, "version", lim_version());
        cJSON_AddStringToObject(o, "device", lim_backend_name(be));
        cJSON_AddStringToObject(o, "option", lim_backend_option(be));
        cJSON_AddStringToObject(o, "work", work->name);
        cJSON_AddNumberToObject(o, "batch", work->batch);
        display_json(o);
        return;
    }
    printf("%s, batch %d, on %s\n"
           "(ms of each verified candidate, ~ far behind, * the winner; passes are those of the "
           "convolution, which "
           "a transposed one in G runs backwards)\n",
           work->name, work->batch, lim_backend_name(be));
}

static void on_hang(void *user)
{
    say_error("what was measured before is kept");
    leave_hung(user);
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    struct tune_settings *set = settings;
    struct lim_device_choice choice = device_choice(&set->dev);
    const struct lim_dcgan_config *gan = &set->gan.config;
    struct lim_dcgan_work work;
    struct teller teller = {.table = true, .json = set->json};
    struct lim_tune_config config = {
        .cache_dir = set->dev.cache_dir, .stop = stop_requested, .told = on_pass, .user = &teller};
    enum lim_status status = LIM_USAGE;
    struct lim_backend *be;

    choice.hung = on_hang;
    lim_tune_parse(set->mode, &config.mode);
    gan_use_preset(command, parsed, &set->gan);
    if (!lim_dcgan_check(gan))
        return LIM_USAGE;
    stop_on_signals(NULL);
    be = lim_backend_create(&choice, &status);
    if (!be)
        return status;
    lim_dcgan_work(gan, &work);
    print_head(be, set, &work.work);
    status = lim_tune(be, &work.work, &config);
    status_line("");
    if (status == LIM_OK && !stop_requested(NULL))
        status = measure_step(be, set, gan, &work.work);
    if (status == LIM_INTERRUPTED)
        say_error("stopped: what was measured is kept, and 'limner tune --tune fast' goes on");
    lim_backend_destroy(be);
    return status;
}

const struct command command_tune = {
    .name = "tune",
    .arguments = "",
    .summary = "find the fastest algorithms for a device",
    .details =
        "Every way to do a pass of the network's convolutions is first checked, number by number, "
        "and then timed: the median of seven runs or more after two that warm up. Ways that are "
        "less than 3 % apart are a tie, which the built-in choice wins. The winners are kept in "
        "the cache, for this device and driver, and used by train, sample and bench from then on; "
        "the rate of the whole training step too, by which '--device auto' chooses between the CPU "
        "path and an OpenCL device on the processor.\n\n"
        "Ctrl-C ends it, and keeps what was measured.",
    .options = options,
    .shared = shared,
    .defaults = &defaults,
    .settings_size = sizeof(struct tune_settings),
    .run = run,
};
