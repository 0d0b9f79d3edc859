/* The n-th write, fsync or rename of a training fails, for n = 1, 2, 3, ... until none is left to
 * fail: no file is damaged, and the run goes on from what is on disk to the same bits. */
#include "gan/train_run.h"
#include "io/file.h"

#include "support/check.h"
#include "support/train_here.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    int calls[3], fail_at, error; /* calls of each kind; fail_at 0: none */
    int kind;                     /* of the calls that fail */
    bool for_good, half;          /* from then on; write one byte less than half instead */
    const char *name;             /* NULL: any; of renames, those to a path with this in it */
} fault;

/* After a checkpoint that could not be written. */
static double retry_seconds;
static int retries;

enum { WRITE, FSYNC, RENAME };

static bool fails(int kind)
{
    int call = ++fault.calls[kind];

    if (fault.fail_at == 0 || kind != fault.kind)
        return false;
    return fault.for_good ? call >= fault.fail_at : call == fault.fail_at;
}

static ssize_t faulty_write(int fd, const void *data, size_t size)
{
    if (fails(WRITE)) {
        if (!fault.half) {
            errno = fault.error;
            return -1;
        }
        size = (size + 1) / 2;
    }
    return write(fd, data, size);
}

/* Not the real one: it would only cost time. */
static int faulty_fsync(int fd)
{
    (void)fd;
    if (!fails(FSYNC))
        return 0;
    errno = fault.error;
    return -1;
}

static int faulty_rename(const char *from, const char *to)
{
    if ((fault.name && !strstr(to, fault.name)) || !fails(RENAME))
        return rename(from, to);
    errno = fault.error;
    return -1;
}

static unsigned char *want;
static size_t want_size;

static enum lim_status train(bool resume)
{
    const struct lim_device_choice choice = {.device = "cpu", .threads = 1};
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_train_config config = here_config(), kept;
    enum lim_status status;

    assert_non_null(be);
    here_clear();
    config.retry_seconds = retry_seconds;
    config.retries = retries;
    if (resume) {
        assert_int_equal(lim_train_config_load(here_run, &kept), LIM_OK);
        config.gan = kept.gan;
        config.resume = true;
        lim_train_config_finish(&kept);
    }
    status = lim_train(be, here_pictures(), &config);
    lim_backend_destroy(be);
    return status;
}

static void same_as_undisturbed(int n)
{
    size_t size;
    unsigned char *got = here_tensors(here_file("checkpoint.safetensors"), &size);

    if (size != want_size || memcmp(got, want, size) != 0)
        fail_msg("fault %d: after resuming, other bits than undisturbed", n);
    free(got);
}

/* Returns how many runs failed. */
static int walk(int kind, int error, bool for_good, bool half)
{
    int failed = 0, resumed = 0;

    for (int n = 1;; n++) {
        enum lim_status status;
        const char *damaged;
        bool reached;

        here_remove(here_run);
        memset(&fault, 0, sizeof fault);
        fault.kind = kind;
        fault.fail_at = n;
        fault.error = error;
        fault.for_good = for_good;
        fault.half = half;
        status = train(false);
        reached = fault.calls[kind] >= n;
        fault.fail_at = 0;
        if (status != LIM_OK && (status != LIM_ERROR || here_log.errors == 0))
            fail_msg("fault %d: status %d with %d error lines", n, status, here_log.errors);
        failed += status != LIM_OK;
        damaged = here_damaged();
        if (damaged)
            fail_msg("fault %d left %s", n, damaged);
        if (here_exists("checkpoint.safetensors") && here_exists("config.json")) {
            assert_int_equal(train(true), LIM_OK);
            same_as_undisturbed(n);
            resumed++;
        }
        if (!reached)
            break;
    }
    assert_true(resumed > 3);
    return failed;
}

static void full_disk_for_good(void **state)
{
    (void)state;
    assert_true(walk(WRITE, ENOSPC, true, false) > 10);
}

static void full_disk_for_a_moment(void **state)
{
    (void)state;
    assert_true(walk(WRITE, ENOSPC, false, false) > 3);
}

static void broken_disk(void **state)
{
    (void)state;
    assert_true(walk(WRITE, EIO, false, false) > 3);
    assert_true(walk(FSYNC, EIO, false, false) > 3);
    assert_true(walk(FSYNC, EIO, true, false) > 3);
    assert_true(walk(RENAME, EIO, false, false) > 3);
    assert_true(walk(RENAME, ENOSPC, true, false) > 3);
}

/* A partial write is completed. */
static void short_writes_cost_nothing(void **state)
{
    (void)state;
    assert_int_equal(walk(WRITE, 0, false, true), 0);
    assert_int_equal(walk(WRITE, 0, true, true), 0);
}

/* A disk that is full for everything but checkpoints: the training goes on, and says so. */
static void the_checkpoint_has_priority(void **state)
{
    (void)state;
    here_remove(here_run);
    memset(&fault, 0, sizeof fault);
    assert_int_equal(train(false), LIM_OK);
    here_remove(here_run);
    memset(&fault, 0, sizeof fault);
    /* The first grid: after config.json, README.txt, reals.png and two models. */
    fault.kind = RENAME;
    fault.fail_at = 6;
    fault.error = ENOSPC;
    assert_int_equal(train(false), LIM_OK);
    assert_non_null(strstr(here_log.error, "samples/000000.png"));
    assert_non_null(strstr(here_log.all, "step 0: the training continues without this grid"));
    assert_false(here_exists("samples/000000.png"));
    assert_true(here_exists("samples/000003.png"));
    same_as_undisturbed(0);
}

/* For good: no grid and no animation, but every checkpoint and the model. */
static void without_any_grid_it_trains_to_the_end(void **state)
{
    (void)state;
    here_remove(here_run);
    memset(&fault, 0, sizeof fault);
    fault.kind = RENAME;
    fault.fail_at = 1;
    fault.error = ENOSPC;
    fault.for_good = true;
    fault.name = "/samples/";
    /* All but the last, which the training needs in order to finish. */
    assert_int_equal(train(false), LIM_ERROR);
    for (int step = 0; step < 3; step++) {
        char line[64];

        snprintf(line, sizeof line, "step %d: the training continues without this grid", step);
        assert_non_null(strstr(here_log.all, line));
    }
    assert_null(strstr(here_log.all, "NOTHING IS SAVED"));
    same_as_undisturbed(0);
    assert_null(here_damaged());
    memset(&fault, 0, sizeof fault);
    assert_int_equal(train(true), LIM_OK);
    assert_true(here_exists("samples/000003.png") && here_exists("progress.gif"));
    same_as_undisturbed(0);
}

/* The run up to its first fault: the checkpoint after step 1. */
static void begin_without_room(bool for_good)
{
    here_remove(here_run);
    memset(&fault, 0, sizeof fault);
    /* After config.json, README.txt, reals.png, two models and two grids. */
    fault.kind = RENAME;
    fault.fail_at = 8;
    fault.error = ENOSPC;
    fault.for_good = for_good;
}

/* A checkpoint that cannot be written costs nothing where the next one can. */
static void a_checkpoint_is_tried_again(void **state)
{
    (void)state;
    begin_without_room(false);
    retry_seconds = 1e-9;
    assert_int_equal(train(false), LIM_OK);
    retry_seconds = 0;
    assert_int_equal(here_log.errors, 1);
    assert_non_null(strstr(here_log.error, "/checkpoint.safetensors"));
    assert_non_null(strstr(here_log.warning, "step 1: NOTHING IS SAVED since step 0"));
    assert_non_null(strstr(here_log.all, "step 2: saved again; failed tries: 1"));
    same_as_undisturbed(0);
}

/* It does not retry forever: nothing more would be saved. */
static void a_disk_that_stays_full_ends_the_training(void **state)
{
    struct lim_model_info info;

    (void)state;
    begin_without_room(true);
    retry_seconds = 1e-9;
    retries = 2;
    assert_int_equal(train(false), LIM_ERROR);
    retry_seconds = 0;
    retries = 0;
    assert_non_null(strstr(here_log.all, "step 2: the training continues without this grid"));
    assert_non_null(strstr(here_log.all, "stopped; "));
    assert_null(strstr(here_log.all, "step 3"));
    assert_true(lim_model_info_read(here_file("checkpoint.safetensors"), &info, NULL));
    assert_int_equal(info.progress.step, 0);
    memset(&fault, 0, sizeof fault);
    assert_int_equal(train(true), LIM_OK);
    same_as_undisturbed(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_disk_for_good),
        cmocka_unit_test(full_disk_for_a_moment),
        cmocka_unit_test(broken_disk),
        cmocka_unit_test(short_writes_cost_nothing),
        cmocka_unit_test(the_checkpoint_has_priority),
        cmocka_unit_test(without_any_grid_it_trains_to_the_end),
        cmocka_unit_test(a_checkpoint_is_tried_again),
        cmocka_unit_test(a_disk_that_stays_full_ends_the_training),
    };
    int failed;

    if (!here_begin())
        return 1;
    lim_file_calls = (struct lim_file_calls){faulty_write, faulty_fsync, faulty_rename};
    if (train(false) != LIM_OK)
        return 1;
    want = here_tensors(here_file("checkpoint.safetensors"), &want_size);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(want);
    here_end();
    return failed;
}
