#include "data/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

bool data_files_add(struct data_files *files, const char *path, const char *reason, uint64_t key0,
                    uint64_t key1)
{
    struct data_file file = {.key = {key0, key1}};

    if (files->count == files->room) {
        size_t room = files->room ? files->room * 2 : 256;
        struct data_file *list = realloc(files->list, room * sizeof *list);

        if (!list)
            return false;
        files->list = list;
        files->room = room;
    }
    file.path = copy_text(path);
    file.reason = reason ? copy_text(reason) : NULL;
    if (!file.path || (reason && !file.reason)) {
        free(file.path);
        free(file.reason);
        return false;
    }
    files->list[files->count++] = file;
    return true;
}

const char *data_file_name(const struct data_file *file, const char *root)
{
    return data_name_below(file->path, root);
}

const char *data_name_below(const char *path, const char *root)
{
    size_t length = strlen(root);
    const char *name = path + length;

    if (strncmp(path, root, length) != 0)
        return path;
    while (*name == '/')
        name++;
    return name;
}

static int compare_files(const void *a, const void *b)
{
    const struct data_file *left = a, *right = b;
    int order = strcmp(left->path, right->path);

    if (order)
        return order;
    return left->key[0] < right->key[0] ? -1 : left->key[0] > right->key[0];
}

void data_files_sort(struct data_files *files)
{
    if (files->count)
        qsort(files->list, files->count, sizeof *files->list, compare_files);
}

void data_files_finish(struct data_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].path);
        free(files->list[i].reason);
    }
    free(files->list);
    *files = (struct data_files){0};
}

bool data_name_is_hidden(const char *name, size_t length)
{
    /* @eaDir: thumbnails on Synology's boxes. */
    static const char *const strewn[] = {"Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir"};

    if (length > 0 && name[0] == '.')
        return true;
    for (size_t i = 0; i < sizeof strewn / sizeof *strewn; i++)
        if (strlen(strewn[i]) == length && strncasecmp(name, strewn[i], length) == 0)
            return true;
    return false;
}
