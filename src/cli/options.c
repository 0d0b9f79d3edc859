#include "cli/options.h"

#include "base/nearest.h"
#include "cli/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <limner/dataset.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers are read in the C locale: this program never calls setlocale. */
static bool plain_number(const char *text, const char *characters)
{
    return *text && strspn(text, characters) == strlen(text);
}

static bool parse_whole(const char *text, long long *value)
{
    char *end;

    if (!plain_number(text, "+-0123456789"))
        return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return !*end && errno == 0;
}

static bool parse_real(const char *text, double *value)
{
    char *end;

    if (!plain_number(text, "+-.eE0123456789"))
        return false;
    *value = strtod(text, &end);
    return end != text && !*end && isfinite(*value);
}

static bool parse_share(const char *text, double *value)
{
    char number[32];
    size_t length = strlen(text);

    if (length == 0 || length >= sizeof number || text[length - 1] != '%')
        return parse_real(text, value);
    memcpy(number, text, length - 1);
    number[length - 1] = 0;
    if (!parse_real(number, value))
        return false;
    *value /= 100;
    return true;
}

bool parse_count(const char *text, uint64_t *value)
{
    static const struct {
        char letter;
        double factor;
    } units[] = {{'k', 1e3}, {'M', 1e6}, {'G', 1e9}};
    char number[32], *end;
    size_t length = strlen(text);
    double real;

    if (plain_number(text, "0123456789")) {
        errno = 0;
        *value = strtoull(text, &end, 10);
        return !*end && errno == 0;
    }
    if (length < 2 || length >= sizeof number || !isdigit((unsigned char)*text))
        return false;
    memcpy(number, text, length - 1);
    number[length - 1] = 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[length - 1] != units[i].letter || !parse_real(number, &real))
            continue;
        real *= units[i].factor;
        if (real > 9e18)
            return false;
        *value = (uint64_t)llround(real);
        return true;
    }
    return false;
}

bool parse_seconds(const char *text, double *value)
{
    static const char letters[] = "dhms";
    static const double factors[] = {86400, 3600, 60, 1};
    int last = -1;

    *value = 0;
    while (*text) {
        size_t digits = strspn(text, ".0123456789");
        char number[32];
        double real;
        const char *unit;

        if (digits == 0 || digits >= sizeof number || !text[digits])
            return false;
        memcpy(number, text, digits);
        number[digits] = 0;
        unit = strchr(letters, text[digits]);
        if (!unit || unit - letters <= last || !parse_real(number, &real))
            return false;
        last = (int)(unit - letters);
        *value += real * factors[last];
        text += digits + 1;
    }
    return last >= 0;
}

bool command_option(const struct command *command, int i, struct option *option, const char **title)
{
    const struct option_group *group = command->shared;
    int count = 0;

    while (command->options[count].name)
        count++;
    if (title)
        *title = NULL;
    if (i < count) {
        *option = command->options[i];
        return true;
    }
    for (i -= count; group && group->row; group++, i -= count) {
        if (group->row(i, option)) {
            option->offset += group->offset;
            if (title)
                *title = group->title;
            return true;
        }
        for (count = 0; group->row(count, option); count++)
            continue;
    }
    return false;
}

void command_defaults(const struct command *command, void *settings)
{
    memcpy(settings, command->defaults, command->settings_size);
    for (const struct option_group *group = command->shared; group && group->row; group++)
        group->init((char *)settings + group->offset);
}

/* Its index, and a copy in *option; -1: the command has none of that name. */
static int find_option(const struct command *command, const char *name, size_t length,
                       struct option *option)
{
    for (int i = 0; command_option(command, i, option, NULL); i++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return i;
    }
    return -1;
}

static int find_letter(const struct command *command, char letter, struct option *option)
{
    for (int i = 0; command_option(command, i, option, NULL); i++) {
        if (option->letter == letter)
            return i;
    }
    return -1;
}

bool option_given(const struct command *command, const struct parsed *parsed, const char *name)
{
    struct option option;
    int i = find_option(command, name, strlen(name), &option);

    return i >= 0 && (parsed->given >> i & 1);
}

static bool unknown_option(const struct command *command, const char *text, size_t length)
{
    const char *names[MAX_OPTIONS + 1], *nearest;
    struct option option;
    char name[64];
    int count = 0;

    snprintf(name, sizeof name, "%.*s", (int)length, text);
    for (; count < MAX_OPTIONS && command_option(command, count, &option, NULL); count++)
        names[count] = option.name;
    names[count++] = "help";
    nearest = nearest_word(name, names, count);
    if (nearest)
        say_error("%s: unknown option '--%s'; the nearest is '--%s' ('limner %s --help' lists all)",
                  command->name, name, nearest, command->name);
    else
        say_error("%s: unknown option '--%s' ('limner %s --help' lists all)", command->name, name,
                  command->name);
    return false;
}

static bool is_word(const struct option *option, const char *text)
{
    for (int i = 0; option->words[i]; i++) {
        if (strcmp(text, option->words[i]) == 0)
            return true;
    }
    return false;
}

static bool bad_word(const char *where, const char *text, const struct option *option)
{
    char list[256] = "";
    size_t length = 0;

    for (int i = 0; option->words[i] && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "",
                                   option->words[i]);
    say_error("%s '%s': not one of %s", where, text, list);
    return false;
}

size_t option_field_size(enum option_kind kind)
{
    switch (kind) {
    case OPTION_FLAG:
    case OPTION_OFF:
        return sizeof(bool);
    case OPTION_FIRST:
    case OPTION_INT:
    case OPTION_AUTO:
    case OPTION_WORD:
        return sizeof(int);
    case OPTION_COUNT:
        return sizeof(uint64_t);
    case OPTION_FLOAT:
        return sizeof(float);
    case OPTION_COLOR:
        return sizeof(uint32_t);
    case OPTION_REAL:
    case OPTION_SHARE:
    case OPTION_TIME:
        return sizeof(double);
    case OPTION_TEXT:
    case OPTION_PATH:
        break;
    }
    return sizeof(const char *);
}

static bool out_of_range(const struct option *option, const char *where, const char *text)
{
    if (option->kind == OPTION_FLOAT)
        say_error("%s '%s': must be at least %.10g and below %.10g", where, text, option->min,
                  option->max);
    else
        say_error("%s '%s': must lie between %.10g and %.10g", where, text, option->min,
                  option->max);
    return false;
}

/* `where` names the option or the environment variable for the message. */
static bool set_value(const struct option *option, const char *where, const char *text,
                      void *settings)
{
    void *field = (char *)settings + option->offset;
    double real = 0;
    uint64_t count;
    long long whole;
    bool good = true;
    const char *form = "a number";

    if (option_takes_value(option) && !*text) {
        say_error("%s: needs a value that is not empty", where);
        return false;
    }
    if (option->words && option_takes_value(option) && !is_word(option, text))
        return bad_word(where, text, option);
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_OFF:
        *(bool *)field = option->kind == OPTION_FLAG;
        return true;
    case OPTION_FIRST:
        *(int *)field = atoi(option->words[0]);
        return true;
    case OPTION_WORD:
        for (int i = 0; option->words[i]; i++) {
            if (strcmp(text, option->words[i]) == 0)
                *(int *)field = i;
        }
        return true;
    case OPTION_COLOR:
        if (lim_color_parse(text, field))
            return true;
        say_error("%s '%s': not a color such as white, black or ff8000", where, text);
        return false;
    case OPTION_AUTO:
        form = "a whole number, nor auto";
        if (strcmp(text, "auto") == 0) {
            *(int *)field = 0;
            return true;
        }
        good = parse_whole(text, &whole);
        real = good ? (double)whole : 0;
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        *(const char **)field = text;
        return true;
    case OPTION_INT:
        form = "a whole number";
        good = parse_whole(text, &whole);
        real = good ? (double)whole : 0;
        break;
    case OPTION_COUNT:
        form = "a whole number such as 5000, 64k or 2M";
        good = parse_count(text, &count);
        real = good ? (double)count : 0;
        break;
    case OPTION_REAL:
    case OPTION_FLOAT:
        good = parse_real(text, &real);
        break;
    case OPTION_SHARE:
        form = "a share such as 5% or 0.05";
        good = parse_share(text, &real);
        break;
    case OPTION_TIME:
        form = "a time such as 90s, 15m, 2h or 1h30m";
        good = parse_seconds(text, &real);
        break;
    }
    if (!good) {
        say_error("%s '%s': not %s", where, text, form);
        return false;
    }
    if (!option->words && (real < option->min || real > option->max ||
                           (option->kind == OPTION_FLOAT && (float)real >= (float)option->max)))
        return out_of_range(option, where, text);
    if (option->kind == OPTION_INT || option->kind == OPTION_AUTO)
        *(int *)field = (int)real;
    else if (option->kind == OPTION_FLOAT)
        *(float *)field = (float)real;
    else if (option->kind == OPTION_COUNT)
        *(uint64_t *)field = count;
    else
        *(double *)field = real;
    return true;
}

/* One argument that begins with '-'. `*next` is the text after it, NULL at the end; set to NULL
 * when it was taken as the value. */
static bool parse_option(const struct command *command, const char *text, const char **next,
                         struct parsed *parsed, void *settings)
{
    struct option option;
    const char *value = NULL;
    char where[96];
    int index;

    if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
        parsed->help = true;
        return true;
    }
    if (text[1] == '-') {
        const char *equals = strchr(text, '=');
        size_t length = equals ? (size_t)(equals - text - 2) : strlen(text + 2);

        index = find_option(command, text + 2, length, &option);
        if (index < 0)
            return unknown_option(command, text + 2, length);
        value = equals ? equals + 1 : NULL;
        snprintf(where, sizeof where, "%s: --%s", command->name, option.name);
    } else {
        index = find_letter(command, text[1], &option);
        if (index < 0) {
            say_error("%s: unknown option '%s' ('limner %s --help' lists all)", command->name, text,
                      command->name);
            return false;
        }
        value = text[2] ? text + 2 : NULL;
        snprintf(where, sizeof where, "%s: -%c", command->name, text[1]);
    }
    parsed->given |= UINT64_C(1) << index;
    if (!option_takes_value(&option)) {
        if (value) {
            say_error("%s takes no value, but '%s' was given", where, value);
            return false;
        }
        return set_value(&option, where, "", settings);
    }
    if (!value) {
        value = *next;
        *next = NULL;
    }
    if (!value) {
        say_error("%s needs a value: %s", where, option.value);
        return false;
    }
    return set_value(&option, where, value, settings);
}

static bool read_environment(const struct command *command, const struct parsed *parsed,
                             void *settings)
{
    struct option option;

    for (int i = 0; command_option(command, i, &option, NULL); i++) {
        const char *text;

        if (!option.environment || (parsed->given >> i & 1))
            continue;
        text = getenv(option.environment);
        if (text && *text && !set_value(&option, option.environment, text, settings))
            return false;
    }
    return true;
}

bool options_parse(const struct command *command, int argc, char **argv, struct parsed *parsed,
                   void *settings)
{
    bool options_over = false;

    memset(parsed, 0, sizeof *parsed);
    command_defaults(command, settings);
    for (int i = 0; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL, *before = next;

        if (!options_over && strcmp(argv[i], "--") == 0) {
            options_over = true;
        } else if (!options_over && argv[i][0] == '-' && argv[i][1]) {
            if (!parse_option(command, argv[i], &next, parsed, settings))
                return false;
            if (next != before)
                i++;
        } else if (parsed->argument_count == command->max_arguments) {
            say_error("%s: '%s' is one argument too many (usage: limner %s [options]%s%s)",
                      command->name, argv[i], command->name, *command->arguments ? " " : "",
                      command->arguments);
            return false;
        } else {
            parsed->arguments[parsed->argument_count++] = argv[i];
        }
        if (parsed->help)
            return true;
    }
    if (parsed->argument_count < command->min_arguments) {
        say_error("%s: %s is missing (usage: limner %s [options] %s)", command->name,
                  command->arguments, command->name, command->arguments);
        return false;
    }
    return read_environment(command, parsed, settings);
}
