/* limner eval: how good the pictures of a model are, in numbers. */
#include "cli/commands.h"
#include "cli/device_options.h"
#include "cli/eval_report.h"
#include "cli/picture_options.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/train_display.h"

#include <limner/bench.h>
#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

struct eval_settings {
    const char *pictures, *painted, *sheet;
    int count, nets, size;
    uint64_t seed;
    double holdout;
    bool json, gray, batch_stats, raw;
    struct lim_dataset_config data; /* how the pictures are prepared */
    struct device_options dev;
};

static const struct eval_settings defaults = {
    .count = 5000, .nets = 3, .size = 64, .seed = 1, .holdout = 0.5};

#define MOST_SEED 9000000000000000000

#define FIELD(name) offsetof(struct eval_settings, name)
static const struct option options[] = {
    {"pictures", 0, OPTION_PATH, "P", FIELD(pictures), 0, 0, NULL, NULL,
     "the real pictures, a folder or a .zip: those the model was trained on"},
    {"count", 'n', OPTION_INT, "N", FIELD(count), 32, 100000, NULL, NULL,
     "how many pictures on each side, if there are so many reals; numbers of different N cannot be "
     "compared"},
    {"seed", 0, OPTION_COUNT, "SEED", FIELD(seed), 0, MOST_SEED, NULL, NULL,
     "paints the seeds SEED, SEED+1, ... and chooses the reals"},
    {"painted", 0, OPTION_PATH, "Q", FIELD(painted), 0, 0, NULL, NULL,
     "measure the pictures of this folder or .zip, in place of a model's"},
    {"sheet", 0, OPTION_PATH, "FILE", FIELD(sheet), 0, 0, NULL, NULL,
     "write a PNG of the painted pictures that are nearest to a training picture, with it"},
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, NULL, NULL,
     "one JSON object on the standard output"},
    {"nets", 0, OPTION_INT, "N", FIELD(nets), 1, LIM_EVAL_MAX_NETS, NULL, NULL,
     "random networks, whose numbers are averaged"},
    {"holdout", 0, OPTION_SHARE, "SHARE", FIELD(holdout), 0.01, 0.5, NULL, NULL,
     "share of the reals that stands for other reals; those of --holdout in a training are among "
     "them"},
    {"batch-stats", 0, OPTION_FLAG, NULL, FIELD(batch_stats), 0, 0, NULL, NULL,
     "paint as 'limner sample --batch-stats'"},
    {"raw", 0, OPTION_FLAG, NULL, FIELD(raw), 0, 0, NULL, NULL,
     "the weights of the last step, as 'limner sample --raw'"},
    {"size", 0, OPTION_INT, "N", FIELD(size), 16, 1024, NULL, NULL,
     "with --painted: pixels along an edge; a model knows its own"},
    {"gray", 0, OPTION_FLAG, NULL, FIELD(gray), 0, 0, NULL, NULL, "with --painted: in gray"},
    {0},
};
#undef FIELD

static const struct option_group shared[] = {
    SQUARE_OPTIONS(struct eval_settings, data), DEVICE_OPTIONS(struct eval_settings, dev), {0}};

enum { CHUNK = 256 /* pictures painted between two checks for signals */ };

/* One evaluation under way. */
struct work {
    const struct eval_settings *set;
    const char *model;             /* NULL: --painted */
    struct lim_model_info info;    /* of the model */
    struct lim_backend *be, *host; /* paints; multiplies for the numbers */
    struct lim_dataset *reals, *given;
    struct lim_eval *ev;
    uint8_t *pictures;
    struct lim_eval_pair *pairs;
    struct eval_row rows[EVAL_ROWS];
};

static struct lim_dataset *open_pictures(const struct work *w, const char *path, double holdout,
                                         enum lim_status *status)
{
    const struct eval_settings *set = w->set;
    struct display display = {0};
    bool off =
        set->dev.cache_dir && strcmp(set->dev.cache_dir, "off") == 0; /* as in 'limner train' */
    struct lim_dataset_config config = set->data;
    struct lim_dataset *ds;

    config.size = w->model ? w->info.config.size : set->size;
    config.channels = w->model ? w->info.config.channels : set->gray ? 1 : 3;
    config.threads = set->dev.threads;
    config.holdout = holdout;
    config.cache_dir = off ? NULL : set->dev.cache_dir;
    config.progress = display_decoding;
    config.user = &display;
    ds = lim_dataset_open(path, &config, status);
    status_line("");
    return ds;
}

static enum lim_status open_devices(struct work *w)
{
    const struct eval_settings *set = w->set;
    struct lim_device_choice choice = device_choice(&set->dev);
    struct lim_device_choice host = {.device = "cpu", .threads = set->dev.threads};
    enum lim_status status = LIM_OK;

    if (w->model) {
        w->be = lim_backend_create(&choice, &status);
        if (!w->be)
            return status;
        lim_tune_load(w->be, set->dev.cache_dir);
    }
    terminal_init(true); /* the numbers' device is not the user's choice */
    w->host = lim_backend_create(&host, &status);
    terminal_init(false);
    if (!w->host)
        return status;
    lim_backend_use_gemm(w->host, "builtin"); /* numbers that do not depend on the BLAS */
    return LIM_OK;
}

static enum lim_status paint(struct work *w, int count)
{
    size_t latent = (size_t)w->info.config.latent;
    size_t bytes =
        (size_t)w->info.config.size * (size_t)w->info.config.size * (size_t)w->info.config.channels;
    enum lim_status status = LIM_ERROR;
    float *z = malloc(CHUNK * latent * sizeof *z);
    struct lim_dcgan *gan = lim_dcgan_load(w->be, w->model, 0, true, NULL, &status);

    if (gan) /* else the loader has logged why */
        status = z ? LIM_OK : LIM_ERROR;
    if (status == LIM_OK && w->set->raw) {
        lim_dcgan_use_average(gan, false);
        status = lim_dcgan_hash(gan, w->info.hash) ? LIM_OK : LIM_DEVICE_FAILED;
    }
    for (int first = 0; status == LIM_OK && first < count; first += CHUNK) {
        int n = count - first < CHUNK ? count - first : CHUNK;
        char line[64];

        for (int i = 0; i < n; i++)
            lim_dcgan_latent(w->set->seed + (uint64_t)(first + i), w->info.config.latent,
                             z + (size_t)i * latent);
        status =
            lim_dcgan_paint(gan, z, n, w->set->batch_stats, w->pictures + (size_t)first * bytes)
                ? LIM_OK
                : LIM_DEVICE_FAILED;
        if (status == LIM_OK && stop_requested(NULL))
            status = LIM_INTERRUPTED;
        snprintf(line, sizeof line, "painting: %d of %d", first + n, count);
        status_line(line);
    }
    if (gan && !z)
        say_error("eval: no memory for %d latents", CHUNK);
    status_line("");
    free(z);
    lim_dcgan_destroy(gan);
    return status;
}

/* The pictures that are measured, into w->pictures. */
static enum lim_status get_painted(struct work *w, int count)
{
    size_t size = (size_t)lim_dataset_size(w->reals);
    size_t bytes = size * size * (size_t)lim_dataset_channels(w->reals);

    w->pictures = malloc((size_t)count * bytes);
    w->pairs = malloc((size_t)count * sizeof *w->pairs);
    if (!w->pictures || !w->pairs) {
        say_error("eval: no memory for %d pictures", count);
        return LIM_ERROR;
    }
    if (w->model)
        return paint(w, count);
    lim_dataset_batch(w->given, w->set->seed, 0, count, w->pictures);
    return LIM_OK;
}

/* The rows beside the painted pictures. */
static enum lim_status measure(struct work *w)
{
    w->rows[0].name = "painted";
    w->rows[1] = (struct eval_row){"reals", *lim_eval_floor(w->ev)};
    status_line("measuring");
    if (!lim_eval_measure(w->ev, w->pictures, &w->rows[0].result, w->pairs))
        return LIM_ERROR;
    if (w->set->sheet && !eval_sheet(w->set->sheet, w->pairs, lim_eval_count(w->ev), w->pictures,
                                     lim_dataset_size(w->reals), lim_dataset_channels(w->reals)))
        return LIM_ERROR;
    for (int i = 0; i < LIM_EVAL_SPOILED; i++) {
        struct eval_row *row = &w->rows[2 + i];

        if (stop_requested(NULL))
            return LIM_INTERRUPTED;
        row->name = lim_eval_spoiled_name((enum lim_eval_spoiled)i);
        if (!lim_eval_spoil(w->ev, (enum lim_eval_spoiled)i, w->pictures) ||
            !lim_eval_measure(w->ev, w->pictures, &row->result, NULL))
            return LIM_ERROR;
    }
    status_line("");
    return LIM_OK;
}

/* Nothing here depends on the device or the clock, so that equal numbers give equal bytes. */
static enum lim_status print_json(const struct work *w, const char *what)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, w->model ? "model" : "painted_pictures", what);
    if (w->model) {
        cJSON_AddStringToObject(json, "hash", w->info.hash);
        cJSON_AddNumberToObject(json, "step", (double)w->info.progress.step);
    }
    cJSON_AddStringToObject(json, "pictures", w->set->pictures);
    cJSON_AddNumberToObject(json, "size", lim_dataset_size(w->reals));
    cJSON_AddNumberToObject(json, "channels", lim_dataset_channels(w->reals));
    cJSON_AddNumberToObject(json, "count", lim_eval_count(w->ev));
    cJSON_AddNumberToObject(json, "searched", lim_eval_searched(w->ev));
    cJSON_AddNumberToObject(json, "nets", w->set->nets);
    cJSON_AddNumberToObject(json, "seed", (double)w->set->seed);
    if (!eval_rows_json(json, w->rows, lim_eval_levels(w->ev))) {
        say_error("no memory for the report");
        cJSON_Delete(json);
        return LIM_ERROR;
    }
    display_json(json);
    return LIM_OK;
}

static enum lim_status report(const struct work *w, const char *what)
{
    char line[4096], text[4096];

    if (w->set->json)
        return print_json(w, what);
    snprintf(line, sizeof line, "%s: %d painted, against %d of %s; nearest of %d", what,
             lim_eval_count(w->ev), lim_eval_count(w->ev), w->set->pictures,
             lim_eval_searched(w->ev));
    puts(lim_printable(line, text, sizeof text));
    eval_table(w->rows, lim_eval_levels(w->ev), lim_dataset_size(w->reals));
    return LIM_OK;
}

static enum lim_status evaluate(struct work *w)
{
    struct lim_eval_config config = lim_eval_defaults();
    enum lim_status status = open_devices(w);

    if (status != LIM_OK)
        return status;
    w->reals = open_pictures(w, w->set->pictures, w->set->holdout, &status);
    if (w->reals && !w->model)
        w->given = open_pictures(w, w->set->painted, 0, &status);
    if (!w->reals || (!w->model && !w->given))
        return status;
    config.count = w->set->count;
    if (w->given && lim_dataset_count(w->given) < config.count)
        config.count = lim_dataset_count(w->given);
    config.nets = w->set->nets;
    config.threads = w->set->dev.threads;
    config.seed = w->set->seed;
    status_line("preparing the reals");
    w->ev = lim_eval_open(w->host, &config, w->reals, &status);
    status_line("");
    if (!w->ev)
        return status;
    status = get_painted(w, lim_eval_count(w->ev));
    return status == LIM_OK ? measure(w) : status;
}

static void finish(struct work *w)
{
    lim_eval_destroy(w->ev);
    lim_dataset_destroy(w->given);
    lim_dataset_destroy(w->reals);
    lim_backend_destroy(w->host);
    lim_backend_destroy(w->be);
    free(w->pictures);
    free(w->pairs);
}

static enum lim_status check(const struct command *command, const struct parsed *parsed,
                             const struct eval_settings *set)
{
    if (!set->pictures)
        say_error("eval: --pictures P is missing: the pictures to compare with");
    else if (parsed->argument_count == 0 && !set->painted)
        say_error("eval: MODEL|RUN is missing, or --painted Q");
    else if (parsed->argument_count && set->painted)
        say_error("eval: either a model or --painted, not both");
    else if (parsed->argument_count && (option_given(command, parsed, "size") || set->gray))
        say_error("eval: --size and --gray go with --painted; a model knows its own");
    else
        return LIM_OK;
    return LIM_USAGE;
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    struct work w = {.set = settings};
    const char *what = parsed->argument_count ? parsed->arguments[0] : w.set->painted;
    enum lim_status status = check(command, parsed, w.set);
    char model[4096];

    if (status != LIM_OK)
        return status;
    if (parsed->argument_count) {
        status = find_weights(what, w.set->raw, model, sizeof model, &w.info);
        if (status != LIM_OK)
            return status;
        w.model = model;
    }
    stop_on_signals(NULL);
    status = evaluate(&w);
    status_line("");
    if (status == LIM_OK)
        status = report(&w, what);
    finish(&w);
    return status;
}

const struct command command_eval = {
    .name = "eval",
    .arguments = "[MODEL|RUN]",
    .min_arguments = 0,
    .max_arguments = 1,
    .summary = "measure how good the pictures of a model are",
    .details =
        "Paints pictures with a model and compares them with real ones, in features that need no "
        "download: random networks, averaged pixels, and a pyramid of details. Beside the painted "
        "pictures stand the same numbers of other reals, which nobody can better, and of reals "
        "that "
        "were blurred and shuffled. docs/evaluation.md says what each number means and what it "
        "misses.",
    .options = options,
    .shared = shared,
    .defaults = &defaults,
    .settings_size = sizeof(struct eval_settings),
    .run = run,
};
