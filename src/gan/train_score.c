#include "gan/train_score.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/json.h"

static const double most_share = 0.02; /* of the time */

void gan_score_begin(struct train_scores *scores, const struct lim_train_config *config,
                     double seconds)
{
    scores->began = scores->last = seconds;
    scores->spent = 0;
    scores->next = seconds + config->eval_every;
}

bool gan_score_due(const struct train_scores *scores, const struct lim_train_config *config,
                   double seconds)
{
    return config->evaluate && config->eval_every > 0 && !scores->failed && seconds >= scores->next;
}

double gan_score_next(const struct train_scores *scores, double every)
{
    double wanted = scores->last + every, allowed = scores->began + scores->spent / most_share;

    return wanted > allowed ? wanted : allowed;
}

void gan_score(struct train_scores *scores, const struct lim_train_config *config,
               struct lim_dcgan *gan, struct lim_train_status *status)
{
    double started = lim_clock(), took;
    int count = config->evaluate(config->eval_user, gan, status->scores);

    took = lim_clock() - started;
    scores->failed = count < 0;
    scores->spent += took;
    scores->last = status->seconds + took;
    scores->next = gan_score_next(scores, config->eval_every);
    status->score_count = count < 0 ? 0 : count;
    status->eval_share = scores->spent / (scores->last - scores->began);
    if (scores->next > scores->last + config->eval_every && !scores->told && !scores->failed) {
        lim_info("measuring the pictures took %.2g s: the next time is %.0f s away, so as to take "
                 "less than a fiftieth of the time",
                 took, scores->next - scores->last);
        scores->told = true;
    }
}

void gan_score_log(const struct lim_train_status *status, cJSON *line)
{
    for (int i = 0; i < status->score_count; i++)
        lim_json_add_short(line, status->scores[i].name, status->scores[i].value);
    if (status->score_count > 0)
        lim_json_add_short(line, "eval_share", status->eval_share);
}
