#include "file.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool lim_file_begin(struct lim_file *file, const char *path)
{
    size_t size;
    int fd = -1;

    memset(file, 0, sizeof *file);
    file->path = resolve(path);
    if (!file->path) {
        lim_error("%s: cannot be written: %s", path,
                  errno == EEXIST ? "it is not a regular file" : strerror(errno));
        return false;
    }
    size = strlen(file->path) + 48;
    file->temporary = malloc(size);
    if (!file->temporary) {
        lim_error("%s: no memory to write it", path);
        goto error;
    }
    for (int n = 0; n < 1000 && fd < 0; n++) {
        snprintf(file->temporary, size, "%s.%ld-%d" LIM_FILE_TEMPORARY, file->path, (long)getpid(),
                 n);
        fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd >= 0)
        file->stream = fdopen(fd, "wb");
    if (!file->stream) {
        lim_error("%s: cannot be written: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
            unlink(file->temporary);
        }
        goto error;
    }
    return true;

error:
    free(file->path);
    free(file->temporary);
    memset(file, 0, sizeof *file);
    return false;
}

bool lim_file_write(struct lim_file *file, const void *data, size_t size)
{
    if (!file->error && size && fwrite(data, 1, size, file->stream) != size)
        file->error = errno ? errno : EIO;
    return !file->error;
}

/* Not rewind(): it flushes, and forgets that the flush failed. */
bool lim_file_rewind(struct lim_file *file)
{
    errno = 0;
    if (!file->error && fseeko(file->stream, 0, SEEK_SET) != 0)
        file->error = errno ? errno : EIO;
    return !file->error;
}

static void finish(struct lim_file *file)
{
    free(file->path);
    free(file->temporary);
    memset(file, 0, sizeof *file);
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
            (void)fsync(fd);
            close(fd);
        }
    }
    free(folder);
}

bool lim_file_commit(struct lim_file *file)
{
    bool had_error = ferror(file->stream);
    int error = file->error;

    errno = 0;
    if (!error && (had_error || fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0))
        error = errno ? errno : EIO;
    if (fclose(file->stream) != 0 && !error)
        error = errno;
    if (!error && rename(file->temporary, file->path) != 0)
        error = errno;
    if (error) {
        lim_error("%s: writing failed: %s; %s", file->path, strerror(error),
                  access(file->path, F_OK) == 0 ? "the file of before is intact"
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
    fclose(file->stream);
    unlink(file->temporary);
    finish(file);
}

char *lim_file_read(const char *path, size_t limit, size_t *size)
{
    FILE *stream = fopen(path, "rb");
    struct stat st;
    char *data = NULL;

    if (!stream || fstat(fileno(stream), &st) != 0) {
        lim_error("%s: cannot be read: %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > limit) {
        lim_error("%s: cannot be read: %s", path,
                  S_ISREG(st.st_mode) ? "it is far too large" : "it is not a regular file");
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
    if (stream)
        fclose(stream);
    return data;
}
