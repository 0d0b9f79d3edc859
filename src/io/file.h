/* Files that appear whole or not at all: written under a temporary name in the target's folder,
 * fsynced, renamed. */
#ifndef LIMNER_SRC_IO_FILE_H
#define LIMNER_SRC_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Ends every temporary name, which is PATH.PID-N.tmp: this identifies what a killed process
 * left. */
#define LIM_FILE_TEMPORARY ".tmp"

/* The calls that can fail because of the disk. Tests replace them; nothing else writes to this.
 */
struct lim_file_calls {
    ssize_t (*write)(int fd, const void *data, size_t size);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
};
extern struct lim_file_calls lim_file_calls;

struct lim_file {
    int fd;                /* may be mapped */
    unsigned char *buffer; /* what no write has taken yet */
    size_t used;
    char *path, *temporary;
    int error; /* errno of the first failed write, or 0 */
};

/* Starts writing `path` (a symbolic link is followed; only a regular file is replaced). False after
 * one log line; nothing is left to free then. */
bool lim_file_begin(struct lim_file *file, const char *path);

/* Returns false from the first failure on, without a log line: lim_file_commit logs it. */
bool lim_file_write(struct lim_file *file, const void *data, size_t size);

/* Goes to byte `at`, to write there. Failures as lim_file_write. */
bool lim_file_seek(struct lim_file *file, uint64_t at);

/* Writes all of it to an open file, in as many writes as it takes. 0, or errno. */
int lim_file_write_all(int fd, const void *data, size_t size);

/* Makes `path` the new file. On any failure, earlier writes included: one log line, false, the file
 * of before intact and the temporary one removed. Ends `file` either way. */
bool lim_file_commit(struct lim_file *file);

/* Removes the temporary files of `path` whose writers have ended, without a log line. */
void lim_file_sweep(const char *path);

/* Gives up in silence: removes the temporary file. Ends `file`. */
void lim_file_abort(struct lim_file *file);

/* Opens a regular file to read; the caller closes. NULL after one log line, and never waits: of a
 * pipe too. */
FILE *lim_file_open(const char *path);

/* Reads a whole file of at most `limit` bytes, with a zero byte after the last (not counted). The
 * caller frees. NULL after one log line. */
char *lim_file_read(const char *path, size_t limit, size_t *size);

/* Makes a folder and those above it; one that exists is fine. *made (may be NULL) becomes true if
 * the last of them is new. False after one log line. */
bool lim_folder_make(const char *path, bool *made);

/* FOLDER/NAME (or NAME, where `folder` is empty); the caller frees. NULL, in silence, without
 * memory.
 */
char *lim_path_join(const char *folder, const char *name);

#endif
