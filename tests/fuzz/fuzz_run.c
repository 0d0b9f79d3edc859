/* What else a resumed run reads of its folder: the log, which is cut back to the checkpoint; grids,
 * which go into the animation; names. The first byte says which. */
#include "data/dataset.h"
#include "fuzz.h"
#include "gan/train_run.h"
#include "io/json.h"

#include <limner/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 20 };

static void check_log(void)
{
    FILE *file = fopen(fuzz_path("log.jsonl"), "rb");
    char *line = NULL;
    size_t room = 0;
    uint64_t step;

    while (file && getline(&line, &room, file) >= 0) {
        cJSON *json;

        FUZZ_EXPECT(strchr(line, '\n') != NULL);
        *strchr(line, '\n') = '\0';
        json = lim_json_parse(line);
        FUZZ_EXPECT(lim_json_get_u64(json, "step", &step) && step <= STEP);
        cJSON_Delete(json);
    }
    free(line);
    if (file)
        fclose(file);
}

/* The bytes as names, one a line, in the folder `where`. */
static void make_files(const char *where, const uint8_t *data, size_t size)
{
    char name[300];
    size_t used;

    for (size_t at = 0; at < size; at++) {
        used = (size_t)snprintf(name, sizeof name, "%s", where);
        for (; at < size && data[at] != '\n'; at++)
            if (used < 200 && data[at] && data[at] != '/')
                name[used++] = (char)data[at];
        name[used] = '\0';
        if (used > strlen(where) && strcmp(name + strlen(where), "..") != 0) {
            FILE *file = fopen(fuzz_path(name), "wb");

            if (file)
                fclose(file);
        }
    }
}

static void check_names(const struct lim_run *run)
{
    uint64_t *steps = NULL;
    int count = lim_run_samples(run, &steps);

    for (int i = 1; i < count; i++)
        FUZZ_EXPECT(steps[i - 1] <= steps[i]);
    free(steps);
    FUZZ_EXPECT(count >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lim_dataset ds = {.size = 16, .channels = 3};
    struct trainer t = {.ds = &ds, .grid = 2};
    cJSON *line = cJSON_Parse("{\"step\": 20}");

    fuzz_put("checkpoint.safetensors", NULL, 0);
    FUZZ_EXPECT(lim_run_open(&t.run, fuzz_folder()) == LIM_OK);
    if (size > 0 && data[0] == 'l') {
        fuzz_put("log.jsonl", data + 1, size - 1);
    } else if (size > 0 && data[0] == 'n') {
        make_files("samples/", data + 1, size - 1);
        make_files("", data + 1, size - 1);
    } else if (size > 0) {
        fuzz_put("samples/000001.png", data + 1, size / 2);
        fuzz_put("samples/000002.png", data + 1 + size / 2, size - 1 - size / 2);
        fuzz_put("samples/000003.png", data + 1, size - 1);
    }
    if (lim_run_rewind(&t.run, STEP)) {
        check_log();
        FUZZ_EXPECT(line && lim_run_log(&t.run, line));
        check_log();
    }
    check_names(&t.run);
    gan_train_write_gif(&t);
    lim_run_close(&t.run);
    cJSON_Delete(line);
    fuzz_clear();
    return 0;
}
