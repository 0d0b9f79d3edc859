/* What a file is, from its first bytes: names deceive. */
#ifndef LIMNER_SRC_DATA_FILE_TYPE_H
#define LIMNER_SRC_DATA_FILE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many bytes as sniffing looks at. */
#define SNIFF_SIZE 1024

enum sniff_kind {
    SNIFF_PNG,
    SNIFF_JPEG,
    SNIFF_WEBP,
    SNIFF_GIF,
    SNIFF_TEXT,
    SNIFF_EMPTY,
    SNIFF_OTHER
};

/* `reason` says why it is not used; NULL for what is decoded. */
struct sniff {
    enum sniff_kind kind;
    const char *reason;
};

struct sniff data_sniff_bytes(const uint8_t *head, size_t size);

/* The name ends like a picture's (one that limner cannot read counts too). */
bool data_sniff_named_picture(const char *path);

/* The name ends like that of notes beside pictures: .txt, .json, .csv, .md ... */
bool data_sniff_named_notes(const char *path);

#endif
