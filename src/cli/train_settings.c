/* For realpath. */
#define _XOPEN_SOURCE 700

#include "cli/train_settings.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

static const char *const nan_words[] = {"stop", "rollback", NULL};

const struct train_settings train_defaults = {
    .epochs = 50,
    .keep = 2,
    .eval_every = 300,
    .on_nan = "stop",
    .tune = "off",
};

#define FIELD(name) offsetof(struct train_settings, name)
const struct option train_options[] = {
    {"out", 'o', OPTION_PATH, "RUN", FIELD(out), 0, 0, NULL, NULL,
     "the folder to make; without it runs/NAME, NAME from the pictures"},
    {"resume", 0, OPTION_PATH, "RUN", FIELD(resume), 0, 0, NULL, NULL,
     "go on with this run, with its settings"},
    {"epochs", 0, OPTION_REAL, "N", FIELD(epochs), 0.001, 1e9, NULL, NULL,
     "passes over the pictures; without end where --time, --images or --steps is given alone"},
    {"time", 0, OPTION_TIME, "T", FIELD(time), 1, 3.2e9, NULL, NULL,
     "time to train, in all: 90s, 15m, 2h, 1h30m"},
    {"images", 0, OPTION_COUNT, "N", FIELD(images), 1, 9e18, NULL, NULL,
     "real pictures to see, in all: 500k, 2M"},
    {"steps", 0, OPTION_COUNT, "N", FIELD(steps), 1, 9e18, NULL, NULL, "steps, in all"},
    {"no-cache", 0, OPTION_FLAG, NULL, FIELD(no_cache), 0, 0, NULL, NULL,
     "keep prepared pictures in memory only"},
    {"sample-every", 0, OPTION_COUNT, "N", FIELD(sample_every), 1, 9e18, NULL, NULL,
     "steps between grids; without it about 60 grids in a training"},
    {"save-every", 0, OPTION_COUNT, "N", FIELD(save_every), 1, 9e18, NULL, NULL,
     "steps between checkpoints; without it every five minutes and at the end"},
    {"eval-every", 0, OPTION_TIME, "T", FIELD(eval_every), 0, 3.2e9, NULL, NULL,
     "time between evaluations of the pictures, whose numbers go into log.jsonl; more where they "
     "would take 2% of the time; 0s: none"},
    {"keep", 0, OPTION_INT, "N", FIELD(keep), 1, 1000, NULL, NULL,
     "checkpoints that stay: the newest, and those before it in case it is damaged"},
    {"on-nan", 0, OPTION_TEXT, "WHAT", FIELD(on_nan), 0, 0, nan_words, NULL,
     "when a loss or a weight is no number any more: stop, or rollback to the last checkpoint with "
     "half the lr, three times at most"},
    {"tune", 0, OPTION_TEXT, "MODE", FIELD(tune), 0, 0, tune_words, NULL,
     "find the fastest algorithms for this device first: fast (what 'limner tune' has not stored "
     "yet, within seconds), full (everything); off: use what is stored"},
    {"profile", 0, OPTION_PATH, "FILE", FIELD(profile), 0, 0, NULL, NULL,
     "write a time line of all operations, for chrome://tracing and Perfetto; slows training"},
    {"dry-run", 0, OPTION_FLAG, NULL, FIELD(dry_run), 0, 0, NULL, NULL,
     "print settings, device and memory, and stop"},
    {"quiet", 'q', OPTION_FLAG, NULL, FIELD(quiet), 0, 0, NULL, NULL,
     "only errors, warnings and how it ended"},
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, NULL, NULL,
     "one JSON object a line on the standard output"},
    {0},
};
#undef FIELD

const struct option_group train_shared[] = {GAN_OPTIONS(struct train_settings, gan),
                                            SHOWN_OPTIONS(struct train_settings, data),
                                            DEVICE_OPTIONS(struct train_settings, dev),
                                            {0}};

/* A limit on the command line replaces all earlier limits. */
static void set_limits(const struct command *command, const struct parsed *parsed,
                       const struct train_settings *set, struct lim_train_config *config)
{
    bool epochs = option_given(command, parsed, "epochs");

    if (!epochs && !set->time && !set->images && !set->steps)
        return;
    config->epochs = epochs ? set->epochs : 0;
    config->seconds = set->time;
    config->images = set->images;
    config->steps = set->steps;
}

/* False after one line on stderr. */
static bool set_cache(const struct train_settings *set, struct lim_train_config *config)
{
    if (set->no_cache && set->dev.cache_dir) {
        say_error("train: --no-cache and --cache-dir exclude each other: leave out one");
        return false;
    }
    if (set->no_cache || (set->dev.cache_dir && strcmp(set->dev.cache_dir, "off") == 0))
        config->cache = "";
    else if (set->dev.cache_dir)
        config->cache = set->dev.cache_dir;
    return true;
}

/* The preset's batch, where none is given. */
static int usual_batch(const struct gan_options *gan)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    if (gan->preset)
        lim_dcgan_use_preset(gan->preset, &config);
    return config.batch;
}

bool train_configure(const struct command *command, const struct parsed *parsed,
                     const struct train_settings *set, struct lim_train_config *config)
{
    struct gan_options gan = set->gan;

    gan_use_preset(command, parsed, &gan);
    config->gan = gan.config;
    if (set->gan.config.batch == 0)
        config->gan.batch = usual_batch(&gan);
    config->epochs = set->epochs;
    set_limits(command, parsed, set, config);
    config->sample_every = set->sample_every;
    config->save_every = set->save_every;
    config->eval_every = set->eval_every;
    config->keep = set->keep;
    config->roll_back = strcmp(set->on_nan, "rollback") == 0;
    config->data = set->data;
    return set_cache(set, config) && lim_dcgan_check(&config->gan);
}

/* Refuses options that would show the network other pictures than before. */
static bool keep_data(const struct command *command, const struct parsed *parsed,
                      const struct train_settings *set, const struct lim_train_config *config)
{
    const char *other = find_other_pictures(command, parsed, &set->data, &config->data);

    if (other)
        say_error("train: --%s contradicts the run '%s', whose pictures were seen otherwise (its "
                  "config.json says how); leave it out, or start a new run",
                  other, set->resume);
    return !other;
}

/* Accepts the settings that may change in a run, and refuses the rest. */
static bool keep_gan(const struct command *command, const struct parsed *parsed,
                     const struct train_settings *set, struct lim_dcgan_config *kept)
{
    const struct lim_setting *setting;
    char text[32], before[32];

    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        const char *given = (const char *)&set->gan.config + setting->offset;
        char *field = (char *)kept + setting->offset;
        bool automatic = field == (char *)&kept->batch && set->gan.config.batch == 0;

        if (!gan_option_given(command, parsed, setting) || automatic ||
            memcmp(given, field, setting->size) == 0)
            continue;
        lim_setting_text(setting, &set->gan.config, text, sizeof text);
        lim_setting_text(setting, kept, before, sizeof before);
        if (!setting->may_change) {
            say_error("train: --%s%s%s contradicts the run '%s', which has %s %s; leave it out, or "
                      "start a new run",
                      gan_option_name(setting), setting->flag ? "" : " ", setting->flag ? "" : text,
                      set->resume, setting->name, before);
            return false;
        }
        if (setting->role == LIM_SETTING_WORK)
            say("the %s changes from %s to %s: the pictures come in another order from here on",
                setting->name, before, text);
        else
            say("the %s changes from %s to %s", setting->name, before, text);
        memcpy(field, given, setting->size);
    }
    return true;
}

bool train_reconfigure(const struct command *command, const struct parsed *parsed,
                       const struct train_settings *set, struct lim_train_config *config)
{
    if (option_given(command, parsed, "preset")) {
        say_error("train: --preset belongs to a new run; leave it out to resume '%s'", set->resume);
        return false;
    }
    if (!keep_data(command, parsed, set, config) || !keep_gan(command, parsed, set, &config->gan) ||
        !set_cache(set, config))
        return false;
    set_limits(command, parsed, set, config);
    if (set->sample_every)
        config->sample_every = set->sample_every;
    if (set->save_every)
        config->save_every = set->save_every;
    if (option_given(command, parsed, "eval-every"))
        config->eval_every = set->eval_every;
    if (option_given(command, parsed, "keep"))
        config->keep = set->keep;
    if (option_given(command, parsed, "on-nan"))
        config->roll_back = strcmp(set->on_nan, "rollback") == 0;
    return lim_dcgan_check(&config->gan);
}

char *train_default_run(const char *pictures, char *run, size_t size)
{
    char *whole = realpath(pictures, NULL);
    const char *path = whole ? whole : pictures;
    size_t end = strlen(path), start;

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        continue;
    if (end - start > 4 && strncmp(path + end - 4, ".zip", 4) == 0)
        end -= 4;
    if (end == start)
        snprintf(run, size, "runs/pictures");
    else
        snprintf(run, size, "runs/%.*s", (int)(end - start), path + start);
    free(whole);
    return run;
}
