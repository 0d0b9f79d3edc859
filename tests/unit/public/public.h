/* Every public header: what each function returns for invalid arguments (limner/api.h). One file a
 * header, one program. Under the sanitizers it shows that nothing is undefined. */
#ifndef LIMNER_TESTS_PUBLIC_H
#define LIMNER_TESTS_PUBLIC_H

#include "core/backend.h"
#include "support/check.h"
#include "support/train_here.h"

#include <limner/limner.h>
#include <math.h>
#include <string.h>

extern struct lim_backend *be; /* the CPU path */
extern struct lim_buffer *buf; /* of it: 64 floats */

/* The call is answered, with one error line. */
#define REFUSES(call)                         \
    do {                                      \
        here_clear();                         \
        call;                                 \
        assert_int_equal(here_log.errors, 1); \
    } while (0)

/* The same, and the backend has failed; it is mended. */
#define REFUSES_OP(call)                  \
    do {                                  \
        REFUSES(call);                    \
        assert_false(lim_backend_ok(be)); \
        be->failed = false;               \
    } while (0)

/* A kind that does not exist. */
#define NO_KIND 99

int test_adam(void), test_backend(void), test_dataset(void), test_dcgan(void), test_eval(void),
    test_host(void), test_image(void), test_layer(void), test_log(void), test_memory(void),
    test_net(void), test_ops(void), test_own(void), test_random(void), test_scan(void),
    test_tensor(void), test_train(void), test_tune(void), test_version(void);

#endif
