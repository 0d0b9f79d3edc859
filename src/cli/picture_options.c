#include "cli/picture_options.h"

#include <string.h>

static const char *const crops[] = {
    [LIM_CROP_CENTER] = "center", [LIM_CROP_TOP] = "top", [LIM_CROP_NONE] = "none", NULL};
static const char *const drops[] = {
    [LIM_DROP_NONE] = "none", [LIM_DROP_EXACT] = "exact", [LIM_DROP_NEAR] = "near", NULL};

/* Of rows, from the first on. */
enum { SQUARE = 2, PICTURE = 4 };

#define FIELD(name) offsetof(struct lim_dataset_config, name)
static const struct option rows[] = {
    {"crop", 0, OPTION_WORD, "C", FIELD(crop), 0, 0, crops, NULL,
     "the square of a picture: its center, its top (heads of portraits), or none (all, squeezed)"},
    {"background", 0, OPTION_COLOR, "COLOR", FIELD(background), 0, 0, NULL, NULL,
     "what shows through transparency: white, black, gray, red, green, blue or rrggbb"},
    {"limit", 0, OPTION_COUNT, "N", FIELD(limit), 1, 2e9, NULL, NULL,
     "use so many pictures, drawn from all, always the same"},
    {"max-pixels", 0, OPTION_COUNT, "N", FIELD(max_pixels), 1, 1e10, NULL, NULL,
     "skip pictures that claim more, before memory is taken for them"},
    {"mirror", 0, OPTION_FLAG, NULL, FIELD(mirror), 0, 0, NULL, NULL,
     "show half of the pictures mirrored, others each time; on unless --no-mirror is given"},
    {"no-mirror", 0, OPTION_OFF, NULL, FIELD(mirror), 0, 0, NULL, NULL,
     "never mirror: for text, and whatever has a left and a right"},
    {"drop-duplicates", 0, OPTION_WORD, "K", FIELD(drop), 0, 0, drops, NULL,
     "leave copies of a picture out: exact, near (those that look the same too) or none"},
    {"holdout", 0, OPTION_SHARE, "SHARE", FIELD(holdout), 0, 0.5, NULL, NULL,
     "keep this share out of the training, such as 5%: the same pictures when others are added"},
};
#undef FIELD

enum { ALL = sizeof rows / sizeof rows[0] };

static bool row_of(int count, int i, struct option *option)
{
    if (i >= count)
        return false;
    *option = rows[i];
    return true;
}

bool square_option(int i, struct option *option)
{
    return row_of(SQUARE, i, option);
}

bool picture_option(int i, struct option *option)
{
    return row_of(PICTURE, i, option);
}

bool shown_option(int i, struct option *option)
{
    return row_of(ALL, i, option);
}

void picture_options_init(void *part)
{
    *(struct lim_dataset_config *)part = (struct lim_dataset_config){
        .background = LIM_RGB(255, 255, 255), .max_pixels = LIM_MAX_PIXELS};
}

void shown_options_init(void *part)
{
    picture_options_init(part);
    ((struct lim_dataset_config *)part)->mirror = true;
}

const char *find_other_pictures(const struct command *command, const struct parsed *parsed,
                                const struct lim_dataset_config *given,
                                const struct lim_dataset_config *kept)
{
    struct lim_dataset_config usual, before = *kept;

    /* A run stores 0 for the default. */
    picture_options_init(&usual);
    if (!before.background)
        before.background = usual.background;
    if (!before.max_pixels)
        before.max_pixels = usual.max_pixels;
    for (int i = 0; i < ALL; i++) {
        size_t at = rows[i].offset;

        if (option_given(command, parsed, rows[i].name) &&
            memcmp((const char *)given + at, (const char *)&before + at,
                   option_field_size(rows[i].kind)) != 0)
            return rows[i].name;
    }
    return NULL;
}
