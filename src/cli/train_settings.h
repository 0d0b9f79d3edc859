/* The options of `limner train`, and what follows from them. */
#ifndef LIMNER_CLI_TRAIN_SETTINGS_H
#define LIMNER_CLI_TRAIN_SETTINGS_H

#include "cli/device_options.h"
#include "cli/gan_options.h"
#include "cli/picture_options.h"

#include <limner/train.h>

struct train_settings {
    const char *out, *resume, *profile;
    double epochs, time, eval_every;
    uint64_t sample_every, save_every, images, steps;
    int keep;
    const char *on_nan;
    const char *tune;
    bool dry_run, quiet, json, no_cache;
    struct gan_options gan; /* batch 0: auto */
    struct lim_dataset_config data;
    struct device_options dev;
};

extern const struct option train_options[];
extern const struct option_group train_shared[];
extern const struct train_settings train_defaults;

/* A new run: config->gan and limits from the options. False after one line on stderr. */
bool train_configure(const struct command *command, const struct parsed *parsed,
                     const struct train_settings *set, struct lim_train_config *config);

/* A resumed run: `config` has been loaded from it. Refuses options that contradict it, takes over
 * and reports the others. */
bool train_reconfigure(const struct command *command, const struct parsed *parsed,
                       const struct train_settings *set, struct lim_train_config *config);

/* "runs/NAME", NAME from the pictures' folder or archive. Returns `run`. */
char *train_default_run(const char *pictures, char *run, size_t size);

#endif
