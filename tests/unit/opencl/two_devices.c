/* Several devices at once in one process, in turn and on a thread each: every one comes to the bits
 * that it has alone. meson.build has PoCL offer two devices. Exit code 77 without an OpenCL device.
 */
#include <limner/limner.h>

#include "support/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 4, BATCH = 8, MOST = 3, PIXELS = 16 * 16 * 3 };

/* A training on one device. */
struct job {
    char device[48];
    uint64_t seed; /* another for each, so that what is exchanged shows */
    struct lim_backend *be;
    struct lim_dcgan *gan;
    char alone[17], hash[17];
    bool good;
};

static struct job jobs[MOST];
static int count;

static void begin(struct job *job)
{
    const struct lim_device_choice choice = {.device = job->device, .threads = 1};
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = 16;
    config.width = 4;
    config.latent = 8;
    config.batch = BATCH;
    config.seed = job->seed;
    job->be = lim_backend_create(&choice, NULL);
    job->gan = job->be ? lim_dcgan_create(job->be, &config, false) : NULL;
    job->good = job->gan != NULL;
}

static void step(struct job *job, int number)
{
    uint8_t pictures[BATCH * PIXELS];

    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)((i * 31 + (size_t)number * 17 + job->seed) / 7);
    job->good = job->good && lim_dcgan_step(job->gan, pictures, NULL);
}

static void end(struct job *job)
{
    job->good = job->good && lim_dcgan_hash(job->gan, job->hash) && lim_backend_finish(job->be);
    lim_dcgan_destroy(job->gan);
    lim_backend_destroy(job->be);
}

static void *run(void *user)
{
    struct job *job = user;

    begin(job);
    for (int i = 0; i < STEPS; i++)
        step(job, i);
    end(job);
    return NULL;
}

static void assert_as_alone(void)
{
    for (int i = 0; i < count; i++) {
        assert_true(jobs[i].good);
        assert_string_equal(jobs[i].hash, jobs[i].alone);
    }
}

static void in_turn(void **state)
{
    (void)state;
    for (int i = 0; i < count; i++)
        begin(&jobs[i]);
    for (int s = 0; s < STEPS; s++)
        for (int i = 0; i < count; i++)
            step(&jobs[i], s);
    for (int i = 0; i < count; i++)
        end(&jobs[i]);
    assert_as_alone();
}

static void on_a_thread_each(void **state)
{
    pthread_t threads[MOST];

    (void)state;
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &jobs[i]), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_as_alone();
}

/* One ends while the others work. */
static void one_goes_before_the_others(void **state)
{
    (void)state;
    for (int i = 0; i < count; i++)
        begin(&jobs[i]);
    for (int i = 0; i < count; i++) {
        for (int s = 0; s < STEPS; s++)
            step(&jobs[i], s);
        end(&jobs[i]);
    }
    assert_as_alone();
}

static void add(const char *device)
{
    if (count == MOST)
        return;
    jobs[count].seed = (uint64_t)count + 1;
    snprintf(jobs[count++].device, sizeof jobs[0].device, "%s", device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_turn),
        cmocka_unit_test(on_a_thread_each),
        cmocka_unit_test(one_goes_before_the_others),
    };
    struct lim_device_info *list = NULL;
    const char *why;
    char word[48];
    int rows = lim_device_list(&list, &why);

    add("cpu");
    for (int i = 0; i < rows; i++) {
        snprintf(word, sizeof word, "%d:%d", list[i].platform, list[i].device);
        if (list[i].device >= 0 && list[i].usable)
            add(word);
    }
    lim_device_list_free(list);
    if (count == 1)
        return 77;
    for (int i = 0; i < count; i++) {
        run(&jobs[i]);
        if (!jobs[i].good)
            return 1;
        memcpy(jobs[i].alone, jobs[i].hash, sizeof jobs[i].alone);
        print_message("device %s: %s\n", jobs[i].device, jobs[i].alone);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
