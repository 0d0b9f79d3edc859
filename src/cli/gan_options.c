#include "cli/gan_options.h"

#include <string.h>

enum { MOST_PRESETS = 16 };

void gan_options_init(void *part)
{
    *(struct gan_options *)part = (struct gan_options){.config = lim_dcgan_defaults()};
}

/* "tiny (for a try on a CPU): width 16, batch 32; small: ...": the settings up to a role. */
static void describe_presets(enum lim_setting_role last, char *text, size_t size)
{
    const struct lim_preset *preset;
    size_t length = 0;

    for (int i = 0; (preset = lim_dcgan_preset(i)); i++) {
        struct lim_dcgan_config config = lim_dcgan_defaults();
        const struct lim_setting *setting;
        const char *apart = ":";
        char value[32];

        lim_dcgan_use_preset(preset->name, &config);
        length += (size_t)snprintf(text + length, size - length, "%s%s%s%s%s", i ? "; " : "",
                                   preset->name, *preset->purpose ? " (" : "", preset->purpose,
                                   *preset->purpose ? ")" : "");
        for (int k = 0; preset->values[k].setting && length < size; k++) {
            for (int s = 0; (setting = lim_dcgan_setting(s)); s++) {
                if (setting->role > last || strcmp(setting->name, preset->values[k].setting) != 0)
                    continue;
                length +=
                    (size_t)snprintf(text + length, size - length, "%s %s %s", apart, setting->name,
                                     lim_setting_text(setting, &config, value, sizeof value));
                apart = ",";
            }
        }
    }
}

/* Both texts are rebuilt on each call, with the same content. */
static void preset_option(enum lim_setting_role last, struct option *option)
{
    static const char *words[MOST_PRESETS + 1];
    static char help[LIM_SETTING_TRAINING + 1][512];
    const struct lim_preset *preset;

    for (int i = 0; i < MOST_PRESETS && (preset = lim_dcgan_preset(i)); i++)
        words[i] = preset->name;
    describe_presets(last, help[last], sizeof help[last]);
    *option = (struct option){.name = "preset",
                              .kind = OPTION_TEXT,
                              .value = "NAME",
                              .offset = offsetof(struct gan_options, preset),
                              .words = words,
                              .help = help[last]};
}

const char *gan_option_name(const struct lim_setting *setting)
{
    return setting->flag ? setting->flag : setting->option ? setting->option : setting->name;
}

static void setting_option(const struct lim_setting *setting, struct option *option)
{
    static const struct {
        enum option_kind kind;
        const char *value;
    } types[] = {
        [LIM_SETTING_INT] = {OPTION_INT, "N"},      [LIM_SETTING_U64] = {OPTION_COUNT, "N"},
        [LIM_SETTING_COUNT] = {OPTION_COUNT, "N"},  [LIM_SETTING_FLOAT] = {OPTION_FLOAT, "X"},
        [LIM_SETTING_DOUBLE] = {OPTION_REAL, "X"},  [LIM_SETTING_BOOL] = {OPTION_FLAG, NULL},
        [LIM_SETTING_WORD] = {OPTION_WORD, "WORD"}, [LIM_SETTING_COLOR] = {OPTION_COLOR, "COLOR"},
    };

    *option = (struct option){.name = gan_option_name(setting),
                              .kind = types[setting->type].kind,
                              .value = types[setting->type].value,
                              .offset = offsetof(struct gan_options, config) + setting->offset,
                              .min = setting->low,
                              .max = setting->high,
                              .words = setting->words,
                              .help = setting->help};
    if (setting->flag)
        option->kind = setting->type == LIM_SETTING_BOOL ? OPTION_OFF : OPTION_FIRST;
}

/* The i-th of the settings up to a role. */
static bool option_up_to(enum lim_setting_role last, int i, struct option *option)
{
    const struct lim_setting *setting;

    for (int k = 0; (setting = lim_dcgan_setting(k)); k++) {
        if (setting->role > last || i-- > 0)
            continue;
        setting_option(setting, option);
        return true;
    }
    return false;
}

bool gan_picture_option(int i, struct option *option)
{
    return option_up_to(LIM_SETTING_PICTURES, i, option);
}

bool gan_work_option(int i, struct option *option)
{
    if (i > 0)
        return option_up_to(LIM_SETTING_WORK, i - 1, option);
    preset_option(LIM_SETTING_WORK, option);
    return true;
}

bool gan_option(int i, struct option *option)
{
    if (i == 0) {
        preset_option(LIM_SETTING_TRAINING, option);
        return true;
    }
    if (!option_up_to(LIM_SETTING_TRAINING, i - 1, option))
        return false;
    if (strcmp(option->name, "batch") == 0) {
        option->kind = OPTION_AUTO;
        option->help = "pictures in a step; auto: the preset's, or the largest power of two below "
                       "it that there is memory for";
    }
    return true;
}

bool gan_option_given(const struct command *command, const struct parsed *parsed,
                      const struct lim_setting *setting)
{
    return option_given(command, parsed, gan_option_name(setting));
}

void gan_use_preset(const struct command *command, const struct parsed *parsed,
                    struct gan_options *gan)
{
    struct lim_dcgan_config config = gan->config;
    const struct lim_setting *setting;

    if (!gan->preset)
        return;
    lim_dcgan_use_preset(gan->preset, &config);
    for (int i = 0; (setting = lim_dcgan_setting(i)); i++) {
        if (gan_option_given(command, parsed, setting))
            memcpy((char *)&config + setting->offset, (char *)&gan->config + setting->offset,
                   setting->size);
    }
    gan->config = config;
}

char *gan_describe(const struct lim_dcgan_config *config, enum lim_setting_role first,
                   enum lim_setting_role last, char *text, size_t size)
{
    const struct lim_setting *setting;
    size_t length = 0;
    char value[32];

    *text = '\0';
    for (int i = 0; (setting = lim_dcgan_setting(i)) && length < size; i++) {
        if (setting->role >= first && setting->role <= last)
            length += (size_t)snprintf(text + length, size - length, "%s%s %s", length ? ", " : "",
                                       setting->name,
                                       lim_setting_text(setting, config, value, sizeof value));
    }
    return text;
}
