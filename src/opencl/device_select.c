#include "opencl/device_select.h"

#include "base/plural.h"
#include "base/text.h"
#include "opencl/quirks.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The reason why nothing was chosen, while it is written. */
struct answer {
    char *text;
    size_t size, used;
    enum lim_status *why;
};

static void LIM_PRINTF(2, 3) say(struct answer *answer, const char *format, ...)
{
    va_list args;
    int n;

    if (answer->used >= answer->size)
        return;
    va_start(args, format);
    n = vsnprintf(answer->text + answer->used, answer->size - answer->used, format, args);
    va_end(args);
    answer->used += n > 0 ? (size_t)n : 0;
}

static bool is_index(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word) && strlen(word) < 7;
}

/* "P:D", both numbers. */
static bool is_pair(const char *word, int *platform, int *device)
{
    size_t digits = strspn(word, "0123456789");

    if (digits == 0 || digits > 6 || word[digits] != ':' || !is_index(word + digits + 1))
        return false;
    *platform = atoi(word);
    *device = atoi(word + digits + 1);
    return true;
}

static bool is_device(const struct lim_device_info *row)
{
    return row->device >= 0;
}

static bool is_candidate(const struct lim_device_info *row)
{
    return is_device(row) && row->usable;
}

static bool in_platform(const struct lim_device_info *row, const char *platform)
{
    if (!platform)
        return true;
    return is_index(platform) ? row->platform == atoi(platform)
                              : text_contains(row->platform_name, platform);
}

static int rank(const struct lim_device_info *row)
{
    int kind = strcmp(row->type, "gpu") == 0           ? (row->integrated ? 2 : 3)
               : strcmp(row->type, "accelerator") == 0 ? 1
                                                       : 0;

    return 2 * kind + !(ocl_quirks(row->platform_name, row->name) & OCL_SECOND_CHOICE);
}

static bool better(const struct lim_device_info *a, const struct lim_device_info *b)
{
    double speed_a = (double)a->compute_units * a->clock_mhz;
    double speed_b = (double)b->compute_units * b->clock_mhz;

    return rank(a) != rank(b) ? rank(a) > rank(b) : speed_a > speed_b;
}

/* The best candidate of a type (NULL: any) in a platform (NULL: any), or -1. If several drivers
 * show one card, the best driver's is taken. */
static int best(const struct lim_device_info *list, int count, const char *platform,
                const char *type)
{
    int found = -1;

    for (int i = 0; i < count; i++) {
        if (!is_candidate(list + i) || !in_platform(list + i, platform))
            continue;
        if (type && strcmp(list[i].type, type) != 0)
            continue;
        if (found < 0 || better(list + i, list + found))
            found = i;
    }
    return found;
}

int ocl_choice_auto(const struct lim_device_info *list, int count)
{
    int found = best(list, count, NULL, NULL);

    return found >= 0 && rank(list + found) >= 2 ? found : -1;
}

void ocl_choice_name(const struct lim_device_info *row, char *text, size_t size)
{
    snprintf(text, size, "%.100s (driver %.40s)", row->name, row->driver);
}

int ocl_choice_again(const struct lim_device_info *list, int count, const char *name,
                     const char *option, bool preferred)
{
    int found = -1;

    for (int i = 0; i < count; i++) {
        char start[128], place[48];

        snprintf(start, sizeof start, "%.100s (driver ", list[i].name);
        if (!is_candidate(list + i) || (rank(list + i) >= 2) != preferred ||
            strncmp(name, start, strlen(start)) != 0)
            continue;
        snprintf(place, sizeof place, "--device %d:%d", list[i].platform, list[i].device);
        if (option && strcmp(place, option) == 0)
            return i;
        if (found < 0)
            found = i;
    }
    return found;
}

/* `0:0 "name", 1:0 "name"`: the devices for which `which` is true. */
static void say_devices(struct answer *answer, const struct lim_device_info *list, int count,
                        const bool *which)
{
    const char *comma = "";

    for (int i = 0; i < count; i++) {
        if (!is_device(list + i) || (which && !which[i]))
            continue;
        say(answer, "%s%d:%d \"%s\"", comma, list[i].platform, list[i].device, list[i].name);
        comma = ", ";
    }
}

static int devices_in(const struct lim_device_info *list, int count, int platform)
{
    int devices = 0;

    for (int i = 0; i < count; i++)
        devices += is_device(list + i) && list[i].platform == platform;
    return devices;
}

static int no_match(struct answer *answer, const struct lim_device_info *list, int count,
                    const char *what)
{
    int devices = 0;

    for (int i = 0; i < count; i++)
        devices += is_device(list + i);
    *answer->why = LIM_NO_DEVICE;
    say(answer, "--device '%s': no device matches; ", what);
    if (devices == 0)
        say(answer, "no OpenCL platform has devices (see limner devices)");
    else
        say(answer, "%d device%s available: ", devices, devices == 1 ? " is" : "s are");
    say_devices(answer, list, count, NULL);
    return -1;
}

/* Platform `platform`, device `device`, by number. */
static int numbered(struct answer *answer, const struct lim_device_info *list, int count,
                    const char *word, int platform, int device)
{
    int devices = devices_in(list, count, platform), platforms = 0;

    *answer->why = LIM_NO_DEVICE;
    for (int i = 0; i < count; i++) {
        platforms = list[i].platform >= platforms ? list[i].platform + 1 : platforms;
        if (list[i].platform != platform || list[i].device != device || !is_device(list + i))
            continue;
        if (list[i].usable)
            return i;
        say(answer, "--device '%s': %d:%d \"%s\" cannot be used: %s", word, platform, device,
            list[i].name, list[i].note);
        return -1;
    }
    say(answer, "--device '%s': ", word);
    if (platform >= platforms)
        say(answer, "there is no platform %d (%d platform%s, counted from 0)", platform, platforms,
            lim_plural((uint64_t)platforms));
    else if (devices == 0)
        say(answer, "platform %d has no devices", platform);
    else
        say(answer, "platform %d has %d device%s (0..%d)", platform, devices,
            lim_plural((uint64_t)devices), devices - 1);
    return -1;
}

/* A bare index: inside --platform, or inside the only platform that has devices. */
static int indexed(struct answer *answer, const struct lim_device_info *list, int count,
                   const char *platform, const char *word)
{
    int with_devices = 0, only = -1, last = -1;

    for (int i = 0; i < count; i++) {
        if (!in_platform(list + i, platform) || !is_device(list + i) || list[i].platform == last)
            continue;
        last = only = list[i].platform;
        with_devices++;
    }
    if (with_devices == 1)
        return numbered(answer, list, count, word, only, atoi(word));
    if (with_devices == 0)
        return no_match(answer, list, count, word);
    *answer->why = LIM_USAGE;
    if (platform)
        say(answer,
            "--platform '%s' is ambiguous with --device '%s': it names %d platforms: ", platform,
            word, with_devices);
    else
        say(answer, "--device '%s' needs --platform: %d platforms have devices: ", word,
            with_devices);
    say_devices(answer, list, count, NULL);
    return -1;
}

/* Does the word, in the form that `how` names, mean this device? */
static bool means(const struct lim_device_info *row, const char *how, const char *word)
{
    if (how[0] == 'u')
        return row->uuid[0] && strcasecmp(row->uuid, word) == 0;
    if (how[0] == 'p')
        return row->pci[0] && (strcasecmp(row->pci, word) == 0 ||
                               (strlen(row->pci) > 5 && strcasecmp(row->pci + 5, word) == 0));
    return *word && text_contains(row->name, word);
}

/* Marks in `matches` the devices that the word selects, and returns how many. A duplicate counts
 * only if the first entry is not selected, or with `all`. */
static int match(const struct lim_device_info *list, int count, const char *platform,
                 const char *how, const char *word, bool all, bool *matches)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        matches[i] = is_candidate(list + i) && (all || !list[i].duplicate) &&
                     in_platform(list + i, platform) && means(list + i, how, word);
        number += matches[i];
    }
    return number > 0 || all ? number : match(list, count, platform, how, word, true, matches);
}

static int named(struct answer *answer, const struct lim_device_info *list, int count,
                 const char *platform, const char *how, const char *word, const char *whole)
{
    bool *matches = calloc((size_t)count + 1, sizeof *matches);
    int number = matches ? match(list, count, platform, how, word, false, matches) : 0;
    int found = -1, exact = -1, exacts = 0;

    for (int i = 0; matches && i < count; i++) {
        if (!matches[i])
            continue;
        found = i;
        if (strcasecmp(list[i].name, word) == 0) {
            exact = i;
            exacts++;
        }
    }
    if (exacts == 1)
        found = exact;
    else if (number > 1) {
        *answer->why = LIM_NO_DEVICE;
        say(answer, "--device '%s' is ambiguous: matches ", whole);
        say_devices(answer, list, count, matches);
        say(answer, "; use P:D, uuid: or pci:");
        found = -1;
    } else if (number == 0) {
        found = no_match(answer, list, count, whole);
    }
    free(matches);
    return found;
}

static int check_platform(struct answer *answer, const struct lim_device_info *list, int count,
                          const char *platform)
{
    const char *comma = "";
    int last = -1;

    for (int i = 0; i < count; i++) {
        if (!in_platform(list + i, platform))
            continue;
        if (is_device(list + i))
            return 0;
        last = i;
    }
    *answer->why = LIM_NO_DEVICE;
    if (last >= 0) {
        say(answer, "platform %d \"%s\" has no devices", list[last].platform,
            list[last].platform_name);
        if (list[last].note[0])
            say(answer, "; %s", list[last].note);
        return -1;
    }
    say(answer, "--platform '%s': no platform matches; there %s", platform,
        count == 0 ? "is none" : "are: ");
    last = -1;
    for (int i = 0; i < count; i++) {
        if (list[i].platform == last)
            continue;
        last = list[i].platform;
        say(answer, "%s%d \"%s\"", comma, last, list[i].platform_name);
        comma = ", ";
    }
    return -1;
}

int ocl_device_select(const struct lim_device_info *list, int count, const char *platform,
                      const char *device, char *message, size_t size, enum lim_status *why)
{
    static const char *const types[] = {"gpu", "cpu", "accelerator"};
    struct answer answer = {.text = message, .size = size, .why = why};
    const char *colon = strchr(device, ':');
    int p, d, found;

    message[0] = '\0';
    if (platform && check_platform(&answer, list, count, platform) < 0)
        return -1;
    if (strcmp(device, "auto") == 0 || strcmp(device, "opencl") == 0) {
        found = best(list, count, platform, NULL);
        return found >= 0 ? found : no_match(&answer, list, count, device);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(device, types[i]) != 0)
            continue;
        found = best(list, count, platform, types[i]);
        return found >= 0 ? found : no_match(&answer, list, count, device);
    }
    if (is_index(device))
        return indexed(&answer, list, count, platform, device);
    if (is_pair(device, &p, &d)) {
        found = numbered(&answer, list, count, device, p, d);
        if (found >= 0 && !in_platform(list + found, platform)) {
            *why = LIM_USAGE;
            say(&answer, "--device '%s' does not lie in --platform '%s'", device, platform);
            return -1;
        }
        return found;
    }
    if (strncmp(device, "uuid:", 5) == 0 || strncmp(device, "pci:", 4) == 0 ||
        strncmp(device, "name:", 5) == 0)
        return named(&answer, list, count, platform, device, colon + 1, device);
    if (isalpha((unsigned char)device[0]))
        return named(&answer, list, count, platform, "name", device, device);
    *why = LIM_USAGE;
    say(&answer,
        "--device '%s': not an index, P:D, uuid:, pci: or name (name:%s takes it as part "
        "of a name)",
        device, device);
    return -1;
}
