/* Configurations of callers that were compiled with an older or a newer header: each begins with a
 * size_t, its struct_size. */
#ifndef LIMNER_SRC_BASE_STRUCT_SIZE_H
#define LIMNER_SRC_BASE_STRUCT_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a struct up to the end of `field`, its last field when struct_size was added. */
#define SIZE_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

/* Copies the caller's struct to `full`, of `size` bytes; fields that the caller does not know are
 * zero. `first`: the size that a struct_size of 0 stands for. False after one log line that names
 * the struct: `given` is NULL, too small, or uses fields that this library does not have. */
bool base_struct_take(void *full, size_t size, size_t first, const void *given, const char *name);

/* Copies `full` to the caller's `struct_size` bytes, as far as they go, and sets its struct_size;
 * bytes beyond `full` become zero. False, after one log line, where struct_size is too small. */
bool base_struct_give(void *given, size_t struct_size, size_t first, const void *full, size_t size,
                      const char *name);

#endif
