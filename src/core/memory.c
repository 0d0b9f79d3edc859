/* The accounts of a backend's memory, planning without allocating, and the host's free memory. */
#include "base/require.h"
#include "core/backend.h"

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#ifdef LIM_HAVE_MALLINFO2
#include <malloc.h>
#endif

const char *lim_memory_part_name(enum lim_memory_part part)
{
    static const char *const names[LIM_MEMORY_PARTS] = {
        [LIM_MEMORY_WEIGHTS] = "weights",   [LIM_MEMORY_GRADIENTS] = "gradients",
        [LIM_MEMORY_MOMENTS] = "moments",   [LIM_MEMORY_ACTIVATIONS] = "activations",
        [LIM_MEMORY_PICTURES] = "pictures", [LIM_MEMORY_SCRATCH] = "scratch",
        [LIM_MEMORY_OTHER] = "other",
    };

    return (unsigned)part < LIM_MEMORY_PARTS ? names[part] : "unknown";
}

static struct lim_memory *account(struct lim_backend *be)
{
    return be->planning ? &be->planned : &be->taken;
}

void lim_memory_enter(struct lim_backend *be, enum lim_memory_part part, size_t count)
{
    struct lim_memory *memory = account(be);
    uint64_t bytes = (uint64_t)count * sizeof(float);

    memory->parts[part] += bytes;
    memory->total += bytes;
    if (bytes > memory->largest)
        memory->largest = bytes;
}

void lim_memory_leave(struct lim_backend *be, enum lim_memory_part part, size_t count)
{
    struct lim_memory *memory = account(be);

    memory->parts[part] -= (uint64_t)count * sizeof(float);
    memory->total -= (uint64_t)count * sizeof(float);
}

struct lim_memory lim_backend_memory(const struct lim_backend *be)
{
    struct lim_memory memory = {0};
    uint64_t own;

    REQUIRE(be, memory);
    memory = be->planning ? be->planned : be->taken;
    own = be->ops->own_memory(be);
    memory.parts[LIM_MEMORY_SCRATCH] += own;
    memory.total += own;
    return memory;
}

void lim_backend_plan(struct lim_backend *be, bool on)
{
    REQUIRE_OR_RETURN(be);
    if (on == be->planning)
        return;
    if (!on) {
        lim_buffer_destroy(be->workspace);
        be->workspace = be->set_aside;
        be->planning = false;
        return;
    }
    be->planned = (struct lim_memory){0};
    be->ops->plan(be);
    be->set_aside = be->workspace;
    be->planning = true;
    be->workspace =
        be->set_aside ? lim_buffer_create_for(be, LIM_MEMORY_SCRATCH, be->set_aside->count) : NULL;
}

/* The number after `name` in a file of lines "name number", or the only number of a file. */
static bool read_number(const char *folder, const char *file, const char *name, uint64_t *value)
{
    char path[4096], line[256];
    size_t length = strlen(name);
    bool found = false;
    FILE *stream;

    if (snprintf(path, sizeof path, "%s%s", folder, file) >= (int)sizeof path)
        return false;
    stream = fopen(path, "re");
    while (stream && !found && fgets(line, sizeof line, stream))
        found = strncmp(line, name, length) == 0 && sscanf(line + length, "%" SCNu64, value) == 1;
    if (stream)
        fclose(stream);
    return found;
}

static uint64_t left(uint64_t limit, uint64_t used)
{
    return limit > used ? limit - used : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The memory left in a control group's folder: its limit less what is used and cannot be reclaimed.
 * The names differ between versions 1 and 2. */
static uint64_t group_leaves(const char *folder, bool second)
{
    uint64_t limit, used, active = 0, inactive = 0;

    if (!read_number(folder, second ? "/memory.max" : "/memory.limit_in_bytes", "", &limit) ||
        !read_number(folder, second ? "/memory.current" : "/memory.usage_in_bytes", "", &used))
        return UINT64_MAX;
    read_number(folder, "/memory.stat", second ? "active_file " : "total_active_file ", &active);
    read_number(folder, "/memory.stat", second ? "inactive_file " : "total_inactive_file ",
                &inactive);
    return left(limit, left(used, active + inactive));
}

/* The least memory left in this process's group and each group above it. `line` is one of
 * /proc/self/cgroup: "0::/path" or "4:memory:/path". */
static uint64_t groups_leave(const char *sys, const char *line)
{
    const char *memory = strstr(line, ":memory:");
    bool second = strncmp(line, "0::", 3) == 0;
    const char *path;
    uint64_t most = UINT64_MAX;
    char folder[4096];
    size_t root;

    if (!second && !memory)
        return most;
    path = second ? line + 3 : memory + 8;
    root = (size_t)snprintf(folder, sizeof folder, "%s/fs/cgroup%s", sys, second ? "" : "/memory");
    if (root + strlen(path) + 1 > sizeof folder)
        return most;
    snprintf(folder + root, sizeof folder - root, "%.*s", (int)strcspn(path, "\n"), path);
    for (;;) {
        char *slash = strrchr(folder + root, '/');

        most = least(most, group_leaves(folder, second));
        if (!slash)
            return most;
        *slash = '\0';
    }
}

uint64_t lim_host_memory(const char *proc, const char *sys)
{
    uint64_t available, swap = 0, most = UINT64_MAX;
    char path[4096], line[4096];
    FILE *stream;

    if (read_number(proc, "/meminfo", "MemAvailable:", &available)) { /* in kB, as the next */
        read_number(proc, "/meminfo", "SwapFree:", &swap);
        most = (available + swap) * 1024;
    }
    if (snprintf(path, sizeof path, "%s/self/cgroup", proc) >= (int)sizeof path)
        return most;
    stream = fopen(path, "re");
    while (stream && fgets(line, sizeof line, stream))
        most = least(most, groups_leave(sys, line));
    if (stream)
        fclose(stream);
    return most;
}

static uint64_t address_space_left(void)
{
    struct rlimit limit;
    uint64_t size;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        !read_number("/proc", "/self/status", "VmSize:", &size))
        return UINT64_MAX;
    return left(limit.rlim_cur, size * 1024);
}

/* Freed memory that malloc keeps for its next call. */
static uint64_t kept_by_malloc(void)
{
#ifdef LIM_HAVE_MALLINFO2
    return mallinfo2().fordblks;
#else
    return 0;
#endif
}

struct lim_memory_limits lim_backend_memory_limits(const struct lim_backend *be)
{
    struct lim_memory_limits none = {0};
    uint64_t device, kept, host;

    REQUIRE(be, none);
    device = be->global_mem;
    kept = kept_by_malloc();
    host = least(lim_host_memory("/proc", "/sys"), address_space_left());
    if (be->refused_at && (!device || be->refused_at < device))
        device = be->refused_at;
    return (struct lim_memory_limits){.device = device,
                                      .largest = be->max_alloc,
                                      .host = host > UINT64_MAX - kept ? UINT64_MAX : host + kept,
                                      .shared = be->host_memory};
}
