/* What cJSON lacks: checks of a text's end, 64-bit integers, and members of a required type. */
#ifndef LIMNER_SRC_IO_JSON_H
#define LIMNER_SRC_IO_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* A JSON text with nothing after it but white space. NULL for any other, and for NULL. */
cJSON *lim_json_parse(const char *text);

/* A decimal string: JSON numbers are doubles and end at 2^53. False without memory. */
bool lim_json_add_u64(cJSON *object, const char *name, uint64_t value);

/* With six digits, for people: 0.0002 instead of a float's 0.00019999999494757503. False without
 * memory. */
bool lim_json_add_short(cJSON *object, const char *name, double value);

/* True, and *value set, where the member is there and is a whole number, as a decimal string or
 * (below 2^53) as a number. */
bool lim_json_get_u64(const cJSON *object, const char *name, uint64_t *value);
bool lim_json_get_int(const cJSON *object, const char *name, int *value);
bool lim_json_get_double(const cJSON *object, const char *name, double *value);

/* NULL where the member is not there or is no string; memory of `object`. */
const char *lim_json_get_string(const cJSON *object, const char *name);

/* A whole number, nothing before or after it. */
bool lim_parse_u64(const char *text, uint64_t *value);

/* Adds "checksum", of all the other members, as the last one; false without memory.
 * lim_json_signed: is it there and correct? False if a disk or a person has changed something.
 */
bool lim_json_sign(cJSON *json);
bool lim_json_signed(cJSON *json);

#endif
