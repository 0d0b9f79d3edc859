/* Runs the tests of all headers. */
#include "unit/public/public.h"

struct lim_backend *be;
struct lim_buffer *buf;

int main(void)
{
    static int (*const tests[])(void) = {
        test_adam,  test_backend, test_dataset, test_dcgan, test_eval,   test_host, test_image,
        test_layer, test_log,     test_memory,  test_net,   test_ops,    test_own,  test_random,
        test_scan,  test_tensor,  test_train,   test_tune,  test_version};
    const struct lim_device_choice choice = {.device = "cpu", .threads = 2};
    int failed = 0;

    be = here_begin() ? lim_backend_create(&choice, NULL) : NULL;
    buf = lim_buffer_create(be, 64);
    if (!buf)
        return 1;
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        failed += tests[i]();
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
    here_end();
    return failed;
}
