/* limner bench: how fast a device is, by itself and in a DCGAN's layers, training step and
 * painting. */
#include "cli/bench.h"

#include "cli/commands.h"
#include "cli/device_options.h"
#include "cli/gan_options.h"
#include "cli/terminal.h"
#include "cli/train_display.h"

#include <limner/bench.h>
#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

struct bench_settings {
    const char *only, *tune;
    int steps;
    bool json;
    struct gan_options gan;
    struct device_options dev;
};

static const char *const only_words[] = {"device", "layers", "step", "paint", NULL};
static const struct bench_settings defaults = {.steps = 7, .tune = "off"};

#define FIELD(name) offsetof(struct bench_settings, name)
static const struct option options[] = {
    {"only", 0, OPTION_TEXT, "PART", FIELD(only), 0, 0, only_words, NULL,
     "one part: device (alone), layers (one by one), step (of training) or paint"},
    {"steps", 0, OPTION_INT, "N", FIELD(steps), 1, BENCH_RUNS, NULL, NULL,
     "runs to take the median of, after two that warm up"},
    {"tune", 0, OPTION_TEXT, "MODE", FIELD(tune), 0, 0, tune_words, NULL,
     "find the fastest algorithms first: fast or full; off: use what 'limner tune' has stored"},
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, NULL, NULL, "print one JSON object a line"},
    {0},
};
#undef FIELD

static void init_gan(void *part)
{
    gan_options_init(part);
    lim_dcgan_use_preset("torch", &((struct gan_options *)part)->config);
}

static const struct option_group shared[] = {
    {"Network", gan_work_option, offsetof(struct bench_settings, gan), init_gan},
    DEVICE_OPTIONS(struct bench_settings, dev),
    {0}};

/* What was measured, and what else a row says. */
struct row {
    const char *what, *algorithm; /* algorithm: "" where there is no choice */
    bool chosen;
    double flops, bytes, pictures; /* of one run; 0: not reported */
};

struct report {
    const struct bench_settings *set;
    double peak; /* of multiply-adds, flop/s */
};

static void print_row(const struct report *report, const struct row *row,
                      const struct bench_timing *time)
{
    double rate = row->flops / time->median, speed = row->bytes / time->median;
    double share = report->peak > 0 ? 100 * rate / report->peak : 0;
    cJSON *o;

    if (!report->set->json) {
        printf("%-34s %-9s%c %9.3f ms", row->what, row->algorithm, row->chosen ? '*' : ' ',
               1e3 * time->median);
        if (row->flops > 0)
            printf(" %8.1f GFLOP/s", 1e-9 * rate);
        if (row->flops > 0 && share > 0)
            printf(" %4.0f%%", share);
        if (row->bytes > 0)
            printf(" %7.1f GB/s", 1e-9 * speed);
        if (row->pictures > 0)
            printf(" %9.1f pictures/s %7.1f MB", row->pictures / time->median,
                   1e-6 * (double)time->bytes);
        printf(" %5llu launch%s%s\n", (unsigned long long)time->launches,
               time->launches == 1 ? "" : "es",
               time->plausible ? "" : "  (shorter than the clock can tell)");
        fflush(stdout);
        return;
    }
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "what", row->what);
    if (*row->algorithm) {
        cJSON_AddStringToObject(o, "algorithm", row->algorithm);
        cJSON_AddBoolToObject(o, "chosen", row->chosen);
    }
    cJSON_AddNumberToObject(o, "ms", 1e3 * time->median);
    cJSON_AddNumberToObject(o, "best_ms", 1e3 * time->best);
    if (row->flops > 0)
        cJSON_AddNumberToObject(o, "gflops", 1e-9 * rate);
    if (row->flops > 0 && share > 0)
        cJSON_AddNumberToObject(o, "percent_of_peak", share);
    if (row->bytes > 0)
        cJSON_AddNumberToObject(o, "gbytes_per_s", 1e-9 * speed);
    if (row->pictures > 0) {
        cJSON_AddNumberToObject(o, "pictures_per_s", row->pictures / time->median);
        cJSON_AddNumberToObject(o, "mbytes", 1e-6 * (double)time->bytes);
    }
    cJSON_AddNumberToObject(o, "launches", (double)time->launches);
    cJSON_AddBoolToObject(o, "plausible", time->plausible);
    display_json(o);
}

static bool bench_one(const struct bench_work *work, const struct report *report, struct row row,
                      bool show, double *best)
{
    struct bench_timing time;

    if (!bench_measure(work, report->set->steps, &time))
        return false;
    if (best)
        *best = row.flops / time.best;
    if (show)
        print_row(report, &row, &time);
    return true;
}

/* Multiply-adds in registers: report->peak. Enough of them to keep a fast device busy for a while,
 * and few enough that a slow one does not take minutes. */
static bool bench_peak(struct lim_backend *be, struct report *report, bool show)
{
    enum { SUMS = 1 << 18, FEW = 256, MANY = 4096 };
    const double enough = 0.02; /* seconds */
    struct bench_work work = {.be = be, .kind = BENCH_MULTIPLY_ADD, .size = SUMS, .rounds = FEW};
    struct row row = {.what = "multiply-adds in registers", .algorithm = ""};
    struct bench_timing time;

    if (!bench_measure(&work, 1, &time))
        return false;
    if (time.best < enough)
        work.rounds = MANY;
    row.flops = 2.0 * SUMS * work.rounds;
    return bench_one(&work, report, row, false, &report->peak) &&
           (!show || bench_one(&work, report, row, true, NULL));
}

/* The device's best rates: multiply-adds, a large matrix product by each method, a copy, an empty
 * launch. */
static bool bench_device(struct lim_backend *be, const struct report *report)
{
    enum { N = 1024, LINE = 16 << 20 };
    const char *const *gemms = lim_backend_gemms(be);
    struct bench_work work = {.be = be, .kind = BENCH_GEMM, .size = N};
    struct row row;

    for (int i = 0; gemms[i]; i++) {
        row = (struct row){.what = "matrix product 1024x1024x1024",
                           .algorithm = gemms[i],
                           .chosen = i == 0,
                           .flops = 2.0 * N * N * N};
        if (!lim_backend_use_gemm(be, gemms[i]) || !bench_one(&work, report, row, true, NULL))
            return false;
    }
    lim_backend_use_gemm(be, gemms[0]);
    work.kind = BENCH_COPY;
    work.size = LINE;
    row = (struct row){.what = "copy 64 MiB", .algorithm = "", .bytes = 8.0 * LINE};
    if (!bench_one(&work, report, row, true, NULL))
        return false;
    work.size = 1;
    return bench_one(&work, report, (struct row){.what = "launch", .algorithm = ""}, true, NULL);
}

/* All passes of one convolution, each by every algorithm that supports it. */
static bool bench_layer(struct lim_backend *be, const struct report *report, const char *net, int i,
                        const struct lim_conv *cv, bool transposed)
{
    static const char *const passes[][3] = {{"forward", "data", "weights"},
                                            {"data", "forward", "weights"}};
    const char *const *convs = lim_backend_convs(be), *const *gemms = lim_backend_gemms(be);
    char what[96], tuned[64];

    for (int pass = 0; pass < 3; pass++) {
        const char *chosen = lim_conv_algorithm(be, cv, (enum lim_conv_pass)pass);
        const char *gemm = lim_conv_gemm(be, cv, (enum lim_conv_pass)pass);
        bool other = *gemm && strcmp(gemm, gemms[0]) != 0;
        struct bench_work work = {
            .be = be, .kind = BENCH_CONV, .cv = *cv, .pass = (enum lim_conv_pass)pass};

        snprintf(what, sizeof what, "%s.%d %dx%d %d-%d %s", net, i, cv->h, cv->w, cv->c, cv->k,
                 passes[transposed][pass]);
        for (int a = 0; convs[a]; a++) {
            struct row row = {.what = what, .algorithm = convs[a]};
            struct bench_timing time;

            lim_backend_use_conv(be, convs[a]);
            row.chosen = strcmp(convs[a], chosen) == 0 && !other;
            row.flops = 2.0 * cv->n * cv->p * cv->q * cv->k * cv->r * cv->s * cv->c;
            row.bytes = bench_conv_bytes(cv);
            if (strcmp(lim_conv_algorithm(be, cv, (enum lim_conv_pass)pass), convs[a]) != 0)
                continue;
            if (!bench_measure(&work, report->set->steps, &time))
                return false;
            print_row(report, &row, &time);
        }
        lim_backend_use_conv(be, "auto");
        if (other) {
            struct row row = {.what = what, .algorithm = tuned, .chosen = true};

            snprintf(tuned, sizeof tuned, "%s %s", chosen, gemm);
            row.flops = 2.0 * cv->n * cv->p * cv->q * cv->k * cv->r * cv->s * cv->c;
            row.bytes = bench_conv_bytes(cv);
            if (!bench_one(&work, report, row, true, NULL))
                return false;
        }
    }
    return true;
}

/* Passes are named as the layer sees them: "forward" of a transposed convolution is lim_conv's
 * backward pass. */
static bool bench_layers(struct lim_backend *be, const struct report *report,
                         const struct lim_dcgan_config *config, bool generator)
{
    struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS];
    int count = generator ? lim_dcgan_generator_rows(config, rows)
                          : lim_dcgan_discriminator_rows(config, rows);
    int h = generator ? 1 : config->size, c = generator ? config->latent : config->channels;

    for (int i = 0; i < count; i++) {
        struct lim_conv cv;
        bool transposed = rows[i].kind == LIM_LAYER_CONV_TRANSPOSED;

        if (!lim_conv_of_row(&rows[i], config->batch, &h, &c, &cv))
            continue;
        if (!bench_layer(be, report, generator ? "G" : "D", i, &cv, transposed))
            return false;
    }
    return true;
}

static bool bench_whole(struct lim_backend *be, const struct report *report,
                        const struct lim_dcgan_config *config, bool paint)
{
    struct bench_work work = {.be = be, .kind = paint ? BENCH_PAINT : BENCH_STEP, .config = config};
    struct row row = {.what = paint ? "paint" : "training step", .algorithm = ""};
    struct bench_timing time;

    row.pictures = config->batch;
    row.flops = bench_gan_flops(config, paint);
    if (!bench_measure(&work, report->set->steps, &time))
        return false;
    print_row(report, &row, &time);
    return true;
}

static bool wants(const struct bench_settings *set, const char *part)
{
    return !set->only || strcmp(set->only, part) == 0;
}

static void print_head(const struct lim_backend *be, const struct lim_dcgan_config *config,
                       bool json)
{
    cJSON *o;

    if (!json) {
        printf("limner %s on %s: %dx%d pictures, width %d, kernel %d, batch %d\n"
               "(GFLOP/s as if every convolution were direct; %% of the multiply-add peak; MB that "
               "all operations read and write; * chosen)\n",
               lim_version(), lim_backend_name(be), config->size, config->size, config->width,
               config->kernel, config->batch);
        return;
    }
    o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", lim_version());
    cJSON_AddStringToObject(o, "device", lim_backend_name(be));
    cJSON_AddStringToObject(o, "option", lim_backend_option(be));
    cJSON_AddNumberToObject(o, "size", config->size);
    cJSON_AddNumberToObject(o, "width", config->width);
    cJSON_AddNumberToObject(o, "kernel", config->kernel);
    cJSON_AddNumberToObject(o, "batch", config->batch);
    display_json(o);
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    struct bench_settings *set = settings;
    const struct lim_device_choice choice = device_choice(&set->dev);
    const struct lim_dcgan_config *config = &set->gan.config;
    struct lim_dcgan_work work;
    struct report report = {.set = set};
    enum lim_status status = LIM_USAGE;
    struct lim_backend *be;
    bool good;

    gan_use_preset(command, parsed, &set->gan);
    if (!lim_dcgan_check(config))
        return LIM_USAGE;
    be = lim_backend_create(&choice, &status);
    if (!be)
        return status;
    lim_dcgan_work(config, &work);
    status = tune_before(be, &work.work, set->tune, set->dev.cache_dir, NULL);
    if (status != LIM_OK) {
        lim_backend_destroy(be);
        return status;
    }
    print_head(be, config, set->json);
    good = bench_peak(be, &report, wants(set, "device"));
    if (good && wants(set, "device"))
        good = bench_device(be, &report);
    if (good && wants(set, "layers"))
        good = bench_layers(be, &report, config, true) && bench_layers(be, &report, config, false);
    if (good && wants(set, "step"))
        good = bench_whole(be, &report, config, false);
    if (good && wants(set, "paint"))
        good = bench_whole(be, &report, config, true);
    status = good ? LIM_OK : lim_backend_ok(be) ? LIM_ERROR : LIM_DEVICE_FAILED;
    lim_backend_destroy(be);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .arguments = "",
    .summary = "measure a device and what it makes of a DCGAN",
    .details =
        "Times the device alone (multiply-adds, a matrix product, a copy, a launch), every pass of "
        "every "
        "convolution of the network by every algorithm, the training step, and painting. Each is "
        "the median of several runs after two that warm up, by the clock of this machine: those "
        "of drivers are not always to be trusted.",
    .options = options,
    .shared = shared,
    .defaults = &defaults,
    .settings_size = sizeof(struct bench_settings),
    .run = run,
};
