/* The DCGAN of Radford, Metz and Chintala 2015 (arXiv 1511.06434): generator, discriminator, their
 * training step, painting, and their files.
 *
 * Thread-safety: a DCGAN belongs to its backend: one thread at a time may use them. Functions that
 * take neither: any thread. */
#ifndef LIMNER_DCGAN_H
#define LIMNER_DCGAN_H

#include <limner/api.h>
#include <limner/backend.h>
#include <limner/memory.h>
#include <limner/net.h>
#include <limner/status.h>
#include <limner/tune.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

LIM_BEGIN

/* D's losses on real and on painted pictures, and G's, of D's output l. */
enum lim_gan_loss {
    LIM_GAN_BCE,         /* cross entropy against 1 and 0; G's against 1 */
    LIM_GAN_HINGE,       /* max(0, 1 - l) and max(0, 1 + l); -l */
    LIM_GAN_SQUARES,     /* (l - 1)^2 / 2 and l^2 / 2; (l - 1)^2 / 2 */
    LIM_GAN_WASSERSTEIN, /* -l and l; -l */
    LIM_GAN_LOSSES
};

/* What D's layers between the first and the last are normalized by. LIM_NORM_SPECTRAL: all layers
 * of D have spectral normalization. Without batch norm they have biases. */
enum lim_norm_d { LIM_NORM_BATCH, LIM_NORM_NONE, LIM_NORM_SPECTRAL, LIM_NORMS };

/* How Adam's step sizes fall to 0 until so many pictures were seen. */
enum lim_decay { LIM_DECAY_NONE, LIM_DECAY_LINEAR, LIM_DECAY_COSINE, LIM_DECAYS };

/* The table in src/gan/settings.c (lim_dcgan_setting) describes each field and its range. */
struct lim_dcgan_config {
    int size;     /* 16, 32, 64, 128 or 256 */
    int channels; /* 3, or 1 for gray */
    int width;    /* channels of the layer next to the picture; doubled each layer, at most 1024 */
    int kernel;   /* 4 or 5 */
    int latent;   /* numbers in z */
    int batch;
    float lr, beta1, beta2;
    float smooth; /* real pictures' target is 1 - smooth, with BCE and squares */
    uint64_t seed;
    uint64_t ema;          /* G's weights are averaged with this half-life, in pictures; 0: not */
    uint64_t decay_images; /* real pictures seen when `decay` ends; 0: never */
    enum lim_decay decay;
    enum lim_gan_loss loss;
    float lr_d; /* Adam's step size of D; 0: lr */
    enum lim_norm_d norm_d;
    uint64_t reserved[20];
};

/* 64, 3, 128, 4, 100, 64; 2e-4, 0.5, 0.999; 0; 1. */
LIM_API struct lim_dcgan_config lim_dcgan_defaults(void);

/* False after one log line that names the value and the range it must lie in. */
LIM_API bool lim_dcgan_check(const struct lim_dcgan_config *config);

/* The table of settings, from which options, files and documents are generated. */

enum lim_setting_type {
    LIM_SETTING_INT,    /* int */
    LIM_SETTING_U64,    /* uint64_t */
    LIM_SETTING_COUNT,  /* uint64_t below 2^63; a number in files, exact up to 2^53 */
    LIM_SETTING_FLOAT,  /* float */
    LIM_SETTING_DOUBLE, /* double */
    LIM_SETTING_BOOL,   /* bool; two words, or true and false */
    LIM_SETTING_WORD,   /* int or an enum: an index among `words` */
    LIM_SETTING_COLOR   /* uint32_t, LIM_RGB; 0: white */
};

/* What a setting decides. Each also belongs to what the later ones decide. */
enum lim_setting_role {
    LIM_SETTING_PICTURES, /* how pictures are prepared, */
    LIM_SETTING_NETWORK,  /* which tensors there are: fixed as long as a model lives, */
    LIM_SETTING_WORK,     /* how long a step takes, */
    LIM_SETTING_TRAINING  /* and how it learns */
};

struct lim_setting {
    const char *name; /* in files and documents; the option's, too */
    enum lim_setting_type type;
    enum lim_setting_role role;
    size_t offset, size;      /* of its field, in bytes */
    const char *const *words; /* WORD, BOOL, INT that takes few values: all of them, then NULL */
    double low, high;         /* other numbers: low <= value <= high; FLOAT: < high */
    double standard;          /* of a new training; WORD: an index */
    /* For settings that 0.1.0 lacks: the first version with the setting, and the value for files
     * without it, which is the earlier behavior. NULL: every file has it. */
    const char *since;
    double absent;
    bool may_change;    /* when a run is resumed */
    const char *flag;   /* an option without a value that stands for the lowest one, in place of
                         * --name; or NULL */
    const char *help;   /* half a sentence */
    const char *option; /* where it is not the name: "lr-d" of lr_d; or NULL */
};

/* The i-th setting of struct lim_dcgan_config, in the order of files: of versions, and those of
 * 0.1.0 in that of roles; NULL after the last. Static memory. */
LIM_API const struct lim_setting *lim_dcgan_setting(int i);

/* The setting's value in `config`, for people: "64", "0.0002", "true". Returns `text`, which holds
 * `size` bytes. */
LIM_API char *lim_setting_text(const struct lim_setting *setting, const void *config, char *text,
                               size_t size);

/* Settings that belong together. */
enum { LIM_PRESET_SETTINGS = 12 };
struct lim_preset {
    const char *name, *purpose; /* purpose: half a sentence, or "" */
    struct {
        const char *setting; /* its name; NULL after the last */
        double value;
    } values[LIM_PRESET_SETTINGS + 1];
};

/* NULL after the last. Static memory. */
LIM_API const struct lim_preset *lim_dcgan_preset(int i);

/* Sets the values of the preset and leaves the others unchanged. Returns false if there is no
 * preset of that name. */
LIM_API bool lim_dcgan_use_preset(const char *name, struct lim_dcgan_config *config);

enum { LIM_DCGAN_MAX_LAYERS = 24, LIM_DCGAN_MAX_BATCH = 4096 };

/* Fill in the tables of G and D; return the number of rows written (<= LIM_DCGAN_MAX_LAYERS). */
LIM_API int lim_dcgan_generator_rows(const struct lim_dcgan_config *config,
                                     struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS]);
LIM_API int lim_dcgan_discriminator_rows(const struct lim_dcgan_config *config,
                                         struct lim_layer_desc rows[LIM_DCGAN_MAX_LAYERS]);

/* Describes this training for the tuner. `work` points into the struct: do not copy it. */
struct lim_dcgan_work {
    struct lim_tune_work work;
    struct lim_tune_network networks[2];
    struct lim_layer_desc rows[2][LIM_DCGAN_MAX_LAYERS];
    char name[64]; /* "64x64x3, width 64, kernel 4" */
};
LIM_API void lim_dcgan_work(const struct lim_dcgan_config *config, struct lim_dcgan_work *work);

struct lim_dcgan;

/* Creates a DCGAN with initial weights from config->seed. `generator_only`: without D and the
 * optimizers, for painting only. Returns NULL after one log line. `be` must outlive it. */
LIM_API struct lim_dcgan *lim_dcgan_create(struct lim_backend *be,
                                           const struct lim_dcgan_config *config,
                                           bool generator_only);
LIM_API void lim_dcgan_destroy(struct lim_dcgan *gan);

/* Memory that training requires, in bytes. */
struct lim_dcgan_memory {
    struct lim_memory device; /* in buffers of the backend */
    /* In addition, of the host's memory: a batch of pictures, the prefetched batches, and a copy of
     * all tensors while a checkpoint is written or read. The data set itself is not included. */
    uint64_t host;
    uint64_t reserved[4];
};

/* Counts by creating the DCGAN without allocating memory, so the result equals what
 * lim_dcgan_create will allocate. Returns false after one log line. */
LIM_API bool lim_dcgan_memory(struct lim_backend *be, const struct lim_dcgan_config *config,
                              struct lim_dcgan_memory *memory);

/* Does it fit into memory, by lim_backend_memory_limits? If not, `why` is a line that says which
 * memory is too small, by how much, and which smaller batch or width fits. */
LIM_API bool lim_dcgan_fits(struct lim_backend *be, const struct lim_dcgan_config *config,
                            char *why, size_t size);

/* The largest batch from 1 to `most` that fits into memory; 0: none. */
LIM_API int lim_dcgan_largest_batch(struct lim_backend *be, const struct lim_dcgan_config *config,
                                    int most);

/* The largest power of two up to `most` that fits into memory, found by trying: memory is
 * allocated, touched and freed, because drivers promise more than they have. 0 after one log
 * line. */
LIM_API int lim_dcgan_try_batches(struct lim_backend *be, const struct lim_dcgan_config *config,
                                  int most);

LIM_API const struct lim_dcgan_config *lim_dcgan_get_config(const struct lim_dcgan *gan);
LIM_API struct lim_net *lim_dcgan_generator(struct lim_dcgan *gan);
LIM_API struct lim_net *lim_dcgan_discriminator(struct lim_dcgan *gan); /* NULL: generator only */

/* Adam's step size from now on, before the decay; D's, where it has its own, changes in proportion.
 * A checkpoint keeps them. */
LIM_API void lim_dcgan_set_lr(struct lim_dcgan *gan, float lr);

/* Where G's weights are averaged (lim_dcgan_config.ema), lim_dcgan_paint, lim_dcgan_hash and the
 * saved generator take the average. `on` false: the weights of the last update instead. At first
 * on.
 */
LIM_API void lim_dcgan_use_average(struct lim_dcgan *gan, bool on);

/* Updates so far (of D and G together one); a checkpoint restores it. */
LIM_API uint64_t lim_dcgan_steps(const struct lim_dcgan *gan);

struct lim_dcgan_stats {
    float loss_real, loss_fake, loss_g; /* means, as lim_gan_loss says */
    /* D(x), D(G(z)) before and after D's update: probabilities with BCE, else means of D's output.
     */
    float d_real, d_fake, d_fake_after;
    bool finite; /* all of the above, and every weight after the step, are numbers */
    float reserved[16];
};

/* One step on pictures[batch][size][size][channels] (8 bits): latents from (seed, step), D on real
 * and on fake, Adam on D, G through the new D, Adam on G. Waits for the device once, at the end,
 * and only where `stats` is not NULL. False when the device has failed. */
LIM_API bool lim_dcgan_step(struct lim_dcgan *gan, const uint8_t *pictures,
                            struct lim_dcgan_stats *stats);

/* The same on given floats in [-1, 1] and given latents[batch][latent]: for comparison with others.
 */
LIM_API bool lim_dcgan_step_on(struct lim_dcgan *gan, const float *pictures, const float *latents,
                               struct lim_dcgan_stats *stats);

/* The latent of a seed: `latent` numbers from N(0, 1) that depend only on the seed. */
LIM_API void lim_dcgan_latent(uint64_t seed, int latent, float *z);

/* Paints pictures[count][size][size][channels] from latents[count][latent], any count. With running
 * statistics the picture of a latent is batch-independent, to the bit; `batch_stats` normalizes
 * each internal batch with its own statistics instead. Returns false if the device has failed. */
LIM_API bool lim_dcgan_paint(struct lim_dcgan *gan, const float *latents, int count,
                             bool batch_stats, uint8_t *pictures);

/* The hash of the generator's tensors, 16 hex digits, equal to the one in its files. Reads them
 * from the device. Returns false after one log line, or if the device has failed. */
LIM_API bool lim_dcgan_hash(struct lim_dcgan *gan, char hash[17]);

/* The progress of a training, besides the weights. */
struct lim_progress {
    uint64_t step;        /* updates done */
    uint64_t seen;        /* real pictures seen */
    uint64_t data_seed;   /* of the order of the pictures */
    uint64_t fingerprint; /* lim_dataset_fingerprint of the pictures */
    double seconds;       /* spent training */
    uint64_t reserved[8];
};

/* Saves everything that resuming requires, as safetensors (settings, progress and a checksum of all
 * tensors in __metadata__): temporary name in the same folder, fsync, rename. With
 * `generator_only`, saves the model to share. Returns false after one log line; the previous file
 * is then intact. */
LIM_API bool lim_dcgan_save(struct lim_dcgan *gan, const char *path,
                            const struct lim_progress *progress, bool generator_only);

/* Loads either kind, on any device. Settings, and groups of tensors, that a newer limner has added
 * are ignored, each with one warning that lists them. `generator_only` ignores the rest of a
 * checkpoint; without it a file that lacks D is an error. `batch` > 0 replaces the batch in the
 * file. `progress` may be NULL. Returns NULL after one log line; `why` is then LIM_BAD_INPUT or
 * another status. */
LIM_API struct lim_dcgan *lim_dcgan_load(struct lim_backend *be, const char *path, int batch,
                                         bool generator_only, struct lim_progress *progress,
                                         enum lim_status *why);

/* Reads only the settings of a file, without a device. */
struct lim_model_info {
    struct lim_dcgan_config config;
    struct lim_progress progress;
    bool generator_only;
    char version[32]; /* of the limner that wrote it */
    char hash[17];    /* of its tensors, 16 hex digits */
    uint64_t generator_params, discriminator_params;
    char unknown[128]; /* settings of a newer limner, for a message: "'a', 'b'"; "" for none */
    uint64_t reserved[16];
};
LIM_API bool lim_model_info_read(const char *path, struct lim_model_info *info,
                                 enum lim_status *why);

LIM_END

#endif
