/* The settings of a training beside the DCGAN's: what config.json says of how long it trains, what
 * it writes, and how its pictures are seen. */
#include "gan/settings.h"

#include <limner/train.h>

#define AT(field)                                       \
    .offset = offsetof(struct lim_train_config, field), \
    .size = sizeof((struct lim_train_config *)0)->field

/* The largest numbers. */
#define MOST_EPOCHS 1e9
#define MOST_SECONDS 1e10
#define MOST_COUNT 9e18

static const char *const ways[] = {"stop", "rollback", NULL};
static const char *const crops[] = {
    [LIM_CROP_CENTER] = "center", [LIM_CROP_TOP] = "top", [LIM_CROP_NONE] = "none", NULL};
static const char *const drops[] = {
    [LIM_DROP_NONE] = "none", [LIM_DROP_EXACT] = "exact", [LIM_DROP_NEAR] = "near", NULL};

/* What is missing was not there yet when the run began, and is 0. */
#define OF_TRAINING .role = LIM_SETTING_TRAINING, .since = "0.1.0"
#define OF_PICTURES .role = LIM_SETTING_PICTURES, .since = "0.1.0"

static const struct lim_setting rows[] = {
    {"epochs", LIM_SETTING_DOUBLE, AT(epochs), .high = MOST_EPOCHS, OF_TRAINING},
    {"seconds", LIM_SETTING_DOUBLE, AT(seconds), .high = MOST_SECONDS, OF_TRAINING},
    {"images", LIM_SETTING_COUNT, AT(images), .high = MOST_COUNT, OF_TRAINING},
    {"steps", LIM_SETTING_COUNT, AT(steps), .high = MOST_COUNT, OF_TRAINING},
    {"sample_every", LIM_SETTING_COUNT, AT(sample_every), .high = MOST_COUNT, OF_TRAINING},
    {"save_every", LIM_SETTING_COUNT, AT(save_every), .high = MOST_COUNT, OF_TRAINING},
    {"eval_every", LIM_SETTING_DOUBLE, AT(eval_every), .high = MOST_SECONDS,
     .role = LIM_SETTING_TRAINING, .since = "0.2.0"},
    {"grid", LIM_SETTING_INT, AT(grid), .high = 100, OF_TRAINING},
    {"keep", LIM_SETTING_INT, AT(keep), .high = 1000, OF_TRAINING},
    {"on_nan", LIM_SETTING_BOOL, AT(roll_back), .words = ways, OF_TRAINING},
    {"crop", LIM_SETTING_WORD, AT(data.crop), .words = crops, OF_PICTURES},
    {"background", LIM_SETTING_COLOR, AT(data.background), OF_PICTURES},
    {"mirror", LIM_SETTING_BOOL, AT(data.mirror), OF_PICTURES},
    {"holdout", LIM_SETTING_DOUBLE, AT(data.holdout), .high = 0.5, OF_PICTURES},
    {"drop_duplicates", LIM_SETTING_WORD, AT(data.drop), .words = drops, OF_PICTURES},
    {"limit", LIM_SETTING_COUNT, AT(data.limit), .high = MOST_COUNT, OF_PICTURES},
    {"max_pixels", LIM_SETTING_COUNT, AT(data.max_pixels), .high = MOST_COUNT, OF_PICTURES},
};

enum { COUNT = sizeof rows / sizeof rows[0] };

bool gan_run_has_fault(const struct lim_train_config *config, char text[SETTING_TEXT])
{
    for (int i = 0; i < COUNT; i++) {
        if (lim_setting_has_fault(&rows[i], config, text))
            return true;
    }
    return false;
}

bool gan_run_to_json(const struct lim_train_config *config, enum lim_setting_role role,
                     cJSON *object)
{
    for (int i = 0; i < COUNT; i++) {
        if (rows[i].role == role && !lim_setting_to_json(&rows[i], config, true, object))
            return false;
    }
    return true;
}

bool gan_run_from_json(const cJSON *object, struct lim_train_config *config,
                       char text[SETTING_TEXT])
{
    for (int i = 0; i < COUNT; i++) {
        if (!lim_setting_from_json(&rows[i], object, config, text))
            return false;
    }
    return !gan_run_has_fault(config, text);
}
