/* Files that appear whole or not at all: written under a temporary name in the target's folder,
 * fsynced, renamed. */
#ifndef LIMNER_SRC_IO_FILE_H
#define LIMNER_SRC_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Ends every temporary name, which is PATH.PID-N.tmp: what a killed process leaves can be told. */
#define LIM_FILE_TEMPORARY ".tmp"

struct lim_file {
    FILE *stream; /* may be written to directly: commit looks at ferror; its file may be mapped */
    char *path, *temporary;
    int error; /* errno of the first failed write, or 0 */
};

/* Starts writing `path` (a symbolic link is followed; only a regular file is replaced). False after
 * one log line; nothing is left to free then. */
bool lim_file_begin(struct lim_file *file, const char *path);

/* Returns false from the first failure on, in silence: lim_file_commit tells it. */
bool lim_file_write(struct lim_file *file, const void *data, size_t size);

/* Goes back to the first byte, to write over what stands there. Failures as lim_file_write. */
bool lim_file_rewind(struct lim_file *file);

/* Makes `path` the new file. On any failure, earlier writes included: one log line, false, the file
 * of before intact and the temporary one removed. Ends `file` either way. */
bool lim_file_commit(struct lim_file *file);

/* Gives up in silence: removes the temporary file. Ends `file`. */
void lim_file_abort(struct lim_file *file);

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
