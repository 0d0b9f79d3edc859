/* The front door of operations that a program brings. */
#include <limner/own.h>

#include "base/require.h"
#include "core/op_checks.h"

static bool is_op(const struct lim_own_op *op)
{
    return op && op->name && *op->name && op->source && op->cpu;
}

bool lim_own_reserve(struct lim_backend *be, const struct lim_own_op *op)
{
    struct base_log *before;
    bool good;

    REQUIRE(be && is_op(op), false);
    if (!be->ops->own_reserve || idle(be))
        return !be->failed;
    before = base_log_enter(be->log);
    good = be->ops->own_reserve(be, op);
    base_log_enter(before);
    return good;
}

static bool is_tensor(const struct lim_own_arg *arg)
{
    return arg->kind == LIM_OWN_IN || arg->kind == LIM_OWN_OUT;
}

/* Do the tensors lie in their buffers, and do the written ones not overlap the others? */
static bool are_args(struct lim_backend *be, const struct lim_own_arg *args, int count)
{
    for (int i = 0; i < count; i++) {
        if ((unsigned)args[i].kind >= LIM_OWN_KINDS)
            return false;
        if (!is_tensor(args + i))
            continue;
        if (!valid(be, args[i].tensor))
            return false;
        for (int j = 0; j < i; j++)
            if (is_tensor(args + j) &&
                (args[i].kind == LIM_OWN_OUT || args[j].kind == LIM_OWN_OUT) &&
                !apart(args[i].tensor, args[j].tensor))
                return false;
    }
    return true;
}

void lim_own_run(struct lim_backend *be, const struct lim_own_op *op, size_t items,
                 const struct lim_own_arg *args, int count)
{
    struct base_log *before;

    OP_REQUIRE(be, be && is_op(op) && items > 0 && items <= INT_MAX);
    OP_REQUIRE(be, args && count > 0 && count <= LIM_OWN_MAX_ARGS && are_args(be, args, count));
    if (idle(be))
        return;
    if (!be->ops->own) {
        lim_backend_fail(be, "%s: this backend runs no operations of others", op->name);
        return;
    }
    before = op_begin(be, op->name);
    for (int i = 0; i < count; i++)
        be->bytes += is_tensor(args + i) ? sizeof(float) * size(args[i].tensor) : 0;
    be->ops->own(be, op, items, args, count);
    op_end(be, op->name, before);
}
