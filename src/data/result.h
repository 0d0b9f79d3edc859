/* The outcome for each file that was found. */
#ifndef LIMNER_SRC_DATA_RESULT_H
#define LIMNER_SRC_DATA_RESULT_H

#include <limner/scan.h>
#include <stdint.h>

enum prepared {
    UNSEEN, /* the limit left it out */
    PREPARED,
    SKIPPED,     /* with a reason */
    PASSED_OVER, /* not a picture by content, nor by its name */
};

enum {
    FACT_GRAY = 1,     /* no pixel has a color, however it is stored */
    FACT_ALPHA = 2,    /* some pixel is not opaque */
    FACT_CMYK = 4,     /* stored as ink */
    FACT_ANIMATED = 8, /* there are more frames */
};

/* Facts noted while a picture is decoded; only the format, if it did not decode. */
struct data_facts {
    uint64_t pixels; /* digest of all decoded pixels, over the background; gray is RGB here */
    uint64_t phash;  /* perceptual hash of the prepared pixels; phash.h */
    uint32_t width, height; /* the right way up */
    uint32_t format;        /* enum lim_format */
    uint32_t flags;
};

/* One for each file. Stored in the cache as it is: no pointers, no padding. */
struct data_result {
    uint64_t digest; /* of the prepared pixels */
    uint32_t slot;   /* where they lie */
    uint32_t what;   /* enum prepared */
    struct data_facts facts;
};

#endif
