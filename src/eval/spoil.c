/* Reals that are spoiled on purpose: they show which numbers bad pictures get. */
#include "base/log.h"
#include "base/require.h"
#include "eval/whole.h"

#include <limner/image.h>
#include <stdlib.h>
#include <string.h>

const char *lim_eval_spoiled_name(enum lim_eval_spoiled kind)
{
    static const char *const names[LIM_EVAL_SPOILED] = {"blurred", "shuffled"};

    return (unsigned)kind < LIM_EVAL_SPOILED ? names[kind] : "unknown";
}

/* The pyramid's filter, of deviation 1, repeated until the deviation is sqrt(2) pixels at size
 * 64. */
static void blur(const struct eval_job *job, const uint8_t *picture, float *x, uint8_t *out)
{
    size_t floats = (size_t)job->size * (size_t)job->size * (size_t)job->channels;
    int rounds = job->size * job->size / 2048;

    lim_pixels_to_floats(picture, floats, x);
    for (int i = 0; i < rounds || i == 0; i++)
        eval_blur(x, job->size, job->channels, x + floats);
    lim_floats_to_pixels(x, floats, out);
}

/* Quarter q of picture i comes from picture i + q count/4. */
static void shuffle(const struct eval_job *job, const uint8_t *const *pictures, int count, int i,
                    uint8_t *out)
{
    int half = job->size / 2;
    size_t pixel = (size_t)job->channels, row = (size_t)job->size * pixel;

    for (int y = 0; y < job->size; y++) {
        for (int right = 0; right < 2; right++) {
            int quarter = 2 * (y >= half) + right, from = (i + quarter * (count / 4)) % count;
            size_t first = right ? (size_t)half * pixel : 0;
            size_t bytes = right ? row - first : (size_t)half * pixel;

            memcpy(out + (size_t)y * row + first, pictures[from] + (size_t)y * row + first, bytes);
        }
    }
}

bool lim_eval_spoil(const struct lim_eval *ev, enum lim_eval_spoiled kind, uint8_t *pictures)
{
    const struct eval_job *job;
    const uint8_t *const *others;
    size_t bytes;
    float *x;

    REQUIRE(ev && (unsigned)kind < LIM_EVAL_SPOILED && pictures, false);
    job = &ev->job;
    others = ev->both + ev->count;
    bytes = (size_t)job->size * (size_t)job->size * (size_t)job->channels;
    x = malloc(2 * bytes * sizeof *x);
    if (!x) {
        lim_error("evaluation: no memory for a picture");
        return false;
    }
    for (int i = 0; i < ev->count; i++) {
        if (kind == LIM_EVAL_BLURRED)
            blur(job, others[i], x, pictures + (size_t)i * bytes);
        else
            shuffle(job, others, ev->count, i, pictures + (size_t)i * bytes);
    }
    free(x);
    return true;
}
