/* A run keeps the algorithms that it started with, because they determine its bits. */
#include "base/log.h"
#include "core/backend.h"
#include "tune/tune.h"

#include <limner/bench.h>

#include <stdio.h>
#include <string.h>

#define ALGORITHMS "algorithms"
#define IDENTITY "device_identity"

/* Adds the convolutions of a network to the list. */
static void add_layers(const struct lim_tune_network *net, int batch,
                       struct tune_layer list[TUNE_LAYERS], int *count)
{
    int side = net->side, c = net->channels;

    for (int i = 0; i < net->count; i++) {
        struct lim_conv cv;
        int at = 0;
        size_t used;

        if (!lim_conv_of_row(&net->rows[i], batch, &side, &c, &cv))
            continue;
        while (at < *count && memcmp(&list[at].cv, &cv, sizeof cv) != 0)
            at++;
        if (at == TUNE_LAYERS)
            continue;
        if (at == *count)
            list[(*count)++] = (struct tune_layer){.cv = cv};
        used = strlen(list[at].names);
        snprintf(list[at].names + used, sizeof list[at].names - used, "%s%c.%d", used ? " " : "",
                 net->letter, i);
    }
}

int tune_layers(const struct lim_tune_work *work, struct tune_layer list[TUNE_LAYERS])
{
    int count = 0;

    for (int i = 0; i < work->count; i++)
        add_layers(&work->networks[i], work->batch, list, &count);
    return count;
}

/* NULL without memory. */
static cJSON *describe(const struct lim_backend *be, const struct lim_tune_work *work)
{
    struct tune_layer layers[TUNE_LAYERS];
    int count = tune_layers(work, layers);
    cJSON *list = cJSON_CreateArray();
    bool good = list != NULL;

    for (int i = 0; good && i < 3 * count; i++)
        good = tune_choice_put(list, be, &layers[i / 3].cv, (enum lim_conv_pass)(i % 3), 0);
    if (good)
        return list;
    cJSON_Delete(list);
    return NULL;
}

bool lim_tune_describe(const struct lim_backend *be, const struct lim_tune_work *work,
                       cJSON *config)
{
    cJSON *list = describe(be, work);

    bool good = !be->wanted[0] ||
                (cJSON_AddStringToObject(config, "device_wanted", be->wanted) &&
                 cJSON_AddStringToObject(config, "device_wanted_option", be->wanted_option));

    return cJSON_AddStringToObject(config, IDENTITY, be->identity) && list &&
           cJSON_AddItemToObject(config, ALGORITHMS, list) && good;
}

/* The CPU path gives the same bits with any number of threads, on any processor. */
static bool same_device(const char *a, const char *b)
{
    static const char cpu[] = "CPU path,";

    return strcmp(a, b) == 0 ||
           (strncmp(a, cpu, sizeof cpu - 1) == 0 && strncmp(b, cpu, sizeof cpu - 1) == 0);
}

void lim_tune_take_over(struct lim_backend *be, const struct lim_tune_work *work,
                        const cJSON *config)
{
    const char *before = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, IDENTITY));
    const cJSON *kept = cJSON_GetObjectItemCaseSensitive(config, ALGORITHMS);
    cJSON *now;

    if (before && !same_device(before, be->identity)) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "device"));

        lim_info("the run was trained on %s before; it continues on another device or driver, "
                 "which rounds differently",
                 name ? name : before);
        return;
    }
    if (!be->tuned) {
        lim_conv_choices_clear(be);
        tune_choices_take(be, kept);
    }
    if (!before) /* of a limner that did not choose */
        return;
    now = describe(be, work);
    if (now && !cJSON_Compare(now, kept, true))
        lim_warning("%s: from here on the numbers are not, to the last bit, those of a training "
                    "that was not interrupted",
                    be->tuned ? "other algorithms were chosen since (--tune)"
                              : "the run was trained with other algorithms");
    cJSON_Delete(now);
}
