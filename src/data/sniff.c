#include "data/sniff.h"

#include <string.h>
#include <strings.h>

struct magic {
    size_t offset;
    const char *bytes;
    size_t size;
    const char *reason;
};

#define MAGIC(offset, text, reason)           \
    {                                         \
        offset, text, sizeof text - 1, reason \
    }
#define CONVERT " (convert it to PNG or JPEG)"

/* The first that fits counts. */
static const struct magic magics[] = {
    MAGIC(0, "\x89PNG", "damaged PNG (its signature: was it sent as text?)"),
    MAGIC(0, "GIF8", "GIF picture" CONVERT),
    MAGIC(8, "WEBP", "WebP picture" CONVERT),
    MAGIC(0, "II*\0", "TIFF picture" CONVERT),
    MAGIC(0, "MM\0*", "TIFF picture" CONVERT),
    MAGIC(4, "ftypavif", "AVIF picture" CONVERT),
    MAGIC(4, "ftyphei", "HEIC picture" CONVERT),
    MAGIC(4, "ftypmif1", "HEIF picture" CONVERT),
    MAGIC(0, "\0\0\0\x0cJXL ", "JPEG XL picture" CONVERT),
    MAGIC(0, "\xff\x0a", "JPEG XL picture" CONVERT),
    MAGIC(0, "\0\0\0\x0cjP  ", "JPEG 2000 picture" CONVERT),
    MAGIC(0, "8BPS", "Photoshop picture" CONVERT),
    MAGIC(0, "\0\0\1\0", "icon" CONVERT),
    MAGIC(0, "%PDF", "not a picture (PDF document)"),
    MAGIC(0, "PK\3\4", "not a picture (zip archive: give it to limner by itself, or unpack it)"),
    MAGIC(0, "\x1f\x8b", "not a picture (gzip archive: unpack it)"),
    MAGIC(0, "Rar!", "not a picture (RAR archive: unpack it)"),
    MAGIC(0, "7z\xbc\xaf", "not a picture (7z archive: unpack it)"),
    MAGIC(257, "ustar", "not a picture (tar archive: unpack it)"),
    MAGIC(4, "ftyp", "not a picture (video)"),
    MAGIC(0, "\x1a\x45\xdf\xa3", "not a picture (video)"),
    MAGIC(8, "AVI ", "not a picture (video)"),
};

static bool starts(const uint8_t *head, size_t size, const char *text)
{
    size_t length = strlen(text);

    return size >= length && strncasecmp((const char *)head, text, length) == 0;
}

/* What kind of text, by how it begins; NULL if these are no bytes of a text. */
static const char *text_reason(const uint8_t *head, size_t size)
{
    size_t i = 0;

    if (size >= 2 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff)))
        return "not a picture (UTF-16 text)";
    for (size_t j = 0; j < size; j++)
        if (head[j] == 0x7f || (head[j] < 0x20 && !strchr("\t\n\f\r\x1b", head[j])) || !head[j])
            return NULL;
    if (starts(head, size, "\xef\xbb\xbf"))
        i = 3;
    while (i < size && strchr(" \t\r\n", head[i]))
        i++;
    head += i;
    size -= i;
    if (starts(head, size, "version https://git-lfs"))
        return "a Git LFS pointer, not the picture (git lfs pull fetches it)";
    if (starts(head, size, "<!doctype html") || starts(head, size, "<html") ||
        starts(head, size, "<head") || starts(head, size, "<body"))
        return "not a picture (HTML text)";
    if (starts(head, size, "<svg"))
        return "SVG picture" CONVERT;
    if (starts(head, size, "<?xml"))
        return "not a picture (XML text)";
    return "not a picture (text)";
}

static bool is_bmp(const uint8_t *head, size_t size)
{
    /* "BM" alone begins words too; the length of the second header follows at 14. */
    return size >= 18 && head[0] == 'B' && head[1] == 'M' && head[14] >= 12 && head[14] <= 124 &&
           head[15] == 0 && head[16] == 0 && head[17] == 0;
}

static bool all_zero(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (head[i])
            return false;
    return true;
}

struct sniff sniff_bytes(const uint8_t *head, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const char *text;

    if (size == 0)
        return (struct sniff){SNIFF_EMPTY, "empty file"};
    if (memcmp(head, png, size < 8 ? size : 8) == 0)
        return (struct sniff){SNIFF_PNG, NULL};
    if (size >= 2 && head[0] == 0xff && head[1] == 0xd8 && (size == 2 || head[2] == 0xff))
        return (struct sniff){SNIFF_JPEG, NULL};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];

        if (size >= m->offset + m->size && memcmp(head + m->offset, m->bytes, m->size) == 0)
            return (struct sniff){SNIFF_OTHER, m->reason};
    }
    if (is_bmp(head, size))
        return (struct sniff){SNIFF_OTHER, "BMP picture" CONVERT};
    if (all_zero(head, size))
        return (struct sniff){SNIFF_OTHER, "not a picture (nothing but zeros)"};
    text = text_reason(head, size);
    if (text)
        return (struct sniff){SNIFF_TEXT, text};
    return (struct sniff){SNIFF_OTHER, "not a picture (unknown format)"};
}

static bool ends_with_one_of(const char *path, const char *const *list, size_t count)
{
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < count; i++)
        if (strcasecmp(dot + 1, list[i]) == 0)
            return true;
    return false;
}

bool sniff_named_picture(const char *path)
{
    static const char *const list[] = {"png", "apng", "jpg", "jpeg", "jpe",  "jfif", "webp",
                                       "gif", "bmp",  "tif", "tiff", "avif", "heic", "heif",
                                       "jxl", "jp2",  "ico", "tga",  "psd",  "svg",  "ppm",
                                       "pgm", "pbm",  "pnm", "exr",  "qoi"};

    return ends_with_one_of(path, list, sizeof list / sizeof *list);
}

bool sniff_named_notes(const char *path)
{
    static const char *const list[] = {"txt", "json", "jsonl", "csv", "tsv", "md",  "xml", "html",
                                       "htm", "yml",  "yaml",  "ini", "log", "rst", "toml"};

    return ends_with_one_of(path, list, sizeof list / sizeof *list);
}
