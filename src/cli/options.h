/* Options declared once: a table per command, and tables that commands share. Parsing, --help, the
 * man page and shell completion all come from them. */
#ifndef LIMNER_CLI_OPTIONS_H
#define LIMNER_CLI_OPTIONS_H

#include <limner/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The type of the settings' field at `offset`, and how its text is parsed. */
enum option_kind {
    OPTION_FLAG,  /* bool, becomes true; takes no value */
    OPTION_OFF,   /* bool, becomes false; takes no value */
    OPTION_FIRST, /* int, becomes the first of the words, a number; takes no value */
    OPTION_INT,   /* int */
    OPTION_AUTO,  /* int; "auto" becomes 0 */
    OPTION_WORD,  /* int, an index among the words */
    OPTION_COUNT, /* uint64_t; 64k, 2M and 1.5G are understood */
    OPTION_REAL,  /* double */
    OPTION_FLOAT, /* float; max itself is not allowed */
    OPTION_SHARE, /* double; 5% or 0.05 */
    OPTION_TIME,  /* double, seconds; 90s, 15m, 2h, 1h30m */
    OPTION_COLOR, /* uint32_t as lim_color_parse makes it */
    OPTION_TEXT,  /* const char * */
    OPTION_PATH   /* const char *; completed as a file or folder */
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* one-letter form, or 0 */
    enum option_kind kind;
    const char *value;        /* what the value is called in the help */
    size_t offset;            /* of the field in the command's settings */
    double min, max;          /* of numbers, both allowed */
    const char *const *words; /* NULL, or all values there are (then min and max are ignored) */
    const char *environment;  /* a variable read where the option is not given, or NULL */
    const char *help;
};

/* Options that several commands share. They fill their own struct, which is a part of each
 * command's settings. */
struct option_group {
    const char *title;                         /* above them in the help, or NULL */
    bool (*row)(int i, struct option *option); /* with its offset in the part; false: no more */
    size_t offset;                             /* of the part in the command's settings */
    void (*init)(void *part);                  /* sets it before parsing */
};

enum { MAX_OPTIONS = 64, MAX_ARGUMENTS = 2 };

struct parsed {
    const char *arguments[MAX_ARGUMENTS];
    int argument_count;
    uint64_t given; /* bit i: command_option(i) was on the command line */
    bool help;
};

struct command {
    const char *name;
    const char *arguments; /* "PICTURES", for the synopsis; "" for none */
    int min_arguments, max_arguments;
    const char *summary;               /* one line */
    const char *details;               /* for the long help: empty lines separate paragraphs */
    const struct option *options;      /* its own; ends with a row without a name */
    const struct option_group *shared; /* NULL, or ends with one that is zero */
    const void *defaults;              /* the settings before parsing, except the shared parts */
    size_t settings_size;
    enum lim_status (*run)(const struct command *command, const struct parsed *parsed,
                           void *settings);
};

/* The i-th option of the command, its own first, with its offset in the command's settings. Where
 * `title` is not NULL, *title becomes its group's title, or NULL. False: there are no more;
 * MAX_OPTIONS at most in all. */
bool command_option(const struct command *command, int i, struct option *option,
                    const char **title);

/* The settings before parsing, settings_size bytes. */
void command_defaults(const struct command *command, void *settings);

/* Fills `settings` (settings_size bytes) from the defaults, the environment and `argv` (without the
 * program and command names). False after one line on stderr. */
bool options_parse(const struct command *command, int argc, char **argv, struct parsed *parsed,
                   void *settings);

bool option_given(const struct command *command, const struct parsed *parsed, const char *name);

/* Stores the value that `text` names in the option's field of `settings`. False after one line on
 * stderr, in which `where` names the option or the environment variable. */
bool option_set(const struct option *option, const char *where, const char *text, void *settings);

/* Parse a whole text as a number; false if anything is left over or it is outside [min, max]. */
bool parse_count(const char *text, uint64_t *value);
bool parse_seconds(const char *text, double *value);

/* Bytes of the field of such an option. */
size_t option_field_size(enum option_kind kind);

static inline bool option_takes_value(const struct option *option)
{
    return option->kind != OPTION_FLAG && option->kind != OPTION_OFF &&
           option->kind != OPTION_FIRST;
}

/* The documents; document.c. `commands` ends with NULL. */
void print_help(FILE *out, const struct command *command);
void print_overview(FILE *out, const struct command *const *commands);
void print_bash_completion(FILE *out, const struct command *const *commands);

/* The command's default settings; NULL without memory, and then the help omits them. The caller
 * frees. */
void *command_make_defaults(const struct command *command);

/* "help (default 64; environment: LIMNER_DEVICE)". `defaults` may be NULL. */
void option_help(const void *defaults, const struct option *option, char *text, size_t size);

/* The man pages, for the build; man.c: limner(1), and that of one command. */
void print_man_page(FILE *out, const struct command *const *commands);
void print_man_command(FILE *out, const struct command *command);

#endif
