/* The subcommands, one file each. */
#ifndef LIMNER_CLI_COMMANDS_H
#define LIMNER_CLI_COMMANDS_H

#include "base/plural.h"
#include "cli/options.h"

#include <limner/dcgan.h>

extern const struct command command_train, command_scan, command_sample, command_devices,
    command_info, command_bench, command_tune, command_eval;

/* The first word of the command line, for commands to paste: build/limner is not in PATH. */
extern const char *called_as;

/* --tune of the commands that train or measure: "off", which uses stored results, "fast", "full".
 */
extern const char *const tune_words[];

/* lim_tune with a progress line and a final line; returns what it returns. */
enum lim_status tune_before(struct lim_backend *be, const struct lim_tune_work *work,
                            const char *word, const char *cache_dir, bool (*stop)(void *user));

/* MODEL|RUN as the path of a model file: a run folder stands for the model in it. False after one
 * line on stderr. */
bool find_model(const char *given, char *path, size_t size);
bool find_checkpoint(const char *given, char *path, size_t size);

/* The same, with what lim_model_info_read reports about it. `raw`: with the weights of the last
 * step, so a checkpoint where they are averaged. */
enum lim_status find_weights(const char *given, bool raw, char *path, size_t size,
                             struct lim_model_info *info);

/* What decides which OpenCL drivers are found, on stdout: vendor files, environment, access. */
void print_surroundings(void);

/* "3.2 GiB". Returns `text`. */
char *format_bytes(double bytes, char *text, size_t size);

/* "45s", "3:07", "2:03:07". Returns `text`. */
char *format_time(double seconds, char *text, size_t size);

#endif
