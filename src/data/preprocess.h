/* One file of a source becomes a picture, or a reason why not. */
#ifndef LIMNER_SRC_DATA_PREPROCESS_H
#define LIMNER_SRC_DATA_PREPROCESS_H

#include "data/result.h"
#include "data/source.h"

#include <limner/dataset.h>

/* One per thread. */
struct preprocessor {
    struct data_source *source;
    int size, channels;
    enum lim_crop crop;
    uint32_t background;
    uint64_t max_pixels;
    uint8_t *bytes; /* of the file */
    size_t room;
};

/* out[size][size][channels]; reason: REASON_SIZE bytes; facts: zeroed. */
enum prepared data_preprocess_file(struct preprocessor *p, const struct data_file *file,
                                   uint8_t *out, char *reason, struct data_facts *facts);
void data_preprocessor_finish(struct preprocessor *p);

#endif
