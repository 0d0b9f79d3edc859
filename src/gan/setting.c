/* One setting: its value in a struct, as text, in JSON, and its range. */
#include "gan/settings.h"

#include "base/require.h"

#include "io/json.h"

#include <inttypes.h>
#include <limner/dataset.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value of any type. */
struct value {
    int whole; /* INT, WORD */
    uint64_t count;
    float real;
    double fine;
    bool on;
    uint32_t color;
};

static struct value load(const struct lim_setting *setting, const void *config)
{
    const char *field = (const char *)config + setting->offset;
    struct value v = {0};

    switch (setting->type) {
    case LIM_SETTING_INT:
    case LIM_SETTING_WORD:
        memcpy(&v.whole, field, sizeof v.whole);
        break;
    case LIM_SETTING_U64:
    case LIM_SETTING_COUNT:
        memcpy(&v.count, field, sizeof v.count);
        break;
    case LIM_SETTING_DOUBLE:
        memcpy(&v.fine, field, sizeof v.fine);
        break;
    case LIM_SETTING_COLOR:
        memcpy(&v.color, field, sizeof v.color);
        break;
    case LIM_SETTING_FLOAT:
        memcpy(&v.real, field, sizeof v.real);
        break;
    case LIM_SETTING_BOOL:
        memcpy(&v.on, field, sizeof v.on);
        break;
    }
    return v;
}

static void store(const struct lim_setting *setting, struct value v, void *config)
{
    char *field = (char *)config + setting->offset;

    switch (setting->type) {
    case LIM_SETTING_INT:
    case LIM_SETTING_WORD:
        memcpy(field, &v.whole, sizeof v.whole);
        break;
    case LIM_SETTING_U64:
    case LIM_SETTING_COUNT:
        memcpy(field, &v.count, sizeof v.count);
        break;
    case LIM_SETTING_DOUBLE:
        memcpy(field, &v.fine, sizeof v.fine);
        break;
    case LIM_SETTING_COLOR:
        memcpy(field, &v.color, sizeof v.color);
        break;
    case LIM_SETTING_FLOAT:
        memcpy(field, &v.real, sizeof v.real);
        break;
    case LIM_SETTING_BOOL:
        memcpy(field, &v.on, sizeof v.on);
        break;
    }
}

void lim_setting_set(const struct lim_setting *setting, double value, void *config)
{
    struct value v = {.real = (float)value, .fine = value, .on = value != 0};

    if (setting->type == LIM_SETTING_U64 || setting->type == LIM_SETTING_COUNT)
        v.count = (uint64_t)value;
    else if (setting->type == LIM_SETTING_COLOR)
        v.color = (uint32_t)value;
    else if (setting->type == LIM_SETTING_INT || setting->type == LIM_SETTING_WORD)
        v.whole = (int)value;
    store(setting, v, config);
}

static uint32_t color_of(struct value v)
{
    return v.color ? v.color : LIM_RGB(255, 255, 255);
}

/* The word of an index; NULL: it is out of range. */
static const char *word_of(const struct lim_setting *setting, int index)
{
    for (int i = 0; setting->words[i]; i++) {
        if (i == index)
            return setting->words[i];
    }
    return NULL;
}

char *lim_setting_text(const struct lim_setting *setting, const void *config, char *text,
                       size_t size)
{
    const char *word;
    struct value v;

    REQUIRE(setting && config && text && size > 0, text);
    v = load(setting, config);
    switch (setting->type) {
    case LIM_SETTING_INT:
        snprintf(text, size, "%d", v.whole);
        break;
    case LIM_SETTING_U64:
    case LIM_SETTING_COUNT:
        snprintf(text, size, "%" PRIu64, v.count);
        break;
    case LIM_SETTING_DOUBLE:
        snprintf(text, size, "%g", v.fine);
        break;
    case LIM_SETTING_COLOR:
        snprintf(text, size, "#%06x", (unsigned)(color_of(v) & 0xffffff));
        break;
    case LIM_SETTING_FLOAT:
        snprintf(text, size, "%g", (double)v.real);
        break;
    case LIM_SETTING_BOOL:
        snprintf(text, size, "%s", setting->words ? setting->words[v.on] : v.on ? "true" : "false");
        break;
    case LIM_SETTING_WORD:
        word = word_of(setting, v.whole);
        snprintf(text, size, "%s", word ? word : "?");
        break;
    }
    return text;
}

static bool is_in_range(const struct lim_setting *setting, struct value v)
{
    switch (setting->type) {
    case LIM_SETTING_INT:
        if (!setting->words)
            return v.whole >= setting->low && v.whole <= setting->high;
        for (int i = 0; setting->words[i]; i++) {
            if (atoi(setting->words[i]) == v.whole)
                return true;
        }
        return false;
    case LIM_SETTING_WORD:
        return word_of(setting, v.whole) != NULL;
    case LIM_SETTING_U64:
    case LIM_SETTING_COUNT:
        return (double)v.count >= setting->low && (double)v.count <= setting->high;
    case LIM_SETTING_DOUBLE:
        return v.fine >= setting->low && v.fine <= setting->high;
    case LIM_SETTING_FLOAT: /* NaN is refused too */
        return v.real >= (float)setting->low && v.real < (float)setting->high;
    case LIM_SETTING_BOOL:
    case LIM_SETTING_COLOR:
        break;
    }
    return true;
}

bool lim_setting_has_fault(const struct lim_setting *setting, const void *config,
                           char text[SETTING_TEXT])
{
    char value[32];
    int length;

    if (is_in_range(setting, load(setting, config)))
        return false;
    lim_setting_text(setting, config, value, sizeof value);
    length = snprintf(text, SETTING_TEXT, "%s %s: must ", setting->name, value);
    if (!setting->words && setting->type == LIM_SETTING_FLOAT) {
        snprintf(text + length, SETTING_TEXT - (size_t)length, "be at least %g and below %g",
                 setting->low, setting->high);
    } else if (!setting->words) {
        snprintf(text + length, SETTING_TEXT - (size_t)length, "lie between %.10g and %.10g",
                 setting->low, setting->high);
    } else {
        length += snprintf(text + length, SETTING_TEXT - (size_t)length, "be one of");
        for (int i = 0; setting->words[i] && length < SETTING_TEXT; i++)
            length += snprintf(text + length, SETTING_TEXT - (size_t)length, "%s %s", i ? "," : "",
                               setting->words[i]);
    }
    return true;
}

bool lim_setting_to_json(const struct lim_setting *setting, const void *config, bool exact,
                         cJSON *object)
{
    struct value v = load(setting, config);
    char text[32];

    switch (setting->type) {
    case LIM_SETTING_INT:
        return cJSON_AddNumberToObject(object, setting->name, v.whole);
    case LIM_SETTING_U64:
        return lim_json_add_u64(object, setting->name, v.count);
    case LIM_SETTING_FLOAT:
        return exact ? cJSON_AddNumberToObject(object, setting->name, (double)v.real) != NULL
                     : lim_json_add_short(object, setting->name, (double)v.real);
    case LIM_SETTING_COUNT:
        return cJSON_AddNumberToObject(object, setting->name, (double)v.count);
    case LIM_SETTING_DOUBLE:
        return cJSON_AddNumberToObject(object, setting->name, v.fine);
    case LIM_SETTING_BOOL:
        if (!setting->words)
            return cJSON_AddBoolToObject(object, setting->name, v.on);
        break;
    case LIM_SETTING_WORD:
    case LIM_SETTING_COLOR:
        break;
    }
    return cJSON_AddStringToObject(object, setting->name,
                                   lim_setting_text(setting, config, text, sizeof text));
}

/* An index among the words. */
static bool parse_word(const struct lim_setting *setting, const cJSON *item, int *index)
{
    const char *word = cJSON_GetStringValue(item);

    for (*index = 0; word && setting->words[*index]; ++*index) {
        if (strcmp(setting->words[*index], word) == 0)
            return true;
    }
    return false;
}

static bool parse(const struct lim_setting *setting, const cJSON *object, struct value *v)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, setting->name);

    switch (setting->type) {
    case LIM_SETTING_INT:
        return lim_json_get_int(object, setting->name, &v->whole);
    case LIM_SETTING_U64:
        return lim_json_get_u64(object, setting->name, &v->count);
    case LIM_SETTING_COUNT:
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 0x1p63))
            return false;
        v->count = (uint64_t)item->valuedouble;
        return (double)v->count == item->valuedouble;
    case LIM_SETTING_FLOAT:
        if (!lim_json_get_double(object, setting->name, &v->fine))
            return false;
        v->real = (float)v->fine;
        return true;
    case LIM_SETTING_DOUBLE:
        return lim_json_get_double(object, setting->name, &v->fine);
    case LIM_SETTING_BOOL:
        if (setting->words && !parse_word(setting, item, &v->whole))
            return false;
        v->on = setting->words ? v->whole == 1 : cJSON_IsTrue(item);
        return setting->words || cJSON_IsBool(item);
    case LIM_SETTING_WORD:
        return parse_word(setting, item, &v->whole);
    case LIM_SETTING_COLOR:
        break;
    }
    return cJSON_IsString(item) && lim_color_parse(item->valuestring, &v->color);
}

bool lim_setting_from_json(const struct lim_setting *setting, const cJSON *object, void *config,
                           char text[SETTING_TEXT])
{
    static const char *const forms[] = {
        [LIM_SETTING_INT] = "is no whole number",
        [LIM_SETTING_U64] = "is no whole number",
        [LIM_SETTING_COUNT] = "is no whole number",
        [LIM_SETTING_FLOAT] = "is no number",
        [LIM_SETTING_DOUBLE] = "is no number",
        [LIM_SETTING_COLOR] = "is no color",
        [LIM_SETTING_BOOL] = "is neither true nor false",
        [LIM_SETTING_WORD] = "is none that this limner knows",
    };
    bool there = cJSON_GetObjectItemCaseSensitive(object, setting->name) != NULL;
    struct value v = {0};

    if (!there && setting->since) {
        lim_setting_set(setting, setting->absent, config);
        return true;
    }
    if (!there || !parse(setting, object, &v)) {
        snprintf(text, SETTING_TEXT, "its setting '%s' %s", setting->name,
                 !there                                                ? "is missing"
                 : setting->type == LIM_SETTING_BOOL && setting->words ? forms[LIM_SETTING_WORD]
                                                                       : forms[setting->type]);
        return false;
    }
    store(setting, v, config);
    return true;
}
