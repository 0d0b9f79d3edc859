/* The options of commands that make or measure a DCGAN: a row for each of the library's settings,
 * and --preset. */
#ifndef LIMNER_CLI_GAN_OPTIONS_H
#define LIMNER_CLI_GAN_OPTIONS_H

#include "cli/options.h"

#include <limner/dcgan.h>

struct gan_options {
    const char *preset;
    struct lim_dcgan_config config;
};

/* Their option groups, for a command whose settings hold them in `member`: every setting, and
 * --batch auto, which becomes 0; those that decide how long a step takes; those of the pictures,
 * without --preset. */
#define GAN_OPTIONS(settings, member)                                                    \
    {                                                                                    \
        "Network and training", gan_option, offsetof(settings, member), gan_options_init \
    }
#define GAN_WORK_OPTIONS(settings, member)                                       \
    {                                                                            \
        "Network", gan_work_option, offsetof(settings, member), gan_options_init \
    }
#define GAN_PICTURE_OPTIONS(settings, member)                                  \
    {                                                                          \
        NULL, gan_picture_option, offsetof(settings, member), gan_options_init \
    }

bool gan_option(int i, struct option *option);
bool gan_work_option(int i, struct option *option);
bool gan_picture_option(int i, struct option *option);
void gan_options_init(void *part);

/* Its option, without the dashes. */
const char *gan_option_name(const struct lim_setting *setting);

/* Was the setting's option on the command line? */
bool gan_option_given(const struct command *command, const struct parsed *parsed,
                      const struct lim_setting *setting);

/* After parsing: sets what no option gives from the preset, if there is one. */
void gan_use_preset(const struct command *command, const struct parsed *parsed,
                    struct gan_options *gan);

/* "lr 0.0002, beta1 0.5": the settings from one role to another. Returns `text`. */
char *gan_describe(const struct lim_dcgan_config *config, enum lim_setting_role first,
                   enum lim_setting_role last, char *text, size_t size);

#endif
