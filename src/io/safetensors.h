/* safetensors files (github.com/huggingface/safetensors, format of 2022): eight bytes of header
 * length, a JSON header, raw little-endian data. F32 only. A checksum in __metadata__ covers the
 * header (with the checksum's own digits as zeros) and all data: XXH3_64bits of the xxHash library,
 * as "xxh3-" and sixteen digits, or, in files of limner 0.1.0, FNV-1a as digits alone. */
#ifndef LIMNER_SRC_IO_SAFETENSORS_H
#define LIMNER_SRC_IO_SAFETENSORS_H

#include "io/file.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What stands before the checksum, and before its digits where it is no FNV-1a. Inside another
 * string the quotes would be escaped. */
#define LIM_ST_CHECKSUM "\"checksum\":\""
#define LIM_ST_XXH3 "xxh3-"

enum { LIM_ST_RANK = 4, LIM_ST_NAME = 64 };

struct lim_st_tensor {
    char name[LIM_ST_NAME];
    int rank;
    uint64_t shape[LIM_ST_RANK];
    uint64_t begin, count; /* first byte in the data; floats */
};

/* Writing: begin with the list of tensors (begin and count are filled in) and __metadata__ (an
 * object of strings; stays the caller's), put the data of each in that order, end. After a failure
 * the rest does nothing and lim_st_end tells it in one line; the target is replaced only by a whole
 * file. */
struct lim_st_writer {
    struct lim_file file;
    char *header; /* padded to 8 bytes, checksum as zeros */
    size_t header_size;
    struct XXH3_state_s *hash;
};

bool lim_st_begin(struct lim_st_writer *writer, const char *path, struct lim_st_tensor *tensors,
                  int count, const cJSON *metadata);
void lim_st_put(struct lim_st_writer *writer, const float *data, size_t count);
bool lim_st_end(struct lim_st_writer *writer);
void lim_st_abort(struct lim_st_writer *writer);

/* Reading. Everything the file claims has been checked against its size when open returns true. */
struct lim_st_reader {
    char *path;
    FILE *stream;
    cJSON *header;
    struct lim_st_tensor *tensors; /* in order of their data */
    int count;
    uint64_t data_start, data_size;
    char *text; /* the header as it stands in the file, until data_start */
};

/* False after one log line. */
bool lim_st_open(struct lim_st_reader *reader, const char *path);
void lim_st_close(struct lim_st_reader *reader);

/* NULL where there is none. */
const char *lim_st_metadata(const struct lim_st_reader *reader, const char *key);
const struct lim_st_tensor *lim_st_find(const struct lim_st_reader *reader, const char *name);

/* Reads all data once against the checksum. False after one log line. */
bool lim_st_verify(struct lim_st_reader *reader);

/* tensor->count floats. False after one log line. */
bool lim_st_read(struct lim_st_reader *reader, const struct lim_st_tensor *tensor, float *out);

#endif
