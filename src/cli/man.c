/* The man pages, from the tables of options: limner(1), and limner-COMMAND(1) of each command. */
#include "cli/options.h"

#include <ctype.h>
#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

/* A name and its description. */
struct term {
    const char *name, *text;
};

static const struct term exit_codes[] = {
    {"0", "done"},
    {"1", "another failure: a full disk, no memory"},
    {"2", "an option that cannot be understood"},
    {"3", "no such device, or it cannot be opened"},
    {"4", "the device failed while running"},
    {"5", "a result is wrong (limner-conform)"},
    {"6", "no usable pictures, or a model that cannot be read"},
    {"7", "the training diverged"},
    {"77", "there is no OpenCL device to check (limner-conform)"},
    {"130", "interrupted, and saved"},
    {0},
};

static const struct term variables[] = {
    {"LIMNER_PLATFORM", "the default of --platform"},
    {"LIMNER_DEVICE", "the default of --device"},
    {"LIMNER_CACHE_DIR", "where compiled kernels and tuning results are kept, unless --cache-dir "
                         "is given; off: nowhere"},
    {"LIMNER_DRIVER_TIMEOUT", "seconds that an OpenCL driver has to report its devices; 30 without "
                              "it"},
    {"LIMNER_HELPER", "the program limner-probe, which asks OpenCL drivers for their devices; "
                      "without it the one that was installed"},
    {"LIMNER_QUIRKS", "off: no workarounds for known OpenCL drivers"},
    {"XDG_CACHE_HOME", "the folder of caches, if LIMNER_CACHE_DIR is not set; ~/.cache without it"},
    {"GOMP_SPINCOUNT", "how long waiting threads of the CPU path spin; limner sets it to 1000, "
                       "unless it or OMP_WAIT_POLICY is set"},
    {"OPENBLAS_NUM_THREADS", "limner sets it to 1, unless it is set; with more the CPU path does "
                             "without OpenBLAS"},
    {0},
};

static const struct term files[] = {
    {"~/.cache/limner/programs", "compiled kernels"},
    {"~/.cache/limner/tuning", "what limner-tune(1) measured"},
    {"runs/NAME", "the run folder of a training without --out; limner-run(5) describes it"},
    {0},
};

/* Text for roff in short lines: keeps dashes, quotes and tildes literal, begins no line as a
 * request, and makes an empty line a paragraph break. */
static void print_roff(FILE *out, const char *text)
{
    enum { WIDTH = 70 }; /* escapes lengthen lines, but not beyond 80 */
    int column = 0;

    for (; *text; text++) {
        bool full = *text == ' ' && column + 1 + (int)strcspn(text + 1, " \n") > WIDTH;

        if (column == 0 && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\'')
            fputs("\\(aq", out);
        else if (*text == '~')
            fputs("\\(ti", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '\n' && text[1] == '\n')
            fputs("\n.PP", out);
        else
            fputc(full ? '\n' : *text, out);
        column = full || *text == '\n' ? 0 : column + 1;
    }
    fputc('\n', out);
}

static void print_terms(FILE *out, const char *title, const struct term *terms)
{
    fprintf(out, ".SH %s\n", title);
    for (; terms->name; terms++) {
        fputs(".TP\n.B ", out);
        print_roff(out, terms->name);
        print_roff(out, terms->text);
    }
}

/* "LIMNER-TRAIN" of "train"; "LIMNER" of "". */
static void print_title(FILE *out, const char *command)
{
    fprintf(out, ".TH LIMNER%s", *command ? "\\-" : "");
    for (; *command; command++)
        fputc(toupper((unsigned char)*command), out);
    fprintf(out, " 1 \"\" \"limner %s\" \"User Commands\"\n", lim_version());
}

static void print_synopsis(FILE *out, const struct command *command)
{
    fprintf(out, ".B limner %s\n", command->name);
    if (command_option(command, 0, &(struct option){0}, NULL))
        fputs("[options]\n", out);
    for (const char *word = command->arguments; *word;) {
        size_t length = strcspn(word, "|");

        fprintf(out, "%s.I %.*s\n", word == command->arguments ? "" : "|\n", (int)length, word);
        word += length + (word[length] == '|');
    }
}

static void print_options(FILE *out, const struct command *command)
{
    void *defaults = command_make_defaults(command);
    const char *title, *above = NULL;
    struct option o;
    char text[1024];

    fputs(".SH OPTIONS\n", out);
    for (int i = 0; command_option(command, i, &o, &title); i++) {
        if (title && title != above)
            fprintf(out, ".SS \"%s\"\n", above = title);
        fputs(".TP\n", out);
        if (o.letter)
            fprintf(out, "\\fB\\-%c\\fR, ", o.letter);
        fputs("\\fB\\-\\-", out);
        for (const char *c = o.name; *c; c++)
            fputs(*c == '-' ? "\\-" : (char[]){*c, '\0'}, out);
        fprintf(out, "\\fR%s%s%s\n", option_takes_value(&o) ? " \\fI" : "",
                option_takes_value(&o) ? o.value : "", option_takes_value(&o) ? "\\fR" : "");
        option_help(defaults, &o, text, sizeof text);
        print_roff(out, text);
    }
    fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint the options\n", out);
    free(defaults);
}

void print_man_command(FILE *out, const struct command *command)
{
    print_title(out, command->name);
    fprintf(out, ".SH NAME\nlimner\\-%s \\- ", command->name);
    print_roff(out, command->summary);
    fputs(".SH SYNOPSIS\n", out);
    print_synopsis(out, command);
    fputs(".SH DESCRIPTION\n", out);
    print_roff(out, command->details);
    print_options(out, command);
    fputs(".SH SEE ALSO\n"
          ".BR limner (1),\n.BR limner\\-run (5)\n"
          ".PP\n.BR limner (1)\nlists the exit codes and the environment.\n",
          out);
}

void print_man_page(FILE *out, const struct command *const *commands)
{
    print_title(out, "");
    fputs(".SH NAME\nlimner \\- train a DCGAN on a folder of pictures and paint new ones\n"
          ".SH SYNOPSIS\n",
          out);
    for (int i = 0; commands[i]; i++) {
        fputs(i ? ".br\n" : "", out);
        print_synopsis(out, commands[i]);
    }
    fputs(".br\n.B limner \\-\\-version\n.SH DESCRIPTION\n", out);
    print_roff(out, "Trains a DCGAN, a neural network that paints, on a folder of pictures, and "
                    "paints new ones: on OpenCL devices, or on the CPU. Each command has a man "
                    "page of its own, and explains itself with --help. Results go to the standard "
                    "output, messages to the standard error.");
    fputs(".SH COMMANDS\n", out);
    for (int i = 0; commands[i]; i++) {
        fprintf(out, ".TP\n.BR limner\\-%s (1)\n", commands[i]->name);
        print_roff(out, commands[i]->summary);
    }
    print_terms(out, "EXIT STATUS", exit_codes);
    print_terms(out, "ENVIRONMENT", variables);
    print_terms(out, "FILES", files);
    fputs(".SH EXAMPLES\n.nf\n", out);
    print_roff(out, "limner scan ~/Pictures/faces\n"
                    "limner train ~/Pictures/faces -o runs/faces --preset small\n"
                    "limner train --resume runs/faces\n"
                    "limner sample runs/faces -n 64 -o faces.png");
    fputs(".fi\n.SH SEE ALSO\n", out);
    for (int i = 0; commands[i]; i++)
        fprintf(out, ".BR limner\\-%s (1),\n", commands[i]->name);
    fputs(".BR limner\\-conform (1),\n.BR limner\\-run (5)\n", out);
}
