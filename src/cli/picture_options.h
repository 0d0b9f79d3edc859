/* The options of commands that open real pictures: how pictures are prepared, and which are used.
 * They are fields of a struct lim_dataset_config. */
#ifndef LIMNER_CLI_PICTURE_OPTIONS_H
#define LIMNER_CLI_PICTURE_OPTIONS_H

#include "cli/options.h"

#include <limner/dataset.h>

/* The groups of them, for a command whose settings hold the config in `member`: how a picture
 * becomes a square; those and which pictures are read; those and what a training displays. */
#define SQUARE_OPTIONS(settings, member)                                            \
    {                                                                               \
        "Pictures", square_option, offsetof(settings, member), picture_options_init \
    }
#define PICTURE_OPTIONS(settings, member)                                            \
    {                                                                                \
        "Pictures", picture_option, offsetof(settings, member), picture_options_init \
    }
#define SHOWN_OPTIONS(settings, member)                                          \
    {                                                                            \
        "Pictures", shown_option, offsetof(settings, member), shown_options_init \
    }

bool square_option(int i, struct option *option);
bool picture_option(int i, struct option *option);
bool shown_option(int i, struct option *option);
void picture_options_init(void *part);
void shown_options_init(void *part);

/* The command-line option that makes `given` show a network other pictures than `kept` did; NULL:
 * there is none. */
const char *find_other_pictures(const struct command *command, const struct parsed *parsed,
                                const struct lim_dataset_config *given,
                                const struct lim_dataset_config *kept);

#endif
