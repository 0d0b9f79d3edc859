/* Settings in checks and in JSON, from their table. The functions of one setting take any struct
 * that a row describes. */
#ifndef LIMNER_SRC_GAN_SETTINGS_H
#define LIMNER_SRC_GAN_SETTINGS_H

#include <cjson/cJSON.h>
#include <limner/dcgan.h>
#include <limner/train.h>

enum { SETTING_TEXT = 128 }; /* bytes that a message about a setting takes at most */

/* NULL: there is none of that name. */
const struct lim_setting *gan_setting_find(const char *name);

/* Out of range? Then `text` names the value and the range. */
bool lim_setting_has_fault(const struct lim_setting *setting, const void *config,
                           char text[SETTING_TEXT]);

/* `value`, of a WORD the index. */
void lim_setting_set(const struct lim_setting *setting, double value, void *config);

/* Adds it as a member. `exact`: to the last bit, for models; else floats with six digits, for
 * people. False without memory. */
bool lim_setting_to_json(const struct lim_setting *setting, const void *config, bool exact,
                         cJSON *object);

/* Reads it from the member of its name; if that is missing, uses the value that older files imply.
 * False if it is required or of another type; then `text` says so. Does not check ranges.
 */
bool lim_setting_from_json(const struct lim_setting *setting, const cJSON *object, void *config,
                           char text[SETTING_TEXT]);

/* lim_dcgan_check without a line in the log. */
bool gan_has_fault(const struct lim_dcgan_config *config, char text[SETTING_TEXT]);

/* All settings. gan_settings_from_json: as lim_setting_from_json; `unknown` receives the names that
 * are not in the table. */
bool gan_settings_to_json(const struct lim_dcgan_config *config, bool exact, cJSON *object);
bool gan_settings_from_json(const cJSON *object, struct lim_dcgan_config *config,
                            char text[SETTING_TEXT], char *unknown, size_t unknown_size);

/* Is the setting a member of `object`, with another value than in `config` (as far as people see)?
 */
bool gan_setting_differs(const struct lim_setting *setting, const cJSON *object,
                         const struct lim_dcgan_config *config);

/* The same for the settings of a training beside the DCGAN's (run_settings.c); in JSON, those of
 * one role. What a file lacks is 0. */
bool gan_run_has_fault(const struct lim_train_config *config, char text[SETTING_TEXT]);
bool gan_run_to_json(const struct lim_train_config *config, enum lim_setting_role role,
                     cJSON *object);
bool gan_run_from_json(const cJSON *object, struct lim_train_config *config,
                       char text[SETTING_TEXT]);

#endif
