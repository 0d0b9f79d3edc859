/* Pictures in a .zip. Entry names are only names here: nothing is ever unpacked to a file. */
#include "config.h"
#include "data/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool data_file_is_zip(const char *path)
{
    char head[4] = "";
    FILE *file = fopen(path, "rbe");
    size_t got = file ? fread(head, 1, sizeof head, file) : 0;

    if (file)
        fclose(file);
    /* An archive with entries, and one without. */
    return got == 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

#ifdef LIM_HAVE_ZIP
#include <zip.h>

static zip_t *open_archive(const char *path, char *reason)
{
    int code = 0;
    zip_t *archive = zip_open(path, ZIP_RDONLY, &code);

    if (!archive) {
        zip_error_t error;

        zip_error_init_with_code(&error, code);
        snprintf(reason, REASON_SIZE, "%s", zip_error_strerror(&error));
        zip_error_fini(&error);
    }
    return archive;
}

/* A name that would lie outside of the folder the archive is unpacked in. Nothing is unpacked here,
 * but such an archive is malicious. */
static bool name_escapes(const char *name)
{
    size_t start = 0;

    if (name[0] == '/' || name[0] == '\\')
        return true;
    if (name[0] && name[1] == ':' && (name[2] == '/' || name[2] == '\\'))
        return true; /* a drive */
    while (name[start]) {
        size_t length = strcspn(name + start, "/\\");

        if (length == 2 && name[start] == '.' && name[start + 1] == '.')
            return true;
        start += length + (name[start + length] != 0);
    }
    return false;
}

/* Unix notes the kind of a file in the upper half of an entry's attributes. */
static bool is_link(zip_t *archive, zip_uint64_t entry)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;

    return zip_file_get_external_attributes(archive, entry, 0, &system, &attributes) == 0 &&
           system == ZIP_OPSYS_UNIX && (attributes >> 16 & 0170000) == 0120000;
}

/* The length of the name up to and with its first hidden part; 0 if it has none. */
static size_t hidden_prefix(const char *name)
{
    size_t start = 0;

    while (name[start]) {
        /* Some archivers on Windows write backslashes. */
        size_t length = strcspn(name + start, "/\\");
        bool dots = length <= 2 && strspn(name + start, ".") >= length;

        if (!dots && data_name_is_hidden(name + start, length))
            return start + length;
        start += length + (name[start + length] != 0);
    }
    return 0;
}

/* Leaves the hidden entries out; a hidden folder counts as one, as it does on a disk. */
static void drop_hidden(struct data_files *files)
{
    size_t kept = 0, last_length = 0;
    const char *last = NULL;
    char *owned = NULL;

    for (size_t i = 0; i < files->count; i++) {
        struct data_file *file = &files->list[i];
        size_t length = hidden_prefix(file->path);

        if (length == 0) {
            files->list[kept++] = *file;
            continue;
        }
        if (!last || length != last_length || memcmp(last, file->path, length) != 0)
            files->ignored++;
        free(owned);
        owned = file->path;
        last = owned;
        last_length = length;
        free(file->reason);
    }
    free(owned);
    files->count = kept;
}

/* Of entries with one name, only the last counts: it was added last. */
static void drop_replaced(struct data_files *files)
{
    size_t kept = 0;

    for (size_t i = 0; i < files->count; i++) {
        struct data_file *file = &files->list[i];

        if (i + 1 < files->count && strcmp(file->path, file[1].path) == 0) {
            free(file->path);
            free(file->reason);
        } else {
            files->list[kept++] = *file;
        }
    }
    files->count = kept;
}

/* Entries normally lie at different places, so all together are not larger than the archive. In
 * small archives that claim to hold terabytes, many entries share a place. */
static bool entries_overlap(zip_t *archive, const char *path)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    uint64_t size, total = 0;
    zip_stat_t st;
    struct stat file;

    if (stat(path, &file))
        return false;
    size = (uint64_t)file.st_size;
    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_init(&st);
        /* A single entry that is larger is damaged: reading it will report that. */
        if (zip_stat_index(archive, (zip_uint64_t)i, 0, &st) == 0 &&
            (st.valid & ZIP_STAT_COMP_SIZE) && st.comp_size <= size)
            total += st.comp_size;
    }
    return total > size;
}

static bool add_entry(zip_t *archive, zip_uint64_t i, struct data_files *files)
{
    const char *name = zip_get_name(archive, i, 0), *reason = NULL;
    size_t length = name ? strlen(name) : 0;

    if (length == 0 || name[length - 1] == '/' || name[length - 1] == '\\')
        return true; /* a folder */
    if (name_escapes(name))
        reason = "its name leads out of the archive";
    else if (is_link(archive, i))
        reason = "a link, which limner does not follow in an archive";
    return data_files_add(files, name, reason, i, 0);
}

bool data_zip_list(const char *path, size_t most, struct data_files *files, char *reason)
{
    zip_t *archive = open_archive(path, reason);
    zip_int64_t count = archive ? zip_get_num_entries(archive, 0) : 0;
    bool done = archive != NULL;

    if (archive && (zip_uint64_t)count > most) {
        snprintf(reason, REASON_SIZE, "it holds %lld entries, and the most is %zu",
                 (long long)count, most);
        done = false;
    } else if (archive && entries_overlap(archive, path)) {
        snprintf(reason, REASON_SIZE, "its entries overlap, as in a decompression bomb");
        done = false;
    }
    for (zip_int64_t i = 0; i < count && done; i++) {
        done = add_entry(archive, (zip_uint64_t)i, files);
        if (!done)
            snprintf(reason, REASON_SIZE, "no memory");
    }
    if (archive)
        zip_discard(archive);
    data_files_sort(files);
    drop_replaced(files);
    drop_hidden(files);
    return done;
}

struct zip_source {
    struct data_source base;
    zip_t *archive;
    zip_file_t *file;
    uint64_t packed, unpacked; /* bytes of the open entry, in the archive and read so far */
};

/* Pictures are already compressed: zip shrinks few of them, and no large one by this factor. */
#define BOMB_RATIO 100
#define BOMB_FROM ((uint64_t)4 << 20)

/* Why an entry cannot be opened. */
static void explain_entry(zip_t *archive, char *reason)
{
    if (zip_error_code_zip(zip_get_error(archive)) == ZIP_ER_COMPNOTSUPP)
        snprintf(reason, REASON_SIZE, "packed by a method that limner cannot unpack");
    else
        snprintf(reason, REASON_SIZE, "damaged entry (%s)", zip_strerror(archive));
}

static bool entry_open(struct data_source *source, const struct data_file *file, char *reason)
{
    struct zip_source *zip = (struct zip_source *)source;
    zip_stat_t st;

    zip_stat_init(&st);
    if (zip_stat_index(zip->archive, file->key[0], 0, &st)) {
        snprintf(reason, REASON_SIZE, "damaged entry (%s)", zip_strerror(zip->archive));
        return false;
    }
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE) {
        snprintf(reason, REASON_SIZE, "encrypted entry");
        return false;
    }
    if ((st.valid & ZIP_STAT_SIZE) && st.size > FILE_SIZE_CAP) {
        snprintf(reason, REASON_SIZE, "larger than %zu MiB", FILE_SIZE_CAP >> 20);
        return false;
    }
    zip->packed = st.valid & ZIP_STAT_COMP_SIZE ? st.comp_size : 0;
    zip->unpacked = 0;
    zip->file = zip_fopen_index(zip->archive, file->key[0], 0);
    if (!zip->file)
        explain_entry(zip->archive, reason);
    return zip->file != NULL;
}

static long entry_read(struct data_source *source, uint8_t *out, size_t size, char *reason)
{
    struct zip_source *zip = (struct zip_source *)source;
    zip_int64_t got = zip_fread(zip->file, out, size);

    if (got < 0) {
        snprintf(reason, REASON_SIZE, "damaged entry (%s)", zip_file_strerror(zip->file));
        return -1;
    }
    zip->unpacked += (uint64_t)got;
    if (zip->unpacked > BOMB_FROM + BOMB_RATIO * zip->packed) {
        snprintf(reason, REASON_SIZE, "grows more than a hundredfold, as a decompression bomb");
        return -1;
    }
    return (long)got;
}

static void entry_close(struct data_source *source)
{
    zip_fclose(((struct zip_source *)source)->file);
}

static void zip_destroy(struct data_source *source)
{
    zip_discard(((struct zip_source *)source)->archive);
    free(source);
}

struct data_source *data_zip_source_create(const char *path)
{
    char reason[REASON_SIZE];
    struct zip_source *zip = calloc(1, sizeof *zip);

    if (!zip)
        return NULL;
    zip->base = (struct data_source){entry_open, entry_read, entry_close, zip_destroy};
    /* An archive is not for two threads at once, so each has its own. */
    zip->archive = open_archive(path, reason);
    if (!zip->archive) {
        free(zip);
        return NULL;
    }
    return &zip->base;
}

#else

bool data_zip_list(const char *path, size_t most, struct data_files *files, char *reason)
{
    (void)path;
    (void)most;
    (void)files;
    snprintf(reason, REASON_SIZE,
             "this limner was built without .zip archives: unpack it, and give the folder");
    return false;
}

struct data_source *data_zip_source_create(const char *path)
{
    (void)path;
    return NULL;
}

#endif
