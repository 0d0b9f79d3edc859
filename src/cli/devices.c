/* limner devices: the devices to choose from. */
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/train_display.h"

#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

struct devices_settings {
    bool json, verbose;
};

static const struct devices_settings defaults;

static const struct option options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct devices_settings, json),
     .help = "print one JSON object a line"},
    {.name = "verbose",
     .letter = 'v',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct devices_settings, verbose),
     .help = "print all that is known of each device, and what decides which are found"},
    {0},
};

struct listing {
    struct lim_device_info *rows;
    int count;
    const char *why_none;
};

static void print_json(const struct listing *listing)
{
    cJSON *cpu = cJSON_CreateObject();

    for (int i = 0; i < listing->count; i++) {
        const struct lim_device_info *d = &listing->rows[i];
        cJSON *o = cJSON_CreateObject();
        char word[48];

        if (d->usable) {
            snprintf(word, sizeof word, "--device %d:%d", d->platform, d->device);
            cJSON_AddStringToObject(o, "option", word);
        }
        cJSON_AddNumberToObject(o, "platform", d->platform);
        cJSON_AddNumberToObject(o, "device", d->device);
        cJSON_AddStringToObject(o, "platform_name", d->platform_name);
        cJSON_AddStringToObject(o, "platform_version", d->platform_version);
        cJSON_AddStringToObject(o, "name", d->name);
        cJSON_AddStringToObject(o, "vendor", d->vendor);
        cJSON_AddStringToObject(o, "driver", d->driver);
        cJSON_AddStringToObject(o, "version", d->version);
        cJSON_AddStringToObject(o, "type", d->type);
        cJSON_AddStringToObject(o, "uuid", d->uuid);
        cJSON_AddStringToObject(o, "pci", d->pci);
        cJSON_AddNumberToObject(o, "compute_units", d->compute_units);
        cJSON_AddNumberToObject(o, "clock_mhz", d->clock_mhz);
        cJSON_AddNumberToObject(o, "max_group", (double)d->max_group);
        cJSON_AddNumberToObject(o, "global_mem", (double)d->global_mem);
        cJSON_AddNumberToObject(o, "max_alloc", (double)d->max_alloc);
        cJSON_AddNumberToObject(o, "local_mem", (double)d->local_mem);
        cJSON_AddBoolToObject(o, "usable", d->usable);
        cJSON_AddBoolToObject(o, "duplicate", d->duplicate);
        cJSON_AddStringToObject(o, "note", d->note);
        display_json(o);
    }
    cJSON_AddStringToObject(cpu, "option", "--device cpu");
    cJSON_AddStringToObject(cpu, "name", "CPU path");
    cJSON_AddStringToObject(cpu, "type", "built-in");
    cJSON_AddBoolToObject(cpu, "usable", true);
    cJSON_AddStringToObject(cpu, "note", listing->why_none);
    display_json(cpu);
}

static void print_details(const struct lim_device_info *d)
{
    char global[24], largest[24], local[24];

    printf("         vendor %s, driver %s, %s\n", d->vendor, d->driver, d->version);
    printf("         %u compute unit%s at %u MHz, groups of up to %zu\n", d->compute_units,
           lim_plural(d->compute_units), d->clock_mhz, d->max_group);
    printf("         memory %s, largest buffer %s, local %s\n",
           format_bytes((double)d->global_mem, global, sizeof global),
           format_bytes((double)d->max_alloc, largest, sizeof largest),
           format_bytes((double)d->local_mem, local, sizeof local));
    if (*d->uuid)
        printf("         uuid:%s\n", d->uuid);
    if (*d->pci)
        printf("         pci:%s\n", d->pci);
}

static void print_table(const struct listing *listing, bool verbose)
{
    int platform = -1;

    printf("%-8s %-12s %9s  %s\n", "device", "type", "memory", "name");
    for (int i = 0; i < listing->count; i++) {
        const struct lim_device_info *d = &listing->rows[i];
        char place[24], memory[24];

        if (verbose && d->platform != platform)
            printf("platform %d: %s, %s\n", d->platform, d->platform_name, d->platform_version);
        platform = d->platform;
        if (d->device < 0) {
            printf("%-8d %-12s %9s  %s: no devices\n", d->platform, "-", "-", d->platform_name);
        } else {
            snprintf(place, sizeof place, "%d:%d", d->platform, d->device);
            printf("%-8s %-12s %9s  %s%s%s\n", place, d->type,
                   format_bytes((double)d->global_mem, memory, sizeof memory), d->name,
                   d->usable ? "" : " [not usable]",
                   d->duplicate ? " [same hardware as above]" : "");
            if (verbose)
                print_details(d);
        }
        if (*d->note)
            printf("         %s\n", d->note);
    }
    printf("%-8s %-12s %9s  %s\n", "cpu", "built-in", "-",
           "CPU path: always there, loads no driver");
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    const struct devices_settings *set = settings;
    struct listing listing;

    (void)command;
    (void)parsed;
    listing.count = lim_device_list(&listing.rows, &listing.why_none);
    if (set->json)
        print_json(&listing);
    else
        print_table(&listing, set->verbose);
    if (set->verbose && !set->json)
        print_surroundings();
    if (*listing.why_none)
        say("%s", listing.why_none);
    lim_device_list_free(listing.rows);
    return LIM_OK;
}

const struct command command_devices = {
    .name = "devices",
    .arguments = "",
    .summary = "list the devices that can train and paint",
    .details = "Lists every OpenCL device, as P:D the way 'clinfo -l' counts, and the CPU path. "
               "--device takes what stands in the first column.",
    .options = options,
    .defaults = &defaults,
    .settings_size = sizeof(struct devices_settings),
    .run = run,
};
