/* An archive, from its directory to the pixels of its entries. */
#include "data/preprocess.h"
#include "fuzz.h"

#include <string.h>

#define SIDE 4

static void prepare_entries(const char *path, const struct data_files *files)
{
    struct preprocessor p = {
        .source = data_zip_source_create(path), .size = SIDE, .channels = 3, .max_pixels = 1 << 16};

    for (size_t i = 0; p.source && i < files->count && i < 16; i++) {
        uint8_t out[SIDE * SIDE * 3];
        char reason[REASON_SIZE] = "";
        struct data_facts facts = {0};

        FUZZ_EXPECT(files->list[i].path != NULL);
        if (files->list[i].reason)
            continue;
        FUZZ_EXPECT((data_preprocess_file(&p, &files->list[i], out, reason, &facts) == SKIPPED) ==
                    (reason[0] != 0));
    }
    data_preprocessor_finish(&p);
    if (p.source)
        p.source->destroy(p.source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_put("a.zip", data, size);
    struct data_files files = {0};
    char reason[REASON_SIZE] = "";
    bool listed = data_zip_list(path, 1000, &files, reason);

    FUZZ_EXPECT(listed == (reason[0] == 0));
    if (listed)
        prepare_entries(path, &files);
    data_files_finish(&files);
    return 0;
}
