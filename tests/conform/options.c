#include "options.h"

#include "conform.h"

#include "base/nearest.h"

#include <limner/limner.h>

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char about[] =
    "Checks every operation of a device against a reference in double, and against the CPU path.";

enum value { TEXT, WHOLE, SEED, SECONDS, FLAG, DOCUMENT };

/* An option: how its value is read, and the field that it goes to. */
struct row {
    const char *word, *value;
    enum value kind;
    size_t offset;
    const char *help;
};

#define FIELD(name) offsetof(struct options, name)
static const struct row table[] = {
    {"--platform", "P", TEXT, FIELD(choice.platform),
     "index or part of an OpenCL platform's name (or LIMNER_PLATFORM)"},
    {"--device", "D", TEXT, FIELD(choice.device),
     "as for limner; 'cpu' is the CPU path (or LIMNER_DEVICE; default: the best OpenCL device of "
     "any type)"},
    {"--gemm", "NAME", TEXT, FIELD(gemm),
     "use this matrix multiplication (default: 'gemm' by each, others by the first)"},
    {"--conv", "NAME", TEXT, FIELD(conv),
     "convolutions by this algorithm alone (default: each by all that do it)"},
    {"--threads", "N", WHOLE, FIELD(choice.threads), "threads of the CPU path"},
    {"--wait-timeout", "S", SECONDS, FIELD(choice.wait_timeout),
     "seconds that the device may take to answer a call, or to compile; 0: any (default: 600)"},
    {"--op", "NAME", TEXT, FIELD(op),
     "only operations whose names begin so; or several, NAME,NAME..."},
    {"--case", "N", WHOLE, FIELD(only), "only this case of each"},
    {"--small", NULL, FLAG, FIELD(small), "only cases that a simulator can run"},
    {"--long", NULL, FLAG, FIELD(longest), "with --small: and those with the longest sums"},
    {"--once", NULL, FLAG, FIELD(once),
     "each case once, on floats alone: a quarter of the work, for simulators"},
    {"--seed", "S", SEED, FIELD(seed), "base of every case's random numbers (default: 1)"},
    {"--bench", NULL, FLAG, FIELD(bench),
     "time the operations instead, on the shapes of a DCGAN (with --small or --case: on those)"},
    {"--json", NULL, FLAG, FIELD(json),
     "an object a line instead of the table (docs/conformance.md)"},
    {"--list", NULL, FLAG, FIELD(list), "print the cases and end"},
    {"--help", NULL, DOCUMENT, 0, "print this"},
    {"--version", NULL, DOCUMENT, 0, "print the version"},
};
#undef FIELD

static const char *const exit_codes[][2] = {
    {"0", "everything conforms"},
    {"2", "usage"},
    {"3", "no such device"},
    {"4", "the device failed"},
    {"5", "something does not conform"},
    {"77", "there is no OpenCL device"},
};

/* Writes the words of `text` from `column` on, in lines that begin at `indent`. */
static void print_wrapped(const char *text, int column, int indent)
{
    enum { WIDTH = 80 };

    while (*text) {
        int length = (int)strcspn(text, " ");

        if (column > indent && column + 1 + length > WIDTH)
            printf("\n%*s", column = indent, "");
        column += printf("%s%.*s", column > indent ? " " : "", length, text);
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

static void print_help(void)
{
    enum { INDENT = 19 };

    printf("Usage: limner-conform [options]\n");
    print_wrapped(about, 0, 0);
    putchar('\n');
    for (int i = 0; i < COUNT_OF(table); i++) {
        char head[64];

        snprintf(head, sizeof head, "  %s %s", table[i].word, table[i].value ? table[i].value : "");
        printf("%-*s", INDENT, head);
        print_wrapped(table[i].help, INDENT, INDENT);
    }
    printf("\nExit codes:\n");
    for (int i = 0; i < COUNT_OF(exit_codes); i++)
        printf("  %-3s %s\n", exit_codes[i][0], exit_codes[i][1]);
}

/* Writes text for roff, in short lines. None of the texts above has a backslash, or a word that
 * begins with a dot or a quote where a line may begin. */
static void print_roff(const char *text)
{
    enum { WIDTH = 70 };
    int column = 0;

    for (; *text; text++) {
        bool full = *text == ' ' && column + (int)strcspn(text + 1, " ") >= WIDTH;

        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\'')
            fputs("\\(aq", stdout);
        else
            putchar(full ? '\n' : *text);
        column = full ? 0 : column + 1;
    }
    putchar('\n');
}

static void print_man_page(void)
{
    printf(".TH LIMNER\\-CONFORM 1 \"\" \"limner %s\" \"User Commands\"\n", lim_version());
    printf(".SH NAME\nlimner\\-conform \\- check the results of a device\n"
           ".SH SYNOPSIS\n.B limner\\-conform\n[options]\n.SH DESCRIPTION\n");
    print_roff(about);
    printf(".SH OPTIONS\n");
    for (int i = 0; i < COUNT_OF(table); i++) {
        fputs(".TP\n.BI ", stdout);
        for (const char *c = table[i].word; *c; c++)
            printf("%s%c", *c == '-' ? "\\" : "", *c);
        printf(" \"%s%s\"\n", table[i].value ? " " : "", table[i].value ? table[i].value : "");
        print_roff(table[i].help);
    }
    printf(".SH EXIT STATUS\n");
    for (int i = 0; i < COUNT_OF(exit_codes); i++)
        printf(".TP\n.B %s\n%s\n", exit_codes[i][0], exit_codes[i][1]);
    printf(".SH SEE ALSO\n.BR limner (1)\n");
}

static bool whole_number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *value <= most;
}

/* Writes an option's value to its field; false after a line. */
static bool take(struct options *opt, const struct row *row, const char *value)
{
    void *field = (char *)opt + row->offset;
    uint64_t number;

    if (row->kind == TEXT) {
        *(const char **)field = value;
        return true;
    }
    if (!whole_number(value, row->kind == SEED ? UINT64_MAX : INT_MAX, &number)) {
        fprintf(stderr, "limner-conform: %s '%s': not a whole number in range\n", row->word, value);
        return false;
    }
    if (row->kind == SEED)
        *(uint64_t *)field = number;
    else if (row->kind == SECONDS)
        *(double *)field = (double)number;
    else
        *(int *)field = (int)number;
    return true;
}

/* The row of a word; NULL after a line that names the nearest. */
static const struct row *find_row(const char *word, const char *argument)
{
    const char *words[COUNT_OF(table)], *nearest;

    for (int i = 0; i < COUNT_OF(table); i++) {
        words[i] = table[i].word;
        if (strcmp(word, words[i]) == 0)
            return table + i;
    }
    nearest = nearest_word(word, words, COUNT_OF(words));
    fprintf(stderr, "limner-conform: unknown option '%s'; did you mean %s?\n", argument,
            nearest ? nearest : "--help");
    return NULL;
}

bool options_read(struct options *opt, int argc, char **argv, int *status)
{
    *opt = (struct options){.only = -1, .seed = 1, .choice.wait_timeout = 600};
    opt->choice.platform = getenv("LIMNER_PLATFORM");
    opt->choice.device = getenv("LIMNER_DEVICE");
    *status = LIM_USAGE;
    if (argc > 1 && strcmp(argv[1], "--man-page") == 0) { /* needed only for the build */
        print_man_page();
        *status = LIM_OK;
        return false;
    }
    for (int i = 1; i < argc; i++) {
        char word[32];
        const char *equals = strchr(argv[i], '=');
        size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const struct row *row;

        /* "--op=gemm" is "--op gemm". */
        snprintf(word, sizeof word, "%.*s", (int)length, argv[i]);
        row = find_row(word, argv[i]);
        if (!row)
            return false;
        if (row->value) {
            const char *value = equals ? equals + 1 : argv[++i];

            if (!value) {
                fprintf(stderr, "limner-conform: %s needs a value\n", word);
                return false;
            }
            if (!take(opt, row, value))
                return false;
        } else if (equals) {
            fprintf(stderr, "limner-conform: %s takes no value\n", word);
            return false;
        } else if (row->kind == FLAG) {
            *(bool *)((char *)opt + row->offset) = true;
        } else {
            if (strcmp(word, "--help") == 0)
                print_help();
            else
                printf("limner-conform %s\n", lim_version());
            *status = LIM_OK;
            return false;
        }
    }
    return true;
}
