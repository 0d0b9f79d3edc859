/* The values of options: parses numbers, words and colors, and stores them in their fields. */
#include "cli/options.h"

#include "cli/terminal.h"

#include <ctype.h>
#include <errno.h>
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

bool option_set(const struct option *option, const char *where, const char *text, void *settings)
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
