/* What a training shows while it runs: a status line on a terminal, plain lines elsewhere, JSON. */
#ifndef LIMNER_CLI_TRAIN_DISPLAY_H
#define LIMNER_CLI_TRAIN_DISPLAY_H

#include <cjson/cJSON.h>
#include <limner/train.h>

struct display {
    bool json;
    const char *device;    /* as the backend names it */
    double last_line;      /* clock at the last line; 0: none yet */
    double decoding_since; /* clock; 0: not yet */
};

/* Progress for lim_dataset_open, whose `user` is a struct display; false where stopping was asked
 * for.
 */
bool display_decoding(void *user, int done, int total);
void display_step(struct display *display, const struct lim_train_status *status);

/* One object as one line on stdout, at once; deletes it. */
void display_json(cJSON *object);

#endif
