/* Numbers during training: a small sample, compared with reals that are prepared once. */
#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "eval/eval.h"

#include <limner/bench.h>

#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE = 512,        /* pictures on each side: coverage then has an error of 0.02 */
    SEARCHED = 1024,     /* training pictures among which copies are searched */
    FIRST_SEED = 1000001 /* of the sample's latents: no grid uses it */
};

struct lim_eval_watch {
    struct lim_backend *be; /* the CPU path, even if another device trains */
    struct lim_eval *ev;    /* NULL: the reals are not prepared yet */
    const struct lim_dataset *ds;
    uint8_t *pictures;
    float *latents;
    int threads;
};

struct lim_eval_watch *lim_eval_watch_create(const struct lim_dataset *ds, int threads)
{
    struct lim_eval_watch *watch;

    REQUIRE(ds && threads >= 0, NULL);
    watch = calloc(1, sizeof *watch);
    if (!watch) {
        lim_error("evaluation: no memory");
        return NULL;
    }
    watch->ds = ds;
    watch->threads = threads;
    return watch;
}

void lim_eval_watch_destroy(struct lim_eval_watch *watch)
{
    if (!watch)
        return;
    lim_eval_destroy(watch->ev);
    lim_backend_destroy(watch->be);
    free(watch->pictures);
    free(watch->latents);
    free(watch);
}

/* Prepares the reals, and memory for the sample. Once, for all calls. */
static bool prepare(struct lim_eval_watch *watch, int latent)
{
    const struct lim_device_choice choice = {.threads = watch->threads};
    struct lim_eval_config config = lim_eval_defaults();
    size_t size = (size_t)lim_dataset_size(watch->ds), n;
    enum lim_status why;

    watch->be = lim_cpu_create(&choice, &why); /* without a log line: it trains nothing */
    if (!watch->be)
        return false;
    lim_backend_name_convs(watch->be);
    lim_backend_use_gemm(watch->be, "builtin"); /* as limner eval does */
    config.count = SAMPLE;
    config.searched = SEARCHED;
    config.nets = 1;
    config.threads = watch->threads;
    watch->ev = lim_eval_open(watch->be, &config, watch->ds, NULL);
    if (!watch->ev)
        return false;
    n = (size_t)lim_eval_count(watch->ev);
    watch->pictures = malloc(n * size * size * (size_t)lim_dataset_channels(watch->ds));
    watch->latents = malloc(n * (size_t)latent * sizeof *watch->latents);
    if (watch->pictures && watch->latents)
        return true;
    lim_error("evaluation: no memory for %zu pictures", n);
    return false;
}

/* Every number, under its name in log.jsonl. */
static int list(const struct lim_eval_result *result, int levels, struct lim_train_score *scores)
{
    static const char *const swd[LIM_EVAL_MAX_LEVELS] = {
        "swd_0", "swd_1", "swd_2", "swd_3", "swd_4", "swd_5", "swd_6", "swd_7", "swd_8"};
    static const char *const detail[LIM_EVAL_MAX_LEVELS] = {"detail_0", "detail_1", "detail_2",
                                                            "detail_3", "detail_4", "detail_5",
                                                            "detail_6", "detail_7", "detail_8"};
    int count = 0;

    for (int i = 0; i < LIM_EVAL_NUMBERS; i++)
        scores[count++] = (struct lim_train_score){lim_eval_number_name((enum lim_eval_number)i),
                                                   result->value[i]};
    scores[count++] = (struct lim_train_score){"nearest", result->nearest};
    scores[count++] = (struct lim_train_score){"memorized", result->memorized};
    scores[count++] = (struct lim_train_score){"distinct", result->distinct};
    for (int i = 0; i < levels; i++) {
        scores[count++] = (struct lim_train_score){swd[i], result->swd[i]};
        scores[count++] = (struct lim_train_score){detail[i], result->detail[i]};
    }
    return count;
}

int lim_eval_watch_score(void *user, struct lim_dcgan *gan, struct lim_train_score *scores)
{
    struct lim_eval_watch *watch = user;
    struct lim_eval_result result;
    int latent;

    REQUIRE(watch && gan && scores, -1);
    latent = lim_dcgan_get_config(gan)->latent;
    if (!watch->pictures && !prepare(watch, latent))
        return -1;
    for (int i = 0; i < lim_eval_count(watch->ev); i++)
        lim_dcgan_latent(FIRST_SEED + (uint64_t)i, latent,
                         watch->latents + (size_t)i * (size_t)latent);
    if (!lim_dcgan_paint(gan, watch->latents, lim_eval_count(watch->ev), false, watch->pictures) ||
        !lim_eval_measure(watch->ev, watch->pictures, &result, NULL))
        return -1;
    return list(&result, lim_eval_levels(watch->ev), scores);
}
