#include "io/safetensors.h"

#include "base/log.h"
#include "io/little_endian.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const char no_checksum[] = LIM_ST_XXH3 "0000000000000000";

/* {"__metadata__": {..., "checksum": "xxh3-0..."}, "NAME": {"dtype": "F32", ...}, ...} */
static cJSON *describe(struct lim_st_tensor *tensors, int count, const cJSON *metadata)
{
    cJSON *root = cJSON_CreateObject(), *meta = cJSON_Duplicate(metadata, true);
    uint64_t at = 0;
    bool ok = root && meta && cJSON_AddStringToObject(meta, "checksum", no_checksum) &&
              cJSON_AddItemToObject(root, "__metadata__", meta);

    for (int i = 0; ok && i < count; i++) {
        cJSON *entry = cJSON_AddObjectToObject(root, tensors[i].name);
        cJSON *shape, *offsets;

        ok = entry && cJSON_AddStringToObject(entry, "dtype", "F32");
        shape = ok ? cJSON_AddArrayToObject(entry, "shape") : NULL;
        offsets = ok ? cJSON_AddArrayToObject(entry, "data_offsets") : NULL;
        tensors[i].begin = at;
        tensors[i].count = 1;
        for (int j = 0; j < tensors[i].rank; j++) {
            tensors[i].count *= tensors[i].shape[j];
            ok = ok && cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensors[i].shape[j]));
        }
        at += tensors[i].count * sizeof(float);
        ok = ok && offsets &&
             cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)tensors[i].begin)) &&
             cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)at));
    }
    if (ok)
        return root;
    cJSON_Delete(root);
    return NULL;
}

static bool write_header(struct lim_st_writer *writer)
{
    unsigned char length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)writer->header_size >> 8 * i);
    return lim_file_write(&writer->file, length, sizeof length) &&
           lim_file_write(&writer->file, writer->header, writer->header_size);
}

static void release(struct lim_st_writer *writer)
{
    XXH3_freeState(writer->hash);
    free(writer->header);
}

bool lim_st_begin(struct lim_st_writer *writer, const char *path, struct lim_st_tensor *tensors,
                  int count, const cJSON *metadata)
{
    cJSON *root = describe(tensors, count, metadata);
    char *text = root ? cJSON_PrintUnformatted(root) : NULL;
    size_t size = text ? strlen(text) : 0;

    memset(writer, 0, sizeof *writer);
    cJSON_Delete(root);
    writer->header_size = (size + 7) / 8 * 8; /* the data start aligned */
    writer->header = text ? malloc(writer->header_size + 1) : NULL;
    writer->hash = XXH3_createState();
    if (!writer->header || !writer->hash || XXH3_64bits_reset(writer->hash) != XXH_OK) {
        lim_error("%s: no memory to write it", path);
        cJSON_free(text);
        release(writer);
        return false;
    }
    memset(writer->header, ' ', writer->header_size);
    memcpy(writer->header, text, size);
    writer->header[writer->header_size] = '\0';
    cJSON_free(text);
    XXH3_64bits_update(writer->hash, writer->header, writer->header_size);
    if (!lim_file_begin(&writer->file, path)) {
        release(writer);
        return false;
    }
    write_header(writer); /* a failure is remembered by the file */
    return true;
}

static void put(struct lim_st_writer *writer, const float *data, size_t count)
{
    XXH3_64bits_update(writer->hash, data, count * sizeof *data);
    lim_file_write(&writer->file, data, count * sizeof *data);
}

void lim_st_put(struct lim_st_writer *writer, const float *data, size_t count)
{
    float swapped[1024];

    if (!LIM_BIG_ENDIAN) {
        put(writer, data, count);
        return;
    }
    for (size_t n; count > 0; data += n, count -= n) {
        n = count < 1024 ? count : 1024;
        lim_swap_floats(swapped, data, n);
        put(writer, swapped, n);
    }
}

bool lim_st_end(struct lim_st_writer *writer)
{
    const char before[] = LIM_ST_CHECKSUM LIM_ST_XXH3;
    char *digits = strstr(writer->header, before) + strlen(before);
    char checksum[17];

    snprintf(checksum, sizeof checksum, "%016" PRIx64, XXH3_64bits_digest(writer->hash));
    memcpy(digits, checksum, 16);
    lim_file_seek(&writer->file, 0);
    write_header(writer);
    release(writer);
    return lim_file_commit(&writer->file);
}

void lim_st_abort(struct lim_st_writer *writer)
{
    release(writer);
    lim_file_abort(&writer->file);
}
