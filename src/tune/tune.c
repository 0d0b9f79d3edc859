/* The tuner: verifies, times, chooses. */
#include "tune/tune.h"

#include "base/cache_folder.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/require.h"
#include "base/struct_size.h"
#include "core/backend.h"

#include <limner/bench.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Times nearer than this are a tie, which goes to the built-in choice, or else to the first: then
 * tuning again ends the same. */
#define NEAR 1.03

/* If the built-in choice is this close to the fastest, both are timed longer. */
#define CLOSE 1.10

/* A candidate that is this much slower after the warm-up is dropped. On a machine that others use
 * too, one call may take twice as long as the next. */
#define BEHIND 3.0

enum { WARM_UPS = 2, ROUNDS = 7, MORE_ROUNDS = 21, MOST_CALLS = 1000 };

/* Fast tuning: pictures in a batch, at most, and seconds after which nothing more is begun. */
enum { FAST_BATCH = 16, FAST_SECONDS = 5 };

struct racer {
    int algorithm, gemm; /* indices in conv_names and gemms */
    int calls;           /* in a sample */
    double warm;         /* seconds of one call after warming up */
    double samples[MORE_ROUNDS];
    int count;
    bool runs; /* still in the race */
};

struct tuner {
    struct lim_backend *be, *oracle;
    const struct lim_tune_config *config;
    char *folder; /* NULL: nothing is stored (any more) */
    double deadline;
    bool stopped;
    struct lim_tune_result result;
    struct racer racers[LIM_TUNE_CANDIDATES];
};

bool lim_tune_parse(const char *word, enum lim_tune_mode *mode)
{
    static const char *const words[] = {"off", "fast", "full"};

    REQUIRE(word && mode, false);
    for (int i = 0; i <= LIM_TUNE_FULL; i++) {
        if (strcmp(word, words[i]) == 0) {
            *mode = (enum lim_tune_mode)i;
            return true;
        }
    }
    return false;
}

/* Once requested, stopping stays requested. */
static bool stopped(struct tuner *t)
{
    t->stopped = t->stopped || (t->config->stop && t->config->stop(t->config->user));
    return t->stopped;
}

static bool set_choice(struct tuner *t, const struct tune_problem *pb, const struct racer *racer)
{
    return lim_conv_choice_set(t->be, &pb->cv, pb->pass, racer ? racer->algorithm : LIM_CONV_AUTO,
                               racer ? racer->gemm : 0);
}

static void add(struct tuner *t, int algorithm, int gemm)
{
    struct lim_tune_result *result = &t->result;

    if (result->count == LIM_TUNE_CANDIDATES)
        return;
    t->racers[result->count] = (struct racer){.algorithm = algorithm, .gemm = gemm};
    result->candidates[result->count++] = (struct lim_tune_candidate){
        .algorithm = t->be->conv_names[algorithm],
        .gemm = algorithm == LIM_CONV_LOWERING ? t->be->gemms[gemm] : ""};
}

/* All ways to do a pass; a fast tuning leaves out multiplications that the backend does not prefer,
 * which take long to compile. */
static void list_candidates(struct tuner *t, const struct tune_problem *pb)
{
    struct lim_backend *be = t->be;
    const struct lim_conv_algorithm *builtin;

    t->result.count = 0;
    for (int g = 0; be->gemms[g]; g++)
        if (g == be->gemm || t->config->mode == LIM_TUNE_FULL)
            add(t, LIM_CONV_LOWERING, g);
    for (int i = 1; be->conv_names[i]; i++)
        if (be->convs[i - 1].runs(be, &pb->cv, pb->pass))
            add(t, i, 0);
    set_choice(t, pb, NULL);
    builtin = lim_conv_choice_algorithm(be, &pb->cv, pb->pass);
    for (int i = 0; i < t->result.count; i++)
        if (builtin
                ? t->racers[i].algorithm > 0 && &be->convs[t->racers[i].algorithm - 1] == builtin
                : t->racers[i].algorithm == 0 && t->racers[i].gemm == be->gemm)
            t->result.builtin = i;
}

/* Seconds of `calls` calls, by the wall clock: those of drivers' events are not always to be
 * trusted. Reading a number waits even where a driver's finish does not. */
static double sample(struct tune_problem *pb, int calls)
{
    struct lim_tensor last = pb->pass == LIM_CONV_FORWARD         ? pb->y
                             : pb->pass == LIM_CONV_BACKWARD_DATA ? pb->x
                                                                  : pb->w;
    double start;
    float number;

    lim_backend_finish(pb->be);
    start = lim_clock();
    for (int i = 0; i < calls; i++)
        tune_problem_run(pb);
    lim_read(lim_vector_of(last.buf, last.offset, 1), &number);
    lim_backend_finish(pb->be);
    return lim_clock() - start;
}

/* Verifies the result, then chooses how many calls make a sample. */
static void warm_up(struct tuner *t, struct tune_problem *pb, int i)
{
    struct lim_tune_candidate *candidate = &t->result.candidates[i];
    struct racer *racer = &t->racers[i];
    double looseness = strcmp(candidate->algorithm, "winograd") == 0 ? 16.0 : 4.0;

    if (!lim_conv_reserve(t->be, &pb->cv)) {
        snprintf(candidate->why, sizeof candidate->why, "no memory for it");
        return;
    }
    candidate->verified = tune_problem_verify(pb, looseness, candidate->why, sizeof candidate->why);
    racer->runs = candidate->verified;
    if (!racer->runs)
        return;
    racer->warm = sample(pb, 1);
    for (int warm = 1; warm < WARM_UPS; warm++) {
        double again = sample(pb, 1);

        racer->warm = again < racer->warm ? again : racer->warm;
    }
    racer->calls = lim_clock_calls(racer->warm, MOST_CALLS);
    candidate->seconds = racer->warm;
}

static void take_sample(struct tuner *t, struct tune_problem *pb, int i)
{
    struct racer *racer = &t->racers[i];

    racer->samples[racer->count++] = sample(pb, racer->calls) / racer->calls;
}

/* Does that with a candidate; where it fails the candidate is out. False when the device has
 * failed. */
static bool attempt(struct tuner *t, struct tune_problem *pb, int i,
                    void (*what)(struct tuner *t, struct tune_problem *pb, int i))
{
    struct lim_tune_candidate *candidate = &t->result.candidates[i];
    char why[sizeof candidate->why];
    bool failed;

    if (!set_choice(t, pb, &t->racers[i]))
        return false;
    lim_trial_begin(t->be, why, sizeof why);
    what(t, pb, i);
    failed = t->be->failed;
    if (!lim_trial_end(t->be))
        return false;
    if (failed) {
        snprintf(candidate->why, sizeof candidate->why, "%s", *why ? why : "it fails");
        candidate->verified = t->racers[i].runs = false;
    }
    return true;
}

/* Rounds time each candidate in turn, so that other load on the machine affects all of them. */
static bool race(struct tuner *t, struct tune_problem *pb, int rounds)
{
    for (int round = 0; round < rounds && !stopped(t); round++)
        for (int i = 0; i < t->result.count; i++)
            if (t->racers[i].runs && !attempt(t, pb, i, take_sample))
                return false;
    for (int i = 0; i < t->result.count; i++) {
        struct racer *racer = &t->racers[i];

        if (racer->count > 0)
            t->result.candidates[i].seconds = lim_clock_median(racer->samples, racer->count);
    }
    return true;
}

/* The fastest of those in the race, or -1. */
static int fastest(const struct tuner *t)
{
    int best = -1;

    for (int i = 0; i < t->result.count; i++)
        if (t->racers[i].runs &&
            (best < 0 || t->result.candidates[i].seconds < t->result.candidates[best].seconds))
            best = i;
    return best;
}

static int choose(const struct tuner *t)
{
    const struct lim_tune_candidate *list = t->result.candidates;
    int best = fastest(t), builtin = t->result.builtin;

    if (best < 0)
        return -1;
    if (t->racers[builtin].runs && list[builtin].seconds <= NEAR * list[best].seconds)
        return builtin;
    for (int i = 0; i < best; i++)
        if (t->racers[i].runs && list[i].seconds <= NEAR * list[best].seconds)
            return i;
    return best;
}

static void tell(struct tuner *t)
{
    t->result.done++;
    if (t->config->told)
        t->config->told(t->config->user, &t->result);
}

/* False when the device has failed, or there is no memory. */
static bool tune_pass(struct tuner *t, struct tune_problem *pb)
{
    struct lim_tune_result *result = &t->result;
    double best, builtin;
    int first;

    list_candidates(t, pb);
    for (int i = 0; i < result->count && !stopped(t); i++)
        if (!attempt(t, pb, i, warm_up))
            return false;
    first = fastest(t);
    for (int i = 0; i < result->count; i++)
        if (t->racers[i].runs && t->racers[i].warm > BEHIND * t->racers[first].warm) {
            t->racers[i].runs = false;
            result->candidates[i].behind = true;
        }
    if (!race(t, pb, ROUNDS))
        return false;
    first = fastest(t);
    for (int i = 0; first < 0 && i < result->count; i++)
        t->racers[i].runs = result->candidates[i].behind; /* those that led have failed */
    first = fastest(t);
    best = first >= 0 ? result->candidates[first].seconds : 0;
    builtin = result->candidates[result->builtin].seconds;
    if (t->racers[result->builtin].runs && first != result->builtin && builtin <= CLOSE * best &&
        !race(t, pb, MORE_ROUNDS - ROUNDS))
        return false;
    result->winner = stopped(t) ? -1 : choose(t);
    if (!set_choice(t, pb, result->winner >= 0 ? &t->racers[result->winner] : NULL))
        return false;
    if (result->winner < 0 && !stopped(t))
        lim_warning("no algorithm gives correct results for %s, %s: run limner-conform for details",
                    result->layers, tune_passes[pb->pass]);
    return lim_backend_ok(t->be);
}

/* Stores each result at once, so that a killed process has it next time. */
static void store(struct tuner *t, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    int lock = tune_file_lock(t->folder);
    cJSON *file = t->folder ? tune_file_read(t->folder, t->be->identity, t->be, true) : NULL;
    cJSON *geometries = cJSON_GetObjectItemCaseSensitive(file, "geometries");
    bool good = file &&
                tune_choice_put(geometries, t->be, cv, pass,
                                t->result.candidates[t->result.winner].seconds) &&
                tune_file_write(t->folder, t->be->identity, file);

    tune_file_unlock(lock);
    cJSON_Delete(file);
    if (good || !t->folder)
        return;
    lim_warning("what was tuned is not stored, and holds for this time only");
    free(t->folder);
    t->folder = NULL;
}

static bool is_stored(const struct tuner *t, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    const struct lim_conv_choice *choice = lim_conv_choice_find(t->be, cv);

    return t->config->mode == LIM_TUNE_FAST && choice && choice->algorithm[pass] != LIM_CONV_AUTO;
}

static void tell_stored(struct tuner *t, const struct lim_conv *cv, enum lim_conv_pass pass)
{
    t->result.candidates[0] = (struct lim_tune_candidate){
        .algorithm = lim_conv_algorithm(t->be, cv, pass),
        .gemm = lim_conv_gemm(t->be, cv, pass),
        .verified = true,
    };
    t->result.count = 1;
    t->result.builtin = t->result.winner = 0;
    t->result.stored = true;
    tell(t);
    t->result.stored = false;
}

static enum lim_status tune_layer(struct tuner *t, const struct tune_layer *layer)
{
    struct tune_problem pb = {0};
    enum lim_status status = LIM_OK;

    t->result.layers = layer->names;
    t->result.cv = layer->cv;
    for (int i = 0; i < 3 && status == LIM_OK; i++) {
        enum lim_conv_pass pass = (enum lim_conv_pass)i;

        t->result.pass = pass;
        if (is_stored(t, &layer->cv, pass)) {
            tell_stored(t, &layer->cv, pass);
            continue;
        }
        if (stopped(t))
            status = LIM_INTERRUPTED;
        else if (t->deadline > 0 && lim_clock() > t->deadline)
            break;
        else if ((!pb.be && !tune_problem_init(&pb, t->be, &layer->cv)) ||
                 !tune_problem_pass(&pb, t->oracle, pass) || !tune_pass(t, &pb))
            status = lim_backend_ok(t->be) ? LIM_ERROR : LIM_DEVICE_FAILED;
        else if (stopped(t))
            status = LIM_INTERRUPTED;
        if (status != LIM_OK)
            break;
        if (t->result.winner >= 0)
            store(t, &layer->cv, pass);
        tell(t);
    }
    tune_problem_finish(&pb);
    return status;
}

#define CONFIG_FIRST SIZE_UP_TO(struct lim_tune_config, user)

void lim_tune_config_init(struct lim_tune_config *config, size_t struct_size)
{
    static const struct lim_tune_config fast = {.mode = LIM_TUNE_FAST};

    base_struct_give(config, struct_size, CONFIG_FIRST, &fast, sizeof fast, "lim_tune_config");
}

static bool is_work(const struct lim_tune_work *work)
{
    bool good = work && work->batch > 0 && work->count > 0 && work->networks;

    for (int i = 0; good && i < work->count; i++)
        good = work->networks[i].rows && work->networks[i].count > 0;
    return good;
}

static enum lim_status tune(struct lim_backend *be, const struct lim_tune_work *work,
                            const struct lim_tune_config *config)
{
    const struct lim_device_choice cpu = {.device = "cpu"};
    struct tuner t = {.be = be, .config = config};
    struct lim_tune_work smaller;
    struct tune_layer layers[TUNE_LAYERS];
    enum lim_status status = LIM_OK;
    int count;

    REQUIRE(be && (unsigned)config->mode <= LIM_TUNE_FULL, LIM_USAGE);
    lim_tune_load(be, config->cache_dir);
    if (config->mode == LIM_TUNE_OFF)
        return LIM_OK;
    REQUIRE(is_work(work), LIM_USAGE);
    smaller = *work;
    if (config->mode == LIM_TUNE_FAST) {
        t.deadline = lim_clock() + FAST_SECONDS;
        smaller.batch = work->batch < FAST_BATCH ? work->batch : FAST_BATCH;
    }
    t.oracle = lim_cpu_create(&cpu, &status);
    if (!t.oracle)
        return status;
    lim_backend_name_convs(t.oracle);
    t.oracle->conv = LIM_CONV_LOWERING;
    lim_backend_use_gemm(t.oracle, "builtin");
    be->tuned = true;
    t.folder = lim_cache_folder(config->cache_dir, "tuning");
    if (!t.folder)
        lim_info("there is no folder to keep what is tuned in: it holds for this time only");
    count = tune_layers(&smaller, layers);
    t.result.total = 3 * count;
    status = LIM_OK;
    for (int i = 0; i < count && status == LIM_OK; i++)
        status = tune_layer(&t, &layers[i]);
    free(t.folder);
    lim_backend_destroy(t.oracle);
    return status;
}

static enum lim_status tune_all(struct lim_backend *be, const struct lim_tune_work *work,
                                const struct lim_tune_config *config)
{
    struct lim_tune_config full;

    if (!base_struct_take(&full, sizeof full, CONFIG_FIRST, config, "lim_tune_config"))
        return LIM_USAGE;
    return tune(be, work, &full);
}

enum lim_status lim_tune(struct lim_backend *be, const struct lim_tune_work *work,
                         const struct lim_tune_config *config)
{
    struct base_log *before;
    enum lim_status result;

    REQUIRE(be, LIM_USAGE);
    before = base_log_enter(be->log);
    result = tune_all(be, work, config);
    base_log_enter(before);
    return result;
}
