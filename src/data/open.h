/* The helpers that open a data set. */
#ifndef LIMNER_SRC_DATA_OPEN_H
#define LIMNER_SRC_DATA_OPEN_H

#include "data/dataset.h"

/* Prepares the files order[first .. end - 1] into the cache, on all cores; results and reasons
 * receive the outcome of each. LIM_INTERRUPTED or LIM_ERROR after one log line. */
struct preprocess_job {
    const char *path;
    bool is_zip;
    const struct lim_dataset_config *config;
    struct data_files *files;
    struct data_result *results;
    struct cache *cache;
    const uint32_t *order;
    size_t first, end;
};
enum lim_status data_preprocess_all(const struct preprocess_job *what);

/* One log line each. */
void data_explain_missing(const char *path, int number); /* number: of errno */
void data_explain_nothing_usable(const char *path, struct lim_dataset *ds);
void data_explain_all_the_same(const char *path, const struct lim_dataset *ds);
void data_explain_nothing_left(const char *path, const struct lim_dataset *ds); /* all held out */

#endif
