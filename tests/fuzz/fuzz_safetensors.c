/* A model file, with its checksum made right: all that it claims is checked before it is believed.
 */
#include "fuzz.h"
#include "io/hash.h"
#include "io/safetensors.h"

#include <limner/dcgan.h>
#include <stdlib.h>
#include <string.h>

static void mend_checksum(uint8_t *data, size_t size)
{
    size_t length = strlen(LIM_ST_CHECKSUM);
    char digits[17];

    for (size_t i = 8; i + length + 16 <= size; i++) {
        if (memcmp(data + i, LIM_ST_CHECKSUM, length) != 0)
            continue;
        memset(data + i + length, '0', 16);
        snprintf(digits, sizeof digits, "%016llx",
                 (unsigned long long)lim_hash(LIM_HASH_START, data + 8, size - 8));
        memcpy(data + i + length, digits, 16);
        return;
    }
}

static void read_all(struct lim_st_reader *reader)
{
    lim_st_verify(reader);
    for (int i = 0; i < reader->count; i++) {
        float *values = malloc((size_t)reader->tensors[i].count * sizeof *values);

        FUZZ_EXPECT(values != NULL);
        FUZZ_EXPECT(lim_st_read(reader, &reader->tensors[i], values));
        free(values);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    struct lim_st_reader reader;
    struct lim_model_info info;
    const char *path;

    FUZZ_EXPECT(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    mend_checksum(copy, size);
    path = fuzz_put("a.safetensors", copy, size);
    free(copy);
    if (lim_st_open(&reader, path)) {
        read_all(&reader);
        lim_st_close(&reader);
    }
    if (lim_model_info_read(path, &info, NULL))
        FUZZ_EXPECT(lim_dcgan_check(&info.config));
    return 0;
}
