#include <limner/tensor.h>

#include "base/log.h"
#include "core/backend.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

struct lim_buffer *lim_buffer_create_for(struct lim_backend *be, enum lim_memory_part part,
                                         size_t count)
{
    struct lim_buffer *buf;

    assert(be && count > 0);
    buf = be->planning ? plan_buffer(be, count) : be->ops->buffer_create(be, count);
    if (buf && be->ops->buffer_reserve && !be->ops->buffer_reserve(be, count)) {
        destroy(buf);
        buf = NULL;
    }
    if (!buf) {
        be->refused_at = lim_backend_memory(be).total;
        return NULL;
    }
    buf->part = part;
    lim_memory_enter(be, part, count);
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
    return buf->count;
}

struct lim_tensor lim_tensor_of(struct lim_buffer *buf, size_t offset, int n, int h, int w, int c)
{
    return (struct lim_tensor){.buf = buf, .offset = offset, .n = n, .h = h, .w = w, .c = c};
}

struct lim_tensor lim_vector_of(struct lim_buffer *buf, size_t offset, size_t count)
{
    assert(count <= INT_MAX);
    return lim_tensor_of(buf, offset, 1, 1, 1, (int)count);
}

size_t lim_tensor_count(struct lim_tensor t)
{
    return (size_t)t.n * (size_t)t.h * (size_t)t.w * (size_t)t.c;
}

struct lim_tensor lim_tensor_images(struct lim_tensor t, int first, int n)
{
    assert(first >= 0 && n > 0 && first <= t.n - n);
    t.offset += (size_t)first * (size_t)t.h * (size_t)t.w * (size_t)t.c;
    t.n = n;
    return t;
}

static void check(struct lim_tensor t)
{
    assert(t.buf && t.n > 0 && t.h > 0 && t.w > 0 && t.c > 0);
    assert(t.offset + lim_tensor_count(t) <= t.buf->count);
    (void)t;
}

void lim_write(struct lim_tensor t, const float *host)
{
    check(t);
    if (!t.buf->be->failed && !t.buf->be->planning)
        t.buf->be->ops->write(t, host);
}

void lim_read(struct lim_tensor t, float *host)
{
    check(t);
    if (!t.buf->be->failed && !t.buf->be->planning)
        t.buf->be->ops->read(t, host);
    if (t.buf->be->failed || t.buf->be->planning)
        memset(host, 0, lim_tensor_count(t) * sizeof *host);
}
