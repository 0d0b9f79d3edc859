#include <limner/tensor.h>

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct lim_tensor no_tensor = {.buf = NULL};

static struct lim_buffer *plan_buffer(struct lim_backend *be, size_t count)
{
    struct lim_buffer *buf = calloc(1, sizeof *buf);

    if (!buf) {
        lim_error("no memory to plan with");
        return NULL;
    }
    *buf = (struct lim_buffer){.be = be, .count = count, .planned = true};
    return buf;
}

static void destroy(struct lim_buffer *buf)
{
    if (buf->planned)
        free(buf);
    else
        buf->be->ops->buffer_destroy(buf);
}

/* Does the device have this much at all? If not, its refusal does not show how much is free. */
static bool could_be(const struct lim_backend *be, size_t count)
{
    struct lim_memory_limits limits = lim_backend_memory_limits(be);
    uint64_t most = limits.shared || !be->global_mem ? limits.host : be->global_mem;

    return count <= most / sizeof(float);
}

static struct lim_buffer *create(struct lim_backend *be, enum lim_memory_part part, size_t count)
{
    struct lim_buffer *buf;

    buf = be->planning ? plan_buffer(be, count) : be->ops->buffer_create(be, count);
    if (buf && be->ops->buffer_reserve && !be->ops->buffer_reserve(be, count)) {
        destroy(buf);
        buf = NULL;
    }
    if (!buf) {
        if (could_be(be, count))
            be->refused_at = lim_backend_memory(be).total;
        return NULL;
    }
    buf->part = part;
    lim_memory_enter(be, part, count);
    return buf;
}

struct lim_buffer *lim_buffer_create_for(struct lim_backend *be, enum lim_memory_part part,
                                         size_t count)
{
    struct lim_buffer *buf;
    struct base_log *before;

    REQUIRE(be && (unsigned)part < LIM_MEMORY_PARTS, NULL);
    REQUIRE(count > 0 && count <= SIZE_MAX / sizeof(float), NULL);
    before = base_log_enter(be->log);
    buf = create(be, part, count);
    base_log_enter(before);
    return buf;
}

struct lim_buffer *lim_buffer_create(struct lim_backend *be, size_t count)
{
    return lim_buffer_create_for(be, LIM_MEMORY_OTHER, count);
}

void lim_buffer_destroy(struct lim_buffer *buf)
{
    if (!buf)
        return;
    lim_memory_leave(buf->be, buf->part, buf->count);
    destroy(buf);
}

size_t lim_buffer_count(const struct lim_buffer *buf)
{
    REQUIRE(buf, 0);
    return buf->count;
}

struct lim_tensor lim_tensor_of(struct lim_buffer *buf, size_t offset, int n, int h, int w, int c)
{
    return (struct lim_tensor){.buf = buf, .offset = offset, .n = n, .h = h, .w = w, .c = c};
}

struct lim_tensor lim_vector_of(struct lim_buffer *buf, size_t offset, size_t count)
{
    REQUIRE(count <= INT_MAX, no_tensor);
    return lim_tensor_of(buf, offset, 1, 1, 1, (int)count);
}

size_t lim_tensor_count(struct lim_tensor t)
{
    const int sizes[] = {t.n, t.h, t.w, t.c};
    size_t count = 1;

    for (int i = 0; i < 4; i++) {
        if (sizes[i] < 1)
            return 0;
        count = count <= SIZE_MAX / (size_t)sizes[i] ? count * (size_t)sizes[i] : SIZE_MAX;
    }
    return count;
}

struct lim_tensor lim_tensor_images(struct lim_tensor t, int first, int n)
{
    REQUIRE(first >= 0 && n > 0 && first <= t.n - n, no_tensor);
    t.offset += (size_t)first * (size_t)t.h * (size_t)t.w * (size_t)t.c;
    t.n = n;
    return t;
}

bool lim_tensor_fits(struct lim_tensor t)
{
    size_t count = lim_tensor_count(t);

    return count > 0 && count <= t.buf->count && t.offset <= t.buf->count - count;
}

/* What lim_write and lim_read require; if it is violated, the buffer's backend, if any, fails. */
static bool movable(struct lim_tensor t, const float *host, const char *function)
{
    if (t.buf && host && lim_tensor_fits(t))
        return true;
    lim_backend_refuse(t.buf ? t.buf->be : NULL, function,
                       "a tensor inside its buffer, and memory of the host");
    return false;
}

void lim_write(struct lim_tensor t, const float *host)
{
    if (!movable(t, host, __func__))
        return;
    if (!t.buf->be->failed && !t.buf->be->planning) {
        struct base_log *before = base_log_enter(t.buf->be->log);

        t.buf->be->ops->write(t, host);
        base_log_enter(before);
    }
}

void lim_read(struct lim_tensor t, float *host)
{
    if (!movable(t, host, __func__))
        return;
    if (!t.buf->be->failed && !t.buf->be->planning) {
        struct base_log *before = base_log_enter(t.buf->be->log);

        t.buf->be->ops->read(t, host);
        base_log_enter(before);
    }
    if (t.buf->be->failed || t.buf->be->planning)
        memset(host, 0, lim_tensor_count(t) * sizeof *host);
}
