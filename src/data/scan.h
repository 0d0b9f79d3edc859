#ifndef LIMNER_SRC_DATA_SCAN_H
#define LIMNER_SRC_DATA_SCAN_H

#include <limner/scan.h>

/* Verdict, reason and advice, from the counts. False without memory. */
bool data_scan_verdict(struct lim_scan *scan);

#endif
