/* Values that files of limner 0.1.0 hold, or are named by, stay what they were. */
#include "io/hash.h"
#include "io/json.h"
#include "support/check.h"

#include <string.h>

/* From draft-eastlake-fnv, "FNV-1a, 64 bits". */
static void fnv_1a(void **state)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"", 0xcbf29ce484222325u}, {"a", 0xaf63dc4c8601ec8cu}, {"foobar", 0x85944171f73967e8u}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(lim_hash(LIM_HASH_START, known[i].text, strlen(known[i].text)) ==
                    known[i].hash);
}

/* A file of 0.1.0, signed. */
static void signatures(void **state)
{
    cJSON *json = lim_json_parse("{\"a\":1,\"checksum\":\"9c3e82dd6fcae8b1\"}");

    (void)state;
    assert_true(lim_json_signed(json));
    cJSON_AddNumberToObject(json, "b", 2); /* the signature is gone from it */
    assert_true(lim_json_sign(json));
    cJSON_SetNumberHelper(cJSON_GetObjectItemCaseSensitive(json, "b"), 3);
    assert_false(lim_json_signed(json));
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fnv_1a), cmocka_unit_test(signatures)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
