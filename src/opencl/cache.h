/* A folder of compiled programs. This file knows only files: binary.c knows what they mean to
 * OpenCL.
 *
 * A file is a header (magic, sizes, hashes), the whole key, and the payload. The key contains
 * everything that the program was made from and for, so neither a collision of names nor a renamed
 * file gives the wrong program. Damaged binaries crash drivers, or drivers run them (PoCL, rusticl:
 * both were seen), so a file that is not whole is refused here, removed, and compiled again.
 *
 * No locks: a file appears by rename, and processes that race write the same. Every failure is
 * silent: if a folder cannot be made, read or written, the start is slower. */
#ifndef LIMNER_SRC_OPENCL_CACHE_H
#define LIMNER_SRC_OPENCL_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of all files; the oldest are removed first. A device's programs take a few MiB. */
#define OCL_CACHE_CAP ((size_t)64 << 20)

/* Where programs are kept: `wanted`, else $LIMNER_CACHE_DIR, else limner in $XDG_CACHE_HOME or
 * ~/.cache, and there in the folder "programs"; "off" (or "") turns it off. The caller frees. NULL:
 * nowhere. Makes the folder. */
char *ocl_cache_folder(const char *wanted);

/* The payload of `family` under `key`; the caller frees. NULL if there is none, or it is damaged.
 * Also leaves a mark that a process is about to load it: if that crashes the process, the next one
 * finds the mark and removes the file. */
void *ocl_cache_read(const char *folder, const char *family, const char *key, size_t *size);

/* The program that was read has run: removes the mark. */
void ocl_cache_good(const char *folder, const char *family, const char *key);

/* Removes a file, and its mark. */
void ocl_cache_drop(const char *folder, const char *family, const char *key);

/* Stores a payload, and removes the oldest files while all together exceed `cap` bytes. */
void ocl_cache_write(const char *folder, const char *family, const char *key, const void *payload,
                     size_t size, size_t cap);

/* Writes all of it to a file or a pipe. False if that fails; silent. */
bool ocl_write_all(int fd, const void *data, size_t size);

#endif
