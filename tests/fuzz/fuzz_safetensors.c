/* A model file, with its checksum made right: all that it claims is checked before it is believed.
 */
#include "fuzz.h"
#include "io/safetensors.h"

#include <limner/dcgan.h>
#include <stdlib.h>
#include <string.h>

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
    if (size > 8)
        fuzz_mend_digits(copy, size, 8, LIM_ST_CHECKSUM);
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
