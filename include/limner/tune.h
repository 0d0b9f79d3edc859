/* The tuner finds the fastest algorithm for each pass of a network's convolutions on one device.
 * Every candidate is first verified; then all are timed, and the choice is stored.
 *
 * Choices depend on the geometry of one picture, never on the batch, so the bits of a picture are
 * batch-independent. But each algorithm rounds differently: other choices change a training, and
 * the last bit of a color. A run therefore keeps the choices it started with (lim_train).
 *
 * Thread-safety: that of the backend; functions that take none, any thread.
 *
 * They are stored in a file for each device in the folder "tuning" of the cache (`cache_dir` as in
 * lim_device_choice). A file that is damaged, or of another device, driver or version, is ignored
 * with one line, and rewritten by the next tuning. Writes are atomic: of two processes the last one
 * wins. */
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

/* A training to tune for: its networks and its batch. The rate of the whole training is stored
 * under `name` ("64x64x3, width 64, kernel 4"). */
struct lim_tune_work {
    const char *name;
    const struct lim_tune_network *networks;
    int count; /* of networks */
    int batch;
    uint64_t reserved[4];
};

/* One algorithm for a pass. */
struct lim_tune_candidate {
    const char *algorithm; /* of lim_backend_convs */
    const char *gemm;      /* of lim_backend_gemms where that is "lowering"; else "" */
    bool verified;         /* within the tolerance of its kind, and batch-independent */
    char why[160];         /* why it is not verified; else "" */
    double seconds;        /* median of its runs, or 0 */
    bool behind;           /* its warm-up was so slow that `seconds` is that of the warm-up */
    uint64_t reserved[4];
};

enum { LIM_TUNE_CANDIDATES = 12 };

/* A pass that has been tuned. Strings live as long as the backend, `layers` for the call. */
struct lim_tune_result {
    const char *layers; /* those that have this geometry: "G.3 D.5" */
    struct lim_conv cv; /* with the batch */
    enum lim_conv_pass pass;
    struct lim_tune_candidate candidates[LIM_TUNE_CANDIDATES];
    int count, builtin, winner; /* indices; winner -1: none was verified */
    bool stored;                /* from an earlier tuning: only the winner is listed */
    int done, total;            /* passes so far, and in all */
};

struct lim_tune_config {
    size_t struct_size; /* of lim_tune_defaults, or 0: see limner/api.h */
    enum lim_tune_mode mode;
    const char *cache_dir;
    /* Both are called from the tuning thread with `user`, and may be NULL. `stop` is called between
     * measurements: true ends the tuning and keeps its results. */
    bool (*stop)(void *user);
    void (*told)(void *user, const struct lim_tune_result *result); /* after each pass */
    void *user;
};

/* A fast tuning; everything else zero. */
LIM_API void lim_tune_config_init(struct lim_tune_config *config, size_t struct_size);
static inline struct lim_tune_config lim_tune_defaults(void)
{
    struct lim_tune_config config;

    lim_tune_config_init(&config, sizeof config);
    return config;
}

/* Applies the stored choices for this device to networks created from now on. Thread-safety, as all
 * below: that of the backend. */
LIM_API void lim_tune_load(struct lim_backend *be, const char *cache_dir);

/* Does the same, then measures, applies and stores the choices. Blocks for seconds (fast) or
 * minutes. A file that cannot be written causes one warning. LIM_OK, LIM_INTERRUPTED,
 * LIM_DEVICE_FAILED or LIM_ERROR after its log line. */
LIM_API enum lim_status lim_tune(struct lim_backend *be, const struct lim_tune_work *work,
                                 const struct lim_tune_config *config);

/* Stores the rate, in pictures per second, of the training named by `work`. Returns false after one
 * log line. */
LIM_API bool lim_tune_keep_rate(struct lim_backend *be, const char *cache_dir, const char *work,
                                double per_second);

/* Returns a stored rate, in pictures per second; 0 if it has not been measured on that device. For
 * `rate` of struct lim_device_choice, whose `rate_user` points to one of these. */
struct lim_tune_rates {
    const char *cache_dir;
    const char *work;
};
LIM_API double lim_tune_rate(const void *rates, const char *identity);

LIM_END

#endif
