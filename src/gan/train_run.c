/* For realpath. */
#define _XOPEN_SOURCE 700

#include "gan/train_run.h"
#include "gan/settings.h"

#include "io/json.h"

#include "base/log.h"
#include "tune/tune.h"

#include <inttypes.h>
#include <limner/image.h>
#include <limner/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(const char *what)
{
    lim_error("no memory for %s", what);
    return false;
}

/* How the pictures are seen. */
static void describe_data(const struct trainer *t, cJSON *o)
{
    const char *cache = t->config->cache;
    char *whole = cache && *cache ? realpath(cache, NULL) : NULL;

    gan_run_to_json(t->config, LIM_SETTING_PICTURES, o);
    cJSON_AddNumberToObject(o, "held_out_count", lim_dataset_held_out(t->ds));
    cJSON_AddStringToObject(o, "cache", !cache ? "run" : !*cache ? "none" : whole ? whole : cache);
    free(whole);
}

/* The pictures that earlier parts of the run were trained on, by which its checkpoints are known.
 */
static void describe_earlier(const cJSON *before, const char *fingerprint, cJSON *o)
{
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(before, "fingerprint"), *item;
    cJSON *list = cJSON_CreateArray();

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(before, "fingerprints_before"))
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, fingerprint) != 0)
            cJSON_AddItemToArray(list, cJSON_CreateString(item->valuestring));
    }
    if (cJSON_IsString(last) && strcmp(last->valuestring, fingerprint) != 0)
        cJSON_AddItemToArray(list, cJSON_CreateString(last->valuestring));
    while (cJSON_GetArraySize(list) > TRAIN_SETS)
        cJSON_DeleteItemFromArray(list, 0);
    if (cJSON_GetArraySize(list) > 0)
        cJSON_AddItemToObject(o, "fingerprints_before", list);
    else
        cJSON_Delete(list);
}

static cJSON *describe(const struct trainer *t)
{
    const struct lim_train_config *config = t->config;
    const struct lim_dcgan_config *gan = lim_dcgan_get_config(t->gan);
    char *whole = realpath(config->pictures, NULL), text[32];
    struct lim_train_config settings;
    struct lim_dcgan_work work;
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "limner", lim_version());
    gan_settings_to_json(gan, false, o);
    settings = *config;
    settings.grid = t->grid;
    settings.keep = t->keep;
    gan_run_to_json(&settings, LIM_SETTING_TRAINING, o);
    cJSON_AddStringToObject(o, "pictures", config->pictures);
    cJSON_AddStringToObject(o, "pictures_path", whole ? whole : config->pictures);
    describe_data(t, o);
    cJSON_AddNumberToObject(o, "picture_count", lim_dataset_count(t->ds));
    snprintf(text, sizeof text, "%016" PRIx64, lim_dataset_fingerprint(t->ds));
    cJSON_AddStringToObject(o, "fingerprint", text);
    describe_earlier(t->description, text, o);
    cJSON_AddStringToObject(o, "device", lim_backend_name(t->be));
    cJSON_AddStringToObject(o, "device_option", lim_backend_option(t->be));
    free(whole);
    lim_dcgan_work(gan, &work);
    if (lim_tune_describe(t->be, &work.work, o))
        return o;
    cJSON_Delete(o);
    return NULL;
}

static bool write_skipped(const struct trainer *t)
{
    const struct lim_skipped *skipped;
    int count = lim_dataset_skipped(t->ds, &skipped);
    size_t size = 1, length = 0;
    char *text;
    bool good;

    if (count == 0)
        return true;
    for (int i = 0; i < count; i++)
        size += 4 * strlen(skipped[i].path) + strlen(skipped[i].reason) + 8;
    text = malloc(size);
    if (!text)
        return no_memory("skipped.txt");
    for (int i = 0; i < count; i++) {
        lim_printable(skipped[i].path, text + length, size - length);
        length += strlen(text + length);
        length += (size_t)snprintf(text + length, size - length, ": %s\n", skipped[i].reason);
    }
    good = lim_run_write_text(&t->run, "skipped.txt", text);
    free(text);
    return good;
}

static bool write_readme(const struct trainer *t)
{
    static const char form[] =
        "A training of limner %s.\n\n"
        "In this folder, wherever it lies:\n"
        "to go on with it         limner train --resume .\n"
        "to paint 64 pictures     limner sample . -o faces.png\n"
        "to paint 1000 files      limner sample . -n 1000 -o faces/\n"
        "to see what it is        limner info .\n\n"
        "config.json              every setting, the device, the fingerprint of the pictures\n"
        "log.jsonl                losses, a line every few steps\n"
        "reals.png                pictures as the network sees them\n"
        "samples/000000.png ...   the same latents (seeds 1 to %d) after so many steps\n"
        "progress.gif             those grids (of large ones a part), one after another\n"
        "generator.safetensors    the model to share\n"
        "checkpoint.safetensors   all that resuming needs, on any device\n"
        "checkpoint-STEP...       the ones before it (--keep), in case it is damaged\n"
        "skipped.txt              pictures that were not used, and why (where there were any)\n"
        "pictures.cache           the pictures prepared, to start at once; may be deleted\n";
    char *text;
    bool good;
    int size = snprintf(NULL, 0, form, lim_version(), t->grid * t->grid);

    text = malloc((size_t)size + 1);
    if (!text)
        return no_memory("README.txt");
    snprintf(text, (size_t)size + 1, form, lim_version(), t->grid * t->grid);
    good = lim_run_write_text(&t->run, LIM_RUN_README, text);
    free(text);
    return good;
}

bool gan_train_write_description(struct trainer *t)
{
    cJSON *json = describe(t);
    bool good = json ? lim_json_sign(json) && lim_run_write_json(&t->run, LIM_RUN_CONFIG, json)
                     : no_memory(LIM_RUN_CONFIG);

    cJSON_Delete(t->description);
    t->description = json;
    t->run.of = json;
    return good && write_readme(t) && write_skipped(t);
}

static bool write_grid(const struct trainer *t, const char *path, const uint8_t *pictures,
                       int count, const struct lim_text *texts, int text_count)
{
    struct lim_image grid = {0};
    bool good = lim_grid_make(&grid, pictures, count, lim_dataset_size(t->ds),
                              lim_dataset_channels(t->ds), t->grid) &&
                lim_png_write(path, &grid, texts, text_count);

    lim_image_finish(&grid);
    return good;
}

static uint8_t *pictures_create(const struct trainer *t, int count)
{
    size_t edge = (size_t)lim_dataset_size(t->ds);
    uint8_t *pictures = malloc((size_t)count * edge * edge * (size_t)lim_dataset_channels(t->ds));

    if (!pictures)
        no_memory("a grid of pictures");
    return pictures;
}

static double variety_of(const struct trainer *t, const uint8_t *pictures, int count)
{
    size_t edge = (size_t)lim_dataset_size(t->ds);

    return gan_health_variety(pictures, count, edge * edge * (size_t)lim_dataset_channels(t->ds));
}

bool gan_train_write_reals(struct trainer *t)
{
    int count = t->grid * t->grid;
    char *path = lim_run_file(&t->run, LIM_RUN_REALS);
    uint8_t *pictures;
    bool good = false;

    if (count > lim_dataset_count(t->ds))
        count = lim_dataset_count(t->ds);
    pictures = pictures_create(t, count);
    if (path && pictures) {
        lim_dataset_batch(t->ds, t->progress.data_seed, 0, count, pictures);
        t->health.variety = variety_of(t, pictures, count);
        good = write_grid(t, path, pictures, count, NULL, 0);
    }
    free(pictures);
    free(path);
    return good;
}

bool gan_train_write_log(struct trainer *t, const struct lim_train_status *status)
{
    cJSON *o = cJSON_CreateObject();
    bool good;

    cJSON_AddNumberToObject(o, "step", (double)status->step);
    lim_json_add_short(o, "epoch", status->epoch);
    cJSON_AddNumberToObject(o, "seen", (double)status->seen);
    lim_json_add_short(o, "loss_real", (double)status->stats.loss_real);
    lim_json_add_short(o, "loss_fake", (double)status->stats.loss_fake);
    lim_json_add_short(o, "loss_g", (double)status->stats.loss_g);
    lim_json_add_short(o, "d_real", (double)status->stats.d_real);
    lim_json_add_short(o, "d_fake", (double)status->stats.d_fake);
    lim_json_add_short(o, "d_fake_after", (double)status->stats.d_fake_after);
    lim_json_add_short(o, "per_second", status->per_second);
    lim_json_add_short(o, "seconds", status->seconds);
    lim_json_add_short(o, "waited", status->waited);
    gan_score_log(status, o);
    good = lim_run_log(&t->run, o);
    cJSON_Delete(o);
    return good;
}

/* Recreates a lost folder, to save what was trained. */
static bool find_folder(struct trainer *t)
{
    bool made = false;

    if (!lim_run_revive(&t->run, &made))
        return false;
    if (!made)
        return true;
    lim_warning("step %" PRIu64 ": the run folder '%s' had gone: it is made again, without the "
                "grids and the log of before",
                t->progress.step, t->config->run);
    return gan_train_write_description(t) && gan_train_write_reals(t);
}

bool gan_train_sample(struct trainer *t)
{
    int count = t->grid * t->grid, latent = lim_dcgan_get_config(t->gan)->latent;
    char *path = lim_run_sample_file(&t->run, t->progress.step), seeds[32], step[32];
    uint8_t *pictures = pictures_create(t, count);
    float *z = malloc((size_t)count * (size_t)latent * sizeof *z);
    char software[64], hash[17];
    struct lim_text texts[] = {{"Software", software},
                               {"limner seed", seeds},
                               {"limner model", hash},
                               {"limner step", step}};
    bool good = false;

    if (!z)
        no_memory("latents");
    if (!path || !pictures || !z || !find_folder(t))
        goto done;
    /* Seeds from 1 on, so that `limner sample RUN` paints the last of these grids again. */
    for (int i = 0; i < count; i++)
        lim_dcgan_latent((uint64_t)i + 1, latent, z + (size_t)i * (size_t)latent);
    snprintf(seeds, sizeof seeds, "1-%d", count);
    snprintf(step, sizeof step, "%" PRIu64, t->progress.step);
    snprintf(software, sizeof software, "limner %s", lim_version());
    good = lim_dcgan_hash(t->gan, hash) && lim_dcgan_paint(t->gan, z, count, false, pictures) &&
           write_grid(t, path, pictures, count, texts, 4);
    if (good)
        t->sampled_step = t->progress.step;
    if (good && gan_health_grid(&t->health, variety_of(t, pictures, count), t->progress.step))
        lim_warning("step %" PRIu64 ": the generator paints nearly the same picture from every "
                    "latent (it has collapsed), and seldom recovers; what helps: an earlier "
                    "checkpoint (--keep), a smaller --lr, more pictures, another --seed",
                    t->progress.step);
done:
    free(z);
    free(pictures);
    free(path);
    return good;
}

bool gan_train_save(struct trainer *t)
{
    char *checkpoint = lim_run_file(&t->run, LIM_RUN_CHECKPOINT);
    bool good = checkpoint && find_folder(t);

    if (good) {
        lim_run_keep(&t->run, t->saved_step, t->keep);
        good = lim_dcgan_save(t->gan, checkpoint, &t->progress, false);
    }
    if (good) {
        t->saved_step = t->progress.step;
        t->shared = false;
        lim_run_prune(&t->run, t->keep);
    }
    free(checkpoint);
    return good;
}

bool gan_train_share(struct trainer *t)
{
    char *generator = lim_run_file(&t->run, LIM_RUN_GENERATOR);

    t->shared = generator && lim_dcgan_save(t->gan, generator, &t->progress, true);
    free(generator);
    return t->shared;
}

/* An animation shows the upper left part of a grid, at most this many pixels on an edge. */
static void crop_frame(struct lim_image *frame, int size)
{
    enum { LARGEST = 400 }; /* but two pictures along an edge at least */
    int across = (LARGEST - 2) / (size + 2), edge;

    if (frame->width <= LARGEST && frame->height <= LARGEST)
        return;
    edge = (across < 2 ? 2 : across) * (size + 2) + 2;
    if (edge > frame->width || edge > frame->height)
        return;
    for (int y = 0; y < edge; y++)
        memmove(frame->pixels + (size_t)y * (size_t)edge * (size_t)frame->channels,
                frame->pixels + (size_t)y * (size_t)frame->width * (size_t)frame->channels,
                (size_t)edge * (size_t)frame->channels);
    frame->width = frame->height = edge;
}

/* Reads the grid of a step; false where it is missing, cannot be read or has another shape than
 * `like` (NULL: any). */
static bool read_frame(const struct trainer *t, uint64_t step, const struct lim_image *like,
                       struct lim_image *frame)
{
    char *path = lim_run_sample_file(&t->run, step);
    bool good = path && lim_png_read(path, frame);

    free(path);
    if (!good)
        return false;
    crop_frame(frame, lim_dataset_size(t->ds));
    if (!like || (frame->width == like->width && frame->height == like->height &&
                  frame->channels == like->channels))
        return true;
    lim_image_finish(frame);
    return false;
}

bool gan_train_write_gif(const struct trainer *t)
{
    enum { MOST_FRAMES = 120, FRAME_TIME = 12, LAST_TIME = 300 };
    uint64_t *steps = NULL;
    int count = lim_run_samples(&t->run, &steps), wanted, frames = 0;
    struct lim_image *images = NULL;
    char *path = NULL;
    bool good = count == 0;

    if (count <= 0)
        goto done;
    wanted = count < MOST_FRAMES ? count : MOST_FRAMES;
    path = lim_run_file(&t->run, LIM_RUN_GIF);
    images = calloc((size_t)wanted, sizeof *images);
    if (!path || !images) {
        no_memory("the animation");
        goto done;
    }
    for (int i = 0; i < wanted; i++) {
        int index = wanted > 1 ? (int)((int64_t)i * (count - 1) / (wanted - 1)) : 0;

        if (read_frame(t, steps[index], frames ? &images[0] : NULL, &images[frames]))
            frames++;
    }
    good = frames == 0 || lim_gif_write(path, images, frames, FRAME_TIME, LAST_TIME);
done:
    for (int i = 0; i < frames; i++)
        lim_image_finish(&images[i]);
    free(images);
    free(path);
    free(steps);
    return good;
}
