/* One decoder, named by FUZZ_DECODE, on any bytes: the square is filled or a reason given, and
 * nothing else is written. */
#include "data/decode.h"
#include "data/source.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 9
#define GUARD 64

/* With right checksums damage gets past them and into the PNG decoder; half of the inputs. */
static void mend_png(uint8_t *bytes, size_t size)
{
    static uint32_t table[256];

    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    for (size_t at = 8; at + 12 <= size;) {
        size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                        (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        uint32_t crc = 0xffffffff;

        if (length > size - at - 12)
            return;
        for (size_t i = at + 4; i < at + 8 + length; i++)
            crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (size_t)i] = (uint8_t)(~crc >> (24 - 8 * i));
        at += length + 12;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[SIDE * SIDE * 3 + GUARD], *copy = malloc(size ? size : 1);
    char reason[REASON_SIZE] = "";
    unsigned choice = fuzz_choice(data, size);
    struct data_facts facts = {0};
    struct decode_job job = {
        .bytes = copy, .size = size, .out = out, .reason = reason, .facts = &facts};
    size_t used;
    bool done;

    FUZZ_EXPECT(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    if (size > 8 && data[0] == 0x89 && choice & 1)
        mend_png(copy, size);
    job.target = 1 + (int)(choice >> 1 & 7);
    job.channels = choice >> 4 & 1 ? 3 : 1;
    job.crop = (enum lim_crop)((choice >> 5) % 3);
    job.background = choice >> 7 & 1 ? LIM_RGB(10, 200, 30) : 0;
    job.max_pixels = 1 << 18;
    used = (size_t)(job.target * job.target * job.channels);
    memset(out, 0x5a, sizeof out);
    done = FUZZ_DECODE(&job);
    FUZZ_EXPECT(done == (reason[0] == 0));
    FUZZ_EXPECT(memchr(reason, 0, sizeof reason) != NULL);
    for (size_t i = used; i < sizeof out; i++)
        FUZZ_EXPECT(out[i] == 0x5a);
    free(copy);
    return 0;
}
