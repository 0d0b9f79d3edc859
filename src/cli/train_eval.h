/* Evaluations during a training. */
#ifndef LIMNER_CLI_TRAIN_EVAL_H
#define LIMNER_CLI_TRAIN_EVAL_H

#include <limner/eval.h>

/* What measures the pictures as `config` wants it, entered there; NULL: nothing, for it wants none
 * or the data set is too small. The data set must outlive it. */
struct lim_eval_watch *train_watch(struct lim_train_config *config, const struct lim_dataset *ds,
                                   int threads);

/* One line for people. */
void train_say_scores(const struct lim_train_status *s);

#endif
