/* limner sample: new pictures from a model. */
#include "cli/commands.h"
#include "cli/device_options.h"
#include "cli/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <limner/limner.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct sample_settings {
    int count;
    uint64_t seed;
    const char *seeds, *grid, *out;
    bool batch_stats, raw;
    struct device_options dev;
};

static const struct sample_settings defaults = {.count = 64, .seed = 1, .out = "faces.png"};

#define MOST_SEED 9000000000000000000

#define FIELD(name) offsetof(struct sample_settings, name)
static const struct option options[] = {
    {"count", 'n', OPTION_INT, "N", FIELD(count), 1, 10000000, NULL, NULL,
     "how many pictures: those of the seeds SEED, SEED+1, ..."},
    {"seed", 0, OPTION_COUNT, "SEED", FIELD(seed), 0, MOST_SEED, NULL, NULL,
     "the first seed; one seed is one picture, in whatever company"},
    {"seeds", 0, OPTION_TEXT, "LIST", FIELD(seeds), 0, 0, NULL, NULL,
     "these seeds instead, such as 0-63,99"},
    {"grid", 0, OPTION_TEXT, "CxR", FIELD(grid), 0, 0, NULL, NULL,
     "C pictures side by side in R rows; without -n it also says how many"},
    {"out", 'o', OPTION_PATH, "FILE", FIELD(out), 0, 0, NULL, NULL,
     "a .png for a grid of all, or a folder (ending in /) for one file each"},
    {"batch-stats", 0, OPTION_FLAG, NULL, FIELD(batch_stats), 0, 0, NULL, NULL,
     "normalize by the statistics of each batch, as in training, instead of the running ones; a "
     "picture then depends on its company"},
    {"raw", 0, OPTION_FLAG, NULL, FIELD(raw), 0, 0, NULL, NULL,
     "of a checkpoint, the weights of the last step instead of their average (train --ema)"},
    {0},
};
#undef FIELD

static const struct option_group shared[] = {DEVICE_OPTIONS(struct sample_settings, dev), {0}};

enum { CHUNK = 64 }; /* pictures in memory at once when each becomes a file */

struct plan {
    uint64_t *seeds;
    int count, columns;
    bool folder;
};

/* Reads a seed at the beginning of *text and moves *text past it. */
static bool read_seed(const char **text, uint64_t *seed)
{
    size_t digits = strspn(*text, "0123456789");
    char number[24];

    if (digits == 0 || digits >= sizeof number)
        return false;
    snprintf(number, sizeof number, "%.*s", (int)digits, *text);
    *text += digits;
    return parse_count(number, seed) && *seed <= MOST_SEED;
}

/* Reads "0-63,99" into plan->seeds; called first with no array, to count. -1: not such a list. */
static int64_t read_seeds(const char *text, uint64_t *seeds)
{
    int64_t count = 0;

    for (;;) {
        uint64_t first, last;

        if (!read_seed(&text, &first))
            return -1;
        last = first;
        if (*text == '-') {
            text++;
            if (!read_seed(&text, &last) || last < first)
                return -1;
        }
        if (last - first >= 10000000 || count + (int64_t)(last - first) >= 10000000)
            return -1;
        for (uint64_t s = first; s <= last; s++, count++) {
            if (seeds)
                seeds[count] = s;
        }
        if (!*text)
            return count;
        if (*text++ != ',')
            return -1;
    }
}

static bool plan_grid(const struct sample_settings *set, bool count_given, struct plan *plan)
{
    int columns, rows, end = 0;

    if (!set->grid) {
        plan->columns = (int)ceil(sqrt(plan->count));
        return true;
    }
    if (strspn(set->grid, "0123456789x") != strlen(set->grid) ||
        sscanf(set->grid, "%4dx%4d%n", &columns, &rows, &end) != 2 || set->grid[end] ||
        columns < 1 || rows < 1) {
        say_error("sample: --grid '%s': not columns x rows, such as 8x8", set->grid);
        return false;
    }
    if (!count_given)
        plan->count = columns * rows;
    if (plan->count > columns * rows) {
        say_error("sample: --grid %s has room for %d picture%s, but %d were requested", set->grid,
                  columns * rows, lim_plural((uint64_t)(columns * rows)), plan->count);
        return false;
    }
    plan->columns = columns;
    return true;
}

static bool plan_seeds(const struct sample_settings *set, struct plan *plan)
{
    plan->seeds = malloc((size_t)plan->count * sizeof *plan->seeds);
    if (!plan->seeds) {
        say_error("sample: no memory for %d seeds", plan->count);
        return false;
    }
    if (set->seeds) {
        read_seeds(set->seeds, plan->seeds);
        return true;
    }
    for (int i = 0; i < plan->count; i++)
        plan->seeds[i] = set->seed + (uint64_t)i;
    return true;
}

static bool plan_out(const struct sample_settings *set, struct plan *plan)
{
    size_t length = strlen(set->out);
    struct stat st;

    plan->folder = set->out[length - 1] == '/';
    if (plan->folder || (stat(set->out, &st) == 0 && S_ISDIR(st.st_mode))) {
        plan->folder = true;
        if (!set->grid)
            return true;
        say_error("sample: --grid needs -o FILE.png, and '%s' is a folder", set->out);
        return false;
    }
    if (length > 4 && strcmp(set->out + length - 4, ".png") == 0)
        return true;
    say_error("sample: -o '%s' ends neither in .png (a grid) nor in / (a folder of files)",
              set->out);
    return false;
}

static enum lim_status make_plan(const struct command *command, const struct parsed *parsed,
                                 const struct sample_settings *set, struct plan *plan)
{
    bool count_given = option_given(command, parsed, "count");

    plan->count = set->count;
    if (set->seeds) {
        int64_t count = read_seeds(set->seeds, NULL);

        if (count < 0) {
            say_error("sample: --seeds '%s': not a list of seeds such as 0-63,99 (at most ten "
                      "million, none above 9e18)",
                      set->seeds);
            return LIM_USAGE;
        }
        if (count_given || option_given(command, parsed, "seed")) {
            say_error("sample: --seeds already says which and how many: leave out -n and --seed");
            return LIM_USAGE;
        }
        plan->count = (int)count;
        count_given = true;
    }
    if (!plan_out(set, plan) || !plan_grid(set, count_given, plan))
        return LIM_USAGE;
    return plan_seeds(set, plan) ? LIM_OK : LIM_ERROR;
}

/* "1-64" or "0-63,99"... the seeds of the picture, for its text chunk; long lists are cut. */
static void describe_seeds(const uint64_t *seeds, int count, char *text, size_t size)
{
    size_t length = 0;

    for (int i = 0; i < count;) {
        int last = i;

        while (last + 1 < count && seeds[last + 1] == seeds[last] + 1)
            last++;
        length +=
            (size_t)snprintf(text + length, size - length, "%s%" PRIu64, i ? "," : "", seeds[i]);
        if (last > i && length < size)
            length += (size_t)snprintf(text + length, size - length, "-%" PRIu64, seeds[last]);
        if (length + 48 > size) {
            snprintf(text + length, size > length ? size - length : 0, ",...");
            return;
        }
        i = last + 1;
    }
}

static bool write_picture(const char *path, const struct lim_image *image, const uint64_t *seeds,
                          int count, const struct lim_model_info *info)
{
    char software[64], list[1024], step[24];
    struct lim_text texts[] = {{"Software", software},
                               {"limner seed", list},
                               {"limner model", info->hash},
                               {"limner step", step}};

    snprintf(software, sizeof software, "limner %s", lim_version());
    describe_seeds(seeds, count, list, sizeof list);
    snprintf(step, sizeof step, "%" PRIu64, info->progress.step);
    return lim_png_write(path, image, texts, 4);
}

/* pictures[count][size][size][channels] of seeds[count]. */
static enum lim_status paint(struct lim_dcgan *gan, const uint64_t *seeds, int count,
                             bool batch_stats, uint8_t *pictures)
{
    int latent = lim_dcgan_get_config(gan)->latent;
    float *z = malloc((size_t)count * (size_t)latent * sizeof *z);
    bool painted;

    if (!z) {
        say_error("sample: no memory for %d latents", count);
        return LIM_ERROR;
    }
    for (int i = 0; i < count; i++)
        lim_dcgan_latent(seeds[i], latent, z + (size_t)i * (size_t)latent);
    painted = lim_dcgan_paint(gan, z, count, batch_stats, pictures);
    free(z);
    return painted ? LIM_OK : LIM_DEVICE_FAILED;
}

static enum lim_status write_folder(struct lim_dcgan *gan, const struct plan *plan,
                                    const struct sample_settings *set,
                                    const struct lim_model_info *info, uint8_t *pictures,
                                    size_t picture_bytes)
{
    const struct lim_dcgan_config *config = lim_dcgan_get_config(gan);
    enum lim_status status = LIM_OK;
    char path[4096], line[64];

    if (mkdir(set->out, 0777) != 0 && errno != EEXIST) {
        say_error("sample: cannot make the folder '%s': %s", set->out, strerror(errno));
        return LIM_ERROR;
    }
    for (int first = 0; first < plan->count && status == LIM_OK; first += CHUNK) {
        int n = plan->count - first < CHUNK ? plan->count - first : CHUNK;

        status = paint(gan, plan->seeds + first, n, set->batch_stats, pictures);
        for (int i = 0; i < n && status == LIM_OK; i++) {
            struct lim_image image = {config->size, config->size, config->channels,
                                      pictures + (size_t)i * picture_bytes};
            size_t length = strlen(set->out);

            snprintf(path, sizeof path, "%s%s%06" PRIu64 ".png", set->out,
                     set->out[length - 1] == '/' ? "" : "/", plan->seeds[first + i]);
            if (!write_picture(path, &image, &plan->seeds[first + i], 1, info))
                status = LIM_ERROR;
        }
        snprintf(line, sizeof line, "%d of %d picture%s", first + n, plan->count,
                 lim_plural((uint64_t)plan->count));
        status_line(line);
    }
    status_line("");
    return status;
}

static enum lim_status write_grid(struct lim_dcgan *gan, const struct plan *plan,
                                  const struct sample_settings *set,
                                  const struct lim_model_info *info, uint8_t *pictures)
{
    const struct lim_dcgan_config *config = lim_dcgan_get_config(gan);
    struct lim_image grid = {0};
    enum lim_status status = paint(gan, plan->seeds, plan->count, set->batch_stats, pictures);

    if (status != LIM_OK)
        return status;
    if (!lim_grid_make(&grid, pictures, plan->count, config->size, config->channels,
                       plan->columns) ||
        !write_picture(set->out, &grid, plan->seeds, plan->count, info))
        status = LIM_ERROR;
    lim_image_finish(&grid);
    return status;
}

static enum lim_status sample_with(struct lim_backend *be, const char *model,
                                   struct lim_model_info *info, const struct plan *plan,
                                   const struct sample_settings *set)
{
    enum lim_status status = LIM_BAD_INPUT;
    int held = plan->folder && plan->count > CHUNK ? CHUNK : plan->count;
    size_t picture_bytes =
        (size_t)info->config.size * (size_t)info->config.size * (size_t)info->config.channels;
    uint8_t *pictures = NULL;
    struct lim_dcgan *gan =
        lim_dcgan_load(be, model, held < CHUNK ? held : CHUNK, true, NULL, &status);

    if (!gan)
        return status;
    if (set->raw) {
        lim_dcgan_use_average(gan, false);
        if (!lim_dcgan_hash(gan, info->hash)) {
            lim_dcgan_destroy(gan);
            return LIM_ERROR;
        }
    }
    pictures = malloc((size_t)held * picture_bytes);
    if (!pictures) {
        say_error("sample: no memory for %d pictures of %dx%d", held, info->config.size,
                  info->config.size);
        status = LIM_ERROR;
    } else if (plan->folder) {
        status = write_folder(gan, plan, set, info, pictures, picture_bytes);
    } else {
        status = write_grid(gan, plan, set, info, pictures);
    }
    free(pictures);
    lim_dcgan_destroy(gan);
    return status;
}

static enum lim_status run(const struct command *command, const struct parsed *parsed,
                           void *settings)
{
    const struct sample_settings *set = settings;
    struct lim_dcgan_work work;
    const struct lim_tune_rates rates = {.cache_dir = set->dev.cache_dir, .work = work.name};
    struct lim_device_choice choice = device_choice(&set->dev);
    struct lim_model_info info;
    struct plan plan = {0};
    struct lim_backend *be;
    char model[4096];
    enum lim_status status = make_plan(command, parsed, set, &plan);

    choice.rate = lim_tune_rate;
    choice.rate_user = &rates;
    if (status != LIM_OK)
        goto done;
    status = find_weights(parsed->arguments[0], set->raw, model, sizeof model, &info);
    if (status != LIM_OK)
        goto done;
    lim_dcgan_work(&info.config, &work);
    be = lim_backend_create(&choice, &status);
    if (!be)
        goto done;
    lim_tune_load(be, set->dev.cache_dir);
    status = sample_with(be, model, &info, &plan, set);
    lim_backend_destroy(be);
    if (status == LIM_OK)
        printf("%s\n", set->out);
done:
    free(plan.seeds);
    return status;
}

const struct command command_sample = {
    .name = "sample",
    .arguments = "MODEL|RUN",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "paint new pictures",
    .details = "Paints new pictures with a model: generator.safetensors, a checkpoint, or a run "
               "folder that holds them. The same seed gives the same picture every time. Every PNG "
               "carries its seeds and the hash of its model as text.",
    .options = options,
    .shared = shared,
    .defaults = &defaults,
    .settings_size = sizeof(struct sample_settings),
    .run = run,
};
