/* The tuner: which algorithm does each pass of a network's convolutions fastest on one device.
 * Every candidate must first give right numbers; then all are timed, and the choice is stored.
 *
 * Choices go by the geometry of one picture, never by the batch, so a picture keeps its bits in any
 * company. But another algorithm rounds otherwise: with other choices a training, and the last bit
 * of a color, are not those of before. A run therefore keeps the choices it began with (lim_train).
 *
 * Thread-safety: that of the backend; what takes none, any thread.
 *
 * They are stored in a file for each device in the folder "tuning" of the cache (`cache_dir` as in
 * lim_device_choice). A file that is damaged, of another device, driver or version is ignored with
 * one line, and written anew by the next tuning. Written whole or not at all: of two processes the
 * last one's stays. */
#ifndef LIMNER_TUNE_H
#define LIMNER_TUNE_H

#include <limner/api.h>
#include <limner/backend.h>
#include <limner/net.h>
#include <limner/ops.h>
#include <limner/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

LIM_BEGIN

enum lim_tune_mode {
    LIM_TUNE_OFF,  /* nothing is measured */
    LIM_TUNE_FAST, /* what is not stored yet, within seconds */
    LIM_TUNE_FULL  /* everything */
};

/* "off", "fast", "full". False (and no change) for another word. */
LIM_API bool lim_tune_parse(const char *word, enum lim_tune_mode *mode);

/* A network whose convolutions are to be tuned. */
struct lim_tune_network {
    char letter; /* stands for it in lim_tune_result.layers: 'G' */
    const struct lim_layer_desc *rows;
    int count;          /* of rows */
    int side, channels; /* its input: [batch][side][side][channels] */
    uint64_t reserved[4];
};

/* A training to tune for: its networks and its batch. Under `name` ("64x64x3, width 64, kernel 4")
 * is kept how fast it is as a whole. */
struct lim_tune_work {
    const char *name;
    const struct lim_tune_network *networks;
    int count; /* of networks */
    int batch;
    uint64_t reserved[4];
};

/* One way to do a pass. */
struct lim_tune_candidate {
    const char *algorithm; /* of lim_backend_convs */
    const char *gemm;      /* of lim_backend_gemms where that is "lowering"; else "" */
    bool verified;         /* right within the bounds of its kind, and the same in any company */
    char why[160];         /* it is not verified; else "" */
    double seconds;        /* median of its runs, or 0 */
    bool behind;           /* was so slow to warm up that `seconds` is of that alone */
    uint64_t reserved[4];
};

enum { LIM_TUNE_CANDIDATES = 12 };

/* A pass that has been tuned. Strings live as long as the backend, `layers` for the call. */
struct lim_tune_result {
    const char *layers; /* those that have this geometry: "G.3 D.5" */
    struct lim_conv cv; /* with the batch */
    enum lim_conv_pass pass;
    struct lim_tune_candidate candidates[LIM_TUNE_CANDIDATES];
    int count, builtin, winner; /* indices; winner -1: none was right */
    bool stored;                /* of before, not measured now: only the winner is named */
    int done, total;            /* passes so far, and in all */
};

struct lim_tune_config {
    size_t struct_size; /* of lim_tune_defaults, or 0: see limner/api.h */
    enum lim_tune_mode mode;
    const char *cache_dir;
    /* Both are called from the tuning thread with `user`, and may be NULL. Asked between the
     * measurements: true ends the tuning, and keeps what it found. */
    bool (*stop)(void *user);
    void (*told)(void *user, const struct lim_tune_result *result); /* after each pass */
    void *user;
};

/* A fast tuning; else zero. */
LIM_API void lim_tune_config_init(struct lim_tune_config *config, size_t struct_size);
static inline struct lim_tune_config lim_tune_defaults(void)
{
    struct lim_tune_config config;

    lim_tune_config_init(&config, sizeof config);
    return config;
}

/* Puts what is stored for this device into use, in networks that are created from here on.
 * Thread-safety, as all below: that of the backend. */
LIM_API void lim_tune_load(struct lim_backend *be, const char *cache_dir);

/* The same, then measures, puts into use, and stores. Blocks for seconds (fast) or minutes. A file
 * that cannot be written costs one warning. LIM_OK, LIM_INTERRUPTED, LIM_DEVICE_FAILED or LIM_ERROR
 * after its log line. */
LIM_API enum lim_status lim_tune(struct lim_backend *be, const struct lim_tune_work *work,
                                 const struct lim_tune_config *config);

/* Stores how many pictures a second the training that `work` names takes in. False after one line.
 */
LIM_API bool lim_tune_keep_rate(struct lim_backend *be, const char *cache_dir, const char *work,
                                double per_second);

/* What was stored so: a function for `rate` of struct lim_device_choice, whose `rate_user` points
 * to one of these. Pictures a second; 0 where they have not been measured on that device. */
struct lim_tune_rates {
    const char *cache_dir;
    const char *work;
};
LIM_API double lim_tune_rate(const void *rates, const char *identity);

LIM_END

#endif
