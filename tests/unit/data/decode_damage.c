/* Throws damaged files at the decoders: no crash, no leak, nothing written outside the square, a
 * reason for every refusal. Sanitizers see most of it.
 *
 * LIMNER_TEST_ROUNDS=100000 goes on for longer; the state that failed is printed. */
#include "config.h"
#include "data/decode.h"
#include "data/source.h"
#include "support/check.h"
#include "support/pictures.h"
#include "support/pictures_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 12
#define GUARD 64

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* Makes the checksums right again, so that damage gets past them and into the decoder. */
static void mend_png(uint8_t *bytes, size_t size)
{
    size_t at = 8;

    while (at + 12 <= size) {
        size_t length = png_get_uint_32(bytes + at);

        if (length > size - at - 12)
            return;
        png_save_uint_32(bytes + at + 8 + length, crc_of(bytes + at + 4, length + 4));
        at += length + 12;
    }
}

static void damage(uint8_t *bytes, size_t *size, uint64_t *state)
{
    uint32_t count = 1 + noise_next(state) % 4;

    for (uint32_t i = 0; i < count; i++) {
        size_t at = noise_next(state) % *size;

        switch (noise_next(state) % 4) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << noise_next(state) % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)noise_next(state);
            break;
        case 2: /* a byte that means something to JPEG */
            bytes[at] = 0xff;
            break;
        case 3:
            if (noise_next(state) % 8 == 0 && at > 16)
                *size = at;
            else
                bytes[at] = 0;
            break;
        }
    }
}

static void try_damaged(const uint8_t *whole, size_t size, uint64_t start)
{
    uint64_t state = start;
    uint8_t *bytes = malloc(size);
    uint8_t out[SIDE * SIDE * 3 + GUARD];
    char reason[REASON_SIZE] = "";
    struct decode_job job = {.target = SIDE, .channels = 3, .out = out, .reason = reason};
    size_t left = size;
    bool done;

    assert_non_null(bytes);
    memcpy(bytes, whole, size);
    memset(out, 0x5a, sizeof out);
    damage(bytes, &left, &state);
    if (bytes[0] == 0x89 && noise_next(&state) % 4)
        mend_png(bytes, left);
    job.bytes = bytes;
    job.size = left;
    job.channels = noise_next(&state) % 2 ? 3 : 1;
    done = data_decode_picture(&job);
    if (done == (reason[0] != 0))
        fail_msg("state %llu: %s, and the reason is '%s'", (unsigned long long)start,
                 done ? "decoded" : "refused", reason);
    for (int i = 0; i < GUARD; i++)
        if (out[SIDE * SIDE * 3 + i] != 0x5a)
            fail_msg("state %llu: written past the end", (unsigned long long)start);
    free(bytes);
}

static void test_damage(void **state)
{
    static const uint8_t alphas[] = {0, 128, 255};
    static const png_color palette[4] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {250, 0, 250}};
    static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA, PNG_COLOR_TYPE_PALETTE};
    const char *rounds_text = getenv("LIMNER_TEST_ROUNDS");
    int rounds = rounds_text ? atoi(rounds_text) : 300, files = 0;
    char *root = folder_make(), name[32];
    uint8_t pixels[20 * 17 * 8];
    uint64_t noise = 11;

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)noise_next(&noise);
    for (int i = 0; i < 10; i++) {
        struct png_spec spec = {17, 20, types[i % 5], 8, .interlaced = i >= 5, .rows = pixels};

        if (spec.type == PNG_COLOR_TYPE_PALETTE) {
            spec.depth = 2;
            spec.palette = palette;
            spec.palette_count = 4;
            spec.alphas = alphas;
            spec.alpha_count = 3;
        } else if (i % 2) {
            spec.depth = 16;
        }
        spec.orientation = i;
        snprintf(name, sizeof name, "%d", files++);
        put_png(root, name, &spec);
    }
#ifdef LIM_HAVE_JPEG
    for (int i = 0; i < 6; i++) {
        static const int channels[] = {1, 3, 4};
        struct jpeg_spec spec = {17, 20, channels[i % 3], pixels, .progressive = i >= 3};

        spec.ycck = i == 5;
        spec.orientation = i + 1;
        snprintf(name, sizeof name, "%d", files++);
        put_jpeg(root, name, &spec);
    }
#endif
    for (int i = 0; i < 8; i++) {
        size_t size;
        struct gif_spec gif = {20, 20, 3, 0, 17, 20, pixels, i, i & 1, i & 2, i / 4 + 1};
        struct webp_spec webp = {20, 20, 2, 0, 17, 20, pixels, i & 1, i & 2, i & 4};
        uint8_t *bytes = i & 2 ? make_gif(&gif, &size) : make_webp(&webp, &size);

        if (!bytes)
            continue;
        snprintf(name, sizeof name, "%d", files++);
        put_bytes(root, name, bytes, size);
        free(bytes);
    }
    for (int i = 0; i < files; i++) {
        size_t size;
        uint8_t *bytes;

        snprintf(name, sizeof name, "%d", i);
        bytes = get_bytes(root, name, &size);
        for (int j = 0; j < rounds; j++)
            try_damaged(bytes, size, noise = noise * 6364136223846793005u + 1442695040888963407u);
        free(bytes);
    }
    folder_remove(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damage)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
