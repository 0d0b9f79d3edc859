#include "io/json.h"

#include "io/hash.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

cJSON *lim_json_parse(const char *text)
{
    return cJSON_ParseWithOpts(text, NULL, true);
}

bool lim_parse_u64(const char *text, uint64_t *value)
{
    uint64_t sum = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned digit = (unsigned)*text - '0';

        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool lim_json_add_u64(cJSON *object, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

bool lim_json_add_short(cJSON *object, const char *name, double value)
{
    char text[32];
    double rounded = value;

    /* "%.6g" and "%lf" of one locale agree with each other, whichever it is. */
    snprintf(text, sizeof text, "%.6g", value);
    if (isfinite(value) && sscanf(text, "%lf", &rounded) != 1)
        rounded = value;
    return cJSON_AddNumberToObject(object, name, rounded) != NULL;
}

bool lim_json_get_u64(const cJSON *object, const char *name, uint64_t *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (cJSON_IsString(item))
        return lim_parse_u64(item->valuestring, value);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble >= 0x1p53)
        return false;
    *value = (uint64_t)item->valuedouble;
    return (double)*value == item->valuedouble;
}

bool lim_json_get_int(const cJSON *object, const char *name, int *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= INT_MIN && item->valuedouble <= INT_MAX))
        return false;
    *value = (int)item->valuedouble;
    return *value == item->valuedouble;
}

bool lim_json_get_double(const cJSON *object, const char *name, double *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(item))
        return false;
    *value = item->valuedouble;
    return true;
}

const char *lim_json_get_string(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* False without memory. */
static bool sign(const cJSON *json, char digits[17])
{
    char *text = cJSON_PrintUnformatted(json);

    if (text)
        snprintf(digits, 17, "%016" PRIx64, lim_hash(LIM_HASH_START, text, strlen(text)));
    cJSON_free(text);
    return text != NULL;
}

bool lim_json_sign(cJSON *json)
{
    char digits[17];

    return sign(json, digits) && cJSON_AddStringToObject(json, "checksum", digits);
}

bool lim_json_signed(cJSON *json)
{
    cJSON *checksum = cJSON_DetachItemFromObjectCaseSensitive(json, "checksum");
    const char *written = cJSON_GetStringValue(checksum);
    char digits[17];
    bool fits = written && sign(json, digits) && strcmp(written, digits) == 0;

    cJSON_Delete(checksum);
    return fits;
}
