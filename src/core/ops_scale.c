/* The front door of what normalizes by a number that is on the device. */
#include <limner/ops.h>

#include "core/op_checks.h"

void lim_dot(struct lim_backend *be, struct lim_tensor a, struct lim_tensor b, struct lim_tensor s)
{
    OP_REQUIRE(be, valid(be, a) && valid(be, b) && lim_tensor_count(a) == lim_tensor_count(b));
    OP_REQUIRE(be, is_vector(be, s, 1) && apart(s, a) && apart(s, b));
    RUN(be, dot, 2 * size(a), (be, a, b, false, s));
}

void lim_norm(struct lim_backend *be, struct lim_tensor a, struct lim_tensor s)
{
    OP_REQUIRE(be, valid(be, a) && is_vector(be, s, 1) && apart(s, a));
    RUN(be, dot, size(a), (be, a, a, true, s));
}

void lim_scale(struct lim_backend *be, float alpha, struct lim_tensor s, bool divide,
               struct lim_tensor x, float beta, struct lim_tensor y)
{
    OP_REQUIRE(be, valid(be, x) && valid(be, y) && lim_tensor_count(x) == lim_tensor_count(y));
    OP_REQUIRE(be, is_vector(be, s, 1) && apart(s, y) && (apart(x, y) || same_memory(x, y)));
    RUN(be, scale, (beta == 0.0f ? 2 : 3) * size(x), (be, alpha, s, divide, x, beta, y));
}
