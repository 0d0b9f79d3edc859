/* How fast a training is. */
#ifndef LIMNER_SRC_GAN_PACE_H
#define LIMNER_SRC_GAN_PACE_H

#include <stdint.h>

/* The clock, and the speed over the last seconds. */
enum { PACE_MARKS = 8 };

struct pace {
    double started, before; /* the clock at the start; seconds trained earlier */
    struct {
        double at;
        uint64_t seen;
    } marks[PACE_MARKS];
    int mark_count, newest;
};

/* `seen` pictures at the time `at` (lim_clock). */
void gan_pace_mark(struct pace *pace, double at, uint64_t seen);

/* Pictures a second since the oldest mark. */
double gan_pace_rate(const struct pace *pace, double at, uint64_t seen);

#endif
