/* Every limit on what a file from others may claim, from just below it and from just above, where
 * no other test has it: docs/limits.md lists them. Those of pictures and archives
 * are in decode.c, dataset.c and trees.c of tests/unit/data, of networks in fields.c. */
#include "base/cache_folder.h"
#include "core/backend.h"
#include "gan/run.h"
#include "io/safetensors.h"
#include "tune/tune.h"

#include "support/check.h"
#include "support/train_here.h"

#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEBI = 1 << 20 };

static char folder[1000], path[1100], *text;

/* `text` is what lies at `path`, after its length in 8 bytes where it is a model's
 * header. */
static void put(bool model)
{
    FILE *file = fopen(path, "wb");
    uint64_t size = strlen(text);

    assert_non_null(file);
    for (int i = 0; model && i < 8; i++)
        assert_int_not_equal(fputc((int)(size >> 8 * i & 255), file), EOF);
    assert_int_equal(fwrite(text, 1, (size_t)size, file), size);
    assert_int_equal(fclose(file), 0);
    here_clear();
}

static void expect_error(const char *words)
{
    assert_int_equal(here_log.errors, 1);
    if (!strstr(here_log.error, words))
        fail_msg("not '%s' but '%s'", words, here_log.error);
}

/* A header of `size` bytes, most of it a string. */
static void fill_header(size_t size)
{
    static const char begin[] = "{\"__metadata__\":{\"x\":\"", end[] = "\"}}";

    memset(text, 'x', size);
    memcpy(text, begin, sizeof begin - 1);
    memcpy(text + size - (sizeof end - 1), end, sizeof end);
    put(true);
}

static void header_of_a_model(void **state)
{
    struct lim_st_reader reader;

    (void)state;
    fill_header(MEBI);
    assert_true(lim_st_open(&reader, path));
    lim_st_close(&reader);
    fill_header(MEBI + 1);
    assert_false(lim_st_open(&reader, path));
    expect_error("its header has an impossible length");
}

static void tensors_of_a_model(void **state)
{
    struct lim_st_reader reader;

    (void)state;
    for (int count = 4096; count <= 4097; count++) {
        char *at = text;

        for (int i = 0; i < count; i++)
            at += sprintf(at, "%c\"%d\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                          i ? ',' : '{', i, 4 * i, 4 * i + 4);
        strcpy(at, "}");
        put(true);
        assert_int_equal(truncate(path, (off_t)(8 + strlen(text) + 4 * (size_t)count)), 0);
        assert_int_equal(lim_st_open(&reader, path), count == 4096);
        lim_st_close(&reader);
    }
    expect_error("far too many tensors");
    /* As many names as a header has room for. */
    memset(text, 0, MEBI + 1);
    text[0] = '{';
    for (size_t at = 1; at < MEBI - 6; at += 5)
        memcpy(text + at, "\"\":0,", 5);
    strcpy(text + strlen(text) - 1, "}");
    put(true);
    assert_false(lim_st_open(&reader, path));
    expect_error("far too many tensors");
}

/* A text of `depth` objects in each other. */
static void nest(int depth)
{
    char *at = text;

    for (int i = 0; i < depth; i++, at += 5)
        memcpy(at, "{\"a\":", 5);
    *at++ = '1';
    memset(at, '}', (size_t)depth);
    at[depth] = '\0';
}

/* cJSON's own limit, which keeps a text from taking the stack. */
static void depth_of_json(void **state)
{
    struct lim_st_reader reader;
    cJSON *json;

    (void)state;
    snprintf(path, sizeof path, "%s/config.json", folder);
    nest(900);
    put(false);
    json = lim_run_read_json(folder, LIM_RUN_CONFIG);
    assert_non_null(json);
    cJSON_Delete(json);
    for (int depth = 1100; depth <= 170000; depth = 170000 + (depth == 170000)) {
        nest(depth);
        put(false);
        assert_null(lim_run_read_json(folder, LIM_RUN_CONFIG));
        expect_error("is not a JSON object");
        put(true);
        assert_false(lim_st_open(&reader, path));
        expect_error("its header is not a JSON object");
    }
}

static void size_of_a_config(void **state)
{
    cJSON *json;

    (void)state;
    snprintf(path, sizeof path, "%s/config.json", folder);
    for (size_t size = MEBI; size <= MEBI + 1; size++) {
        memset(text, ' ', size);
        memcpy(text, "{}", 2);
        text[size] = '\0';
        put(false);
        json = lim_run_read_json(folder, LIM_RUN_CONFIG);
        assert_int_equal(json != NULL, size == MEBI);
        cJSON_Delete(json);
    }
    expect_error("far too large");
}

/* Lines too long for a training are dropped before they are parsed as JSON; a log that is too long
 * is refused. */
static void size_of_a_log(void **state)
{
    static const char line[] = "{\"step\":1}\n";
    struct lim_run run = {.path = folder, .log = -1, .lock = -1};
    struct stat st;

    (void)state;
    snprintf(path, sizeof path, "%s/" LIM_RUN_SAMPLES, folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/" LIM_RUN_LOG, folder);
    for (size_t size = (1 << 16) - 1; size <= 1 << 16; size++) {
        memset(text, ' ', size);
        memcpy(text, line, strlen(line) - 1);
        strcpy(text + size, "\n");
        strcat(text, line);
        put(false);
        assert_true(lim_run_rewind(&run, 1));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, strlen(line) + (size < 1 << 16 ? size + 1 : 0));
    }
    assert_int_equal(truncate(path, ((off_t)256 << 20) + 1), 0);
    here_clear();
    assert_false(lim_run_rewind(&run, 1));
    expect_error("far too large");
}

/* `count` geometries, each another, in the tuning file of a device. */
static int choices_of(struct lim_backend *be, int count)
{
    cJSON *file = tune_file_read(NULL, be->identity, be, true);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "geometries");

    for (int i = 0; i < count; i++) {
        struct lim_conv cv = {.n = 1, .h = 1 + i % 100, .w = 1 + i / 100, .c = 1, .k = 1};
        cJSON *o;

        cv.r = cv.s = cv.stride = 1;
        assert_true(lim_conv_init(&cv));
        o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "h", cv.h);
        cJSON_AddNumberToObject(o, "w", cv.w);
        for (int k = 0; k < 5; k++)
            cJSON_AddNumberToObject(o, (const char *[]){"c", "k", "r", "s", "stride"}[k], 1);
        cJSON_AddItemToObject(o, "pads", cJSON_CreateIntArray((const int[4]){0}, 4));
        cJSON_AddStringToObject(o, "forward", "lowering builtin");
        cJSON_AddItemToArray(list, o);
    }
    lim_conv_choices_clear(be);
    tune_choices_take(be, list);
    cJSON_Delete(file);
    return be->conv_choice_count;
}

static void geometries_of_a_tuning(void **state)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_backend *be = lim_backend_create(&choice, NULL);

    (void)state;
    assert_non_null(be);
    assert_int_equal(choices_of(be, 4000), 4000);
    assert_int_equal(choices_of(be, 5000), 4096);
    lim_backend_destroy(be);
}

/* The header alone of a PNG. */
static void put_png(uint32_t width, uint32_t height)
{
    static const uint32_t crc_polynomial = 0xedb88320;
    unsigned char bytes[33] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    uint32_t crc = 0xffffffff;
    FILE *file = fopen(path, "wb");

    for (int i = 0; i < 4; i++) {
        bytes[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        bytes[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    bytes[24] = 8;
    bytes[25] = 2;
    for (int i = 12; i < 29; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? crc_polynomial : 0);
    }
    for (int i = 0; i < 4; i++)
        bytes[29 + i] = (unsigned char)(~crc >> (24 - 8 * i));
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fwrite("\0\0\0\0IDAT\x35\xaf\x06\x1e", 1, 12, file), 12);
    assert_int_equal(fclose(file), 0);
    here_clear();
}

static void pixels_of_a_grid(void **state)
{
    static const struct {
        uint32_t width, height;
        const char *error;
    } sizes[] = {{1 << 16, 1, "cannot be read as PNG"}, {(1 << 16) + 1, 1, "are too many"},
                 {1, (1 << 16) + 1, "are too many"},    {18000, 18000, "cannot be read as PNG"},
                 {19000, 19000, "cannot be made"},      {1 << 16, 1 << 16, "cannot be made"}};
    struct lim_image image;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_png(sizes[i].width, sizes[i].height);
        assert_false(lim_png_read(path, &image));
        expect_error(sizes[i].error);
    }
}

static void length_of_a_path(void **state)
{
    char *longer = lim_cache_folder(folder, "tuning");

    (void)state;
    assert_non_null(longer);
    free(longer);
    /* A name that is as long, of letters that cost nothing. */
    strcpy(text, folder);
    memset(text + strlen(folder), '/', 4200 - strlen(folder));
    text[4200] = '\0';
    assert_null(lim_cache_folder(text, "tuning"));
}

static int set_up(void **state)
{
    (void)state;
    text = malloc(4 * MEBI);
    snprintf(folder, sizeof folder, "%s", here_folder);
    snprintf(path, sizeof path, "%s/file", here_folder);
    return text ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(text);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(header_of_a_model), TEST(tensors_of_a_model), TEST(depth_of_json),
        TEST(size_of_a_config),  TEST(size_of_a_log),      TEST(geometries_of_a_tuning),
        TEST(pixels_of_a_grid),  TEST(length_of_a_path),
    };
    int failed;

    if (!here_begin())
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    here_end();
    return failed;
}
