#include "gan/pace.h"

static const double mark_seconds = 0.5;

void gan_pace_mark(struct pace *pace, double at, uint64_t seen)
{
    if (pace->mark_count > 0 && at - pace->marks[pace->newest].at < mark_seconds)
        return;
    pace->newest = pace->mark_count ? (pace->newest + 1) % PACE_MARKS : 0;
    pace->marks[pace->newest].at = at;
    pace->marks[pace->newest].seen = seen;
    if (pace->mark_count < PACE_MARKS)
        pace->mark_count++;
}

double gan_pace_rate(const struct pace *pace, double at, uint64_t seen)
{
    int oldest = (pace->newest + PACE_MARKS - pace->mark_count + 1) % PACE_MARKS;
    double passed = at - pace->marks[oldest].at;

    return passed > 0 ? (double)(seen - pace->marks[oldest].seen) / passed : 0;
}
