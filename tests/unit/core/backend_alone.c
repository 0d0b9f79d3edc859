/* The backend alone: linked with base, io, core, cpu and opencl, and with nothing of the networks,
 * the tuner or the DCGAN. Multiplies two matrices on the CPU path and, where there is a device, on
 * OpenCL. */
#include <limner/backend.h>
#include <limner/ops.h>
#include <limner/tensor.h>
#include <stdio.h>
#include <string.h>

static bool multiplies(const char *device)
{
    const float a[2 * 3] = {1, 2, 3, 4, 5, 6}, b[3 * 2] = {7, 8, 9, 10, 11, 12};
    const float want[2 * 2] = {58, 64, 139, 154};
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_backend *be;
    struct lim_buffer *buf;
    struct lim_tensor x, y, z;
    float got[2 * 2];
    bool good;

    choice.device = device;
    be = lim_backend_create(&choice, NULL);
    buf = be ? lim_buffer_create(be, 16) : NULL;
    if (!buf)
        return false;
    x = lim_tensor_of(buf, 0, 1, 1, 2, 3);
    y = lim_tensor_of(buf, 6, 1, 1, 3, 2);
    z = lim_tensor_of(buf, 12, 1, 1, 2, 2);
    lim_write(x, a);
    lim_write(y, b);
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, x, y, 0.0f, z);
    lim_read(z, got);
    good = lim_backend_finish(be) && memcmp(got, want, sizeof want) == 0;
    printf("%s: %s\n", lim_backend_name(be), good ? "right" : "WRONG");
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
    return good;
}

int main(void)
{
    struct lim_device_info *list;
    const char *none;
    int devices = lim_device_list(&list, &none), usable = 0;

    for (int i = 0; i < devices; i++)
        usable += list[i].usable;
    lim_device_list_free(list);
    printf("%d usable OpenCL devices\n", usable);
    return multiplies("cpu") && (usable == 0 || multiplies("opencl")) ? 0 : 1;
}
