/* Finds the files below a folder. Follows links, and counts a file that it meets twice once. */
#include "base/file_time.h"
#include "base/long_path.h"
#include "data/source.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    dev_t device;
    ino_t inode;
};

/* No collection of pictures is deeper, and every level costs some stack. */
#define DEPTH_CAP 500

struct walk {
    struct data_files *files;
    struct place
        *seen; /* folders: a hash table of seen_room places (a power of 2), inode 0: free */
    size_t seen_count, seen_room;
    int depth;
};

static size_t slot_of(const struct walk *walk, struct place place)
{
    uint64_t hash = ((uint64_t)place.inode * 31 + (uint64_t)place.device) * 0x9e3779b97f4a7c15u;
    size_t slot = (size_t)(hash >> 32) & (walk->seen_room - 1);

    while (walk->seen[slot].inode &&
           (walk->seen[slot].inode != place.inode || walk->seen[slot].device != place.device))
        slot = (slot + 1) & (walk->seen_room - 1);
    return slot;
}

static bool grow_seen(struct walk *walk)
{
    struct place *old = walk->seen;
    size_t old_room = walk->seen_room;

    walk->seen_room = old_room ? old_room * 2 : 256;
    walk->seen = calloc(walk->seen_room, sizeof *walk->seen);
    for (size_t i = 0; walk->seen && i < old_room; i++)
        if (old[i].inode)
            walk->seen[slot_of(walk, old[i])] = old[i];
    free(old);
    return walk->seen != NULL;
}

/* True if the folder is new; false if it was walked already, or without memory (*failed). */
static bool enter(struct walk *walk, const struct stat *st, bool *failed)
{
    const struct place place = {st->st_dev, st->st_ino};
    size_t slot;

    if (!place.inode) /* a file system without numbers: DEPTH_CAP ends its loops */
        return true;
    if (walk->seen_count * 2 >= walk->seen_room && !grow_seen(walk)) {
        *failed = true;
        return false;
    }
    slot = slot_of(walk, place);
    if (walk->seen[slot].inode)
        return false;
    walk->seen[slot] = place;
    walk->seen_count++;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* The folder's names in byte order, hidden ones left out and counted. False without memory. */
static bool read_names(struct walk *walk, DIR *dir, char ***names, size_t *count, int *number)
{
    size_t room = 0;
    struct dirent *item;

    while (errno = 0, (item = readdir(dir))) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (data_name_is_hidden(item->d_name, strlen(item->d_name))) {
            walk->files->ignored++;
            continue;
        }
        if (*count == room) {
            char **more = realloc(*names, (room = room ? room * 2 : 64) * sizeof *more);

            if (!more)
                return false;
            *names = more;
        }
        (*names)[*count] = malloc(strlen(item->d_name) + 1);
        if (!(*names)[*count])
            return false;
        strcpy((*names)[(*count)++], item->d_name);
    }
    *number = errno;
    if (*count)
        qsort(*names, *count, sizeof **names, compare_names);
    return true;
}

static bool add_trouble(struct walk *walk, const char *path, const char *what, int number)
{
    char reason[REASON_SIZE];

    snprintf(reason, sizeof reason, "%s (%s)", what, strerror(number));
    return data_files_add(walk->files, path, reason, 0, 0);
}

static bool add_file(struct walk *walk, const char *path, const struct stat *st)
{
    struct data_file *file;

    if (!data_files_add(walk->files, path, NULL, (uint64_t)st->st_dev, (uint64_t)st->st_ino))
        return false;
    file = &walk->files->list[walk->files->count - 1];
    file->size = (uint64_t)st->st_size;
    file->time = lim_file_time_ns(st);
    return true;
}

static bool walk_folder(struct walk *walk, const char *path, const struct stat *st);

static bool visit(struct walk *walk, const char *path)
{
    struct stat st;

    if (lim_reach_stat(path, &st, true)) {
        int number = errno;
        struct stat link;
        bool is_link = lim_reach_stat(path, &link, false) == 0 && S_ISLNK(link.st_mode);

        return add_trouble(walk, path, is_link ? "broken link" : "cannot be read", number);
    }
    if (S_ISDIR(st.st_mode))
        return walk_folder(walk, path, &st);
    if (S_ISREG(st.st_mode))
        return add_file(walk, path, &st);
    return data_files_add(walk->files, path,
                          S_ISFIFO(st.st_mode)   ? "not a regular file (a pipe)"
                          : S_ISSOCK(st.st_mode) ? "not a regular file (a socket)"
                                                 : "not a regular file (a device)",
                          0, 0);
}

static DIR *open_folder(const char *path)
{
    int fd = lim_reach_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (fd >= 0 && !dir)
        close(fd);
    return dir;
}

/* A run folder among the pictures: its grids and animation must not be trained on. */
static bool is_run(char *const *names, size_t count)
{
    static const char *const wanted[] = {"checkpoint.safetensors", "config.json", "samples"};
    size_t found = 0;

    for (size_t i = 0; i < count && found < 3; i++)
        found += strcmp(names[i], wanted[found]) == 0;
    return found == 3;
}

static bool walk_folder(struct walk *walk, const char *path, const struct stat *st)
{
    char **names = NULL;
    size_t count = 0;
    int number = 0;
    bool failed = false;
    DIR *dir;

    if (!enter(walk, st, &failed))
        return !failed;
    if (walk->depth == DEPTH_CAP)
        return data_files_add(walk->files, path, "folder too deep in others", 0, 0);
    dir = open_folder(path);
    if (!dir)
        return add_trouble(walk, path, "folder cannot be read", errno);
    failed = !read_names(walk, dir, &names, &count, &number);
    closedir(dir); /* before going deeper, so that depth costs no file handles */
    if (number && !failed)
        failed = !add_trouble(walk, path, "folder cannot be read to its end", number);
    if (!failed && walk->depth > 0 && is_run(names, count)) {
        free_names(names, count);
        return data_files_add(walk->files, path, "the folder of a run of limner", 0, 0);
    }
    walk->depth++;
    for (size_t i = 0; i < count && !failed; i++) {
        char *inner = lim_path_join(path, names[i]);

        failed = !inner || !visit(walk, inner);
        free(inner);
    }
    walk->depth--;
    free_names(names, count);
    return !failed;
}

static int compare_keys(const void *a, const void *b)
{
    const struct data_file *left = *(struct data_file *const *)a;
    const struct data_file *right = *(struct data_file *const *)b;

    for (int i = 0; i < 2; i++)
        if (left->key[i] != right->key[i])
            return left->key[i] < right->key[i] ? -1 : 1;
    return strcmp(left->path, right->path);
}

/* One file under several names (links, hard or symbolic) stays under the first of them. */
static bool drop_repeats(struct data_files *files)
{
    size_t kept = 0;
    struct data_file **order = malloc((files->count + 1) * sizeof *order);
    bool *repeats = calloc(files->count + 1, sizeof *repeats);
    const struct data_file *last = NULL;

    if (!order || !repeats) {
        free(order);
        free(repeats);
        return false;
    }
    for (size_t i = 0; i < files->count; i++)
        order[i] = &files->list[i];
    qsort(order, files->count, sizeof *order, compare_keys);
    for (size_t i = 0; i < files->count; i++) {
        struct data_file *file = order[i];

        /* inode 0: a file system without numbers, or an entry that reports an error */
        if (last && file->key[1] && file->key[0] == last->key[0] && file->key[1] == last->key[1])
            repeats[file - files->list] = true;
        else
            last = file;
    }
    free(order);
    for (size_t i = 0; i < files->count; i++) {
        if (repeats[i])
            free(files->list[i].path);
        else
            files->list[kept++] = files->list[i];
    }
    files->count = kept;
    free(repeats);
    return true;
}

bool data_folder_list(const char *root, struct data_files *files)
{
    struct walk walk = {.files = files};
    bool done = visit(&walk, root) && drop_repeats(files);

    free(walk.seen);
    if (done)
        data_files_sort(files);
    return done;
}

struct folder_source {
    struct data_source base;
    int fd;
};

static bool folder_open(struct data_source *source, const struct data_file *file, char *reason)
{
    struct folder_source *folder = (struct folder_source *)source;

    struct stat st;

    /* A pipe may have replaced the file since it was listed: opening it must not block. */
    folder->fd = lim_reach_open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (folder->fd < 0) {
        snprintf(reason, REASON_SIZE, "cannot be read (%s)", strerror(errno));
        return false;
    }
    if (fstat(folder->fd, &st) == 0 && S_ISREG(st.st_mode))
        return true;
    snprintf(reason, REASON_SIZE, "is no file any more");
    close(folder->fd);
    return false;
}

static long folder_read(struct data_source *source, uint8_t *out, size_t size, char *reason)
{
    struct folder_source *folder = (struct folder_source *)source;
    ssize_t got;

    do
        got = read(folder->fd, out, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        snprintf(reason, REASON_SIZE, "cannot be read (%s)", strerror(errno));
    return (long)got;
}

static void folder_close(struct data_source *source)
{
    close(((struct folder_source *)source)->fd);
}

static void folder_destroy(struct data_source *source)
{
    free(source);
}

struct data_source *data_folder_source_create(void)
{
    struct folder_source *folder = calloc(1, sizeof *folder);

    if (!folder)
        return NULL;
    folder->base = (struct data_source){folder_open, folder_read, folder_close, folder_destroy};
    return &folder->base;
}
