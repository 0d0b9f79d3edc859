/* The run folder: what is taken, what is refused, the log, going back to a step. */
#include "gan/run.h"
#include "io/json.h"

#include <limner/log.h>

#include "support/check.h"
#include "support/train_here.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void touch(const char *name)
{
    FILE *stream = fopen(here_file(name), "wb");

    assert_non_null(stream);
    fputs("x\n", stream);
    fclose(stream);
}

static void log_step(struct lim_run *run, double step)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddNumberToObject(line, "step", step);
    assert_true(lim_run_log(run, line));
    cJSON_Delete(line);
}

static void a_new_folder_is_taken_and_a_used_one_refused(void **state)
{
    struct lim_run run = {0}, second = {0};

    (void)state;
    here_remove(here_run);
    here_clear();
    assert_int_equal(lim_run_create(&run, here_run, "p"), LIM_OK);
    assert_true(here_exists("samples") && here_exists(LIM_RUN_LOCK));
    assert_int_equal(lim_run_create(&second, here_run, "p"), LIM_USAGE);
    assert_non_null(strstr(here_log.error, "--resume"));
    touch(LIM_RUN_CHECKPOINT);
    here_clear();
    assert_int_equal(lim_run_open(&second, here_run), LIM_ERROR); /* even within one process */
    assert_int_equal(here_log.errors, 1);
    assert_non_null(strstr(here_log.error, "another training"));
    lim_run_close(&run);
    lim_run_close(&run); /* twice is fine */
    assert_false(here_exists(LIM_RUN_LOCK));
    assert_int_equal(lim_run_open(&second, here_run), LIM_OK);
    lim_run_close(&second);
    unlink(here_file(LIM_RUN_CHECKPOINT));
    assert_int_equal(lim_run_open(&second, here_run), LIM_BAD_INPUT);
}

static void going_back_drops_what_is_later(void **state)
{
    struct lim_run run;
    uint64_t *steps;
    FILE *stream;
    char text[256];

    (void)state;
    here_remove(here_run);
    assert_int_equal(lim_run_create(&run, here_run, "p"), LIM_OK);
    for (int i = 1; i <= 4; i++)
        log_step(&run, i);
    stream = fopen(here_file(LIM_RUN_LOG), "ab");
    assert_non_null(stream);
    fputs("{\"step\":2,\"cut", stream);
    fclose(stream);
    touch("samples/000002.png");
    touch("samples/1000000.png");
    touch("samples/mine.png");
    touch("checkpoint-000001.safetensors");
    touch("checkpoint-000004.safetensors");
    touch("x.123-0.tmp");
    assert_true(lim_run_rewind(&run, 2));
    log_step(&run, 3);
    assert_int_equal(lim_run_samples(&run, &steps), 1);
    assert_true(steps[0] == 2);
    free(steps);
    assert_int_equal(lim_run_kept(&run, &steps), 1);
    assert_true(steps[0] == 1);
    free(steps);
    assert_true(here_exists("samples/mine.png") && !here_exists("x.123-0.tmp"));
    stream = fopen(here_file(LIM_RUN_LOG), "rb");
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    assert_string_equal(text, "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
    lim_run_close(&run);
}

static void the_oldest_checkpoints_go_first(void **state)
{
    struct lim_run run;
    uint64_t *steps;

    (void)state;
    here_remove(here_run);
    assert_int_equal(lim_run_create(&run, here_run, "p"), LIM_OK);
    for (uint64_t step = 8; step <= 11; step++) {
        touch(LIM_RUN_CHECKPOINT);
        lim_run_keep(&run, step, 3);
        assert_true(here_exists(LIM_RUN_CHECKPOINT)); /* at every moment */
        lim_run_prune(&run, 3);
    }
    assert_int_equal(lim_run_kept(&run, &steps), 2);
    assert_true(steps[0] == 10 && steps[1] == 11);
    free(steps);
    assert_true(lim_run_restore(&run, 10));
    assert_true(here_exists(LIM_RUN_DAMAGED) && here_exists(LIM_RUN_CHECKPOINT));
    assert_false(here_exists("checkpoint-000010.safetensors"));
    lim_run_prune(&run, 1);
    assert_int_equal(lim_run_kept(&run, &steps), 0);
    free(steps);
    lim_run_close(&run);
}

static void a_signature_notices_a_change(void **state)
{
    cJSON *json = cJSON_Parse("{\"epochs\":0.1,\"seed\":\"18446744073709551615\"}");

    (void)state;
    assert_false(lim_json_signed(json));
    assert_true(lim_json_sign(json));
    assert_true(lim_json_signed(json));
    assert_true(lim_json_sign(json));
    cJSON_SetNumberValue(cJSON_GetObjectItem(json, "epochs"), 0.2);
    assert_false(lim_json_signed(json));
    cJSON_Delete(json);
}

static void names_are_printed_harmlessly(void **state)
{
    static const char *const cases[][2] = {
        {"plain name.png", "plain name.png"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
        {"\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80", "\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"},                  /* a control character of two bytes */
        {"caf\xe9 \xff", "caf\\xe9 \\xff"}, /* Latin-1 */
        {"\xe6\x97", "\\xe6\\x97"},         /* cut off */
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(lim_printable(cases[i][0], out, sizeof out), cases[i][1]);
    lim_printable("0123456789\n\n\n", out, 12);
    assert_true(strlen(out) < 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_folder_is_taken_and_a_used_one_refused),
        cmocka_unit_test(going_back_drops_what_is_later),
        cmocka_unit_test(the_oldest_checkpoints_go_first),
        cmocka_unit_test(a_signature_notices_a_change),
        cmocka_unit_test(names_are_printed_harmlessly),
    };
    int failed;

    if (!here_begin())
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    here_end();
    return failed;
}
