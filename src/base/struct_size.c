#include "base/struct_size.h"

#include "base/log.h"

#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return false;
    return true;
}

bool base_struct_take(void *full, size_t size, size_t first, const void *given, const char *name)
{
    size_t have;

    if (!given) {
        lim_error("struct %s: NULL, where one is needed", name);
        return false;
    }
    memcpy(&have, given, sizeof have);
    have = have ? have : first;
    if (have < first) {
        lim_error("struct %s: its struct_size is %zu, and must be at least %zu", name, have, first);
        return false;
    }
    if (have > size && !is_zero((const unsigned char *)given + size, have - size)) {
        lim_error("struct %s: uses fields that this limner does not have: it is older than the "
                  "program's headers",
                  name);
        return false;
    }
    memset(full, 0, size);
    memcpy(full, given, have < size ? have : size);
    memcpy(full, &size, sizeof size);
    return true;
}

bool base_struct_give(void *given, size_t struct_size, size_t first, const void *full, size_t size,
                      const char *name)
{
    if (!given || struct_size < first) {
        lim_error("struct %s: of %zu bytes, where at least %zu are needed", name,
                  given ? struct_size : 0, first);
        return false;
    }
    memset(given, 0, struct_size);
    memcpy(given, full, struct_size < size ? struct_size : size);
    memcpy(given, &struct_size, sizeof struct_size);
    return true;
}
