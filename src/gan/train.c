/* The trainer: a loop around lim_dcgan_step that keeps the run folder whole. */
#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "base/require.h"
#include "core/backend.h"
#include "gan/pace.h"
#include "gan/recipe.h"
#include "gan/train_run.h"
#include "tune/tune.h"

#include <limner/bench.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGES = 60,        /* grids in a training, about */
    SAVE_SECONDS = 300, /* between checkpoints */
    LOG_STEPS = 10,     /* between lines of the log */
    MAX_ROLLBACKS = 3
};

struct limits {
    uint64_t steps; /* UINT64_MAX: none but the time */
    uint64_t steps_an_epoch;
    uint64_t sample_every; /* steps; 0: by the time alone */
    double sample_seconds; /* 0: by steps alone */
};

/* The step at which `images` pictures will have been seen. */
static uint64_t step_of_images(const struct trainer *t, double images)
{
    double left = images - (double)t->progress.seen;

    if (left <= 0)
        return t->progress.step;
    return t->progress.step + (uint64_t)ceil(left / lim_dcgan_get_config(t->gan)->batch);
}

static struct limits find_limits(const struct trainer *t)
{
    const struct lim_train_config *config = t->config;
    int batch = lim_dcgan_get_config(t->gan)->batch;
    struct limits l = {.steps = UINT64_MAX};
    uint64_t step;

    l.steps_an_epoch = (uint64_t)(lim_dataset_count(t->ds) / batch);
    if (config->epochs > 0) {
        /* Rounded to ignore the last bits of 0.1 * 630 and the like. */
        step = step_of_images(t, round(config->epochs * (double)l.steps_an_epoch * batch));
        l.steps = step < l.steps ? step : l.steps;
    }
    if (config->images) {
        step = step_of_images(t, (double)config->images);
        l.steps = step < l.steps ? step : l.steps;
    }
    if (config->steps && config->steps < l.steps)
        l.steps = config->steps;
    l.sample_every = config->sample_every;
    if (!l.sample_every && l.steps != UINT64_MAX)
        l.sample_every = l.steps > STAGES ? l.steps / STAGES : 1;
    if (!config->sample_every && config->seconds > 0)
        l.sample_seconds = config->seconds / STAGES;
    return l;
}

static enum lim_status device_failed(const struct trainer *t)
{
    lim_info("the device failed in step %" PRIu64 "; %s/" LIM_RUN_CHECKPOINT " of step %" PRIu64
             " is kept, and can be resumed on any device",
             t->progress.step + 1, t->config->run, t->saved_step);
    return LIM_DEVICE_FAILED;
}

/* Names what is not finite: a tensor, or the loss if all tensors are finite. */
static void find_nan(const struct trainer *t, const struct lim_dcgan_stats *s, char *text,
                     size_t size)
{
    if (gan_health_find_bad(t->gan, text, size))
        return;
    snprintf(text, size, "%s",
             !isfinite(s->loss_real)   ? "loss_real"
             : !isfinite(s->loss_fake) ? "loss_fake"
             : !isfinite(s->loss_g)    ? "loss_g"
                                       : "a sum over the weights");
}

static enum lim_status diverged(const struct trainer *t, const struct lim_dcgan_stats *s)
{
    double lr = (double)lim_dcgan_get_config(t->gan)->lr;
    char what[256];

    find_nan(t, s, what, sizeof what);
    if (!lim_backend_ok(t->be))
        return device_failed(t);
    if (t->config->roll_back && t->rollbacks < MAX_ROLLBACKS)
        lim_warning("the training diverged in step %" PRIu64 ": %s is no number",
                    t->progress.step + 1, what);
    else
        lim_error("the training diverged in step %" PRIu64 ": %s is no number; "
                  "%s/" LIM_RUN_CHECKPOINT " of step %" PRIu64 " is kept; %s --lr below %g",
                  t->progress.step + 1, what, t->config->run, t->saved_step,
                  t->config->roll_back ? "going back to it did not help: try a new run with"
                                       : "resume with --on-nan rollback, or try a new run with",
                  lr);
    return LIM_DIVERGED;
}

/* May the training go on although this was not written? */
static bool goes_on(const struct trainer *t, const char *what)
{
    if (lim_backend_ok(t->be))
        lim_info("step %" PRIu64 ": the training continues without %s", t->progress.step, what);
    return lim_backend_ok(t->be);
}

static enum lim_status cannot_write(const struct trainer *t)
{
    if (!lim_backend_ok(t->be))
        return device_failed(t);
    lim_info("stopped; %s/" LIM_RUN_CHECKPOINT " of step %" PRIu64 " is kept", t->config->run,
             t->saved_step);
    return LIM_ERROR;
}

/* A checkpoint that is due. One that cannot be written is tried again for a while: what was trained
 * since the last is lost with the process, not with the try. */
static enum lim_status save(struct trainer *t)
{
    if (gan_train_save(t)) {
        if (t->failed_saves)
            lim_info("step %" PRIu64 ": saved again; failed tries: %d", t->progress.step,
                     t->failed_saves);
        t->failed_saves = 0;
        return (gan_train_share(t) && gan_train_write_gif(t)) ||
                       goes_on(t, "a newer model or animation")
                   ? LIM_OK
                   : device_failed(t);
    }
    if (!lim_backend_ok(t->be) || ++t->failed_saves >= t->retries)
        return cannot_write(t);
    lim_warning("step %" PRIu64 ": NOTHING IS SAVED since step %" PRIu64
                ": make room in '%s'; the training continues, and retries in %.0f second%s "
                "(try %d of %d)",
                t->progress.step, t->saved_step, t->config->run, t->retry_seconds,
                t->retry_seconds == 1 ? "" : "s", t->failed_saves, t->retries);
    return LIM_OK;
}

static bool save_is_due(const struct trainer *t, double seconds)
{
    if (t->failed_saves)
        return seconds >= t->retry_seconds;
    return t->config->save_every ? t->progress.step % t->config->save_every == 0
                                 : seconds >= SAVE_SECONDS;
}

static void fill_status(const struct trainer *t, const struct limits *l, const struct pace *pace,
                        double at, struct lim_train_status *s)
{
    const struct lim_train_config *config = t->config;
    double batch = lim_dcgan_get_config(t->gan)->batch;
    double steps_left = INFINITY;

    s->step = t->progress.step;
    s->seen = t->progress.seen;
    s->epoch = (double)s->seen / ((double)l->steps_an_epoch * batch);
    s->epochs = config->epochs;
    s->per_second = gan_pace_rate(pace, at, s->seen);
    s->seconds = t->progress.seconds;
    if (l->steps != UINT64_MAX)
        steps_left = (double)(l->steps - s->step);
    s->seconds_left = s->per_second > 0 ? steps_left * batch / s->per_second : 0;
    if (config->seconds > 0 && s->per_second > 0) {
        double left = config->seconds - s->seconds > 0 ? config->seconds - s->seconds : 0;

        if (left < s->seconds_left) {
            s->seconds_left = left;
            steps_left = floor(left * s->per_second / batch);
        }
    }
    s->total_steps = isfinite(steps_left) ? s->step + (uint64_t)steps_left : 0;
    s->seconds_left = isfinite(s->seconds_left) ? s->seconds_left : 0;
}

/* Once requested, stopping stays requested. */
static bool stopped(struct trainer *t)
{
    const struct lim_train_config *config = t->config;

    t->stopped = t->stopped || (config->stop && config->stop(config->user));
    return t->stopped;
}

static enum lim_status loop(struct trainer *t, struct lim_prefetch *prefetch)
{
    const struct lim_train_config *config = t->config;
    const struct limits l = find_limits(t);
    struct pace pace = {.started = lim_clock(), .before = t->progress.seconds};
    double last_save = pace.started, last_sample = pace.started;
    int batch = lim_dcgan_get_config(t->gan)->batch;
    double even = gan_losses_of(lim_dcgan_get_config(t->gan)).even;

    gan_score_begin(&t->scores, config, t->progress.seconds);
    gan_pace_mark(&pace, pace.started, t->progress.seen);
    while (t->progress.step < l.steps &&
           (config->seconds <= 0 || t->progress.seconds < config->seconds)) {
        struct lim_train_status s = {0};
        uint64_t launches = lim_backend_launches(t->be);
        double at;
        bool due;

        if (stopped(t))
            break;
        if (!lim_dcgan_step(t->gan, lim_prefetch_next(prefetch), &s.stats))
            return device_failed(t);
        if (!s.stats.finite)
            return diverged(t, &s.stats);
        at = lim_clock();
        t->progress.step++;
        t->progress.seen += (uint64_t)batch;
        t->progress.seconds = pace.before + at - pace.started;
        s.launches = lim_backend_launches(t->be) - launches;
        s.waited = lim_prefetch_waited(prefetch) / (at - pace.started);
        fill_status(t, &l, &pace, at, &s);
        gan_pace_mark(&pace, at, s.seen);

        if (gan_health_step(&t->health, &s.stats, even))
            lim_warning("step %" PRIu64 ": the discriminator has won: D(x) %.2f, D(G(z)) %.2f on "
                        "average leave the generator nothing to learn from; what helps: more "
                        "pictures, --smooth 0.1, a smaller --lr, another --seed",
                        s.step, t->health.real, t->health.fake);
        if (gan_score_due(&t->scores, config, s.seconds))
            gan_score(&t->scores, config, t->gan, &s);
        if (s.score_count > 0 || s.step % LOG_STEPS == 0 || s.step < LOG_STEPS || s.step == l.steps)
            gan_train_write_log(t, &s); /* a missing line is no reason to stop */
        due = (l.sample_every && s.step % l.sample_every == 0) ||
              (l.sample_seconds > 0 && at - last_sample >= l.sample_seconds);
        if (due) {
            s.sampled = gan_train_sample(t);
            if (!s.sampled && !goes_on(t, "this grid"))
                return device_failed(t);
            last_sample = at;
        }
        if (save_is_due(t, at - last_save)) {
            enum lim_status status = save(t);

            if (status != LIM_OK)
                return status;
            s.saved = t->failed_saves == 0;
            last_save = at;
        }
        if (config->status)
            config->status(config->user, &s);
    }
    return stopped(t) ? LIM_INTERRUPTED : LIM_OK;
}

/* The newest whole checkpoint, with t->progress. NULL after one log line. */
static struct lim_dcgan *load_checkpoint(struct trainer *t, enum lim_status *status)
{
    int batch = t->config->gan.batch;
    char *path = lim_run_file(&t->run, LIM_RUN_CHECKPOINT);
    struct lim_dcgan *gan = NULL;
    struct lim_model_info info;

    *status = path ? LIM_BAD_INPUT : LIM_ERROR;
    if (path && gan_train_find_checkpoint(&t->run, &info))
        gan = lim_dcgan_load(t->be, path, batch, false, &t->progress, status);
    free(path);
    return gan;
}

/* Back to the last checkpoint. The same steps would fail again, so the step size is reduced. */
static enum lim_status roll_back(struct trainer *t)
{
    float lr = lim_dcgan_get_config(t->gan)->lr / 2;
    enum lim_status status;

    lim_dcgan_destroy(t->gan);
    t->gan = load_checkpoint(t, &status);
    if (!t->gan)
        return status;
    lim_dcgan_set_lr(t->gan, lr);
    t->rollbacks++;
    t->saved_step = t->progress.step;
    t->health = (struct health){.variety = t->health.variety};
    if (!lim_run_rewind(&t->run, t->progress.step))
        return LIM_ERROR;
    lim_warning("back at step %" PRIu64 " with an lr of %g, for the %d. of %d times",
                t->progress.step, (double)lr, t->rollbacks, MAX_ROLLBACKS);
    return LIM_OK;
}

/* The networks with their first weights. A device that refuses a buffer has shown how much memory
 * it has: the one error line then says what would fit. */
static struct lim_dcgan *make_networks(const struct trainer *t, enum lim_status *status)
{
    const struct lim_dcgan_config *config = &t->config->gan;
    struct lim_dcgan *gan;
    char why[512];

    lim_log_hush(true);
    gan = lim_dcgan_create(t->be, config, false);
    lim_log_hush(false);
    if (gan && lim_backend_ok(t->be))
        return gan;
    lim_dcgan_destroy(gan);
    *status = lim_backend_ok(t->be) ? LIM_ERROR : LIM_DEVICE_FAILED;
    if (*status == LIM_ERROR && !lim_dcgan_fits(t->be, config, why, sizeof why))
        lim_error("%s: %s", lim_log_hushed(), why);
    else
        lim_error("%s", lim_log_hushed());
    return NULL;
}

/* Leaves t->gan and t->progress as they were after the last checkpoint, or at the start. */
static enum lim_status begin(struct trainer *t)
{
    const struct lim_train_config *config = t->config;
    struct lim_dcgan_work work;
    enum lim_status status;

    if (!config->resume) {
        t->gan = make_networks(t, &status);
        if (!t->gan)
            return status;
        t->progress.data_seed = config->gan.seed;
        t->progress.fingerprint = lim_dataset_fingerprint(t->ds);
        status = lim_run_create(&t->run, config->run, config->pictures);
        t->run.foreign = gan_train_foreign;
        return status;
    }
    status = lim_run_open(&t->run, config->run);
    if (status != LIM_OK)
        return status;
    t->description = lim_run_read_json(config->run, LIM_RUN_CONFIG);
    t->run.foreign = gan_train_foreign;
    t->run.of = t->description;
    lim_dcgan_work(&config->gan, &work);
    lim_tune_take_over(t->be, &work.work, t->description);
    t->gan = load_checkpoint(t, &status);
    if (!t->gan)
        return status;
    if (!gan_check_pictures(t->ds, lim_dcgan_get_config(t->gan)))
        return LIM_USAGE;
    t->saved_step = t->progress.step;
    if (t->progress.fingerprint != lim_dataset_fingerprint(t->ds)) {
        lim_warning("'%s' does not hold the pictures that '%s' was trained on before: the training "
                    "continues with the new ones",
                    config->pictures, config->run);
        t->progress.fingerprint = lim_dataset_fingerprint(t->ds);
    }
    if (!lim_run_rewind(&t->run, t->progress.step))
        return LIM_ERROR;
    lim_info("resuming '%s' at step %" PRIu64 ", after %" PRIu64 " picture%s", config->run,
             t->progress.step, t->progress.seen, lim_plural(t->progress.seen));
    return LIM_OK;
}

static enum lim_status run_loop(struct trainer *t)
{
    struct lim_prefetch *prefetch = lim_prefetch_create(
        t->ds, t->progress.data_seed, t->progress.step, lim_dcgan_get_config(t->gan)->batch);
    enum lim_status status;

    if (!prefetch)
        return LIM_ERROR;
    status = loop(t, prefetch);
    lim_prefetch_destroy(prefetch);
    return status;
}

static enum lim_status train(struct trainer *t)
{
    uint64_t first = t->progress.step;
    enum lim_status status;

    if (!gan_train_write_description(t) || !gan_train_write_reals(t))
        return LIM_ERROR;
    /* From here on there is something to resume, whatever happens. */
    if (!t->config->resume && (!gan_train_save(t) || !gan_train_share(t)))
        return cannot_write(t);
    /* Also where the first run ended between the two. */
    if (!t->progress.step && !gan_train_sample(t) && !goes_on(t, "this grid"))
        return device_failed(t);
    status = run_loop(t);
    while (status == LIM_DIVERGED && t->config->roll_back && t->rollbacks < MAX_ROLLBACKS) {
        status = roll_back(t);
        if (status == LIM_OK)
            status = run_loop(t);
    }
    if (status != LIM_OK && status != LIM_INTERRUPTED)
        return status;
    if (status == LIM_OK && t->config->resume && t->progress.step == first)
        lim_info("nothing is left to do: the run '%s' has reached its end; --epochs, --time, "
                 "--images or --steps give it another",
                 t->config->run);
    /* The checkpoint has priority where there is little room. */
    if (t->saved_step != t->progress.step && !gan_train_save(t))
        return cannot_write(t);
    if ((!t->shared && !gan_train_share(t)) ||
        (t->sampled_step != t->progress.step && !gan_train_sample(t)) || !gan_train_write_gif(t))
        return cannot_write(t);
    return status;
}

/* A decay without an end of its own ends with the training. False after one log line. */
static bool find_decay(const struct lim_dataset *ds, struct lim_train_config *config)
{
    double batch = config->gan.batch, left = INFINITY;
    double epoch = floor(lim_dataset_count(ds) / batch) * batch;

    if (config->gan.decay == LIM_DECAY_NONE || config->gan.decay_images || config->resume)
        return true;
    if (config->epochs > 0)
        left = fmin(left, config->epochs * epoch);
    if (config->images)
        left = fmin(left, (double)config->images);
    if (config->steps)
        left = fmin(left, (double)config->steps * batch);
    if (left < 1 || left > 9e15) {
        lim_error("a decay of the step size needs an end: --decay-images, or --steps, --images or "
                  "--epochs");
        return false;
    }
    config->gan.decay_images = (uint64_t)left;
    return true;
}

static enum lim_status train_all(struct lim_backend *be, const struct lim_dataset *ds,
                                 const struct lim_train_config *config)
{
    struct lim_train_config full;
    struct trainer t = {.be = be, .ds = ds, .config = &full, .sampled_step = UINT64_MAX};
    enum lim_status status;
    char why[512];

    REQUIRE(be && ds, LIM_USAGE);
    if (!gan_take_config(&full, config))
        return LIM_USAGE;
    config = &full;
    if (!gan_check_training(ds, config))
        return LIM_USAGE;
    if (!find_decay(ds, &full))
        return LIM_USAGE;
    t.grid = config->grid ? config->grid : 8;
    t.keep = config->keep ? config->keep : 2;
    /* The user may free space: retries for an hour in all. */
    t.retry_seconds = config->retry_seconds > 0 ? config->retry_seconds : 60;
    t.retries = config->retries ? config->retries : 60;
    if (!lim_dcgan_fits(be, &config->gan, why, sizeof why)) {
        lim_error("%s", why);
        return LIM_ERROR;
    }
    status = begin(&t);
    if (status == LIM_OK)
        status = train(&t);
    lim_dcgan_destroy(t.gan);
    lim_run_close(&t.run);
    cJSON_Delete(t.description);
    return status;
}

enum lim_status lim_train(struct lim_backend *be, const struct lim_dataset *ds,
                          const struct lim_train_config *config)
{
    struct base_log *before;
    enum lim_status result;

    REQUIRE(be, LIM_USAGE);
    before = base_log_enter(be->log);
    result = train_all(be, ds, config);
    base_log_enter(before);
    return result;
}
