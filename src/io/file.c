#include "io/file.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes to a disk are large; a PNG's rows and a GIF's blocks are small. */
enum { BUFFER = 1 << 16 };

char *lim_path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder), size = length + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, length && folder[length - 1] != '/' ? "/" : "",
                 name);
    return path;
}

static bool make_one_folder(const char *path, bool *made)
{
    if (mkdir(path, 0777) == 0) {
        if (made)
            *made = true;
        return true;
    }
    if (errno == EEXIST)
        return true;
    lim_error("%s: the folder cannot be made: %s", path, strerror(errno));
    return false;
}

bool lim_folder_make(const char *path, bool *made)
{
    char *copy = strdup(path);
    bool ok = copy != NULL;

    if (!copy)
        lim_error("%s: no memory", path);
    for (char *slash = ok && *copy ? strchr(copy + 1, '/') : NULL; ok && slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ok = make_one_folder(copy, NULL);
        *slash = '/';
    }
    ok = ok && make_one_folder(path, made);
    free(copy);
    return ok;
}

/* The file that a rename must replace: the end of the links, so that a link stays one. */
static char *resolve(const char *path)
{
    struct stat st;
    char *end;

    if (lstat(path, &st) != 0)
        return strdup(path);
    if (S_ISLNK(st.st_mode) && stat(path, &st) == 0) {
        end = realpath(path, NULL);
        if (!end)
            return NULL;
    } else {
        end = strdup(path);
    }
    if (end && !S_ISREG(st.st_mode)) {
        free(end);
        errno = S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
        return NULL;
    }
    return end;
}

static void finish(struct lim_file *file)
{
    free(file->path);
    free(file->temporary);
    free(file->buffer);
    memset(file, 0, sizeof *file);
}

struct lim_file_calls lim_file_calls = {.write = write, .fsync = fsync, .rename = rename};

void lim_file_sweep(const char *path)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    const char *name = slash ? path + (slash - folder) + 1 : path;
    size_t length = strlen(name);
    struct dirent *entry;
    DIR *dir;

    if (slash)
        slash[slash == folder] = '\0';
    dir = folder ? opendir(slash ? folder : ".") : NULL;
    while (dir && (entry = readdir(dir))) {
        int end = 0, number;
        long writer;

        if (strncmp(entry->d_name, name, length) == 0 &&
            sscanf(entry->d_name + length, ".%ld-%d" LIM_FILE_TEMPORARY "%n", &writer, &number,
                   &end) == 2 &&
            end > 0 && !entry->d_name[length + (size_t)end] && writer > 0 &&
            kill((pid_t)writer, 0) != 0 && errno == ESRCH)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
    free(folder);
}

bool lim_file_begin(struct lim_file *file, const char *path)
{
    size_t size;

    memset(file, 0, sizeof *file);
    file->fd = -1;
    file->path = resolve(path);
    if (!file->path) {
        lim_error("%s: cannot be written: %s", path,
                  errno == EEXIST ? "it is not a regular file" : strerror(errno));
        return false;
    }
    size = strlen(file->path) + 48;
    file->temporary = malloc(size);
    file->buffer = malloc(BUFFER);
    if (!file->temporary || !file->buffer) {
        lim_error("%s: no memory to write it", path);
        goto error;
    }
    for (int n = 0; n < 1000 && file->fd < 0; n++) {
        snprintf(file->temporary, size, "%s.%ld-%d" LIM_FILE_TEMPORARY, file->path, (long)getpid(),
                 n);
        file->fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd < 0 && errno != EEXIST)
            break;
    }
    if (file->fd >= 0)
        return true;
    lim_error("%s: cannot be written: %s", path, strerror(errno));

error:
    finish(file);
    return false;
}

int lim_file_write_all(int fd, const void *data, size_t size)
{
    const unsigned char *at = data;

    while (size > 0) {
        ssize_t wrote = lim_file_calls.write(fd, at, size);

        if (wrote < 0 && errno != EINTR)
            return errno ? errno : EIO;
        if (wrote == 0)
            return EIO;
        if (wrote > 0) {
            at += wrote;
            size -= (size_t)wrote;
        }
    }
    return 0;
}

static bool flush(struct lim_file *file)
{
    if (!file->error)
        file->error = lim_file_write_all(file->fd, file->buffer, file->used);
    file->used = 0;
    return !file->error;
}

bool lim_file_write(struct lim_file *file, const void *data, size_t size)
{
    if (file->used + size > BUFFER && !flush(file))
        return false;
    if (!file->error && size > BUFFER) {
        file->error = lim_file_write_all(file->fd, data, size);
    } else if (!file->error && size) {
        memcpy(file->buffer + file->used, data, size);
        file->used += size;
    }
    return !file->error;
}

bool lim_file_seek(struct lim_file *file, uint64_t at)
{
    if (flush(file) && lseek(file->fd, (off_t)at, SEEK_SET) != (off_t)at)
        file->error = errno ? errno : EIO;
    return !file->error;
}

/* A rename is durable only once the folder is. Some file systems cannot fsync a folder (EINVAL):
 * they then have nothing better to offer. */
static void sync_folder(const char *path)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    int fd;

    if (folder) {
        if (slash)
            slash[slash == folder] = '\0';
        fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)lim_file_calls.fsync(fd);
            close(fd);
        }
    }
    free(folder);
}

bool lim_file_commit(struct lim_file *file)
{
    int error;

    errno = 0;
    if (flush(file) && lim_file_calls.fsync(file->fd) != 0)
        file->error = errno ? errno : EIO;
    error = file->error;
    if (close(file->fd) != 0 && !error)
        error = errno;
    if (!error && lim_file_calls.rename(file->temporary, file->path) != 0)
        error = errno;
    if (error) {
        lim_error("%s: writing failed: %s; %s", file->path, strerror(error),
                  access(file->path, F_OK) == 0 ? "the previous file is intact"
                                                : "nothing was left behind");
        unlink(file->temporary);
    } else {
        sync_folder(file->path);
    }
    finish(file);
    return error == 0;
}

void lim_file_abort(struct lim_file *file)
{
    close(file->fd);
    unlink(file->temporary);
    finish(file);
}

FILE *lim_file_open(const char *path)
{
    /* A pipe, or a device, must not keep it waiting. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *stream = fd >= 0 ? fdopen(fd, "rb") : NULL;
    struct stat st;

    if (stream && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return stream;
    lim_error("%s: cannot be read: %s", path,
              stream ? "it is not a regular file" : strerror(errno));
    if (stream)
        fclose(stream);
    else if (fd >= 0)
        close(fd);
    return NULL;
}

char *lim_file_read(const char *path, size_t limit, size_t *size)
{
    FILE *stream = lim_file_open(path);
    struct stat st;
    char *data = NULL;

    if (!stream)
        return NULL;
    if (fstat(fileno(stream), &st) != 0 || (uint64_t)st.st_size > limit) {
        lim_error("%s: cannot be read: it is far too large", path);
        goto done;
    }
    *size = (size_t)st.st_size;
    data = malloc(*size + 1);
    if (!data || fread(data, 1, *size, stream) != *size) {
        lim_error("%s: cannot be read: %s", path, data ? "the file ends early" : "no memory");
        free(data);
        data = NULL;
        goto done;
    }
    data[*size] = '\0';

done:
    fclose(stream);
    return data;
}
