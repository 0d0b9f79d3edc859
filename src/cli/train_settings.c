/* For realpath. */
#define _XOPEN_SOURCE 700

#include "cli/train_settings.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

const char *const preset_words[] = {"tiny", "small", "torch", "paper", NULL};
static const char *const size_words[] = {"16", "32", "64", "128", "256", NULL};
static const char *const crop_words[] = {"center", "top", "none", NULL};
static const char *const nan_words[] = {"stop", "rollback", NULL};
static const char *const drop_words[] = {"exact", "near", "none", NULL};
static const char *const kernel_words[] = {"4", "5", NULL};

/* Tiny and small are for minutes, not hours: many short steps, and larger ones than the paper's.
 * With tiny, at lr 1e-3 and without the smoothing, D won and G collapsed after two minutes of the
 * avatars. */
static const struct {
    int width, batch;
    double lr, smooth;
} presets[] = {{16, 32, 5e-4, 0.1}, {32, 32, 3e-4, 0.1}, {64, 64, 2e-4, 0}, {128, 64, 2e-4, 0}};

const struct train_settings train_defaults = {
    .epochs = 50,
    .size = 64,
    .width = 128,
    .kernel = 4,
    .latent = 100,
    .batch = "64",
    .seed = 1,
    .lr = 2e-4,
    .beta1 = 0.5,
    .crop = "center",
    .background = "white",
    .drop = "none",
    .mirror = true,
    .max_pixels = LIM_MAX_PIXELS,
    .keep = 2,
    .on_nan = "stop",
    .tune = "off",
};

#define FIELD(name) offsetof(struct train_settings, name)
const struct option train_options[] = {
    {"out", 'o', OPTION_PATH, "RUN", FIELD(out), 0, 0, NULL, NULL,
     "the folder to make; without it runs/NAME, NAME from the pictures"},
    {"resume", 0, OPTION_PATH, "RUN", FIELD(resume), 0, 0, NULL, NULL,
     "go on with this run, with its settings"},
    {"preset", 0, OPTION_TEXT, "NAME", FIELD(preset), 0, 0, preset_words, NULL,
     "tiny (width 16, lr 0.0005: for a try on a CPU), small (width 32, lr 0.0003), both with batch "
     "32 and smooth 0.1; torch (width 64), paper (128)"},
    {"epochs", 0, OPTION_REAL, "N", FIELD(epochs), 0.001, 1e9, NULL, NULL,
     "passes over the pictures; without end where --time, --images or --steps is given alone"},
    {"time", 0, OPTION_TIME, "T", FIELD(time), 1, 3.2e9, NULL, NULL,
     "time to train, in all: 90s, 15m, 2h, 1h30m"},
    {"images", 0, OPTION_COUNT, "N", FIELD(images), 1, 9e18, NULL, NULL,
     "real pictures to see, in all: 500k, 2M"},
    {"steps", 0, OPTION_COUNT, "N", FIELD(steps), 1, 9e18, NULL, NULL, "steps, in all"},
    {"size", 0, OPTION_INT, "N", FIELD(size), 16, 256, size_words, NULL,
     "pixels along an edge: 16, 32, 64, 128 or 256"},
    {"width", 0, OPTION_INT, "N", FIELD(width), 1, 1024, NULL, NULL,
     "channels of the layer next to the picture"},
    {"kernel", 0, OPTION_INT, "N", FIELD(kernel), 4, 5, kernel_words, NULL,
     "4, or 5 as the paper's authors had it"},
    {"latent", 0, OPTION_INT, "N", FIELD(latent), 1, 4096, NULL, NULL,
     "random numbers a picture is painted from"},
    {"batch", 0, OPTION_TEXT, "N", FIELD(batch), 0, 0, NULL, NULL,
     "pictures in a step; auto: the preset's, or the largest power of two below it that there is "
     "memory for"},
    {"seed", 0, OPTION_COUNT, "N", FIELD(seed), 0, 9e18, NULL, NULL,
     "the same seed on the same device gives the same bits"},
    {"lr", 0, OPTION_REAL, "X", FIELD(lr), 1e-8, 1, NULL, NULL, "Adam's step size"},
    {"beta1", 0, OPTION_REAL, "X", FIELD(beta1), 0, 0.999, NULL, NULL, "Adam's first moment"},
    {"smooth", 0, OPTION_REAL, "X", FIELD(smooth), 0, 0.5, NULL, NULL,
     "the discriminator's target for real pictures is 1 minus this"},
    {"crop", 0, OPTION_TEXT, "C", FIELD(crop), 0, 0, crop_words, NULL,
     "the square of a picture: its center, its top (heads of portraits), or none (all, squeezed)"},
    {"background", 0, OPTION_TEXT, "COLOR", FIELD(background), 0, 0, NULL, NULL,
     "what shows through transparency: white, black, gray, red, green, blue or rrggbb"},
    {"gray", 0, OPTION_FLAG, NULL, FIELD(gray), 0, 0, NULL, NULL,
     "one channel: pictures are seen, and painted, in grey"},
    {"mirror", 0, OPTION_FLAG, NULL, FIELD(mirror), 0, 0, NULL, NULL,
     "show half of the pictures mirrored, others each time; on unless --no-mirror is given"},
    {"no-mirror", 0, OPTION_OFF, NULL, FIELD(mirror), 0, 0, NULL, NULL,
     "never mirror: for text, and whatever has a left and a right"},
    {"drop-duplicates", 0, OPTION_TEXT, "K", FIELD(drop), 0, 0, drop_words, NULL,
     "leave copies of a picture out: exact, near (those that look the same too) or none"},
    {"holdout", 0, OPTION_SHARE, "SHARE", FIELD(holdout), 0, 0.5, NULL, NULL,
     "keep this share out of the training, such as 5%: the same pictures when others are added"},
    {"limit", 0, OPTION_COUNT, "N", FIELD(limit), 1, 2e9, NULL, NULL,
     "use so many pictures, drawn from all, always the same"},
    {"max-pixels", 0, OPTION_COUNT, "N", FIELD(max_pixels), 1, 1e10, NULL, NULL,
     "skip pictures that claim more, before memory is taken for them"},
    {"no-cache", 0, OPTION_FLAG, NULL, FIELD(no_cache), 0, 0, NULL, NULL,
     "keep prepared pictures in memory only"},
    {"sample-every", 0, OPTION_COUNT, "N", FIELD(sample_every), 1, 9e18, NULL, NULL,
     "steps between grids; without it about 60 grids in a training"},
    {"save-every", 0, OPTION_COUNT, "N", FIELD(save_every), 1, 9e18, NULL, NULL,
     "steps between checkpoints; without it every five minutes and at the end"},
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

const struct option_group train_shared[] = {DEVICE_OPTIONS(struct train_settings, dev), {0}};

/* A limit that is given replaces those of before, all of them. */
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
static bool set_data(const struct train_settings *set, struct lim_dataset_config *data)
{
    if (!lim_color_parse(set->background, &data->background)) {
        say_error("train: --background '%s': not a color such as white, black or ff8000",
                  set->background);
        return false;
    }
    lim_crop_parse(set->crop, &data->crop);
    lim_drop_parse(set->drop, &data->drop);
    data->mirror = set->mirror;
    data->holdout = set->holdout;
    data->limit = set->limit;
    data->max_pixels = set->max_pixels;
    return true;
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

bool train_parse_batch(const struct train_settings *set, int *batch)
{
    enum { MOST = 4096 };
    uint64_t count;

    *batch = 0;
    if (strcmp(set->batch, "auto") == 0)
        return true;
    if (!parse_count(set->batch, &count)) {
        say_error("train: --batch '%s': not a whole number, nor auto", set->batch);
        return false;
    }
    if (count < 1 || count > MOST) {
        say_error("train: --batch '%s': must lie between 1 and %d", set->batch, MOST);
        return false;
    }
    *batch = (int)count;
    return true;
}

bool train_configure(const struct command *command, const struct parsed *parsed,
                     const struct train_settings *set, struct lim_train_config *config)
{
    struct lim_dcgan_config *gan = &config->gan;
    int batch;

    if (!train_parse_batch(set, &batch))
        return false;
    *gan = lim_dcgan_defaults();
    gan->size = set->size;
    gan->width = set->width;
    gan->kernel = set->kernel;
    gan->latent = set->latent;
    if (batch)
        gan->batch = batch;
    gan->lr = (float)set->lr;
    gan->beta1 = (float)set->beta1;
    gan->smooth = (float)set->smooth;
    gan->seed = set->seed;
    gan->channels = set->gray ? 1 : 3;
    for (int i = 0; set->preset && preset_words[i]; i++) {
        if (strcmp(set->preset, preset_words[i]) != 0)
            continue;
        if (!option_given(command, parsed, "width"))
            gan->width = presets[i].width;
        if (!option_given(command, parsed, "batch") || !batch)
            gan->batch = presets[i].batch;
        if (!option_given(command, parsed, "lr"))
            gan->lr = (float)presets[i].lr;
        if (!option_given(command, parsed, "smooth"))
            gan->smooth = (float)presets[i].smooth;
    }
    config->epochs = set->epochs;
    set_limits(command, parsed, set, config);
    config->sample_every = set->sample_every;
    config->save_every = set->save_every;
    config->keep = set->keep;
    config->roll_back = strcmp(set->on_nan, "rollback") == 0;
    return set_data(set, &config->data) && set_cache(set, config) && lim_dcgan_check(gan);
}

/* Refuses options that would show the network other pictures than before. */
static bool keep_data(const struct command *command, const struct parsed *parsed,
                      const struct train_settings *set, const struct lim_train_config *config,
                      const struct lim_dataset_config *given)
{
    const struct lim_dataset_config *kept = &config->data;
    uint32_t white = LIM_RGB(255, 255, 255);
    const struct {
        const char *name;
        bool differs;
    } fixed[] = {
        {"crop", given->crop != kept->crop},
        {"background", given->background != (kept->background ? kept->background : white)},
        {"gray", config->gan.channels != 1},
        {"mirror", given->mirror != kept->mirror},
        {"no-mirror", given->mirror != kept->mirror},
        {"holdout", given->holdout != kept->holdout},
        {"drop-duplicates", given->drop != kept->drop},
        {"limit", given->limit != kept->limit},
        {"max-pixels", given->max_pixels != (kept->max_pixels ? kept->max_pixels : LIM_MAX_PIXELS)},
    };

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!option_given(command, parsed, fixed[i].name) || !fixed[i].differs)
            continue;
        say_error("train: --%s contradicts the run '%s', whose pictures were seen otherwise (its "
                  "config.json says how); leave it out, or start a new run",
                  fixed[i].name, set->resume);
        return false;
    }
    return true;
}

bool train_reconfigure(const struct command *command, const struct parsed *parsed,
                       const struct train_settings *set, struct lim_train_config *config)
{
    const struct lim_dcgan_config *gan = &config->gan;
    struct lim_dataset_config given = {0};
    int batch;
    const struct {
        const char *name;
        double given, kept;
    } fixed[] = {
        {"size", set->size, gan->size},
        {"width", set->width, gan->width},
        {"kernel", set->kernel, gan->kernel},
        {"latent", set->latent, gan->latent},
        {"seed", (double)set->seed, (double)gan->seed},
        {"lr", (double)(float)set->lr, (double)gan->lr},
        {"beta1", (double)(float)set->beta1, (double)gan->beta1},
        {"smooth", (double)(float)set->smooth, (double)gan->smooth},
    };

    if (option_given(command, parsed, "preset")) {
        say_error("train: --preset belongs to a new run; leave it out to resume '%s'", set->resume);
        return false;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!option_given(command, parsed, fixed[i].name) || fixed[i].given == fixed[i].kept)
            continue;
        say_error("train: --%s %g contradicts the run '%s', which has %g; leave it out, or start a "
                  "new run",
                  fixed[i].name, fixed[i].given, set->resume, fixed[i].kept);
        return false;
    }
    if (!train_parse_batch(set, &batch) || !set_data(set, &given) ||
        !keep_data(command, parsed, set, config, &given) || !set_cache(set, config))
        return false;
    if (option_given(command, parsed, "batch") && batch && batch != gan->batch) {
        say("the batch changes from %d to %d: the pictures come in another order from here on",
            gan->batch, batch);
        config->gan.batch = batch;
    }
    set_limits(command, parsed, set, config);
    if (set->sample_every)
        config->sample_every = set->sample_every;
    if (set->save_every)
        config->save_every = set->save_every;
    if (option_given(command, parsed, "keep"))
        config->keep = set->keep;
    if (option_given(command, parsed, "on-nan"))
        config->roll_back = strcmp(set->on_nan, "rollback") == 0;
    return lim_dcgan_check(&config->gan);
}

void train_preset(const char *word, int *width, int *batch)
{
    for (int i = 0; preset_words[i]; i++) {
        if (strcmp(word, preset_words[i]) != 0)
            continue;
        if (width)
            *width = presets[i].width;
        if (batch)
            *batch = presets[i].batch;
    }
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
