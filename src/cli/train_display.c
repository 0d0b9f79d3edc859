#include "cli/train_display.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/train_eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 20 };
static const double line_every = 5, json_every = 1, redraw_every = 0.1, time_left_after = 1; /* s */

static void draw_bar(double share, char bar[BAR + 1])
{
    for (int i = 0; i < BAR; i++)
        bar[i] = i < share * BAR ? '#' : '.';
    bar[BAR] = 0;
}

bool display_decoding(void *user, int done, int total)
{
    struct display *display = user;
    double share = total > 0 ? (double)done / total : 1;
    char bar[BAR + 1], line[160], time[32], left[48] = "";
    double now = lim_clock();

    if (display->decoding_since <= 0)
        display->decoding_since = now;
    if (done > 0 && now - display->decoding_since > time_left_after)
        snprintf(left, sizeof left, ", %s left",
                 format_time((now - display->decoding_since) * (total - done) / done, time,
                             sizeof time));
    if (terminal_live()) {
        draw_bar(share, bar);
        snprintf(line, sizeof line, "[%s] decoding pictures: %d of %d%s", bar, done, total, left);
        status_line(done == total ? "" : line);
    } else if (now - display->last_line > line_every && done < total) {
        if (display->last_line > 0)
            say("decoding pictures: %d of %d%s", done, total, left);
        display->last_line = now;
    }
    return !stop_requested(NULL);
}

/* Pictures seen, abbreviated: 950, 64.0k, 1.25M. */
static void format_count(uint64_t count, char *text, size_t size)
{
    if (count < 10000)
        snprintf(text, size, "%llu", (unsigned long long)count);
    else if (count < 1000000)
        snprintf(text, size, "%.1fk", (double)count / 1e3);
    else
        snprintf(text, size, "%.2fM", (double)count / 1e6);
}

static void format_status(const struct display *display, const struct lim_train_status *s,
                          char *line, size_t size)
{
    char seen[24], left[32], epochs[32] = "";

    format_count(s->seen, seen, sizeof seen);
    if (s->epochs > 0)
        snprintf(epochs, sizeof epochs, "/%g", s->epochs);
    snprintf(line, size,
             "epoch %.2f%s  step %llu  seen %s  %.0f/s, %.1f%% waiting  %s left  D %.3f G %.3f  "
             "D(x) %.2f "
             "D(G(z)) %.2f/%.2f  %llu launch%s  %s",
             s->epoch, epochs, (unsigned long long)s->step, seen, s->per_second, 100 * s->waited,
             format_time(s->seconds_left, left, sizeof left),
             (double)(s->stats.loss_real + s->stats.loss_fake), (double)s->stats.loss_g,
             (double)s->stats.d_real, (double)s->stats.d_fake, (double)s->stats.d_fake_after,
             (unsigned long long)s->launches, s->launches == 1 ? "" : "es", display->device);
}

/* A float has six digits: 0.693147 instead of 0.69314718246459961. */
static void add_number(cJSON *object, const char *name, double value)
{
    char text[32];

    snprintf(text, sizeof text, "%.6g", value);
    cJSON_AddNumberToObject(object, name, isfinite(value) ? strtod(text, NULL) : value);
}

static void print_json_step(const struct lim_train_status *s)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "event", "step");
    cJSON_AddNumberToObject(o, "step", (double)s->step);
    cJSON_AddNumberToObject(o, "total_steps", (double)s->total_steps);
    cJSON_AddNumberToObject(o, "seen", (double)s->seen);
    add_number(o, "epoch", s->epoch);
    add_number(o, "per_second", s->per_second);
    add_number(o, "seconds", s->seconds);
    add_number(o, "seconds_left", s->seconds_left);
    add_number(o, "waited", s->waited);
    cJSON_AddNumberToObject(o, "launches", (double)s->launches);
    add_number(o, "loss_d", (double)(s->stats.loss_real + s->stats.loss_fake));
    add_number(o, "loss_real", (double)s->stats.loss_real);
    add_number(o, "loss_fake", (double)s->stats.loss_fake);
    add_number(o, "loss_g", (double)s->stats.loss_g);
    add_number(o, "d_real", (double)s->stats.d_real);
    add_number(o, "d_fake", (double)s->stats.d_fake);
    add_number(o, "d_fake_after", (double)s->stats.d_fake_after);
    if (s->score_count > 0) {
        cJSON *scores = cJSON_AddObjectToObject(o, "scores");

        for (int i = 0; i < s->score_count; i++)
            add_number(scores, s->scores[i].name, s->scores[i].value);
        add_number(scores, "eval_share", s->eval_share);
    }
    cJSON_AddBoolToObject(o, "saved", s->saved);
    cJSON_AddBoolToObject(o, "sampled", s->sampled);
    display_json(o);
}

void display_step(struct display *display, const struct lim_train_status *s)
{
    bool last = s->total_steps && s->step >= s->total_steps, live = terminal_live();
    double every = display->json ? json_every : live ? redraw_every : line_every;
    double now = lim_clock();
    char line[512], drawn[512 + BAR + 16], bar[BAR + 1];
    double share;

    if (s->score_count > 0 && !display->json)
        train_say_scores(s);
    if (display->last_line > 0 && now - display->last_line < every && !last &&
        !(display->json && (s->saved || s->sampled || s->score_count)))
        return;
    display->last_line = now;
    if (display->json)
        print_json_step(s);
    format_status(display, s, line, sizeof line);
    if (!live) {
        if (!display->json)
            say("%s", line);
        return;
    }
    share = s->total_steps ? (double)s->step / (double)s->total_steps : 0;
    draw_bar(share, bar);
    snprintf(drawn, sizeof drawn, "[%s] %.0f%%  %s", bar, 100 * share, line);
    status_line(drawn);
}

/* A file name may hold bytes that are not UTF-8, and JSON may not: they become "\\xff". */
static void print_json(const char *text)
{
    size_t size = 4 * strlen(text) + 8;
    char *plain = malloc(size);

    if (!plain)
        return;
    for (const char *at = lim_printable(text, plain, size); *at; at++) {
        /* JSON has no escape \x: lim_printable wrote this one. */
        if (at[0] == '\\' && at[1] == 'x')
            putchar('\\');
        else if (at[0] == '\\')
            putchar(*at++);
        putchar(*at);
    }
    putchar('\n');
    free(plain);
}

void display_json(cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);

    if (text) {
        print_json(text);
        fflush(stdout);
    }
    cJSON_free(text);
    cJSON_Delete(object);
}
