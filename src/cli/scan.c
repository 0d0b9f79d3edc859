/* limner scan: reports what a folder of pictures contains, before any training. */
#include "cli/commands.h"
#include "cli/gan_options.h"
#include "cli/picture_options.h"
#include "cli/scan_report.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/train_display.h"

#include <errno.h>
#include <limner/limner.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct scan_settings {
    const char *sheet, *skipped, *cache_dir;
    int threads;
    bool json;
    struct gan_options gan; /* size and channels */
    struct lim_dataset_config data;
};

static const struct scan_settings defaults;

#define FIELD(name) offsetof(struct scan_settings, name)
static const struct option options[] = {
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, NULL, NULL,
     "one JSON object on the standard output: all skipped files and all copies are in it"},
    {"sheet", 0, OPTION_PATH, "FILE", FIELD(sheet), 0, 0, NULL, NULL,
     "write a PNG of up to 256 pictures as the network will see them"},
    {"skipped", 0, OPTION_PATH, "FILE", FIELD(skipped), 0, 0, NULL, NULL,
     "write the names of all skipped files, with the reasons"},
    {"cache-dir", 0, OPTION_PATH, "DIR", FIELD(cache_dir), 0, 0, NULL, NULL,
     "keep prepared pictures there: 'limner train' with the same options starts with them; 'off': "
     "nowhere"},
    {"threads", 0, OPTION_INT, "N", FIELD(threads), 0, 1024, NULL, NULL,
     "threads to decode; 0: one for each processor"},
    {0},
};
#undef FIELD

static const struct option_group shared[] = {GAN_PICTURE_OPTIONS(struct scan_settings, gan),
                                             PICTURE_OPTIONS(struct scan_settings, data),
                                             {0}};

static void print_line(const char *format, ...) LIM_PRINTF(1, 2);

static void print_line(const char *format, ...)
{
    char line[4096], text[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    puts(lim_printable(line, text, sizeof text));
}

static bool write_skipped(const struct lim_dataset *ds, const char *path)
{
    const struct lim_skipped *list;
    int count = lim_dataset_skipped(ds, &list);
    char *text = malloc(16384);
    FILE *file = text ? fopen(path, "w") : NULL;
    bool good = file != NULL;

    for (int i = 0; good && i < count; i++)
        good =
            fprintf(file, "%s: %s\n", lim_printable(list[i].path, text, 16384), list[i].reason) > 0;
    if (file && fclose(file) != 0)
        good = false;
    if (!good)
        say_error("%s: cannot be written (%s)", path, text ? strerror(errno) : "no memory");
    free(text);
    return good;
}

static void print_skipped(const struct lim_dataset *ds)
{
    enum { NAMED = 10 };
    const struct lim_skipped *list;
    int count = lim_dataset_skipped(ds, &list);

    for (int i = 0; i < count && i < NAMED; i++)
        print_line("skipped %s: %s", list[i].path, list[i].reason);
    if (count > NAMED)
        print_line("skipped %d more; --json or --skipped FILE names all", count - NAMED);
}

static enum lim_status report(const struct lim_dataset *ds, const struct lim_scan *scan,
                              const struct scan_settings *set, const char *pictures)
{
    cJSON *json = set->json ? scan_json(scan, ds, pictures) : NULL;

    if (set->json) {
        if (!json) {
            say_error("no memory for the report");
            return LIM_ERROR;
        }
        display_json(json);
    } else {
        print_skipped(ds);
        scan_summary(scan, pictures, print_line);
        scan_tables(scan);
        scan_verdict(scan, print_line);
    }
    if (set->skipped && !write_skipped(ds, set->skipped))
        return LIM_ERROR;
    return !set->sheet || lim_scan_sheet(scan, set->sheet) ? LIM_OK : LIM_ERROR;
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    const struct scan_settings *set = settings;
    const char *pictures = parsed->arguments[0];
    struct display display = {0};
    struct lim_dataset_config config = set->data;
    enum lim_status status = LIM_ERROR;
    struct lim_dataset *ds;
    struct lim_scan *scan;

    (void)command;
    config.size = set->gan.config.size;
    config.channels = set->gan.config.channels;
    config.threads = set->threads;
    config.cache_dir = set->cache_dir;
    config.keep_unusable = set->skipped != NULL;
    config.progress = display_decoding;
    config.user = &display;
    if (set->cache_dir && strcmp(set->cache_dir, "off") == 0) /* as in 'limner train' */
        config.cache_dir = NULL;
    stop_on_signals(NULL);
    ds = lim_dataset_open(pictures, &config, &status);
    status_line("");
    if (!ds)
        return status;
    if (status == LIM_OK) {
        scan = lim_scan_create(ds);
        status = scan ? report(ds, scan, set, pictures) : LIM_ERROR;
        lim_scan_destroy(scan);
    } else if (!write_skipped(ds, set->skipped)) { /* nothing is usable: the list says why */
        status = LIM_ERROR;
    }
    lim_dataset_destroy(ds);
    return status;
}

const struct command command_scan = {
    .name = "scan",
    .arguments = "PICTURES",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "say whether pictures are fit to train on",
    .details =
        "Reads every picture as 'limner train' does and trains nothing: says which files are used "
        "and why others are not, how large they are, which are copies of others (exact: the same "
        "decoded pixels; near: the same look, by pHash), and what to do about it.",
    .options = options,
    .shared = shared,
    .defaults = &defaults,
    .settings_size = sizeof(struct scan_settings),
    .run = run,
};
