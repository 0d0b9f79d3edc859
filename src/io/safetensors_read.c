/* Reading trusts nothing: lengths against the file's size, shapes against offsets, offsets against
 * each other. */
#include "io/safetensors.h"

#include "base/log.h"
#include "io/hash.h"
#include "io/json.h"
#include "io/little_endian.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

/* Headers of ours take 4 kB. The format allows 100 MB, which as JSON would take gigabytes. */
enum { MAX_HEADER = 1 << 20, MAX_TENSORS = 4096 };

static bool refuse(struct lim_st_reader *reader, const char *reason)
{
    lim_error("%s: not a model that limner can read: %s", reader->path, reason);
    return false;
}

/* A whole number from 0 to 2^53. */
static bool whole(const cJSON *item, uint64_t *value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 0x1p53))
        return false;
    *value = (uint64_t)item->valuedouble;
    return (double)*value == item->valuedouble;
}

/* One entry of the header. NULL, or what is wrong with it. */
static const char *parse_tensor(const cJSON *entry, uint64_t data_size, struct lim_st_tensor *t)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const char *dtype = lim_json_get_string(entry, "dtype");
    uint64_t end;

    if (strlen(entry->string) >= LIM_ST_NAME)
        return "a tensor's name is too long";
    if (!dtype || strcmp(dtype, "F32") != 0)
        return "a tensor is not of type F32";
    if (!cJSON_IsArray(shape) || cJSON_GetArraySize(shape) > LIM_ST_RANK)
        return "a tensor's shape is missing or has more than four sizes";
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", entry->string);
    t->count = 1;
    for (const cJSON *size = shape->child; size; size = size->next) {
        if (!whole(size, t->shape + t->rank) || t->shape[t->rank] == 0 ||
            t->shape[t->rank] > data_size / t->count)
            return "a tensor's shape does not fit the file";
        t->count *= t->shape[t->rank++];
    }
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole(offsets->child, &t->begin) || !whole(offsets->child->next, &end))
        return "a tensor's data_offsets are missing or no whole numbers";
    if (t->begin > end || end > data_size || end - t->begin != t->count * sizeof(float))
        return "a tensor's data_offsets do not fit its shape or the file";
    return NULL;
}

static int by_begin(const void *a, const void *b)
{
    const struct lim_st_tensor *left = a, *right = b;

    return (left->begin > right->begin) - (left->begin < right->begin);
}

static bool parse_tensors(struct lim_st_reader *reader)
{
    const char *reason;
    uint64_t at = 0;
    int most = cJSON_GetArraySize(reader->header), metadata = 0;

    if (most > MAX_TENSORS)
        return refuse(reader, "it has far too many tensors");
    reader->tensors = calloc((size_t)most + 1, sizeof *reader->tensors);
    if (!reader->tensors)
        return refuse(reader, "no memory");
    for (const cJSON *entry = reader->header->child; entry; entry = entry->next) {
        if (strcmp(entry->string, "__metadata__") == 0) {
            if (metadata++)
                return refuse(reader, "it has metadata twice");
            continue;
        }
        reason = parse_tensor(entry, reader->data_size, reader->tensors + reader->count);
        if (reason)
            return refuse(reader, reason);
        if (lim_st_find(reader, entry->string))
            return refuse(reader, "two tensors have one name");
        reader->count++;
    }
    qsort(reader->tensors, (size_t)reader->count, sizeof *reader->tensors, by_begin);
    for (int i = 0; i < reader->count; i++) {
        if (reader->tensors[i].begin != at)
            return refuse(reader, "its tensors overlap or leave gaps");
        at += reader->tensors[i].count * sizeof(float);
    }
    if (at != reader->data_size)
        return refuse(reader, "there are bytes after the last tensor");
    return true;
}

static bool read_header(struct lim_st_reader *reader, uint64_t file_size)
{
    unsigned char length[8];
    uint64_t size = 0;
    char *text;

    if (file_size < 8 || fread(length, 1, 8, reader->stream) != 8)
        return refuse(reader, "it is too short for a safetensors file");
    for (int i = 0; i < 8; i++)
        size |= (uint64_t)length[i] << 8 * i;
    if (size > file_size - 8)
        return refuse(reader, "not safetensors, or truncated within its header");
    if (size < 2 || size > MAX_HEADER)
        return refuse(reader, "its header has an impossible length");
    text = reader->text = malloc((size_t)size + 1);
    if (!text)
        return refuse(reader, "no memory");
    reader->data_start = 8 + size;
    reader->data_size = file_size - reader->data_start;
    if (fread(text, 1, (size_t)size, reader->stream) != (size_t)size)
        return refuse(reader, "its header cannot be read");
    text[size] = '\0';
    reader->header = memchr(text, '\0', (size_t)size) ? NULL : lim_json_parse(text);
    if (!cJSON_IsObject(reader->header))
        return refuse(reader, "its header is not a JSON object");
    return parse_tensors(reader);
}

bool lim_st_open(struct lim_st_reader *reader, const char *path)
{
    struct stat st;

    memset(reader, 0, sizeof *reader);
    reader->path = strdup(path);
    if (!reader->path) {
        lim_error("%s: no memory to read it", path);
        return false;
    }
    reader->stream = lim_file_open(path);
    if (!reader->stream)
        goto error;
    if (fstat(fileno(reader->stream), &st) != 0) {
        lim_error("%s: cannot be read: %s", path, strerror(errno));
        goto error;
    }
    if (read_header(reader, (uint64_t)st.st_size))
        return true;

error:
    lim_st_close(reader);
    return false;
}

void lim_st_close(struct lim_st_reader *reader)
{
    if (reader->stream)
        fclose(reader->stream);
    cJSON_Delete(reader->header);
    free(reader->tensors);
    free(reader->text);
    free(reader->path);
    memset(reader, 0, sizeof *reader);
}

const char *lim_st_metadata(const struct lim_st_reader *reader, const char *key)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(reader->header, "__metadata__");

    return lim_json_get_string(metadata, key);
}

const struct lim_st_tensor *lim_st_find(const struct lim_st_reader *reader, const char *name)
{
    for (int i = 0; i < reader->count; i++)
        if (strcmp(reader->tensors[i].name, name) == 0)
            return reader->tensors + i;
    return NULL;
}

/* Makes the header as the checksum covers it: with zeros for the digits, which lie `skip` bytes
 * after the checksum's beginning. Only if they are where the writer puts them; else the sum rightly
 * does not match. */
static void clear_digits(struct lim_st_reader *reader, const char *checksum, size_t skip)
{
    char *at = strlen(checksum) == skip + 16 ? strstr(reader->text, LIM_ST_CHECKSUM) : NULL;

    if (at && strncmp(at + strlen(LIM_ST_CHECKSUM), checksum, skip + 16) == 0)
        memset(at + strlen(LIM_ST_CHECKSUM) + skip, '0', 16);
}

/* Of the header and all data: FNV-1a where `xxh3` is NULL. False after one log line. */
static bool sum_up(struct lim_st_reader *reader, XXH3_state_t *xxh3, uint64_t *sum)
{
    size_t size = (size_t)reader->data_start - 8;
    uint64_t fnv = LIM_HASH_START, left = reader->data_size;
    char block[1 << 14];
    const char *bytes = reader->text;

    if (fseeko(reader->stream, (off_t)reader->data_start, SEEK_SET) != 0)
        return refuse(reader, strerror(errno));
    for (;;) {
        if (xxh3)
            XXH3_64bits_update(xxh3, bytes, size);
        else
            fnv = lim_hash(fnv, bytes, size);
        if (left == 0)
            break;
        size = left < sizeof block ? (size_t)left : sizeof block;
        bytes = block;
        if (fread(block, 1, size, reader->stream) != size)
            return refuse(reader, "its data cannot be read");
        left -= size;
    }
    *sum = xxh3 ? XXH3_64bits_digest(xxh3) : fnv;
    return true;
}

bool lim_st_verify(struct lim_st_reader *reader)
{
    const char *checksum = lim_st_metadata(reader, "checksum");
    bool old = checksum && strncmp(checksum, LIM_ST_XXH3, strlen(LIM_ST_XXH3)) != 0;
    size_t skip = old ? 0 : strlen(LIM_ST_XXH3);
    XXH3_state_t *xxh3 = NULL;
    char digits[17];
    uint64_t sum;
    bool good;

    if (!checksum)
        return refuse(reader, "it has no checksum: another program wrote it");
    if (!old && (!(xxh3 = XXH3_createState()) || XXH3_64bits_reset(xxh3) != XXH_OK))
        return refuse(reader, "no memory");
    clear_digits(reader, checksum, skip);
    good = sum_up(reader, xxh3, &sum);
    XXH3_freeState(xxh3);
    if (!good)
        return false;
    snprintf(digits, sizeof digits, "%016" PRIx64, sum);
    if (strcmp(digits, checksum + skip) != 0)
        return refuse(reader, "it is damaged: the checksum does not fit the contents");
    return true;
}

bool lim_st_read(struct lim_st_reader *reader, const struct lim_st_tensor *tensor, float *out)
{
    if (fseeko(reader->stream, (off_t)(reader->data_start + tensor->begin), SEEK_SET) == 0 &&
        fread(out, sizeof *out, (size_t)tensor->count, reader->stream) == tensor->count) {
        if (LIM_BIG_ENDIAN)
            lim_swap_floats(out, out, (size_t)tensor->count);
        return true;
    }
    lim_error("%s: '%s' cannot be read: %s", reader->path, tensor->name, strerror(errno));
    return false;
}
