// The same from C++.
#include <limner/limner.h>

int main()
{
    lim_device_choice choice = lim_device_choice();
    choice.device = "cpu";
    lim_backend *be = lim_backend_create(&choice, nullptr);
    if (!be)
        return 1;
    lim_buffer *buf = lim_buffer_create(be, 4);
    const float two[] = {2, 3};
    float out[2] = {0, 0};
    lim_tensor x = lim_vector_of(buf, 0, 2), y = lim_vector_of(buf, 2, 2);
    lim_write(x, two);
    lim_axpby(be, 2.0f, x, 0.0f, y);
    lim_read(y, out);
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
    return out[0] == 4 && out[1] == 6 ? 0 : 1;
}
