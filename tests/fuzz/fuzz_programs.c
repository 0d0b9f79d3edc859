/* A file of the cache of compiled programs, and the mark beside it: what is given back stands in
 * the file under this key. Sizes are made to fit in half of the inputs, hashes in most. */
#include "fuzz.h"
#include "opencl/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

/* As opencl/cache.c lays a file out; it does not need OpenCL. */
enum {
    KEY_SIZE = 8,
    PAYLOAD_SIZE = 16,
    KEY_HASH = 24,
    PAYLOAD_HASH = 32,
    DIGEST = 40,
    HEADER = 48
};
static const char key[] = "a key";

static void put_hash(uint8_t *at, const uint8_t *of, size_t size)
{
    uint64_t hash = XXH3_64bits(of, size);

    memcpy(at, &hash, sizeof hash);
}

static void mend(uint8_t *file, size_t size, unsigned choice)
{
    uint64_t key_size = sizeof key - 1, payload = size - HEADER - key_size;

    if (size < HEADER + key_size)
        return;
    if (choice & 1) {
        memcpy(file, "limprog2", 8);
        memcpy(file + KEY_SIZE, &key_size, 8);
        memcpy(file + PAYLOAD_SIZE, &payload, 8);
    }
    if (choice & 2)
        memcpy(file + HEADER, key, key_size);
    put_hash(file + KEY_HASH, file + HEADER, key_size);
    put_hash(file + PAYLOAD_HASH, file + HEADER + key_size, payload);
    put_hash(file + DIGEST, file, DIGEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *folder, name[64], mark[64];
    unsigned choice = fuzz_choice(data, size);
    uint8_t *file = malloc(size + 1), *got;
    size_t length = 0, skipped = size && data[0] == 'm' ? size / 2 : 0;

    FUZZ_EXPECT(file != NULL);
    if (!folder) {
        uint64_t hash = XXH3_64bits(key, sizeof key - 1);

        folder = ocl_cache_folder(fuzz_folder());
        FUZZ_EXPECT(folder != NULL);
        snprintf(name, sizeof name, "programs/conv-%016" PRIx64 ".bin", hash);
        snprintf(mark, sizeof mark, "programs/conv-%016" PRIx64 ".loading", hash);
    }
    if (skipped) /* both files */
        fuzz_put(mark, data + 1, skipped - 1);
    size -= skipped;
    if (size)
        memcpy(file, data + skipped, size);
    if (choice & 12)
        mend(file, size, choice);
    fuzz_put(name, file, size);
    got = ocl_cache_read(folder, "conv", key, &length);
    if (got) {
        FUZZ_EXPECT(length == size - HEADER - (sizeof key - 1));
        FUZZ_EXPECT(memcmp(got, file + size - length, length) == 0);
        FUZZ_EXPECT(memcmp(file + HEADER, key, sizeof key - 1) == 0);
    }
    free(got);
    free(file);
    ocl_cache_drop(folder, "conv", key);
    FUZZ_EXPECT(access(fuzz_path(name), F_OK) != 0 && access(fuzz_path(mark), F_OK) != 0);
    return 0;
}
