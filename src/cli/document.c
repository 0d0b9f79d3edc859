/* --help and shell completion, from the tables of options. */
#include "cli/options.h"

#include <limner/limner.h>
#include <stdlib.h>
#include <string.h>

/* The default as text, or "" where the field's zero means "chosen by the program". */
static void default_text(const void *defaults, const struct option *option, char *text, size_t size)
{
    const void *field = (const char *)defaults + option->offset;
    const char *word;

    *text = 0;
    if (!defaults)
        return;
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_OFF:
    case OPTION_FIRST:
    case OPTION_SHARE:
    case OPTION_TIME:
        break;
    case OPTION_WORD:
        snprintf(text, size, "%s", option->words[*(const int *)field]);
        break;
    case OPTION_INT:
    case OPTION_AUTO:
        if (*(const int *)field)
            snprintf(text, size, "%d", *(const int *)field);
        break;
    case OPTION_COUNT:
        if (*(const uint64_t *)field)
            snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case OPTION_REAL:
        if (*(const double *)field > 0)
            snprintf(text, size, "%g", *(const double *)field);
        break;
    case OPTION_FLOAT:
        if (*(const float *)field > 0)
            snprintf(text, size, "%g", (double)*(const float *)field);
        break;
    case OPTION_COLOR:
        if (*(const uint32_t *)field == LIM_RGB(255, 255, 255))
            snprintf(text, size, "white");
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        word = *(const char *const *)field;
        if (word)
            snprintf(text, size, "%s", word);
        break;
    }
}

void *command_make_defaults(const struct command *command)
{
    void *defaults = malloc(command->settings_size);

    if (defaults)
        command_defaults(command, defaults);
    return defaults;
}

void option_help(const void *defaults, const struct option *option, char *text, size_t size)
{
    char standard[64];
    const char *environment = option->environment;
    const char *apart;

    default_text(defaults, option, standard, sizeof standard);
    apart = *standard && environment ? "; " : "";
    if (*standard || environment)
        snprintf(text, size, "%s (%s%s%s%s%s)", option->help, *standard ? "default " : "", standard,
                 apart, environment ? "environment: " : "", environment ? environment : "");
    else
        snprintf(text, size, "%s", option->help);
}

/* Words of `text` in lines that end before column 80, from `column` on. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
    enum { WIDTH = 80 };

    while (*text) {
        size_t length = strcspn(text, " \n");

        if (column > indent && column + (int)length + 1 > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += (int)length;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", text[1] == '\n' ? 0 : indent, "");
            column = indent;
        }
        if (*text)
            text++;
    }
    fputc('\n', out);
}

void print_help(FILE *out, const struct command *command)
{
    enum { INDENT = 25 };
    void *defaults = command_make_defaults(command);
    const char *title, *above = "Options";
    struct option o;
    char text[1024];

    fprintf(out, "Usage: limner %s [options]%s%s\n\n", command->name,
            *command->arguments ? " " : "", command->arguments);
    print_wrapped(out, command->details, 0, 0);
    fprintf(out, "\n%s:\n", above);
    for (int i = 0; command_option(command, i, &o, &title); i++) {
        char head[64];
        int length;

        if (title && title != above)
            fprintf(out, "\n%s:\n", above = title);
        snprintf(head, sizeof head, "  %c%c%c --%s %s", o.letter ? '-' : ' ',
                 o.letter ? o.letter : ' ', o.letter ? ',' : ' ', o.name,
                 option_takes_value(&o) ? o.value : "");
        length = fprintf(out, "%-*s", INDENT - 1, head);
        if (length >= INDENT)
            fprintf(out, "\n%*s", INDENT - 1, "");
        fputc(' ', out);
        option_help(defaults, &o, text, sizeof text);
        print_wrapped(out, text, INDENT, INDENT);
    }
    fprintf(out, "\n%-*s%s\n", INDENT, "  -h, --help", "print this");
    free(defaults);
}

void print_overview(FILE *out, const struct command *const *commands)
{
    fputs("limner trains a DCGAN on a folder of pictures, on any OpenCL device or the CPU,\n"
          "and paints new ones.\n\nUsage:\n",
          out);
    for (; *commands; commands++) {
        char line[64];

        snprintf(line, sizeof line, "limner %s %s", (*commands)->name, (*commands)->arguments);
        fprintf(out, "  %-26s %s\n", line, (*commands)->summary);
    }
    fputs("\n'limner COMMAND --help' explains a command; --version prints the version.\n", out);
}

static void completion_case(FILE *out, const struct command *command)
{
    struct option o;

    fprintf(out, "    %s)\n        case $previous in\n", command->name);
    for (int i = 0; command_option(command, i, &o, NULL); i++) {
        if (!option_takes_value(&o))
            continue;
        fprintf(out, "        --%s", o.name);
        if (o.letter)
            fprintf(out, "|-%c", o.letter);
        fputs(") ", out);
        if (o.kind == OPTION_PATH) {
            fputs("COMPREPLY=($(compgen -f -- \"$word\"))", out);
        } else if (o.words) {
            fputs("COMPREPLY=($(compgen -W '", out);
            for (int k = 0; o.words[k]; k++)
                fprintf(out, "%s%s", k ? " " : "", o.words[k]);
            fputs("' -- \"$word\"))", out);
        } else {
            fputs("COMPREPLY=()", out);
        }
        fputs("; return ;;\n", out);
    }
    fputs("        esac\n        options='--help", out);
    for (int i = 0; command_option(command, i, &o, NULL); i++)
        fprintf(out, " --%s", o.name);
    fputs("' ;;\n", out);
}

void print_bash_completion(FILE *out, const struct command *const *commands)
{
    fputs("# bash completion for limner, made from its tables of options\n"
          "_limner()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '--help --version",
          out);
    for (int i = 0; commands[i]; i++)
        fprintf(out, " %s", commands[i]->name);
    fputs("' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", out);
    for (int i = 0; commands[i]; i++)
        completion_case(out, commands[i]);
    fputs("    esac\n"
          "    case $word in\n"
          "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
          "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
          "    esac\n}\n"
          "complete -o filenames -F _limner limner\n",
          out);
}
