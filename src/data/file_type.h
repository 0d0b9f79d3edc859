/* Determines a file's type from its first bytes, because names may be wrong. */
#ifndef LIMNER_SRC_DATA_FILE_TYPE_H
#define LIMNER_SRC_DATA_FILE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a file that are examined. */
#define FILE_TYPE_HEAD 1024

enum file_type_kind {
    FILE_TYPE_PNG,
    FILE_TYPE_JPEG,
    FILE_TYPE_WEBP,
    FILE_TYPE_GIF,
    FILE_TYPE_TEXT,
    FILE_TYPE_EMPTY,
    FILE_TYPE_OTHER
};

/* `reason` says why it is not used; NULL for types that are decoded. */
struct file_type {
    enum file_type_kind kind;
    const char *reason;
};

struct file_type data_file_type_of(const uint8_t *head, size_t size);

/* Does the name end like a picture's? Formats that limner cannot read count too. */
bool data_file_named_picture(const char *path);

/* Does the name end like that of notes beside pictures? .txt, .json, .csv, .md ... */
bool data_file_named_notes(const char *path);

#endif
