/* Parses and prints the settings of pictures as people write them. */
#include "base/require.h"

#include <limner/dataset.h>
#include <string.h>

struct lim_dataset_config lim_dataset_defaults(void)
{
    return (struct lim_dataset_config){.size = 64, .channels = 3};
}

static const char *const crops[] = {
    [LIM_CROP_CENTER] = "center", [LIM_CROP_TOP] = "top", [LIM_CROP_NONE] = "none"};

const char *lim_crop_name(enum lim_crop crop)
{
    return (unsigned)crop <= LIM_CROP_NONE ? crops[crop] : "unknown";
}

bool lim_crop_parse(const char *text, enum lim_crop *crop)
{
    REQUIRE(text && crop, false);
    for (int i = LIM_CROP_CENTER; i <= LIM_CROP_NONE; i++)
        if (strcmp(text, crops[i]) == 0) {
            *crop = (enum lim_crop)i;
            return true;
        }
    return false;
}

static const char *const drops[] = {
    [LIM_DROP_NONE] = "none", [LIM_DROP_EXACT] = "exact", [LIM_DROP_NEAR] = "near"};

const char *lim_drop_name(enum lim_drop drop)
{
    return (unsigned)drop <= LIM_DROP_NEAR ? drops[drop] : "unknown";
}

bool lim_drop_parse(const char *text, enum lim_drop *drop)
{
    REQUIRE(text && drop, false);
    for (int i = LIM_DROP_NONE; i <= LIM_DROP_NEAR; i++)
        if (strcmp(text, drops[i]) == 0) {
            *drop = (enum lim_drop)i;
            return true;
        }
    return false;
}

bool lim_color_parse(const char *text, uint32_t *color)
{
    static const struct {
        const char *name;
        uint32_t color;
    } named[] = {{"white", LIM_RGB(255, 255, 255)}, {"black", LIM_RGB(0, 0, 0)},
                 {"gray", LIM_RGB(128, 128, 128)},  {"grey", LIM_RGB(128, 128, 128)},
                 {"red", LIM_RGB(255, 0, 0)},       {"green", LIM_RGB(0, 128, 0)},
                 {"blue", LIM_RGB(0, 0, 255)}};
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t value = 0;
    size_t length;

    REQUIRE(text && color, false);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(text, named[i].name) == 0) {
            *color = named[i].color;
            return true;
        }
    text += *text == '#';
    length = strlen(text);
    if ((length != 3 && length != 6) || strspn(text, digits) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint32_t digit = (uint32_t)(strchr(digits, text[i]) - digits) % 16;

        value = value << 4 | digit;
        if (length == 3)
            value = value << 4 | digit;
    }
    *color = LIM_RGB(value >> 16, value >> 8 & 0xff, value & 0xff);
    return true;
}
