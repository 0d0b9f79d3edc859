/* limner info: what is in a model file. */
#include "cli/commands.h"
#include "cli/gan_options.h"
#include "cli/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <limner/limner.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct info_settings {
    bool unused;
};

static const struct info_settings defaults;

static const struct option options[] = {{0}};

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The first of `names`, which ends with NULL, in the folder `given`; a file is itself. False after
 * one line, which says that they are `missing`. */
static bool find_in(const char *given, const char *const *names, const char *missing, char *path,
                    size_t size)
{
    struct stat st;

    if (stat(given, &st) != 0) {
        say_error("%s: %s", given, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        snprintf(path, size, "%s", given);
        return true;
    }
    if (access(given, X_OK) != 0) {
        say_error("%s: %s", given, strerror(errno));
        return false;
    }
    for (; *names; names++) {
        if ((size_t)snprintf(path, size, "%s/%s", given, *names) < size && is_file(path))
            return true;
    }
    say_error("%s: %s", given, missing);
    return false;
}

bool find_model(const char *given, char *path, size_t size)
{
    static const char *const names[] = {"generator.safetensors", "checkpoint.safetensors", NULL};

    return find_in(given, names,
                   "neither generator.safetensors nor checkpoint.safetensors is in this folder",
                   path, size);
}

bool find_checkpoint(const char *given, char *path, size_t size)
{
    static const char *const names[] = {"checkpoint.safetensors", NULL};

    return find_in(given, names, "there is no checkpoint.safetensors in this folder", path, size);
}

enum lim_status find_weights(const char *given, bool raw, char *path, size_t size,
                             struct lim_model_info *info)
{
    enum lim_status status = LIM_BAD_INPUT;

    if (!(raw ? find_checkpoint : find_model)(given, path, size) ||
        !lim_model_info_read(path, info, &status))
        return status;
    if (!raw || !info->generator_only || !info->config.ema)
        return LIM_OK;
    say_error("--raw: '%s' holds the average alone; a checkpoint has the last weights", path);
    return LIM_BAD_INPUT;
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    struct lim_model_info info;
    enum lim_status why = LIM_BAD_INPUT;
    const struct lim_dcgan_config *config = &info.config;
    const struct lim_setting *setting;
    char path[4096], time[32], text[512];

    (void)command;
    (void)settings;
    if (!find_model(parsed->arguments[0], path, sizeof path))
        return LIM_BAD_INPUT;
    if (!lim_model_info_read(path, &info, &why))
        return why;
    printf("file           %s\n", path);
    printf("kind           %s\n", info.generator_only ? "generator, to paint with"
                                                      : "checkpoint, to resume and to paint with");
    printf("hash           %s\n", info.hash);
    printf("written by     limner %s\n", info.version);
    printf("pictures       %dx%d, %s\n", config->size, config->size,
           config->channels == 3 ? "RGB" : "gray");
    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        if (setting->role == LIM_SETTING_NETWORK)
            printf("%-14s %s\n", setting->name,
                   lim_setting_text(setting, config, text, sizeof text));
    }
    printf("generator      %" PRIu64 " parameters\n", info.generator_params);
    if (!info.generator_only)
        printf("discriminator  %" PRIu64 " parameters\n", info.discriminator_params);
    printf("trained for    %" PRIu64 " step%s, %" PRIu64 " picture%s seen, %s\n",
           info.progress.step, lim_plural(info.progress.step), info.progress.seen,
           lim_plural(info.progress.seen), format_time(info.progress.seconds, time, sizeof time));
    printf("trained with   %s\n",
           gan_describe(config, LIM_SETTING_WORK, LIM_SETTING_TRAINING, text, sizeof text));
    if (*info.unknown)
        printf("not known      %s, settings of a newer limner\n", info.unknown);
    return LIM_OK;
}

const struct command command_info = {
    .name = "info",
    .arguments = "MODEL|RUN",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "say what a model is",
    .details = "Prints the settings of a model file, or of the model in a run folder, and how long "
               "it was trained. Needs no device.",
    .options = options,
    .defaults = &defaults,
    .settings_size = sizeof(struct info_settings),
    .run = run,
};
