#include "cli/train_eval.h"

#include "cli/terminal.h"

#include <math.h>
#include <string.h>

struct lim_eval_watch *train_watch(struct lim_train_config *config, const struct lim_dataset *ds,
                                   int threads)
{
    struct lim_eval_watch *watch;

    if (!(config->eval_every > 0) || !lim_eval_has_enough(ds))
        return NULL;
    watch = lim_eval_watch_create(ds, threads);
    config->evaluate = watch ? lim_eval_watch_score : NULL;
    config->eval_user = watch;
    return watch;
}

static double find_score(const struct lim_train_status *s, const char *name)
{
    for (int i = 0; i < s->score_count; i++) {
        if (strcmp(s->scores[i].name, name) == 0)
            return s->scores[i].value;
    }
    return NAN;
}

void train_say_scores(const struct lim_train_status *s)
{
    say("step %llu: coverage %.2f  density %.2f  1-NN %.2f/%.2f  spread %.2f  SWD %.0f  memorized "
        "%.2f  (measuring took %.1f%% of the time)",
        (unsigned long long)s->step, find_score(s, "coverage"), find_score(s, "density"),
        find_score(s, "nn_real"), find_score(s, "nn_painted"), find_score(s, "spread"),
        find_score(s, "swd_0"), find_score(s, "memorized"), 100 * s->eval_share);
}
