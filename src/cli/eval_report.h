/* The output of `limner eval`: a table for people, JSON, a sheet of pairs. */
#ifndef LIMNER_CLI_EVAL_REPORT_H
#define LIMNER_CLI_EVAL_REPORT_H

#include <cjson/cJSON.h>
#include <limner/eval.h>

/* A row of the report: painted pictures, or what they are compared with. */
struct eval_row {
    const char *name; /* "painted", "reals", "blurred", "shuffled" */
    struct lim_eval_result result;
};

enum { EVAL_ROWS = 2 + LIM_EVAL_SPOILED };

/* Adds one member for each row. False: no memory. */
bool eval_rows_json(cJSON *json, const struct eval_row rows[EVAL_ROWS], int levels);

/* On stdout; `size` is that of the pictures. */
void eval_table(const struct eval_row rows[EVAL_ROWS], int levels, int size);

/* A PNG of the painted pictures that are nearest to a training picture, nearest first, each with
 * the training picture at its right. painted[][size][size][channels]. False after one line. */
bool eval_sheet(const char *path, const struct lim_eval_pair *pairs, int count,
                const uint8_t *painted, int size, int channels);

#endif
