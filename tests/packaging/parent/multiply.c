/* Multiplies two matrices on the CPU path, as a program that knows the installed headers alone. */
#include <limner/limner.h>
#include <stdio.h>

int main(void)
{
    const struct lim_device_choice choice = {.device = "cpu"};
    const float a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
    float c[4] = {0};
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_buffer *buf = be ? lim_buffer_create(be, 12) : NULL;
    struct lim_tensor ta, tb, tc;

    if (!buf)
        return 1;
    ta = lim_tensor_of(buf, 0, 2, 1, 1, 2);
    tb = lim_tensor_of(buf, 4, 2, 1, 1, 2);
    tc = lim_tensor_of(buf, 8, 2, 1, 1, 2);
    lim_write(ta, a);
    lim_write(tb, b);
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, ta, tb, 0.0f, tc);
    lim_read(tc, c);
    printf("%g %g %g %g, limner %s\n", (double)c[0], (double)c[1], (double)c[2], (double)c[3],
           lim_version());
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
    return c[0] == 19 && c[1] == 22 && c[2] == 43 && c[3] == 50 ? 0 : 1;
}
