#include "unit/public/public.h"

#include "base/log.h"

#include <pthread.h>
#include <stdio.h>

static void refuses(void **state)
{
    char text[8] = "before";

    (void)state;
    assert_string_equal(lim_printable(NULL, text, sizeof text), "");
    assert_null(lim_printable("x", NULL, 8));
    strcpy(text, "before");
    assert_ptr_equal(lim_printable("x", text, 0), text);
    assert_string_equal(text, "before");
    assert_string_equal(lim_printable("x", text, 1), "");
    REFUSES(lim_backend_log_set(NULL, NULL, NULL, LIM_LOG_INFO));
    REFUSES(assert_string_equal(lim_backend_last_error(NULL, text, sizeof text), ""));
    REFUSES(assert_null(lim_backend_last_error(be, NULL, 8)));
}

struct kept {
    int lines;
    char last[2048];
};

static void keep(void *user, enum lim_log_level level, const char *message)
{
    struct kept *kept = user;

    (void)level;
    kept->lines++;
    snprintf(kept->last, sizeof kept->last, "%s", message);
}

/* A backend's lines go to its own log only; both keep their last error. */
static void a_log_for_each_backend(void **state)
{
    struct kept mine = {0}, others = {0};
    struct lim_device_choice choice = lim_device_defaults();
    struct lim_backend *a, *b;
    char text[256];

    (void)state;
    choice.device = "cpu";
    choice.log = keep;
    choice.log_user = &mine;
    choice.log_level = LIM_LOG_INFO;
    here_clear();
    a = lim_backend_create(&choice, NULL);
    choice.log_user = &others;
    b = lim_backend_create(&choice, NULL);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(here_log.infos, 0); /* both named their devices in their own logs */
    assert_int_equal(mine.lines, 1);
    assert_int_equal(others.lines, 1);
    assert_string_equal(lim_backend_last_error(a, text, sizeof text), "");

    lim_fill(a, 0, (struct lim_tensor){.buf = NULL});
    assert_int_equal(mine.lines, 2);
    assert_int_equal(others.lines, 1);
    assert_non_null(strstr(mine.last, "lim_fill"));
    assert_string_equal(lim_backend_last_error(a, text, sizeof text), mine.last);
    assert_string_equal(lim_last_error(), mine.last);
    assert_string_equal(lim_backend_last_error(b, text, sizeof text), "");
    assert_null(lim_dcgan_load(b, "/does/not/exist", 0, true, NULL, NULL));
    assert_int_equal(others.lines, 2);
    assert_non_null(strstr(others.last, "/does/not/exist"));
    lim_backend_log_set(b, NULL, NULL, LIM_LOG_INFO); /* silence */
    assert_null(lim_dcgan_load(b, "/not/there/either", 0, true, NULL, NULL));
    assert_int_equal(others.lines, 2);
    assert_non_null(strstr(lim_backend_last_error(b, text, sizeof text), "/not/there/either"));
    assert_int_equal(here_log.errors, 0);
    lim_backend_destroy(b);
    lim_backend_destroy(a);

    /* Without its own log: where lim_log_set says. */
    assert_null(lim_dcgan_load(be, "/does/not/exist", 0, true, NULL, NULL));
    assert_int_equal(here_log.errors, 1);
}

static pthread_barrier_t barrier;

static void *hush(void *user)
{
    (void)user;
    lim_log_hush(true);
    pthread_barrier_wait(&barrier);
    lim_error("hushed"); /* while the other thread reports its own */
    pthread_barrier_wait(&barrier);
    assert_string_equal(lim_log_hushed(), "hushed");
    assert_string_equal(lim_last_error(), "");
    lim_log_hush(false);
    return NULL;
}

static void one_thread_hushes_no_other(void **state)
{
    pthread_t thread;

    (void)state;
    here_clear();
    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, hush, NULL), 0);
    pthread_barrier_wait(&barrier);
    lim_error("not hushed");
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal(here_log.errors, 1);
    assert_string_equal(here_log.error, "not hushed");
    assert_string_equal(lim_last_error(), "not hushed");
}

int test_log(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(a_log_for_each_backend),
        cmocka_unit_test(one_thread_hushes_no_other),
    };

    return cmocka_run_group_tests_name("limner/log.h", tests, NULL, NULL);
}
