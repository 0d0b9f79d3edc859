#include "cli/eval_report.h"
#include "cli/commands.h"
#include "cli/terminal.h"

#include <limner/image.h>
#include <limner/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each number means, for readers of the table. */
static const struct {
    enum lim_eval_number number;
    double scale; /* of what is printed */
    int digits;
    const char *label, *meaning;
} lines[] = {
    {LIM_EVAL_COVERAGE, 1, 3, "coverage", "reals that are painted: more is better"},
    {LIM_EVAL_DENSITY, 1, 3, "density", "painted where reals are dense: about 1"},
    {LIM_EVAL_PRECISION, 1, 3, "precision", "painted that look real: more is better"},
    {LIM_EVAL_RECALL, 1, 3, "recall", "reals within reach of G: more is better"},
    {LIM_EVAL_NN_REAL, 1, 3, "1-NN of reals", "0.5: cannot be told apart; 1: can"},
    {LIM_EVAL_NN_PAINTED, 1, 3, "1-NN of painted", "the same; below 0.5: too near to reals"},
    {LIM_EVAL_SPREAD, 1, 3, "spread", "variety: 1 as reals; less: alike"},
    {LIM_EVAL_KID, 1000, 2, "KID x 1000", "kernel distance: less is better"},
    {LIM_EVAL_KID_ERROR, 1000, 2, "  its error", "one standard error"},
    {LIM_EVAL_FRECHET, 1000, 2, "Frechet x 1000", "of mean and covariance: less is better"},
};

static cJSON *numbers_json(const double value[LIM_EVAL_NUMBERS])
{
    cJSON *json = cJSON_CreateObject();

    for (int i = 0; i < LIM_EVAL_NUMBERS; i++)
        cJSON_AddNumberToObject(json, lim_eval_number_name((enum lim_eval_number)i), value[i]);
    return json;
}

bool eval_rows_json(cJSON *json, const struct eval_row rows[EVAL_ROWS], int levels)
{
    for (int i = 0; i < EVAL_ROWS; i++) {
        const struct lim_eval_result *result = &rows[i].result;
        cJSON *row = numbers_json(result->value);

        cJSON_AddItemToObject(row, "deviation", numbers_json(result->deviation));
        cJSON_AddItemToObject(row, "gist", numbers_json(result->gist));
        cJSON_AddItemToObject(row, "swd", cJSON_CreateDoubleArray(result->swd, levels));
        cJSON_AddItemToObject(row, "detail", cJSON_CreateDoubleArray(result->detail, levels));
        cJSON_AddNumberToObject(row, "nearest", result->nearest);
        cJSON_AddNumberToObject(row, "memorized", result->memorized);
        cJSON_AddNumberToObject(row, "distinct", result->distinct);
        cJSON_AddBoolToObject(row, "distinct_at_least", result->distinct_at_least);
        if (!cJSON_AddItemToObject(json, rows[i].name, row))
            return false;
    }
    return true;
}

static void print_cells(const char *label, char cells[EVAL_ROWS][24], const char *meaning)
{
    printf("%-16s", label);
    for (int i = 0; i < EVAL_ROWS; i++)
        printf(" %*s", i ? 9 : 14, cells[i]);
    printf("  %s\n", meaning);
}

/* The numbers of one space; the painted pictures' with their `deviation`, if there is one. */
static void print_space(const struct eval_row rows[EVAL_ROWS], bool gist)
{
    for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
        char cells[EVAL_ROWS][24];

        for (int i = 0; i < EVAL_ROWS; i++) {
            const struct lim_eval_result *result = &rows[i].result;
            double value = gist ? result->gist[lines[k].number] : result->value[lines[k].number];

            if (i == 0 && !gist)
                snprintf(cells[i], sizeof cells[i], "%.*f +- %.*f", lines[k].digits,
                         value * lines[k].scale, lines[k].digits,
                         result->deviation[lines[k].number] * lines[k].scale);
            else
                snprintf(cells[i], sizeof cells[i], "%.*f", lines[k].digits,
                         value * lines[k].scale);
        }
        print_cells(lines[k].label, cells, lines[k].meaning);
    }
}

static void print_levels(const struct eval_row rows[EVAL_ROWS], int levels, int size, bool detail)
{
    for (int level = 0; level < levels; level++, size = (size + 1) / 2) {
        char cells[EVAL_ROWS][24], label[32];

        for (int i = 0; i < EVAL_ROWS; i++)
            snprintf(cells[i], sizeof cells[i], "%.*f", detail ? 3 : 1,
                     detail ? rows[i].result.detail[level] : rows[i].result.swd[level]);
        snprintf(label, sizeof label, "%s %dx%d", detail ? "detail" : "SWD", size, size);
        print_cells(label, cells,
                    level    ? ""
                    : detail ? "contrast / reals: less is blur, more is grain"
                             : "patches, by size of detail: less is better");
    }
}

static void print_copies(const struct eval_row rows[EVAL_ROWS])
{
    char cells[3][EVAL_ROWS][24];

    for (int i = 0; i < EVAL_ROWS; i++) {
        const struct lim_eval_result *result = &rows[i].result;

        snprintf(cells[0][i], sizeof cells[0][i], "%.3f", result->nearest);
        snprintf(cells[1][i], sizeof cells[1][i], "%.3f", result->memorized);
        snprintf(cells[2][i], sizeof cells[2][i], "%s%.3g", result->distinct_at_least ? ">" : "",
                 result->distinct);
    }
    print_cells("nearest", cells[0], "distance to training pictures / that of other reals");
    print_cells("memorized", cells[1], "share nearer than 99 % of other reals");
    print_cells("distinct", cells[2], "estimate of how many different pictures there are");
}

void eval_table(const struct eval_row rows[EVAL_ROWS], int levels, int size)
{
    char names[EVAL_ROWS][24];

    for (int i = 0; i < EVAL_ROWS; i++)
        snprintf(names[i], sizeof names[i], "%s", rows[i].name);
    print_cells("random networks", names, "");
    print_space(rows, false);
    print_copies(rows);
    print_cells("pyramid", names, "");
    print_levels(rows, levels, size, false);
    print_levels(rows, levels, size, true);
    print_cells("averaged pixels", names, "");
    print_space(rows, true);
}

enum { SHEET_PAIRS = 48, SHEET_COLUMNS = 12 /* of single pictures */ };

bool eval_sheet(const char *path, const struct lim_eval_pair *pairs, int count,
                const uint8_t *painted, int size, int channels)
{
    size_t bytes = (size_t)size * (size_t)size * (size_t)channels;
    int shown = count < SHEET_PAIRS ? count : SHEET_PAIRS;
    uint8_t *pictures = malloc(2 * (size_t)shown * bytes);
    struct lim_image grid = {0};
    char software[64];
    const struct lim_text texts[] = {
        {"Software", software},
        {"limner eval", "painted pictures, each with the nearest training picture at its right"}};
    bool good;

    if (!pictures) {
        say_error("%s: no memory for %d pictures", path, 2 * shown);
        return false;
    }
    snprintf(software, sizeof software, "limner %s", lim_version());
    for (int i = 0; i < shown; i++) {
        memcpy(pictures + 2 * (size_t)i * bytes, painted + (size_t)pairs[i].painted * bytes, bytes);
        memcpy(pictures + (2 * (size_t)i + 1) * bytes, pairs[i].real, bytes);
    }
    good = lim_grid_make(&grid, pictures, 2 * shown, size, channels, SHEET_COLUMNS) &&
           lim_png_write(path, &grid, texts, 2);
    lim_image_finish(&grid);
    free(pictures);
    return good;
}
