/* Evaluations during a training. */
#ifndef LIMNER_CLI_TRAIN_EVAL_H
#define LIMNER_CLI_TRAIN_EVAL_H

#include <limner/eval.h>

/* Creates the measurements that `config` asks for and enters them there; NULL: none, because it
 * asks for none or the data set is too small. The data set must outlive the result. */
struct lim_eval_watch *train_watch(struct lim_train_config *config, const struct lim_dataset *ds,
                                   int threads);

/* One line for people. */
void train_say_scores(const struct lim_train_status *s);

#endif
