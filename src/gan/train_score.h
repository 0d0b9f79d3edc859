/* Numbers of the painted pictures, now and then in a training. */
#ifndef LIMNER_SRC_GAN_TRAIN_SCORE_H
#define LIMNER_SRC_GAN_TRAIN_SCORE_H

#include <cjson/cJSON.h>
#include <limner/train.h>

/* When the next numbers are due. Times are seconds into the training. */
struct train_scores {
    double began;      /* this part of the training */
    double last, next; /* the end of the last time; the next one */
    double spent;      /* on all of them */
    bool told;         /* that it takes too long for every eval_every seconds */
    bool failed;       /* it is not tried again */
};

/* A training, or a part of one, begins `seconds` into it. */
void gan_score_begin(struct train_scores *scores, const struct lim_train_config *config,
                     double seconds);

/* Is it time, `seconds` into the training? */
bool gan_score_due(const struct train_scores *scores, const struct lim_train_config *config,
                   double seconds);

/* When the next is due: `every` seconds after the last, and not before all of them together are
 * less than a fiftieth of the time. */
double gan_score_next(const struct train_scores *scores, double every);

/* Asks config->evaluate for those of `status`. */
void gan_score(struct train_scores *scores, const struct lim_train_config *config,
               struct lim_dcgan *gan, struct lim_train_status *status);

/* Adds them to a line of the log, and "eval_share"; nothing where nothing was measured. */
void gan_score_log(const struct lim_train_status *status, cJSON *line);

#endif
