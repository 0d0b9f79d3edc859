/* Exif's orientation, and what a file is by its first bytes. */
#include "data/exif.h"
#include "data/file_type.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int way_up = data_exif_orientation(data, size);
    struct file_type type = data_file_type_of(data, size < FILE_TYPE_HEAD ? size : FILE_TYPE_HEAD);
    bool decoded = type.kind == FILE_TYPE_PNG || type.kind == FILE_TYPE_JPEG ||
                   type.kind == FILE_TYPE_WEBP || type.kind == FILE_TYPE_GIF;

    FUZZ_EXPECT(way_up >= 1 && way_up <= 8);
    FUZZ_EXPECT(decoded == (type.reason == NULL));
    return 0;
}
