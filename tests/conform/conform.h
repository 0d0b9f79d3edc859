/* limner-conform: the definition of a case, and what the families' files share.
 *
 * An operation (struct conform_op) is a numbered list of cases. A case is built twice, once from
 * small integers and once from floats: `build` declares the operands and fills the inputs, `refer`
 * computes the wanted values in double straight from the definition, and the allowed error
 * (docs/design/numerics.md), `call` queues the operation on a backend. The harness (run.c) does
 * guard bands, NaN-filled outputs, offsets, repetition and comparison. */
#ifndef LIMNER_TESTS_CONFORM_H
#define LIMNER_TESTS_CONFORM_H

#include <limner/backend.h>
#include <limner/ops.h>
#include <limner/tensor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

/* Half the distance from 1 to the next float: the unit of every bound. */
#define U 0x1p-24

/* Integers, in one shared buffer at odd offsets; floats, in buffers of their own, at offsets that
 * suit vectors of four. */
enum pass { PASS_INTEGERS, PASS_FLOATS, PASSES };

#define BOTH_PASSES (1u << PASS_INTEGERS | 1u << PASS_FLOATS)

/* Equal bits; a bound on every element; a bound on the relative Frobenius error; the same elements
 * against the CPU path. */
enum kind { KIND_EQUAL, KIND_ELEMENT, KIND_NORM, KIND_CPU, KINDS };

enum role { ROLE_IN, ROLE_OUT, ROLE_INOUT };

struct rng {
    uint64_t state;
};

struct operand {
    const char *name;
    enum role role;
    int n, h, w, c;
    size_t count;
    float *init; /* [count], NaN for ROLE_OUT */

    /* Of outputs, by `refer`: exact, or `bound` and perhaps `norm`. */
    bool exact;
    double *want;  /* [count] */
    double *bound; /* [count], the absolute error allowed */
    double norm;   /* the relative Frobenius error allowed; 0: not checked */
    bool certain;  /* the bound is the worst case of rounding: coming near it means nothing */

    float *got; /* [count] of outputs, after the run */
    float *cpu; /* [count] of outputs, from the CPU path; NULL if that is under test */
    struct lim_tensor t;
};

enum { MAX_OPERANDS = 12 };

struct problem {
    enum pass pass;
    struct rng rng;
    const char *conv; /* the algorithm of a convolution, or NULL */
    int count;
    struct operand o[MAX_OPERANDS];
    double flops; /* of one call, for --bench */
};

enum case_flags {
    CASE_SMALL = 1, /* small enough for a simulator: --small */
    CASE_BENCH = 2, /* timed by --bench, and used only there */
    CASE_LONG = 4   /* sums with more terms than the rounds that some drivers' loops have: --long */
};

struct conform_op {
    const char *name;
    int cases;
    unsigned passes; /* bits 1 << PASS_x */
    bool each_gemm;  /* once for every matrix multiplication of the backend */
    /* Optional: once for every algorithm of the backend, in the cases for which this returns its
     * name (NULL: do not check). */
    const char *(*conv)(int i, const struct lim_backend *be);
    size_t workspace; /* not 0: on a backend of its own with this cap */
    unsigned (*flags)(int i);
    void (*label)(int i, char *text, size_t size);
    void (*build)(int i, struct problem *pb);
    void (*refer)(int i, struct problem *pb);
    void (*call)(int i, struct lim_backend *be, const struct operand *o);
    /* Optional: checks the results against each other; false fills `text`. */
    bool (*relate)(int i, const struct problem *pb, char *text, size_t size);
};

/* The part of a struct conform_op that follows from build_x, refer_x and call_x. */
#define CONFORM_OP(text, count, x) \
    .name = text, .cases = count, .build = build_##x, .refer = refer_##x, .call = call_##x

/* Every family's table. */
extern const struct conform_op conform_gemm[], conform_conv[], conform_norm[], conform_fused[],
    conform_pointwise[], conform_loss[], conform_scale[], conform_own[];
extern const int conform_gemm_count, conform_conv_count, conform_norm_count, conform_fused_count,
    conform_pointwise_count, conform_loss_count, conform_scale_count, conform_own_count;

/* data.c. A lack of memory ends the program: nothing could be checked. */
void *conform_alloc(size_t count, size_t size);
uint64_t conform_hash(uint64_t seed, const char *text);
uint64_t rng_next(struct rng *rng);
int rng_below(struct rng *rng, int below);
double rng_uniform(struct rng *rng); /* in [0, 1) */
double rng_normal(struct rng *rng);

/* A new operand filled with NaN; one of the functions below sets its values. Valid as long as the
 * problem is. */
struct operand *operand_add(struct problem *pb, const char *name, enum role role, int n, int h,
                            int w, int c);
/* Integers in [-most, most] in the pass of integers; else normal numbers times `scale`. */
void operand_fill(struct problem *pb, struct operand *o, int most, double scale);
/* Overwrites the first values, as many as there are. */
void operand_plant(struct operand *o, const float *values, int count);
void operand_want(struct operand *o); /* allocates want and bound */
void problem_finish(struct problem *pb);

/* Lengths of vectors: around groups of 64 and 256, a prime, one over 2^16; and the output of a
 * layer of a DCGAN, for --bench. */
enum { LENGTHS = 11 };
extern const int conform_lengths[LENGTHS];
unsigned conform_length_flags(int length);
struct operand *operand_add_line(struct problem *pb, const char *name, enum role role, int length);

/* compare.c */
struct miss {
    const struct operand *o;
    size_t index, misses; /* the worst element, and how many are outside */
    double got, want, bound;
};

struct worst {
    bool asked[KINDS];
    double ratio[KINDS]; /* error / bound */
    bool close;          /* some error exceeds half of a bound that depends on chance */
    const char *certain; /* an output that exceeds half of its worst-case bound */
};

/* Updates `worst`; returns false and fills `miss` and `kind` where the output is outside. */
bool conform_compare(const struct operand *o, struct worst *worst, struct miss *miss,
                     enum kind *kind);
void worst_merge(struct worst *into, const struct worst *from);
/* The error of a sum of `terms` products; `sum` is that of their absolute values. */
double bound_products(double terms, double sum);
double norm_products(double terms);
bool certain_products(double terms);
/* The same for a sum of `terms` numbers, as in batch norm and bias gradients. */
double bound_sum(double terms, double sum);
double ulp(double x); /* of a float near x */

/* run.c */
struct session {
    struct lim_backend *be;
    struct lim_device_choice choice;
    struct lim_backend *capped; /* with a workspace cap, for operations that need it; else NULL */
    struct lim_backend *cpu;    /* to compare with; NULL if `be` is the CPU path itself */
    uint64_t seed;
    const char *again; /* options that choose this device and gemm again */
    bool once;         /* one run of each case, and only on floats if it has a pass of floats */
    bool json;
};

enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_BROKEN };

/* Runs one case in all the requested passes and reports it. OUTCOME_BROKEN: the device has
 * failed. */
enum outcome conform_case(struct session *s, const struct conform_op *op, int i, const char *gemm,
                          struct worst *worst);
/* The backend for this operation; NULL after a log line. */
struct lim_backend *conform_backend(struct session *s, const struct conform_op *op,
                                    const char *gemm);

/* bench.c: times one case and reports it. False when the device has failed. */
bool conform_bench(struct session *s, const struct conform_op *op, int i, const char *gemm);

/* report.c: a table or, if s->json, an object per line (docs/conformance.md). */
struct timing {
    double median, fastest; /* seconds of one call */
    double flops, bytes;    /* of one call; flops 0: not counted */
    unsigned launches;
};

void report_start(const struct session *s, bool bench);
void report_listed(const struct session *s, const struct conform_op *op, int i);
/* One pass of a case; `what` went wrong, or NULL. */
void report_case(const struct session *s, const struct conform_op *op, int i, const char *gemm,
                 const struct problem *pb, uint64_t seed, const struct worst *worst,
                 const char *what);
void report_op(const struct session *s, const struct conform_op *op, const char *gemm, int cases,
               int failed, bool broken, const struct worst *worst);
void report_time(const struct session *s, const struct conform_op *op, int i, const char *gemm,
                 const struct timing *time);
void report_end(const struct session *s, int cases, int failed);
void report_skipped(const struct session *s, const char *why);

/* place.c: operands in device memory between guard bands. */
struct placed {
    int count;
    struct lim_buffer *buf[MAX_OPERANDS];
    float *host[MAX_OPERANDS]; /* an image of each buffer */
    size_t size[MAX_OPERANDS];
    int where[MAX_OPERANDS]; /* operand -> buffer */
};

bool placed_init(struct placed *pl, struct lim_backend *be, struct problem *pb);
void placed_finish(struct placed *pl);
void placed_write(struct placed *pl, const struct problem *pb);
/* Reads everything back; false and a text if a guard or an input has changed. */
bool placed_read(struct placed *pl, const struct problem *pb, char *text, size_t size);
/* The values of an operand as last read. */
const float *placed_values(const struct placed *pl, const struct problem *pb, int operand);

#endif
