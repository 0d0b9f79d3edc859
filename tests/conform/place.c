/* Operands in device memory. Around each stands a guard band of NaN: an element read from there
 * poisons the result, an element written there is seen afterwards. */
#include "conform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 1024 }; /* more floats than a rounded-up work-group writes past the end */

static const uint32_t guard_bits = 0x7fc0a5a5;

static bool allocate(struct placed *pl, struct lim_backend *be, int b, size_t size)
{
    pl->size[b] = size;
    pl->host[b] = conform_alloc(size, sizeof(float));
    pl->buf[b] = lim_buffer_create(be, size);
    return pl->buf[b] != NULL;
}

static void place(struct operand *o, struct lim_buffer *buf, size_t offset)
{
    o->t = lim_tensor_of(buf, offset, o->n, o->h, o->w, o->c);
}

bool placed_init(struct placed *pl, struct lim_backend *be, struct problem *pb)
{
    size_t offset[MAX_OPERANDS], at = GUARD + 1;

    *pl = (struct placed){0};
    if (pb->pass == PASS_INTEGERS) {
        for (int i = 0; i < pb->count; i++) {
            offset[i] = at | 1;
            at = offset[i] + pb->o[i].count + GUARD;
        }
        pl->count = 1;
        if (!allocate(pl, be, 0, at))
            return false;
        for (int i = 0; i < pb->count; i++)
            place(&pb->o[i], pl->buf[0], offset[i]);
        return true;
    }
    for (int i = 0; i < pb->count; i++) {
        at = GUARD + 4 * (size_t)i;
        pl->where[i] = pl->count++;
        if (!allocate(pl, be, i, at + pb->o[i].count + GUARD))
            return false;
        place(&pb->o[i], pl->buf[i], at);
    }
    return true;
}

void placed_finish(struct placed *pl)
{
    for (int b = 0; b < pl->count; b++) {
        lim_buffer_destroy(pl->buf[b]);
        free(pl->host[b]);
    }
}

const float *placed_values(const struct placed *pl, const struct problem *pb, int operand)
{
    return pl->host[pl->where[operand]] + pb->o[operand].t.offset;
}

void placed_write(struct placed *pl, const struct problem *pb)
{
    for (int b = 0; b < pl->count; b++)
        for (size_t i = 0; i < pl->size[b]; i++)
            memcpy(&pl->host[b][i], &guard_bits, sizeof guard_bits);
    for (int i = 0; i < pb->count; i++)
        memcpy(pl->host[pl->where[i]] + pb->o[i].t.offset, pb->o[i].init,
               pb->o[i].count * sizeof(float));
    for (int b = 0; b < pl->count; b++)
        lim_write(lim_vector_of(pl->buf[b], 0, pl->size[b]), pl->host[b]);
}

/* Everything in buffer b from `from` to `to` must be guard. */
static bool intact(const struct placed *pl, int b, size_t from, size_t to, const char *beside,
                   char *text, size_t size)
{
    for (size_t i = from; i < to; i++) {
        if (memcmp(&pl->host[b][i], &guard_bits, sizeof guard_bits) == 0)
            continue;
        snprintf(text, size, "wrote %g outside of '%s', into the guard band", pl->host[b][i],
                 beside);
        return false;
    }
    return true;
}

bool placed_read(struct placed *pl, const struct problem *pb, char *text, size_t size)
{
    size_t at[MAX_OPERANDS] = {0};

    for (int b = 0; b < pl->count; b++)
        lim_read(lim_vector_of(pl->buf[b], 0, pl->size[b]), pl->host[b]);
    for (int i = 0; i < pb->count; i++) {
        const struct operand *o = &pb->o[i];
        int b = pl->where[i];

        if (!intact(pl, b, at[b], o->t.offset, o->name, text, size))
            return false;
        at[b] = o->t.offset + o->count;
        if (!intact(pl, b, at[b], at[b] + GUARD, o->name, text, size))
            return false;
        if (o->role == ROLE_IN &&
            memcmp(placed_values(pl, pb, i), o->init, o->count * sizeof(float)) != 0) {
            snprintf(text, size, "changed its input '%s'", o->name);
            return false;
        }
    }
    return true;
}
