/* The tables of the DCGAN's settings and presets, and functions for all settings. */
#include "gan/settings.h"

#include "base/log.h"
#include "base/require.h"

#include <stdio.h>
#include <string.h>

/* It stands inside other structs: new settings take the place of reserved ones. */
_Static_assert(sizeof(struct lim_dcgan_config) == 240, "the DCGAN's settings keep their size");

#define AT(field)                                       \
    .offset = offsetof(struct lim_dcgan_config, field), \
    .size = sizeof((struct lim_dcgan_config *)0)->field

static const char *const sizes[] = {"16", "32", "64", "128", "256", NULL};
static const char *const channels[] = {"1", "3", NULL};
static const char *const kernels[] = {"4", "5", NULL};

static const char *const losses[] = {[LIM_GAN_BCE] = "bce",
                                     [LIM_GAN_HINGE] = "hinge",
                                     [LIM_GAN_SQUARES] = "squares",
                                     [LIM_GAN_WASSERSTEIN] = "wasserstein",
                                     NULL};
static const char *const norms[] = {
    [LIM_NORM_BATCH] = "batch", [LIM_NORM_NONE] = "none", [LIM_NORM_SPECTRAL] = "spectral", NULL};
static const char *const decays[] = {
    [LIM_DECAY_NONE] = "none", [LIM_DECAY_LINEAR] = "linear", [LIM_DECAY_COSINE] = "cosine", NULL};

/* In the order of versions, then of roles. */
static const struct lim_setting rows[] = {
    {"size", LIM_SETTING_INT, LIM_SETTING_PICTURES, AT(size), .words = sizes, .standard = 64,
     .help = "pixels along an edge: 16, 32, 64, 128 or 256"},
    {"channels", LIM_SETTING_INT, LIM_SETTING_PICTURES, AT(channels), .words = channels,
     .standard = 3, .flag = "gray", .help = "one channel: pictures are seen, and painted, in gray"},
    {"width", LIM_SETTING_INT, LIM_SETTING_NETWORK, AT(width), .low = 1, .high = 1024,
     .standard = 128, .help = "channels of the layer next to the picture"},
    {"kernel", LIM_SETTING_INT, LIM_SETTING_NETWORK, AT(kernel), .words = kernels, .standard = 4,
     .help = "4, or 5 as the paper's authors had it"},
    {"latent", LIM_SETTING_INT, LIM_SETTING_NETWORK, AT(latent), .low = 1, .high = 4096,
     .standard = 100, .help = "random numbers a picture is painted from"},
    {"batch", LIM_SETTING_INT, LIM_SETTING_WORK, AT(batch), .low = 1, .high = LIM_DCGAN_MAX_BATCH,
     .standard = 64, .may_change = true, .help = "pictures in a step"},
    {"lr", LIM_SETTING_FLOAT, LIM_SETTING_TRAINING, AT(lr), .low = 1e-9, .high = 1,
     .standard = 2e-4, .help = "Adam's step size"},
    {"beta1", LIM_SETTING_FLOAT, LIM_SETTING_TRAINING, AT(beta1), .low = 0, .high = 1,
     .standard = 0.5, .help = "Adam's first moment"},
    {"beta2", LIM_SETTING_FLOAT, LIM_SETTING_TRAINING, AT(beta2), .low = 0, .high = 1,
     .standard = 0.999, .help = "Adam's second moment"},
    {"smooth", LIM_SETTING_FLOAT, LIM_SETTING_TRAINING, AT(smooth), .low = 0, .high = 0.5,
     .standard = 0, .help = "the discriminator's target for real pictures is 1 minus this"},
    {"seed", LIM_SETTING_U64, LIM_SETTING_TRAINING, AT(seed), .low = 0, .high = 0x1p64,
     .standard = 1, .help = "the same seed on the same device gives the same bits"},
    {"ema", LIM_SETTING_COUNT, LIM_SETTING_TRAINING, AT(ema), .low = 0, .high = 1e12, .standard = 0,
     .since = "0.2.0", .absent = 0,
     .help =
         "paint by an average of the generator's weights with this half-life in pictures, such as "
         "10000; 0: by the last ones"},
    {"loss", LIM_SETTING_WORD, LIM_SETTING_TRAINING, AT(loss), .words = losses,
     .standard = LIM_GAN_BCE, .since = "0.2.0", .absent = LIM_GAN_BCE,
     .help =
         "what the networks are to make small: bce (cross entropy), hinge, squares or wasserstein"},
    {"lr_d", LIM_SETTING_FLOAT, LIM_SETTING_TRAINING, AT(lr_d), .low = 0, .high = 1, .standard = 0,
     .since = "0.2.0", .absent = 0, .option = "lr-d",
     .help = "Adam's step size of the discriminator; 0: as lr"},
    {"decay", LIM_SETTING_WORD, LIM_SETTING_TRAINING, AT(decay), .words = decays,
     .standard = LIM_DECAY_NONE, .since = "0.2.0", .absent = LIM_DECAY_NONE,
     .help = "how the step sizes fall to 0: none, linear or cosine"},
    {"decay_images", LIM_SETTING_COUNT, LIM_SETTING_TRAINING, AT(decay_images), .low = 0,
     .high = 9e15, .standard = 0, .since = "0.2.0", .absent = 0, .option = "decay-images",
     .help = "real pictures seen when the decay ends; 0: those of the whole training"},
    {"norm_d", LIM_SETTING_WORD, LIM_SETTING_NETWORK, AT(norm_d), .words = norms,
     .standard = LIM_NORM_BATCH, .since = "0.2.0", .absent = LIM_NORM_BATCH, .option = "norm-d",
     .help = "what the discriminator's layers are normalized by: batch, none or spectral"},
};

/* Tiny and small are for minutes, not hours: many short steps, and larger ones than the paper's.
 * With tiny, at lr 1e-3 and without the smoothing, D won and G collapsed after two minutes of the
 * avatars. Their averaged weights paint far less grain than the last ones (docs/design/recipes.md);
 * torch and paper stay as published. */
static const struct lim_preset presets[] = {
    {"tiny",
     "for a try on a CPU",
     {{"width", 16}, {"batch", 32}, {"lr", 5e-4}, {"smooth", 0.1}, {"ema", 5000}}},
    {"small", "", {{"width", 32}, {"batch", 32}, {"lr", 3e-4}, {"smooth", 0.1}, {"ema", 10000}}},
    {"torch", "as PyTorch's example", {{"width", 64}, {"batch", 64}, {"lr", 2e-4}, {"smooth", 0}}},
    {"paper", "", {{"width", 128}, {"batch", 64}, {"lr", 2e-4}, {"smooth", 0}}},
};

enum { COUNT = sizeof rows / sizeof rows[0], PRESETS = sizeof presets / sizeof presets[0] };

const struct lim_setting *lim_dcgan_setting(int i)
{
    return i >= 0 && i < COUNT ? &rows[i] : NULL;
}

const struct lim_setting *gan_setting_find(const char *name)
{
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const struct lim_preset *lim_dcgan_preset(int i)
{
    return i >= 0 && i < PRESETS ? &presets[i] : NULL;
}

bool lim_dcgan_use_preset(const char *name, struct lim_dcgan_config *config)
{
    REQUIRE(name && config, false);
    for (int i = 0; i < PRESETS; i++) {
        if (strcmp(presets[i].name, name) != 0)
            continue;
        for (int k = 0; presets[i].values[k].setting; k++)
            lim_setting_set(gan_setting_find(presets[i].values[k].setting),
                            presets[i].values[k].value, config);
        return true;
    }
    return false;
}

struct lim_dcgan_config lim_dcgan_defaults(void)
{
    struct lim_dcgan_config config = {0};

    for (int i = 0; i < COUNT; i++)
        lim_setting_set(&rows[i], rows[i].standard, &config);
    return config;
}

bool gan_has_fault(const struct lim_dcgan_config *config, char text[SETTING_TEXT])
{
    for (int i = 0; i < COUNT; i++) {
        if (lim_setting_has_fault(&rows[i], config, text))
            return true;
    }
    return false;
}

bool lim_dcgan_check(const struct lim_dcgan_config *config)
{
    char text[SETTING_TEXT];

    REQUIRE(config, false);
    if (!gan_has_fault(config, text))
        return true;
    lim_error("%s", text);
    return false;
}

bool gan_settings_to_json(const struct lim_dcgan_config *config, bool exact, cJSON *object)
{
    for (int i = 0; i < COUNT; i++) {
        if (!lim_setting_to_json(&rows[i], config, exact, object))
            return false;
    }
    return true;
}

bool gan_settings_from_json(const cJSON *object, struct lim_dcgan_config *config,
                            char text[SETTING_TEXT], char *unknown, size_t unknown_size)
{
    const cJSON *item;
    size_t length = 0;

    for (int i = 0; i < COUNT; i++) {
        if (!lim_setting_from_json(&rows[i], object, config, text))
            return false;
    }
    *unknown = '\0';
    cJSON_ArrayForEach(item, object)
    {
        if (!gan_setting_find(item->string) && length < unknown_size)
            length += (size_t)snprintf(unknown + length, unknown_size - length, "%s'%s'",
                                       length ? ", " : "", item->string);
    }
    return true;
}

bool gan_setting_differs(const struct lim_setting *setting, const cJSON *object,
                         const struct lim_dcgan_config *config)
{
    struct lim_dcgan_config other = *config;
    char text[SETTING_TEXT], a[32], b[32];

    if (!cJSON_GetObjectItemCaseSensitive(object, setting->name))
        return false;
    if (!lim_setting_from_json(setting, object, &other, text))
        return true;
    lim_setting_text(setting, &other, a, sizeof a);
    lim_setting_text(setting, config, b, sizeof b);
    return strcmp(a, b) != 0;
}
