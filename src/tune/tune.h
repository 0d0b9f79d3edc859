/* Parts of the tuner: tune.c chooses, tune_verify.c computes and compares, tune_file.c stores. */
#ifndef LIMNER_SRC_TUNE_TUNE_H
#define LIMNER_SRC_TUNE_TUNE_H

#include <cjson/cJSON.h>
#include <limner/tune.h>
#include <stddef.h>

/* ---- tune_verify.c: a convolution with numbers in it ---- */

/* Pictures that differ; the others of a batch repeat them. */
enum { LIM_TUNE_PICTURES = 3 };

struct tune_problem {
    struct lim_backend *be;
    struct lim_conv cv;
    enum lim_conv_pass pass;
    struct lim_buffer *buffers[3];
    struct lim_tensor x, w, y; /* n pictures and the weights; two of them operands, one result */
    double *truth, *scale;     /* of the pass: the result, and the sum of the products' sizes */
    size_t count;              /* floats of a picture of the result, or of the weights */
};

/* Takes the memory for all passes. False after one log line; finish either way. */
bool tune_problem_init(struct tune_problem *pb, struct lim_backend *be, const struct lim_conv *cv);
void tune_problem_finish(struct tune_problem *pb);

/* Goes to a pass: fills the operands and finds out, on `oracle` (a CPU path that lowers with its
 * own gemm), what must come out. False after one log line. */
bool tune_problem_pass(struct tune_problem *pb, struct lim_backend *oracle,
                       enum lim_conv_pass pass);

/* The pass, on all pictures, by whatever algorithm the backend takes for it now. */
void tune_problem_run(struct tune_problem *pb);

/* Runs it and looks at every number. `looseness`: 4 or, of Winograd's algorithms, 16 (tolerances of
 * gemm: looseness * max(sqrt K, 8) * 2^-24 * sum of sizes). False with the reason in `why`, or
 * where the device has failed. */
bool tune_problem_verify(struct tune_problem *pb, double looseness, char *why, size_t size);

/* ---- tune_file.c ---- */

/* "lowering blas", "winograd": the algorithm in use for a pass. Returns `text`. */
char *tune_way(const struct lim_backend *be, const struct lim_conv *cv, enum lim_conv_pass pass,
               char *text, size_t size);

/* "forward", "data", "weights". */
extern const char *const tune_passes[];

/* The algorithm in use for a pass, into an array of geometries. `seconds`: 0: not measured. False
 * without memory. */
bool tune_choice_put(cJSON *geometries, const struct lim_backend *be, const struct lim_conv *cv,
                     enum lim_conv_pass pass, double seconds);

/* What such an array says, into use; what makes no sense on this backend is passed over. */
void tune_choices_take(struct lim_backend *be, const cJSON *geometries);

/* The file of a device: what is stored or, where that is nothing or no good (one line, unless
 * `quiet`), an empty one. `be` may be NULL: then its geometries are not looked at. `folder` may be
 * NULL. NULL without memory. */
cJSON *tune_file_read(const char *folder, const char *identity, const struct lim_backend *be,
                      bool quiet);

/* Held from before the file is read until it is written, so that two processes that tune keep each
 * other's results. Waits a second at most, then goes on without the lock, as it does where there
 * are no locks, and for NULL. */
int tune_file_lock(const char *folder);
void tune_file_unlock(int lock);

/* False after one log line. */
bool tune_file_write(const char *folder, const char *identity, cJSON *file);

/* ---- tune_run.c: a run and the algorithms it is trained with ---- */

/* Into config.json: what does each pass of the network, and on which device. False without memory.
 */
bool lim_tune_describe(const struct lim_backend *be, const struct lim_tune_work *work,
                       cJSON *config);

/* From the config.json of a run that is resumed: where it was written on this device, and nobody
 * asked to tune again, the same algorithms as before, so that the bits are those of a training that
 * was not interrupted. One warning where they cannot be. */
void lim_tune_take_over(struct lim_backend *be, const struct lim_tune_work *work,
                        const cJSON *config);

/* The convolutions of all networks, each geometry once. */
enum { TUNE_LAYERS = 64 };
struct tune_layer {
    char names[48];
    struct lim_conv cv;
};
int tune_layers(const struct lim_tune_work *work, struct tune_layer list[TUNE_LAYERS]);

#endif
