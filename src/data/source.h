/* Where pictures come from: the files of a folder or the entries of an archive. */
#ifndef LIMNER_SRC_DATA_SOURCE_H
#define LIMNER_SRC_DATA_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REASON_SIZE 256

/* Larger files are refused: a picture at the cap of 100 million pixels stays below it, and it
 * limits a decompression bomb. */
#define FILE_SIZE_CAP ((size_t)256 << 20)

/* Entries of an archive: more than any collection of pictures has, and a kilobyte of memory each.
 */
#define ENTRIES_CAP ((size_t)4 << 20)

struct data_file {
    char *path;          /* as shown to the user; owned */
    char *reason;        /* why it is not used, owned; NULL: it may be a picture */
    uint64_t key[2];     /* folder: device and inode, zip: the entry's number */
    uint64_t size, time; /* in a folder: bytes, and nanoseconds of the last change */
};

struct data_files {
    struct data_file *list;
    size_t count, room;
    int ignored; /* passed over before they came into the list */
};

/* Takes a copy of `path`, and of `reason` if there is one. False without memory. */
bool data_files_add(struct data_files *files, const char *path, const char *reason, uint64_t key0,
                    uint64_t key1);

/* The file's path below `root`, independent of where the folder lies; of an entry, its name. */
const char *data_file_name(const struct data_file *file, const char *root);
const char *data_name_below(const char *path, const char *root);
void data_files_sort(struct data_files *files); /* by the bytes of the path */
void data_files_finish(struct data_files *files);

/* Names that systems add among pictures: hidden files, Thumbs.db, __MACOSX and the like. */
bool data_name_is_hidden(const char *name, size_t length);

/* An open file is read from its beginning; one source serves one thread. */
struct data_source {
    bool (*open)(struct data_source *source, const struct data_file *file, char *reason);
    long (*read)(struct data_source *source, uint8_t *out, size_t size, char *reason); /* 0: end */
    void (*close)(struct data_source *source);
    void (*destroy)(struct data_source *source);
};

/* Every file below the folder `root`. False without memory; other errors become entries. */
bool data_folder_list(const char *root, struct data_files *files);
struct data_source *data_folder_source_create(void);

/* By content. */
bool data_file_is_zip(const char *path);

/* Every file in the archive. False with `reason` if it cannot be read, or holds more than `most`
 * entries. */
bool data_zip_list(const char *path, size_t most, struct data_files *files, char *reason);
struct data_source *data_zip_source_create(const char *path);

#endif
