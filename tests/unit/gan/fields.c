/* Every field of a checkpoint's header, altered, with a checksum that fits: refused with one line
 * that names the file, or a value that a training could have written. */
#include <limner/limner.h>

#include "gan/settings.h"
#include "io/hash.h"
#include "io/safetensors.h"

#include "support/check.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static char folder[] = "/tmp/limner-fields-XXXXXX";
static char path[256];
static struct lim_backend *cpu;
static char last_line[2048];
static int lines, altered;

/* A checkpoint of a tiny network after one step, taken apart. */
static cJSON *header; /* settings and progress in it as objects, not as strings */
static unsigned char *data;
static size_t data_size;

static const char *const inner[] = {"settings", "progress"};

static void keep_line(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    (void)level;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", message);
}

static cJSON *metadata_of(cJSON *of)
{
    return cJSON_GetObjectItemCaseSensitive(of, "__metadata__");
}

/* header -> the text of a file's header, padded; the caller frees. */
static char *print_header(const cJSON *of, size_t *size)
{
    cJSON *copy = cJSON_Duplicate(of, true);
    char *text, *padded;

    for (int i = 0; i < 2; i++) {
        cJSON *object = cJSON_GetObjectItemCaseSensitive(metadata_of(copy), inner[i]);

        if (!cJSON_IsObject(object))
            continue;
        text = cJSON_PrintUnformatted(object);
        cJSON_ReplaceItemInObjectCaseSensitive(metadata_of(copy), inner[i],
                                               cJSON_CreateString(text));
        cJSON_free(text);
    }
    text = cJSON_PrintUnformatted(copy);
    *size = (strlen(text) + 7) / 8 * 8;
    padded = malloc(*size + 1);
    assert_non_null(padded);
    snprintf(padded, *size + 1, "%-*s", (int)*size, text);
    cJSON_free(text);
    cJSON_Delete(copy);
    return padded;
}

/* In the way that the header asks for: limner 0.1.0's is digits alone. */
static void fit_checksum(char *text, size_t header_size, const void *bytes, size_t size)
{
    char *digits = strstr(text, LIM_ST_CHECKSUM), checksum[17];
    bool xxh3 = digits && strncmp(digits + strlen(LIM_ST_CHECKSUM), LIM_ST_XXH3, 5) == 0;
    uint64_t hash;

    if (!digits)
        return;
    digits += strlen(LIM_ST_CHECKSUM) + (xxh3 ? strlen(LIM_ST_XXH3) : 0);
    memset(digits, '0', 16);
    if (xxh3) {
        XXH3_state_t *state = XXH3_createState();

        assert_non_null(state);
        XXH3_64bits_reset(state);
        XXH3_64bits_update(state, text, header_size);
        XXH3_64bits_update(state, bytes, size);
        hash = XXH3_64bits_digest(state);
        XXH3_freeState(state);
    } else {
        hash = lim_hash(lim_hash(LIM_HASH_START, text, header_size), bytes, size);
    }
    snprintf(checksum, sizeof checksum, "%016" PRIx64, hash);
    memcpy(digits, checksum, 16);
}

/* Writes a file whose checksum fits. */
static void write_model(const cJSON *of, const void *bytes, size_t size)
{
    size_t header_size;
    char *text = print_header(of, &header_size);
    unsigned char length[8];
    FILE *stream = fopen(path, "wb");

    assert_non_null(stream);
    fit_checksum(text, header_size, bytes, size);
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header_size >> 8 * i);
    assert_int_equal(fwrite(length, 1, 8, stream), 8);
    assert_int_equal(fwrite(text, 1, header_size, stream), header_size);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    fclose(stream);
    free(text);
}

static bool loads(void)
{
    enum lim_status why = LIM_OK;
    struct lim_dcgan *gan;

    lines = 0;
    gan = lim_dcgan_load(cpu, path, 0, false, NULL, &why);
    if (!gan)
        assert_int_equal(why, LIM_BAD_INPUT);
    lim_dcgan_destroy(gan);
    return gan != NULL;
}

static void refused(const cJSON *of, const void *bytes, size_t size, const char *what)
{
    write_model(of, bytes, size);
    altered++;
    if (loads())
        fail_msg("accepted: %s", what);
    if (lines != 1 || !strstr(last_line, path))
        fail_msg("%s: %d lines, the last: %s", what, lines, last_line);
}

/* The item NAME of `object` becomes `value` (a JSON text; NULL: it goes), and must be refused. */
static void refused_as(cJSON *object, const char *name, const char *value)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name), *before;
    char what[512];

    assert_non_null(item);
    snprintf(what, sizeof what, "%s as %s", name, value ? value : "nothing");
    before = cJSON_Duplicate(item, true);
    if (value)
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateRaw(value));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    refused(header, data, data_size, what);
    if (value)
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, before);
    else
        cJSON_AddItemToObject(object, name, before);
}

#define EACH(object, name, ...)                                          \
    do {                                                                 \
        const char *const values_[] = {__VA_ARGS__};                     \
        for (size_t v_ = 0; v_ < sizeof values_ / sizeof *values_; v_++) \
            refused_as(object, name, values_[v_]);                       \
    } while (0)

static void as_it_was_it_loads(void **state)
{
    (void)state;
    write_model(header, data, data_size);
    assert_true(loads());
    assert_int_equal(lines, 0);
}

/* What no number of a training can be. */
static const char *const no_numbers[] = {
    NULL,      "-1",      "1.5",     "-0.5",   "1e300",
    "1e999",   "-1e999",  "null",    "true",   "[]",
    "{}",      "[4]",     "\"\"",    "\"-1\"", "\"x\"",
    "\"1.5\"", "\"NaN\"", "\"1e3\"", "\" 1\"", "\"18446744073709551616\"",
};

/* A file may lack a setting that 0.1.0 had not, and a switch may be true. */
static bool may_be(const char *setting, const char *value)
{
    const struct lim_setting *row = gan_setting_find(setting);

    return row && (value ? row->type == LIM_SETTING_BOOL && strcmp(value, "true") == 0
                         : row->since != NULL);
}

static void settings_and_progress(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        cJSON *object = cJSON_GetObjectItemCaseSensitive(metadata_of(header), inner[i]);
        char names[64][32];
        int count = 0;

        assert_true(cJSON_GetArraySize(object) <= 64);
        for (const cJSON *item = object->child; item; item = item->next)
            snprintf(names[count++], sizeof names[0], "%s", item->string);
        assert_true(count >= 7);
        for (int n = 0; n < count; n++)
            for (size_t v = 0; v < sizeof no_numbers / sizeof *no_numbers; v++) {
                /* A time of one second and a half is one. */
                if (strcmp(names[n], "seconds") == 0 && no_numbers[v] &&
                    strcmp(no_numbers[v], "1.5") == 0)
                    continue;
                if (i == 0 && may_be(names[n], no_numbers[v]))
                    continue;
                refused_as(object, names[n], no_numbers[v]);
            }
        EACH(metadata_of(header), inner[i], "\"\"", "\"{\"", "\"[]\"", "7", NULL);
    }
}

/* Each possible, but not with these tensors, or not in a training. */
static void contradictions(void **state)
{
    cJSON *settings = cJSON_GetObjectItemCaseSensitive(metadata_of(header), inner[0]);
    cJSON *progress = cJSON_GetObjectItemCaseSensitive(metadata_of(header), inner[1]);

    (void)state;
    EACH(settings, "size", "32", "256", "17");
    EACH(settings, "channels", "1", "2");
    EACH(settings, "width", "5", "1024");
    EACH(settings, "kernel", "5", "3");
    EACH(settings, "latent", "9", "4096");
    EACH(settings, "batch", "0", "100000");
    EACH(settings, "lr", "0", "1", "1e39");
    EACH(settings, "beta1", "1");
    EACH(settings, "beta2", "1");
    EACH(settings, "smooth", "0.5");
    EACH(progress, "step", "\"18446744073709551615\"");
    EACH(progress, "seen", "\"9223372036854775808\"");
    EACH(progress, "seconds", "1e11");
    EACH(progress, "adam_t_generator", "\"18446744073709551615\"");
    EACH(progress, "adam_t_discriminator", "\"18446744073709551615\"");
}

static void metadata(void **state)
{
    cJSON *object = metadata_of(header);

    (void)state;
    EACH(object, "format", NULL, "\"pt\"", "\"limner-dcgan-2\"", "1");
    EACH(object, "limner", NULL, "0.1");
    EACH(object, "holds", NULL, "\"generator\"", "\"everything\"", "true");
    EACH(object, "model_hash", NULL, "\"0123456789abcdef\"", "\"0123456789ABCDEF\"",
         "\"0123456789abcdef0\"");
    EACH(object, "checksum", NULL, "\"\"", "\"0000000000000000000\"", "0");
    refused_as(header, "__metadata__", NULL);
    refused_as(header, "__metadata__", "[]");
    refused_as(header, "__metadata__", "\"x\"");
    refused_as(header, "__metadata__", "{\"format\":\"pt\",\"checksum\":\"0000000000000000\"}");
    cJSON_AddItemToObject(header, "__metadata__", cJSON_CreateObject());
    refused(header, data, data_size, "metadata twice");
    cJSON_DeleteItemFromArray(header, cJSON_GetArraySize(header) - 1);
}

/* Each tensor: gone, renamed, of another type, of other shapes, elsewhere. */
static void tensors(void **state)
{
    int count = cJSON_GetArraySize(header);
    char names[64][80], value[128];

    (void)state;
    assert_true(count > 20 && count <= 64);
    for (int i = 0; i < count; i++)
        snprintf(names[i], sizeof names[0], "%s", cJSON_GetArrayItem(header, i)->string);
    for (int i = 0; i < count; i++) {
        cJSON *entry = cJSON_GetObjectItemCaseSensitive(header, names[i]), *shape, *offsets;
        double begin, end;

        if (strcmp(names[i], "__metadata__") == 0)
            continue;
        shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
        offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
        begin = offsets->child->valuedouble;
        end = offsets->child->next->valuedouble;
        EACH(entry, "dtype", NULL, "\"F16\"", "\"BF16\"", "\"F64\"", "\"I32\"", "\"f32\"", "\"\"",
             "32", "null");
        /* The same floats in other shapes, then other numbers of floats. */
        snprintf(value, sizeof value, "[%.0f]", (end - begin) / 4);
        if (cJSON_GetArraySize(shape) == 1)
            snprintf(value, sizeof value, "[1,1,1,%.0f]", (end - begin) / 4);
        refused_as(entry, "shape", value);
        snprintf(value, sizeof value, "[%.0f,1]", (end - begin) / 4);
        refused_as(entry, "shape", value);
        EACH(entry, "shape", "[]", "[0]", "[-1,-1]", "[4294967296,4294967296]", "[1,1,1,1,1]",
             "[\"1\"]", "[[1]]", "7", NULL);
        snprintf(value, sizeof value, "[%.0f]", (end - begin) / 4 + 1);
        refused_as(entry, "shape", value);
        /* Over others, past the end, backwards. */
        snprintf(value, sizeof value, "[%.0f,%.0f]", begin + 4, end + 4);
        refused_as(entry, "data_offsets", value);
        snprintf(value, sizeof value, "[%.0f,%.0f]", begin + 1, end + 1);
        refused_as(entry, "data_offsets", value);
        snprintf(value, sizeof value, "[%.0f,%.0f]", (double)data_size,
                 (double)data_size + end - begin);
        refused_as(entry, "data_offsets", value);
        snprintf(value, sizeof value, "[%.0f,%.0f]", end, begin);
        refused_as(entry, "data_offsets", value);
        if (begin > 0) {
            snprintf(value, sizeof value, "[0,%.0f]", end - begin);
            refused_as(entry, "data_offsets", value);
        }
        EACH(entry, "data_offsets", "[9007199254740992,9007199254740996]",
             "[18446744073709551612,0]", "[-4,0]", "[0]", "[0,4,8]", "\"0,4\"", NULL);
        EACH(header, names[i], NULL, "{}", "[]", "null");
        entry = cJSON_GetObjectItemCaseSensitive(header, names[i]); /* another since */
        free(entry->string);
        entry->string = strdup("generator.99.weight");
        refused(header, data, data_size, "a tensor of another name");
        free(entry->string);
        entry->string = strdup(names[(i + 1) % count]);
        refused(header, data, data_size, "two tensors of one name");
        free(entry->string);
        entry->string = strdup(names[i]);
    }
}

/* Rows and columns of a weight exchanged: as many floats, but not that network. */
static void a_weight_that_lies_on_its_side(void **state)
{
    cJSON *entry = cJSON_GetObjectItemCaseSensitive(header, "generator.0.weight"), *shape;
    char value[64];

    (void)state;
    assert_non_null(entry);
    shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    snprintf(value, sizeof value, "[%d,%d,%d,%d]", cJSON_GetArrayItem(shape, 3)->valueint,
             cJSON_GetArrayItem(shape, 2)->valueint, cJSON_GetArrayItem(shape, 1)->valueint,
             cJSON_GetArrayItem(shape, 0)->valueint);
    refused_as(entry, "shape", value);
}

static void a_tensor_too_many(void **state)
{
    unsigned char *more = calloc(1, data_size + 4);
    char entry[128];

    (void)state;
    assert_non_null(more);
    memcpy(more, data, data_size);
    snprintf(entry, sizeof entry, "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
             data_size, data_size + 4);
    cJSON_AddItemToObject(header, "generator.adam_w", cJSON_CreateRaw(entry));
    refused(header, more, data_size + 4, "a tensor too many");
    cJSON_DeleteItemFromObjectCaseSensitive(header, "generator.adam_w");
    refused(header, more, data_size + 4, "bytes after the last tensor");
    free(more);
}

static void poke(const char *name, float value)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(header, name);
    unsigned char *copy = malloc(data_size);
    size_t at;

    assert_non_null(entry);
    assert_non_null(copy);
    memcpy(copy, data, data_size);
    at = (size_t)cJSON_GetObjectItemCaseSensitive(entry, "data_offsets")->child->valuedouble;
    memcpy(copy + at, &value, sizeof value);
    refused(header, copy, data_size, name);
    free(copy);
}

/* limner writes XXH3 and reads FNV-1a too, which 0.1.0 has written; both notice one bit. */
static void both_checksums(void **state)
{
    static const char *const kinds[] = {LIM_ST_XXH3 "0000000000000000", "0000000000000000"};
    const char *written =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata_of(header), "checksum"));
    cJSON *copy = cJSON_Duplicate(header, true);

    (void)state;
    assert_int_equal(strncmp(written, LIM_ST_XXH3, strlen(LIM_ST_XXH3)), 0);
    for (int kind = 0; kind < 2; kind++) {
        FILE *stream;
        int last;

        cJSON_ReplaceItemInObjectCaseSensitive(metadata_of(copy), "checksum",
                                               cJSON_CreateString(kinds[kind]));
        write_model(copy, data, data_size);
        assert_true(loads());
        stream = fopen(path, "r+b");
        assert_non_null(stream);
        fseek(stream, -1, SEEK_END);
        last = fgetc(stream);
        fseek(stream, -1, SEEK_END);
        fputc(last ^ 1, stream);
        fclose(stream);
        assert_false(loads());
        assert_non_null(strstr(last_line, "the checksum does not fit"));
    }
    cJSON_Delete(copy);
}

/* With the checksum right: what no training leaves, and what model_hash is not of. */
static void numbers(void **state)
{
    (void)state;
    poke("generator.0.weight", NAN);
    poke("generator.0.weight", 0.25f);
    poke("discriminator.0.weight", INFINITY);
    poke("discriminator.adam_m", -INFINITY);
    poke("generator.adam_v", -1e-6f);
    poke("generator.1.running_var", -1.0f);
}

/* A big-endian machine's file: in its header's length, or in its numbers. */
static void another_byte_order(void **state)
{
    unsigned char *swapped = malloc(data_size), bytes[8];
    FILE *stream;

    (void)state;
    assert_non_null(swapped);
    for (size_t i = 0; i < data_size; i++)
        swapped[i] = data[i ^ 3];
    refused(header, swapped, data_size, "numbers of the other byte order");
    free(swapped);
    write_model(header, data, data_size);
    stream = fopen(path, "r+b");
    assert_non_null(stream);
    assert_int_equal(fread(bytes, 1, 8, stream), 8);
    rewind(stream);
    for (int i = 7; i >= 0; i--)
        fputc(bytes[i], stream);
    fclose(stream);
    assert_false(loads());
    assert_non_null(strstr(last_line, "not safetensors"));
}

static bool take_apart(void)
{
    const struct lim_progress progress = {.step = 1, .seen = 4, .seconds = 0.25};
    struct lim_dcgan_config config = lim_dcgan_defaults();
    uint8_t pictures[4 * 16 * 16 * 3];
    unsigned char length[8];
    struct lim_dcgan_stats stats;
    struct lim_dcgan *gan;
    size_t size = 0, room = 1 << 20;
    char *text;
    FILE *stream;
    bool ok;

    config.size = 16;
    config.width = 4;
    config.latent = 8;
    config.batch = 4;
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 31 / 7);
    gan = lim_dcgan_create(cpu, &config, false);
    ok =
        gan && lim_dcgan_step(gan, pictures, &stats) && lim_dcgan_save(gan, path, &progress, false);
    lim_dcgan_destroy(gan);
    stream = ok ? fopen(path, "rb") : NULL;
    if (!stream || fread(length, 1, 8, stream) != 8)
        return false;
    for (int i = 0; i < 8; i++)
        size |= (size_t)length[i] << 8 * i;
    text = calloc(1, size + 1);
    data = malloc(room);
    ok = text && data && fread(text, 1, size, stream) == size;
    data_size = ok ? fread(data, 1, room, stream) : 0;
    fclose(stream);
    header = cJSON_Parse(text);
    free(text);
    for (int i = 0; header && i < 2; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(metadata_of(header), inner[i]);

        cJSON_ReplaceItemInObjectCaseSensitive(metadata_of(header), inner[i],
                                               cJSON_Parse(item->valuestring));
    }
    return header && data_size > 0 && data_size < room;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_was_it_loads),
        cmocka_unit_test(settings_and_progress),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(metadata),
        cmocka_unit_test(tensors),
        cmocka_unit_test(a_weight_that_lies_on_its_side),
        cmocka_unit_test(a_tensor_too_many),
        cmocka_unit_test(both_checksums),
        cmocka_unit_test(numbers),
        cmocka_unit_test(another_byte_order),
        cmocka_unit_test(as_it_was_it_loads),
    };
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    int failed;

    lim_log_set(keep_line, NULL, LIM_LOG_ERROR);
    cpu = lim_backend_create(&choice, NULL);
    if (!cpu || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (!take_apart())
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    print_message("%d altered files\n", altered);
    lim_backend_destroy(cpu);
    cJSON_Delete(header);
    free(data);
    unlink(path);
    return rmdir(folder) == 0 ? failed : 1;
}
