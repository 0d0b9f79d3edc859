/* limner train: pictures in, a run folder out. */
#include "cli/commands.h"
#include "cli/scan_report.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/train_display.h"
#include "cli/train_eval.h"
#include "cli/train_memory.h"
#include "cli/train_settings.h"

#include <dirent.h>
#include <inttypes.h>
#include <limner/limner.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void on_step(void *user, const struct lim_train_status *status)
{
    display_step(user, status);
}

/* False after one line on stderr. */
static bool report_pictures(const struct lim_dataset *ds, const char *pictures, bool dry)
{
    enum { NAMED = 10 };
    const struct lim_skipped *skipped;
    int count = lim_dataset_skipped(ds, &skipped);
    struct lim_scan *scan = lim_scan_create(ds);

    if (!scan)
        return false;
    for (int i = 0; i < count && i < NAMED; i++)
        say_error("warning: skipped %s: %s", skipped[i].path, skipped[i].reason);
    if (count > NAMED)
        say_error("warning: skipped %d more; %s names all", count - NAMED,
                  dry ? "'limner scan --skipped FILE'" : "skipped.txt in the run folder");
    if (lim_dataset_unseen(ds))
        say("--limit leaves %d file%s out", lim_dataset_unseen(ds),
            lim_plural((uint64_t)lim_dataset_unseen(ds)));
    if (lim_dataset_dropped(ds))
        say("%d cop%s dropped", lim_dataset_dropped(ds),
            lim_dataset_dropped(ds) == 1 ? "y" : "ies");
    if (lim_dataset_held_out(ds))
        say("%d picture%s held out of the training", lim_dataset_held_out(ds),
            lim_plural((uint64_t)lim_dataset_held_out(ds)));
    scan_summary(scan, pictures, say);
    scan_verdict(scan, say);
    lim_scan_destroy(scan);
    return true;
}

/* Room for a quoted path in a line to paste into a shell. */
static const char *quoted(const char *text, char *out, size_t size)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "/._-+:,=@%";
    size_t n = 0;

    if (*text && strspn(text, safe) == strlen(text))
        return text;
    out[n++] = '\'';
    for (; *text && n + 6 < size; text++) {
        if (*text == '\'') {
            memcpy(out + n, "'\\''", 4);
            n += 4;
        } else {
            out[n++] = *text;
        }
    }
    out[n++] = '\'';
    out[n] = 0;
    return out;
}

static void resume_line(const struct train_settings *set, const char *run, struct lim_backend *be,
                        char *line, size_t size)
{
    char room[4096], command[4096];

    snprintf(line, size, "%s train --resume %s%s%s", quoted(called_as, command, sizeof command),
             quoted(run, room, sizeof room), set->dev.device || set->dev.platform ? " " : "",
             set->dev.device || set->dev.platform ? lim_backend_option(be) : "");
}

static enum lim_status print_settings(const struct lim_train_config *config, struct lim_backend *be,
                                      const struct lim_dataset *ds)
{
    const struct lim_dcgan_config *gan = &config->gan;
    int an_epoch = lim_dataset_count(ds) / gan->batch;
    double steps = floor(config->epochs * an_epoch + 0.5);
    char time[32], list[512];

    printf("run       %s\n", config->run);
    printf("pictures  %s: %d, %d in each of %d step%s an epoch\n", config->pictures,
           lim_dataset_count(ds), gan->batch, an_epoch, lim_plural((uint64_t)an_epoch));
    printf("network   %s\n",
           gan_describe(gan, LIM_SETTING_PICTURES, LIM_SETTING_NETWORK, list, sizeof list));
    printf("seen      %s, crop %s%s\n", gan->channels == 1 ? "gray" : "in color",
           lim_crop_name(config->data.crop), config->data.mirror ? ", mirrored at random" : "");
    printf("training  %s\n",
           gan_describe(gan, LIM_SETTING_WORK, LIM_SETTING_TRAINING, list, sizeof list));
    printf("until    ");
    if (config->epochs > 0)
        printf(" %g epoch%s (%.0f step%s)", config->epochs, config->epochs == 1 ? "" : "s", steps,
               steps == 1 ? "" : "s");
    if (config->seconds > 0)
        printf(" %s", format_time(config->seconds, time, sizeof time));
    if (config->images)
        printf(" %" PRIu64 " picture%s seen", config->images, lim_plural(config->images));
    if (config->steps)
        printf(" %" PRIu64 " step%s", config->steps, lim_plural(config->steps));
    printf("\ndevice    %s (%s)\n", lim_backend_name(be), lim_backend_option(be));
    return train_print_memory(
        be, gan, (double)lim_dataset_count(ds) * gan->size * gan->size * gan->channels);
}

/* `dry`: as a plan, with what else --dry-run reports. */
static enum lim_status print_json_start(const struct lim_train_config *config,
                                        struct lim_backend *be, const struct lim_dataset *ds,
                                        bool dry)
{
    const struct lim_dcgan_config *gan = &config->gan;
    const struct lim_skipped *skipped;
    cJSON *o = cJSON_CreateObject();
    enum lim_status status = LIM_OK;

    cJSON_AddStringToObject(o, "event", dry ? "plan" : "start");
    cJSON_AddStringToObject(o, "run", config->run);
    cJSON_AddStringToObject(o, "device", lim_backend_name(be));
    cJSON_AddNumberToObject(o, "pictures", lim_dataset_count(ds));
    cJSON_AddNumberToObject(o, "skipped", lim_dataset_skipped(ds, &skipped));
    cJSON_AddNumberToObject(o, "size", gan->size);
    cJSON_AddNumberToObject(o, "width", gan->width);
    cJSON_AddNumberToObject(o, "batch", gan->batch);
    if (dry) {
        cJSON_AddStringToObject(o, "option", lim_backend_option(be));
        cJSON_AddNumberToObject(o, "steps_an_epoch", lim_dataset_count(ds) / gan->batch);
        status = train_add_memory(be, gan, o);
    }
    display_json(o);
    return status;
}

static void report_end(const struct train_settings *set, const struct lim_train_config *config,
                       struct lim_backend *be, enum lim_status status)
{
    char line[8192];

    status_line("");
    resume_line(set, config->run, be, line, sizeof line);
    if (set->json) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "event", "end");
        cJSON_AddNumberToObject(o, "exit", status);
        cJSON_AddStringToObject(o, "run", config->run);
        cJSON_AddStringToObject(o, "resume", line);
        display_json(o);
    } else if (status == LIM_OK) {
        printf("%s\n", config->run);
    }
    if (status == LIM_OK)
        say("done: grids in %s/samples, the animation in %s/progress.gif, the model in "
            "%s/generator.safetensors",
            config->run, config->run, config->run);
    else if (status == LIM_INTERRUPTED)
        say_error("saved; to go on: %s", line);
}

/* The training thread hangs in a driver's call that will not return. */
struct hung {
    const struct train_settings *set;
    const struct lim_train_config *config;
};

static void on_hang(void *user)
{
    const struct hung *hung = user;
    char path[4200], room[4096], command[4096];

    snprintf(path, sizeof path, "%s/checkpoint.safetensors", hung->config->run);
    if (!hung->set->dry_run && access(path, F_OK) == 0)
        say_error("%s is whole; to go on, on this device after a restart or on another: %s train "
                  "--resume %s",
                  path, quoted(called_as, command, sizeof command),
                  quoted(hung->config->run, room, sizeof room));
    _exit(LIM_DEVICE_FAILED);
}

static enum lim_status train_with(const struct train_settings *set, struct lim_train_config *config,
                                  struct display *display)
{
    struct hung hung = {.set = set, .config = config};
    struct lim_dcgan_work work;
    const struct lim_tune_rates rates = {.cache_dir = set->dev.cache_dir, .work = work.name};
    struct lim_device_choice choice = device_choice(&set->dev);
    struct lim_dataset_config *data = &config->data;
    char cache[4096];
    enum lim_status status = LIM_ERROR;
    struct lim_eval_watch *watch = NULL;
    struct lim_dataset *ds;
    struct lim_backend *be;

    choice.hung = on_hang;
    choice.user = &hung;
    choice.rate = lim_tune_rate;
    choice.rate_user = &rates;
    choice.before = config->device;
    choice.before_option = config->device_option;
    lim_dcgan_work(&config->gan, &work);
    be = lim_backend_create(&choice, &status);
    if (!be)
        return status;
    status = tune_before(be, &work.work, set->dry_run ? "off" : set->tune, set->dev.cache_dir,
                         stop_requested);
    if (status != LIM_OK) {
        if (status == LIM_INTERRUPTED)
            say_error("interrupted before the first step: what was tuned is kept");
        lim_backend_destroy(be);
        return status;
    }
    /* Before the pictures are prepared, which may take an hour. */
    if (set->profile && !set->dry_run && !lim_backend_profile(be, set->profile)) {
        lim_backend_destroy(be);
        return LIM_ERROR;
    }
    display->device = lim_backend_name(be);
    data->size = config->gan.size;
    data->channels = config->gan.channels;
    data->threads = set->dev.threads;
    data->progress = display_decoding;
    data->user = display;
    snprintf(cache, sizeof cache, "%s/pictures.cache", config->run);
    if (config->cache && *config->cache)
        data->cache_dir = config->cache;
    else if (!config->cache && (!set->dry_run || config->resume))
        data->cache_file = cache;
    ds = lim_dataset_open(config->pictures, data, &status);
    status_line("");
    if (!ds) {
        if (status == LIM_INTERRUPTED)
            say_error("interrupted before the first step: there is nothing to save");
        goto done;
    }
    display->last_line = 0;
    if (!report_pictures(ds, config->pictures, set->dry_run)) {
        status = LIM_ERROR;
        goto done;
    }
    if (set->gan.config.batch == 0) {
        status = LIM_ERROR;
        if (!train_fit_batch(be, config, lim_dataset_count(ds)))
            goto done;
    } else if (lim_dataset_count(ds) < config->gan.batch) {
        say("too few pictures for a batch of %d: the batch becomes %d", config->gan.batch,
            lim_dataset_count(ds));
        config->gan.batch = lim_dataset_count(ds);
    }
    status = LIM_OK;
    if (set->json)
        status = print_json_start(config, be, ds, set->dry_run);
    else if (set->dry_run)
        status = print_settings(config, be, ds);
    if (set->dry_run)
        goto done;
    watch = train_watch(config, ds, set->dev.threads);
    status = lim_train(be, ds, config);
    lim_eval_watch_destroy(watch);
    report_end(set, config, be, status);
done:
    data->cache_file = data->cache_dir = NULL;
    lim_dataset_destroy(ds);
    lim_backend_destroy(be);
    return status;
}

/* Does the folder hold anything except a cache of prepared pictures without a run? */
static bool is_taken(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool taken = false;

    while (dir && !taken && (entry = readdir(dir)))
        taken = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                strcmp(entry->d_name, "pictures.cache") != 0;
    if (dir)
        closedir(dir);
    return taken;
}

/* The settings of a new run. False after one line on stderr. */
static enum lim_status start(const struct command *command, const struct parsed *parsed,
                             const struct train_settings *set, struct lim_train_config *config,
                             struct display *display)
{
    char run[4096], room[4096], command_word[4096];
    struct stat st;

    if (parsed->argument_count == 0) {
        say_error("train: PICTURES is missing: a folder or a .zip (or --resume RUN)");
        return LIM_USAGE;
    }
    config->pictures = parsed->arguments[0];
    config->run = set->out ? set->out : train_default_run(config->pictures, run, sizeof run);
    if (!train_configure(command, parsed, set, config))
        return LIM_USAGE;
    /* Reported before pictures are decoded; lim_train checks again. */
    snprintf(room, sizeof room, "%s/config.json", config->run);
    if (!set->dry_run && stat(room, &st) == 0) {
        say_error("the run '%s' exists already; to go on with it: %s train --resume %s (or name "
                  "another with -o)",
                  config->run, quoted(called_as, command_word, sizeof command_word),
                  quoted(config->run, room, sizeof room));
        return LIM_USAGE;
    }
    if (!set->dry_run && stat(config->run, &st) == 0 && !S_ISDIR(st.st_mode)) {
        say_error("'%s' is a file: name a folder to make with -o", config->run);
        return LIM_USAGE;
    }
    if (!set->dry_run && is_taken(config->run)) {
        say_error("'%s' exists and is not empty; name another folder with -o", config->run);
        return LIM_USAGE;
    }
    return train_with(set, config, display);
}

static enum lim_status resume(const struct command *command, const struct parsed *parsed,
                              const struct train_settings *set, struct lim_train_config *config,
                              struct display *display)
{
    struct lim_train_config kept = {0};
    enum lim_status status;

    if (set->out) {
        say_error("train: --resume already names the run: leave out -o");
        return LIM_USAGE;
    }
    status = lim_train_config_load(set->resume, &kept);
    if (status != LIM_OK)
        return status;
    status = LIM_USAGE;
    config->gan = kept.gan;
    config->epochs = kept.epochs;
    config->seconds = kept.seconds;
    config->images = kept.images;
    config->steps = kept.steps;
    config->sample_every = kept.sample_every;
    config->save_every = kept.save_every;
    config->eval_every = kept.eval_every;
    config->keep = kept.keep;
    config->roll_back = kept.roll_back;
    config->grid = kept.grid;
    config->data = kept.data;
    config->cache = kept.cache;
    config->device = kept.device;
    config->device_option = kept.device_option;
    config->resume = true;
    config->run = set->resume;
    config->pictures = parsed->argument_count ? parsed->arguments[0] : kept.pictures;
    if (train_reconfigure(command, parsed, set, config))
        status = train_with(set, config, display);
    lim_train_config_finish(&kept);
    return status;
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    const struct train_settings *set = settings;
    struct display display = {.json = set->json};
    struct lim_train_config config = {.stop = stop_requested, .user = &display};

    terminal_init(set->quiet);
    stop_on_signals("\nlimner: finishing the step, then saving; once more to leave at once\n");
    /* If the reader of our output is gone, the training goes on. */
    signal(SIGPIPE, SIG_IGN);
    if (!set->quiet || set->json)
        config.status = on_step;
    return set->resume ? resume(command, parsed, set, &config, &display)
                       : start(command, parsed, set, &config, &display);
}

const struct command command_train = {
    .name = "train",
    .arguments = "PICTURES",
    .max_arguments = 1,
    .summary = "train on a folder or a .zip of pictures",
    .details =
        "Trains a DCGAN on PICTURES: a folder, searched recursively, or a .zip. The run folder "
        "then holds the settings, a grid of the same latents at every stage, an animation of them, "
        "a checkpoint and the model to share.\n\n"
        "Ctrl-C once finishes the step, saves and prints the line that resumes.",
    .options = train_options,
    .shared = train_shared,
    .defaults = &train_defaults,
    .settings_size = sizeof(struct train_settings),
    .run = run,
};
