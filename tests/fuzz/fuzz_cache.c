/* A cache of prepared pictures, under digests that fit: whatever it holds, the data set can be
 * used. An input is the file without what fills its first page. */
#include "data/digest.h"
#include "data/result.h"
#include "fuzz.h"

#include <limner/dataset.h>
#include <limner/image.h>
#include <limner/scan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As cache.c lays a file out. */
enum {
    FORMAT = 16,
    FILES = 32,
    SLOTS = 40,
    TABLE_AT = 56,
    TABLE_SIZE = 64,
    TABLE_DIGEST = 72,
    DIGEST = 80,
    HEADER = 88,
    PAGE = 4096
};
enum { SIZE = 4, BYTES = SIZE * SIZE * 3, PICTURES = 3 };

static char folder[600], cache[600];
static uint8_t right[HEADER]; /* of the cache as it should be */
static struct lim_dataset_config config = {
    .size = SIZE, .channels = 3, .threads = 1, .cache_file = cache};

static void begin(void)
{
    FILE *file;

    snprintf(folder, sizeof folder, "%s", fuzz_path("in"));
    snprintf(cache, sizeof cache, "%s", fuzz_path("a.cache"));
    FUZZ_EXPECT(mkdir(folder, 0700) == 0);
    for (int i = 0; i < PICTURES; i++) {
        struct lim_image image;
        char name[16];

        FUZZ_EXPECT(lim_image_init(&image, SIZE, SIZE, 3));
        for (int k = 0; k < BYTES; k++)
            image.pixels[k] = (uint8_t)(k * (i + 3) + 50 * i);
        snprintf(name, sizeof name, "in/%d.png", i);
        FUZZ_EXPECT(lim_png_write(fuzz_path(name), &image, NULL, 0));
        lim_image_finish(&image);
    }
    fuzz_put("in/3.jpg", (const uint8_t *)"<html>", 6); /* skipped, with a reason */
    lim_dataset_destroy(lim_dataset_open(folder, &config, NULL));
    file = fopen(cache, "rb");
    FUZZ_EXPECT(file && fread(right, 1, sizeof right, file) == sizeof right);
    fclose(file);
}

static uint64_t word(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static void put_digest(uint8_t *at, const uint8_t *of, uint64_t size)
{
    uint64_t digest = digest_bytes(of, (size_t)size);

    memcpy(at, &digest, sizeof digest);
}

/* The digests of the pixels that results claim, of their table, and of the header. */
static void mend(uint8_t *file, size_t size, unsigned choice)
{
    uint64_t at, table, slots;

    if (choice & 1)
        memcpy(file, right, SLOTS); /* of these pictures, with a key that fits */
    if (choice & 2) {
        at = PAGE + word(file + SLOTS) * BYTES;
        memcpy(file + SLOTS + 8, right + SLOTS + 8, 8);
        memcpy(file + TABLE_AT, &at, 8);
        table = at <= size ? size - at : 0;
        memcpy(file + TABLE_SIZE, &table, 8);
    }
    at = word(file + TABLE_AT);
    table = word(file + TABLE_SIZE);
    slots = word(file + SLOTS);
    if (at <= size && table <= size - at) {
        for (uint64_t i = 0; i <= PICTURES && (i + 1) * sizeof(struct data_result) <= table; i++) {
            struct data_result result;

            memcpy(&result, file + at + i * sizeof result, sizeof result);
            if (result.slot < slots && PAGE + (result.slot + 1ull) * BYTES <= size)
                result.digest = digest_bytes(file + PAGE + result.slot * (size_t)BYTES, BYTES);
            memcpy(file + at + i * sizeof result, &result, sizeof result);
        }
        put_digest(file + TABLE_DIGEST, file + at, table);
    }
    put_digest(file + DIGEST, file, DIGEST);
}

static void use(const struct lim_dataset *ds)
{
    uint8_t batch[2 * BYTES];
    const struct lim_skipped *skipped;
    unsigned sum = 0;

    if (lim_dataset_count(ds) >= 2)
        lim_dataset_batch(ds, 1, 1, 2, batch);
    for (int i = 0; i < lim_dataset_count(ds); i++)
        for (int k = 0; k < BYTES; k++)
            sum += lim_dataset_picture(ds, i)[k];
    for (int i = 0; i < lim_dataset_held_out(ds); i++)
        sum += lim_dataset_held_out_picture(ds, i)[BYTES - 1];
    for (int i = 0; i < lim_dataset_skipped(ds, &skipped); i++)
        FUZZ_EXPECT(skipped[i].path && skipped[i].reason);
    lim_scan_destroy(lim_scan_create(ds));
    FUZZ_EXPECT(sum < 255u * BYTES * 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = fuzz_choice(data, size);
    size_t file_size = size > HEADER ? PAGE + size - HEADER : PAGE;
    struct lim_dataset *ds;
    uint8_t *file;

    if (!*folder)
        begin();
    file = calloc(1, file_size);
    FUZZ_EXPECT(file != NULL);
    if (size)
        memcpy(file, data, size < HEADER ? size : HEADER);
    if (size > HEADER)
        memcpy(file + PAGE, data + HEADER, size - HEADER);
    if (choice & 12)
        mend(file, file_size, choice);
    fuzz_put("a.cache", file, file_size);
    free(file);
    config.drop = (enum lim_drop)((choice >> 4) % 3);
    config.holdout = choice >> 7 & 1 ? 0.5 : 0;
    config.keep_unusable = true;
    ds = lim_dataset_open(folder, &config, NULL);
    if (ds)
        use(ds);
    lim_dataset_destroy(ds);
    return 0;
}
