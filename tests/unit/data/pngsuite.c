/* PngSuite as its documentation says: which of its files show the same picture, in how many ways it
 * may be stored; and that chunks about colors change nothing.
 * usage: test_pngsuite pngsuite.zip */
#include "config.h"
#include "data/decode.h"
#include "data/preprocess.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 40

static const char *suite;
static struct data_files files;

/* Prepared as if it were the only one: out[SIDE][SIDE][3]. */
static void prepare(const char *name, uint8_t *out)
{
    struct preprocessor p = {.source = data_zip_source_create(suite), .size = SIDE, .channels = 3};
    char reason[REASON_SIZE] = "", path[64];
    bool found = false;

    assert_non_null(p.source);
    snprintf(path, sizeof path, "/%s.png", name);
    for (size_t i = 0; i < files.count; i++) {
        struct data_facts facts = {0};
        const char *end = strrchr(files.list[i].path, '/');

        if (!end || strcmp(end, path) != 0)
            continue;
        found = true;
        if (data_preprocess_file(&p, &files.list[i], out, reason, &facts) != PREPARED)
            fail_msg("%s: %s", name, reason);
    }
    data_preprocessor_finish(&p);
    p.source->destroy(p.source);
    if (!found)
        fail_msg("%s is not in the suite", name);
}

/* Names apart by spaces: all of them show what the first shows. */
static void expect_same(const char *names)
{
    static uint8_t first[SIDE * SIDE * 3], other[SIDE * SIDE * 3];
    char name[32];
    int length, count = 0;

    for (; sscanf(names, " %31s%n", name, &length) == 1; names += length) {
        prepare(name, count++ ? other : first);
        if (count > 1 && memcmp(first, other, sizeof first) != 0)
            fail_msg("%s shows another picture", name);
    }
    assert_true(count > 1);
}

static void test_interlacing_and_sizes(void **state)
{
    static const char *const kinds[] = {"0g01", "0g02", "0g04", "0g08", "0g16",
                                        "2c08", "2c16", "3p01", "3p02", "3p04",
                                        "3p08", "4a08", "4a16", "6a08", "6a16"};
    char names[64];

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(names, sizeof names, "basn%s basi%s", kinds[i], kinds[i]);
        expect_same(names);
    }
    for (int side = 1; side <= 40; side = side == 9 ? 32 : side + 1) {
        const char *bits = side < 5 ? "01" : side < 10 ? "02" : "04";

        snprintf(names, sizeof names, "s%02dn3p%s s%02di3p%s", side, bits, side, bits);
        expect_same(names);
    }
}

/* Backgrounds, suggested palettes, times, texts; compression and the splitting of the data. */
static void test_notes_change_nothing(void **state)
{
    (void)state;
    expect_same("basn4a08 bgai4a08 bgbn4a08");
    expect_same("basn4a16 bgai4a16 bggn4a16");
    expect_same("basn6a08 bgan6a08 bgwn6a08");
    expect_same("basn6a16 bgan6a16 bgyn6a16");
    expect_same("basn0g08 ps1n0g08 ps2n0g08");
    expect_same("basn2c16 pp0n2c16 ps1n2c16 ps2n2c16 oi1n2c16 oi2n2c16 oi4n2c16 oi9n2c16");
    expect_same("basn0g16 oi1n0g16 oi2n0g16 oi4n0g16 oi9n0g16");
    expect_same("z00n2c08 z03n2c08 z06n2c08 z09n2c08");
    expect_same("basn3p04 ch1n3p04");
    expect_same("basn3p08 ch2n3p08");
    expect_same("cm0n0g04 cm7n0g04 cm9n0g04 ct0n0g04 ct1n0g04 ctzn0g04");
    expect_same("tbbn3p08 tbgn3p08 tbwn3p08 tbyn3p08 tp1n3p08");
    expect_same("tbbn2c16 tbgn2c16");
}

static uint8_t *put_number(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *out++ = (uint8_t)(value >> (24 - 8 * i));
    return out;
}

/* A chunk of a PNG: length, type, data, checksum. */
static uint8_t *put_chunk(uint8_t *out, const char *type, const void *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    uint8_t *from = put_number(out, (uint32_t)size);

    memcpy(from, type, 4);
    memcpy(from + 4, data, size);
    for (out = from; out < from + 4 + size; out++) {
        crc ^= *out;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return put_number(out, ~crc);
}

/* A gray pixel, and the same with a gAMA chunk that asks for quite another gray. */
static void test_gamma_is_ignored(void **state)
{
    static const uint8_t header[13] = {0, 0, 0, 1, 0, 0, 0, 1, 8};
    /* zlib's header, a stored block of two bytes (no filter, the pixel), Adler-32 */
    static const uint8_t pixel[] = {0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 0x4d, 0, 0x4f, 0, 0x4e};
    static const uint8_t gamma[] = {0, 0, 0x27, 0x10}; /* 0.1 */

    (void)state;
    for (int with_gamma = 0; with_gamma < 2; with_gamma++) {
        uint8_t bytes[128] = "\x89PNG\r\n\x1a\n", out, *p;
        char reason[REASON_SIZE] = "";
        struct data_facts facts = {0};
        struct decode_job job = {.bytes = bytes, .target = 1, .channels = 1, .out = &out};

        p = put_chunk(bytes + 8, "IHDR", header, sizeof header);
        if (with_gamma)
            p = put_chunk(p, "gAMA", gamma, sizeof gamma);
        p = put_chunk(p, "IDAT", pixel, sizeof pixel);
        p = put_chunk(p, "IEND", "", 0);
        job.size = (size_t)(p - bytes);
        job.reason = reason;
        job.facts = &facts;
        if (!data_decode_picture(&job))
            fail_msg("%s", reason);
        assert_int_equal(out, 0x4d);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interlacing_and_sizes),
        cmocka_unit_test(test_notes_change_nothing),
        cmocka_unit_test(test_gamma_is_ignored),
    };
    char reason[REASON_SIZE];
    int failed;

    suite = argc > 1 ? argv[1] : "pngsuite.zip";
    if (!data_zip_list(suite, ENTRIES_CAP, &files, reason)) {
        fprintf(stderr, "%s: %s\n", suite, reason);
        return 77;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    data_files_finish(&files);
    return failed;
}
