#include "data/exif.h"

#include <stdbool.h>

static uint32_t number(const uint8_t *p, int bytes, bool big)
{
    uint32_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << 8 * (big ? bytes - 1 - i : i);
    return value;
}

int data_exif_orientation(const uint8_t *tiff, size_t size)
{
    bool big;
    size_t start, count;

    if (size < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M'))
        return 1;
    big = tiff[0] == 'M';
    start = number(tiff + 4, 4, big);
    if (number(tiff + 2, 2, big) != 42 || start > size - 2)
        return 1;
    count = number(tiff + start, 2, big);
    start += 2;
    /* Entries of 12 bytes: tag, type, count, value. Type 3 is a 16-bit number. */
    for (size_t i = 0; i < count && size - start >= 12; i++, start += 12) {
        if (number(tiff + start, 2, big) == 0x0112 && number(tiff + start + 2, 2, big) == 3) {
            uint32_t value = number(tiff + start + 8, 2, big);

            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 1;
}
