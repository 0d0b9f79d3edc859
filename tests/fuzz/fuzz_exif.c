/* Exif's orientation, and what a file is by its first bytes. */
#include "data/exif.h"
#include "data/file_type.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int way_up = data_exif_orientation(data, size);
    struct sniff sniff = data_sniff_bytes(data, size < SNIFF_SIZE ? size : SNIFF_SIZE);
    bool decoded = sniff.kind == SNIFF_PNG || sniff.kind == SNIFF_JPEG ||
                   sniff.kind == SNIFF_WEBP || sniff.kind == SNIFF_GIF;

    FUZZ_EXPECT(way_up >= 1 && way_up <= 8);
    FUZZ_EXPECT(decoded == (sniff.reason == NULL));
    return 0;
}
