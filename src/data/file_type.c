#include "data/file_type.h"

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

#define AUDIO "not a picture (sound)"
#define VIDEO "not a picture (video)"

/* The first match wins. */
static const struct magic magics[] = {
    MAGIC(0, "\x89PNG", "damaged PNG (its signature: was it sent as text?)"),
    MAGIC(0, "\x8aMNG", "MNG animation" CONVERT),
    MAGIC(0, "\x8bJNG", "JNG picture" CONVERT),
    MAGIC(8, "CR\2", "camera raw picture" CONVERT),
    MAGIC(4, "ftypcrx", "camera raw picture" CONVERT),
    MAGIC(0, "FUJIFILMCCD-RAW", "camera raw picture" CONVERT),
    MAGIC(0, "IIRO", "camera raw picture" CONVERT),
    MAGIC(0, "IIRS", "camera raw picture" CONVERT),
    MAGIC(0, "IIU\0", "camera raw picture" CONVERT),
    MAGIC(0, "FOVb", "camera raw picture" CONVERT),
    MAGIC(0, "II*\0", "TIFF or camera raw picture" CONVERT),
    MAGIC(0, "MM\0*", "TIFF or camera raw picture" CONVERT),
    MAGIC(0, "II+\0", "TIFF picture" CONVERT),
    MAGIC(0, "MM\0+", "TIFF picture" CONVERT),
    MAGIC(0, "II\xbc\1", "JPEG XR picture" CONVERT),
    MAGIC(4, "ftypavi", "AVIF picture" CONVERT),
    MAGIC(4, "ftyphe", "HEIC picture" CONVERT),
    MAGIC(4, "ftypmif1", "HEIF picture" CONVERT),
    MAGIC(4, "ftypmsf1", "HEIF picture" CONVERT),
    MAGIC(0, "\0\0\0\x0cJXL ", "JPEG XL picture" CONVERT),
    MAGIC(0, "\xff\x0a", "JPEG XL picture" CONVERT),
    MAGIC(0, "\0\0\0\x0cjP  ", "JPEG 2000 picture" CONVERT),
    MAGIC(0, "\xff\x4f\xff\x51", "JPEG 2000 picture" CONVERT),
    MAGIC(0, "8BPS", "Photoshop picture" CONVERT),
    MAGIC(0, "gimp xcf", "GIMP picture" CONVERT),
    MAGIC(0, "v/1\1", "OpenEXR picture" CONVERT),
    MAGIC(0, "#?RADIANCE", "Radiance picture" CONVERT),
    MAGIC(0, "DDS |", "DDS texture" CONVERT),
    MAGIC(0, "\xabKTX ", "KTX texture" CONVERT),
    MAGIC(0, "qoif", "QOI picture" CONVERT),
    MAGIC(0, "farbfeld", "farbfeld picture" CONVERT),
    MAGIC(0, "AT&TFORM", "DjVu document" CONVERT),
    MAGIC(0, "\0\0\1\0", "icon" CONVERT),
    MAGIC(0, "\0\0\2\0", "cursor" CONVERT),
    MAGIC(0, "\xd7\xcd\xc6\x9a", "WMF picture" CONVERT),
    MAGIC(40, " EMF", "EMF picture" CONVERT),
    MAGIC(128, "DICM", "DICOM picture" CONVERT),
    MAGIC(0, "SIMPLE  =", "FITS picture" CONVERT),
    MAGIC(0, "%PDF", "not a picture (PDF document)"),
    MAGIC(0, "%!PS", "not a picture (PostScript document)"),
    MAGIC(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not a picture (an old Office document)"),
    MAGIC(0, "PK\3\4",
          "not a picture (zip archive or document: give it to limner by itself, or unpack it)"),
    MAGIC(0, "PK\5\6", "not a picture (zip archive without entries)"),
    MAGIC(0, "\x1f\x8b", "not a picture (gzip archive: unpack it)"),
    MAGIC(0, "BZh", "not a picture (bzip2 archive: unpack it)"),
    MAGIC(0,
          "\xfd"
          "7zXZ",
          "not a picture (xz archive: unpack it)"),
    MAGIC(0, "\x28\xb5\x2f\xfd", "not a picture (zstd archive: unpack it)"),
    MAGIC(0, "Rar!", "not a picture (RAR archive: unpack it)"),
    MAGIC(0, "7z\xbc\xaf", "not a picture (7z archive: unpack it)"),
    MAGIC(257, "ustar", "not a picture (tar archive: unpack it)"),
    MAGIC(8, "WAVE", AUDIO),
    MAGIC(0, "ID3", AUDIO),
    MAGIC(0, "fLaC", AUDIO),
    MAGIC(0, "OggS", "not a picture (sound or video)"),
    MAGIC(4, "ftyp", VIDEO),
    MAGIC(4, "moov", VIDEO),
    MAGIC(4, "mdat", VIDEO),
    MAGIC(0, "\x1a\x45\xdf\xa3", VIDEO),
    MAGIC(8, "AVI ", VIDEO),
    MAGIC(0, "FLV\1", VIDEO),
    MAGIC(0, "\0\0\1\xba", VIDEO),
    MAGIC(0, "\0\0\1\xb3", VIDEO),
    MAGIC(0, "\x30\x26\xb2\x75", VIDEO),
    MAGIC(0, "\x93NUMPY", "not a picture (a NumPy array)"),
    MAGIC(0, "\x89HDF", "not a picture (an HDF5 file)"),
    MAGIC(0, "SQLite format 3", "not a picture (a database)"),
    MAGIC(0,
          "\x7f"
          "ELF",
          "not a picture (a program)"),
    MAGIC(0, "MZ\x90\0", "not a picture (a program)"),
};

static bool starts(const uint8_t *head, size_t size, const char *text)
{
    size_t length = strlen(text);

    return size >= length && strncasecmp((const char *)head, text, length) == 0;
}

static bool contains(const uint8_t *head, size_t size, const char *text)
{
    for (size_t i = 0; i < size; i++)
        if (starts(head + i, size - i, text))
            return true;
    return false;
}

/* PBM, PGM, PPM and PAM: P and a digit, then white space. */
static bool is_netpbm(const uint8_t *head, size_t size)
{
    return size >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
           (head[2] == '\n' || head[2] == '\r' || head[2] == ' ' || head[2] == '\t');
}

/* The kind of text, from its beginning; NULL if these bytes are not text. */
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
    /* SVG may begin with comments and declarations: a picture for browsers, a program for us. */
    if (starts(head, size, "<svg") || (size && head[0] == '<' && contains(head, size, "<svg")))
        return "SVG picture" CONVERT;
    if (starts(head, size, "<!doctype html") || starts(head, size, "<html") ||
        starts(head, size, "<head") || starts(head, size, "<body"))
        return "not a picture (HTML text)";
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

/* TGA and PCX have no signature, only fields that must fit together. */
static bool is_tga(const uint8_t *head, size_t size)
{
    int depth = size >= 18 ? head[16] : 0;

    return size >= 18 && head[1] <= 1 &&
           (head[2] == 1 || head[2] == 2 || head[2] == 3 || head[2] == 9 || head[2] == 10 ||
            head[2] == 11) &&
           (depth == 8 || depth == 15 || depth == 16 || depth == 24 || depth == 32) &&
           (head[12] || head[13]) && (head[14] || head[15]) && head[17] < 0x40;
}

static bool is_pcx(const uint8_t *head, size_t size)
{
    return size >= 128 && head[0] == 10 && head[1] <= 5 && head[2] == 1 && head[64] == 0 &&
           (head[3] == 1 || head[3] == 2 || head[3] == 4 || head[3] == 8);
}

static bool all_zero(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (head[i])
            return false;
    return true;
}

struct file_type data_file_type_of(const uint8_t *head, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const char *text;

    if (size == 0)
        return (struct file_type){FILE_TYPE_EMPTY, "empty file"};
    if (memcmp(head, png, size < 8 ? size : 8) == 0)
        return (struct file_type){FILE_TYPE_PNG, NULL};
    if (size >= 2 && head[0] == 0xff && head[1] == 0xd8 && (size == 2 || head[2] == 0xff))
        return (struct file_type){FILE_TYPE_JPEG, NULL};
    if (size >= 6 && (memcmp(head, "GIF87a", 6) == 0 || memcmp(head, "GIF89a", 6) == 0))
        return (struct file_type){FILE_TYPE_GIF, NULL};
    if (size >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
        return (struct file_type){FILE_TYPE_WEBP, NULL};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];

        if (size >= m->offset + m->size && memcmp(head + m->offset, m->bytes, m->size) == 0)
            return (struct file_type){FILE_TYPE_OTHER, m->reason};
    }
    if (is_bmp(head, size))
        return (struct file_type){FILE_TYPE_OTHER, "BMP picture" CONVERT};
    if (is_netpbm(head, size))
        return (struct file_type){FILE_TYPE_OTHER, "Netpbm picture" CONVERT};
    if (all_zero(head, size))
        return (struct file_type){FILE_TYPE_OTHER, "not a picture (nothing but zeros)"};
    text = text_reason(head, size);
    if (text)
        return (struct file_type){FILE_TYPE_TEXT, text};
    if (is_tga(head, size))
        return (struct file_type){FILE_TYPE_OTHER, "TGA picture" CONVERT};
    if (is_pcx(head, size))
        return (struct file_type){FILE_TYPE_OTHER, "PCX picture" CONVERT};
    return (struct file_type){FILE_TYPE_OTHER, "not a picture (unknown format)"};
}

static bool ends_with_one_of(const char *path, const char *const *list, size_t count)
{
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < count; i++)
        if (strcasecmp(dot + 1, list[i]) == 0)
            return true;
    return false;
}

bool data_file_named_picture(const char *path)
{
    static const char *const list[] = {
        "png",  "apng",  "jpg",  "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff",
        "avif", "heic",  "heif", "jxl",  "jp2", "ico",  "tga",  "psd", "svg", "ppm", "pgm",
        "pbm",  "pnm",   "pam",  "exr",  "qoi", "pcx",  "xcf",  "dds", "hdr", "jxr", "j2k",
        "psb",  "heifs", "mng",  "cr2",  "cr3", "nef",  "arw",  "dng", "orf", "rw2", "raf"};

    return ends_with_one_of(path, list, sizeof list / sizeof *list);
}

bool data_file_named_notes(const char *path)
{
    static const char *const list[] = {"txt", "json", "jsonl", "csv", "tsv", "md",  "xml", "html",
                                       "htm", "yml",  "yaml",  "ini", "log", "rst", "toml"};

    return ends_with_one_of(path, list, sizeof list / sizeof *list);
}
