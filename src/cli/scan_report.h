/* What a scan found, for people and for programs. */
#ifndef LIMNER_CLI_SCAN_REPORT_H
#define LIMNER_CLI_SCAN_REPORT_H

#include <cjson/cJSON.h>
#include <limner/dataset.h>
#include <limner/scan.h>

/* Takes one line, like `say`. */
typedef void scan_line(const char *format, ...) LIM_PRINTF(1, 2);

/* One to three lines: how many pictures, their formats and sizes, copies. */
void scan_summary(const struct lim_scan *scan, const char *pictures, scan_line *line);

/* The verdict and the advice. */
void scan_verdict(const struct lim_scan *scan, scan_line *line);

/* The tables between the two, and which pictures are copies of which; on stdout. */
void scan_tables(const struct lim_scan *scan);

/* The whole report; the caller deletes it. NULL without memory. */
cJSON *scan_json(const struct lim_scan *scan, const struct lim_dataset *ds, const char *pictures);

#endif
