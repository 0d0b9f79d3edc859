#include "cli/options.h"

#include "base/nearest.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

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

/* One argument that begins with '-'. `*next` is the text after it, NULL at the end; becomes NULL if
 * it was used as the value. */
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
        return option_set(&option, where, "", settings);
    }
    if (!value) {
        value = *next;
        *next = NULL;
    }
    if (!value) {
        say_error("%s needs a value: %s", where, option.value);
        return false;
    }
    return option_set(&option, where, value, settings);
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
        if (text && *text && !option_set(&option, option.environment, text, settings))
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
