/* The numbers of an evaluation: against those of numpy (golden/eval.txt, written by
 * golden/make_eval.py), and on pictures with a planted fault, which the number designed for it must
 * detect. argv[1]: the golden file. */
#include "support/check.h"
#include "support/drawings.h"

#include <limner/limner.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *golden;
static struct lim_backend *be;

/* Pictures and the list of them that lim_eval_create takes. */
struct pictures {
    int size, channels, count;
    uint8_t *pixels;
    const uint8_t **list;
};

static size_t bytes_of(const struct pictures *p)
{
    return (size_t)p->size * (size_t)p->size * (size_t)p->channels;
}

static uint8_t *picture(const struct pictures *p, int i)
{
    return p->pixels + (size_t)i * bytes_of(p);
}

static struct pictures draw(int size, int channels, uint32_t kind, int count)
{
    struct pictures p = {size, channels, count, NULL, NULL};

    p.pixels = malloc((size_t)count * bytes_of(&p));
    p.list = malloc((size_t)count * sizeof *p.list);
    assert_non_null(p.pixels);
    assert_non_null(p.list);
    for (int i = 0; i < count; i++) {
        draw_picture(size, channels, kind, i, picture(&p, i));
        p.list[i] = picture(&p, i);
    }
    return p;
}

static void finish(struct pictures *p)
{
    free(p->pixels);
    free(p->list);
}

/* The golden value; fails where there is none. */
static double expected(const char *name, const char *number)
{
    char line[128], found_case[32], found[64];
    FILE *file = fopen(golden, "r");
    double value = NAN;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        double v;

        if (sscanf(line, "%31s %63s %lf", found_case, found, &v) == 3 &&
            strcmp(found_case, name) == 0 && strcmp(found, number) == 0)
            value = v;
    }
    fclose(file);
    if (isnan(value))
        fail_msg("%s has no '%s %s'", golden, name, number);
    return value;
}

/* `share` > 0: a count of pictures, of which one may differ where two distances are equal but for
 * rounding: that much. */
static void compare(const char *name, const char *number, double got, double share)
{
    double want = expected(name, number), bound = 1e-3 * fabs(want) + 2e-5;

    if (share > 0)
        bound = 1.01 * share;
    if (!(fabs(got - want) <= bound))
        fail_msg("%s %s: %.9g instead of %.9g", name, number, got, want);
}

static void check_case(const char *name, int size, int channels, int count)
{
    struct pictures reals = draw(size, channels, 1, count + count / 2);
    struct pictures others = draw(size, channels, 2, count);
    struct pictures painted = draw(size, channels, 3, count);
    struct lim_eval_config config = lim_eval_defaults();
    struct lim_eval_result result;
    struct lim_eval *ev;
    size_t row = (size_t)size * (size_t)channels;

    for (int i = 0; i < count; i++) {
        uint8_t *p = picture(&painted, i);

        if (i % 7 == 0) {
            memcpy(p, picture(&reals, i), bytes_of(&painted));
            continue;
        }
        for (size_t k = 0; i % 3 && k < bytes_of(&painted); k += (size_t)channels)
            p[k] = (uint8_t)(p[k] > 195 ? 255 : p[k] + 60);
        for (int y = 1; i % 5 == 0 && y < size; y += 2)
            memcpy(p + (size_t)y * row, p + (size_t)(y - 1) * row, row);
    }
    config.size = size;
    config.channels = channels;
    config.count = count;
    config.nets = 2;
    ev = lim_eval_create(be, &config, reals.list, reals.count, others.list, others.count, NULL);
    assert_non_null(ev);
    assert_int_equal(lim_eval_count(ev), count);
    assert_int_equal(lim_eval_searched(ev), reals.count);
    assert_true(lim_eval_measure(ev, painted.pixels, &result, NULL));
    for (int i = 0; i < LIM_EVAL_NUMBERS; i++) {
        const char *number = lim_eval_number_name((enum lim_eval_number)i);
        double share = i < LIM_EVAL_SPREAD ? 1.0 / count : 0;
        char text[64];

        compare(name, number, result.value[i], share);
        snprintf(text, sizeof text, "%s_deviation", number);
        compare(name, text, result.deviation[i], share);
        snprintf(text, sizeof text, "gist_%s", number);
        compare(name, text, result.gist[i], share);
    }
    for (int level = 0; level < lim_eval_levels(ev); level++) {
        char text[64];

        snprintf(text, sizeof text, "swd_%d", level);
        compare(name, text, result.swd[level], 0);
        snprintf(text, sizeof text, "detail_%d", level);
        compare(name, text, result.detail[level], 0);
    }
    compare(name, "nearest", result.nearest, 0);
    compare(name, "memorized", result.memorized, 1.0 / count);
    compare(name, "distinct", result.distinct, 0);
    lim_eval_destroy(ev);
    finish(&reals);
    finish(&others);
    finish(&painted);
}

static void numpy_agrees(void **state)
{
    (void)state;
    check_case("color", 32, 3, 96);
    check_case("gray", 48, 1, 64);
    check_case("large", 128, 3, 40);
}

/* Reals, others and fresh pictures of the same kind, prepared once for all faults. */
enum { SIZE = 32, COUNT = 256 };

static struct pictures reals, others, fresh;
static struct lim_eval *ev;

static int prepare(void **state)
{
    struct lim_eval_config config = lim_eval_defaults();

    (void)state;
    config.size = SIZE;
    config.count = COUNT;
    config.nets = 2;
    reals = draw(SIZE, 3, 11, COUNT);
    others = draw(SIZE, 3, 12, COUNT);
    fresh = draw(SIZE, 3, 13, COUNT);
    ev = lim_eval_create(be, &config, reals.list, COUNT, others.list, COUNT, NULL);
    return ev ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    lim_eval_destroy(ev);
    finish(&reals);
    finish(&others);
    finish(&fresh);
    return 0;
}

typedef void change(uint8_t *pixels, int i);

/* Measures fresh pictures after `fault` has changed each. */
static struct lim_eval_result measure(change *fault)
{
    struct pictures p = draw(SIZE, 3, 13, COUNT);
    struct lim_eval_result result;

    for (int i = 0; fault && i < COUNT; i++)
        fault(picture(&p, i), i);
    assert_true(lim_eval_measure(ev, p.pixels, &result, NULL));
    finish(&p);
    return result;
}

/* Between `low` and `high`; the floor and the value are told otherwise. */
static void in_range(const char *what, double value, double low, double high)
{
    if (!(value >= low && value <= high))
        fail_msg("%s is %g, not between %g and %g", what, value, low, high);
}

static void nothing_is_wrong(void **state)
{
    struct lim_eval_result r = measure(NULL);
    const struct lim_eval_result *floor = lim_eval_floor(ev);

    (void)state;
    in_range("coverage", r.value[LIM_EVAL_COVERAGE], 0.9, 1);
    in_range("density", r.value[LIM_EVAL_DENSITY], 0.85, 1.15);
    in_range("precision", r.value[LIM_EVAL_PRECISION], 0.9, 1);
    in_range("recall", r.value[LIM_EVAL_RECALL], 0.9, 1);
    in_range("nn_real", r.value[LIM_EVAL_NN_REAL], 0.4, 0.6);
    in_range("nn_painted", r.value[LIM_EVAL_NN_PAINTED], 0.4, 0.6);
    in_range("spread", r.value[LIM_EVAL_SPREAD], 0.95, 1.05);
    in_range("kid", r.value[LIM_EVAL_KID] / r.value[LIM_EVAL_KID_ERROR], -3, 3);
    in_range("memorized", r.memorized, 0, 0.05);
    in_range("memorized of other reals", floor->memorized, 0, 0.011);
    in_range("nearest", r.nearest, 0.9, 1.1);
    in_range("distinct", r.distinct, 2000, 1e9);
    for (int level = 0; level < lim_eval_levels(ev); level++) {
        in_range("detail", r.detail[level], 0.95, 1.05);
        in_range("swd / floor", r.swd[level] / floor->swd[level], 0.4, 2);
    }
}

static void few(uint8_t *pixels, int i)
{
    memcpy(pixels, picture(&fresh, i % 8), bytes_of(&fresh));
}

static void copies_of_few(void **state)
{
    struct lim_eval_result r = measure(few);

    (void)state;
    in_range("distinct", r.distinct, 6, 10);
    assert_false(r.distinct_at_least);
    in_range("coverage", r.value[LIM_EVAL_COVERAGE], 0, 0.4);
    in_range("recall", r.value[LIM_EVAL_RECALL], 0, 0.2);
    in_range("nn_painted", r.value[LIM_EVAL_NN_PAINTED], 0.9, 1);
}

static void real(uint8_t *pixels, int i)
{
    memcpy(pixels, picture(&reals, i), bytes_of(&reals));
}

static void memorized(void **state)
{
    struct lim_eval_result r = measure(real);

    (void)state;
    in_range("memorized", r.memorized, 0.99, 1);
    in_range("nearest", r.nearest, 0, 0.05);
    in_range("nn_real", r.value[LIM_EVAL_NN_REAL], 0, 0.05);
    in_range("nn_painted", r.value[LIM_EVAL_NN_PAINTED], 0, 0.05);
}

static void blur(uint8_t *pixels, int i)
{
    uint8_t old[SIZE * SIZE * 3];

    (void)i;
    memcpy(old, pixels, sizeof old);
    for (int y = 1; y < SIZE - 1; y++)
        for (int x = 3; x < (SIZE - 1) * 3; x++)
            pixels[y * SIZE * 3 + x] =
                (uint8_t)((old[y * SIZE * 3 + x - 3] + old[y * SIZE * 3 + x + 3] +
                           old[(y - 1) * SIZE * 3 + x] + old[(y + 1) * SIZE * 3 + x]) /
                          4);
}

static void blurred(void **state)
{
    struct lim_eval_result r = measure(blur);

    (void)state;
    in_range("detail of the finest level", r.detail[0], 0, 0.7);
    in_range("swd of the finest level / floor", r.swd[0] / lim_eval_floor(ev)->swd[0], 3, 1e9);
}

static void noise(uint8_t *pixels, int i)
{
    float x[SIZE * SIZE * 3];

    lim_random_uniform(5, LIM_RANDOM_TEST, (uint64_t)i, SIZE * SIZE * 3, x);
    for (int k = 0; k < SIZE * SIZE * 3; k++) {
        double v = pixels[k] + 80 * ((double)x[k] - 0.5);

        pixels[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static void grainy(void **state)
{
    struct lim_eval_result r = measure(noise);

    (void)state;
    in_range("detail of the finest level", r.detail[0], 1.15, 1e9);
    in_range("swd of the finest level / floor", r.swd[0] / lim_eval_floor(ev)->swd[0], 3, 1e9);
    in_range("density / floor",
             r.value[LIM_EVAL_DENSITY] / lim_eval_floor(ev)->value[LIM_EVAL_DENSITY], 0, 0.8);
}

static void drop_mode(uint8_t *pixels, int i)
{
    draw_picture(SIZE, 3, 13, 4 * i + i % 2, pixels); /* discs alone, no squares */
}

static void mode_is_missing(void **state)
{
    struct lim_eval_result r = measure(drop_mode);

    (void)state;
    in_range("coverage - floor",
             r.value[LIM_EVAL_COVERAGE] - lim_eval_floor(ev)->value[LIM_EVAL_COVERAGE], -1, -0.1);
    in_range("recall - floor",
             r.value[LIM_EVAL_RECALL] - lim_eval_floor(ev)->value[LIM_EVAL_RECALL], -1, -0.1);
    in_range("kid / its error", r.value[LIM_EVAL_KID] / r.value[LIM_EVAL_KID_ERROR], 3, 1e9);
}

static void shift_color(uint8_t *pixels, int i)
{
    (void)i;
    for (int k = 0; k < SIZE * SIZE * 3; k += 3)
        pixels[k] = (uint8_t)(pixels[k] > 205 ? 255 : pixels[k] + 50);
}

static void colors_are_shifted(void **state)
{
    struct lim_eval_result r = measure(shift_color);
    const struct lim_eval_result *floor = lim_eval_floor(ev);

    (void)state;
    in_range("frechet of averaged pixels / floor",
             r.gist[LIM_EVAL_FRECHET] / floor->gist[LIM_EVAL_FRECHET], 3, 1e9);
    in_range("kid of averaged pixels / its error",
             r.gist[LIM_EVAL_KID] / r.gist[LIM_EVAL_KID_ERROR], 3, 1e9);
    in_range("coverage of averaged pixels - floor",
             r.gist[LIM_EVAL_COVERAGE] - floor->gist[LIM_EVAL_COVERAGE], -1, -0.1);
}

static void mirror(uint8_t *pixels, int i)
{
    for (int y = 0; i % 2 && y < SIZE; y++) {
        uint8_t *row = pixels + y * SIZE * 3;

        for (int x = 0; x < SIZE / 2; x++) {
            uint8_t pixel[3];

            memcpy(pixel, row + x * 3, 3);
            memcpy(row + x * 3, row + (SIZE - 1 - x) * 3, 3);
            memcpy(row + (SIZE - 1 - x) * 3, pixel, 3);
        }
    }
}

static void half_are_mirrored(void **state)
{
    struct lim_eval_result r = measure(mirror);
    const struct lim_eval_result *floor = lim_eval_floor(ev);

    (void)state;
    in_range("kid / its error", r.value[LIM_EVAL_KID] / r.value[LIM_EVAL_KID_ERROR], 3, 1e9);
    in_range("frechet of averaged pixels / floor",
             r.gist[LIM_EVAL_FRECHET] / floor->gist[LIM_EVAL_FRECHET], 3, 1e9);
    in_range("precision - floor", r.value[LIM_EVAL_PRECISION] - floor->value[LIM_EVAL_PRECISION],
             -1, -0.2);
}

static void pairs_are_sorted(void **state)
{
    struct pictures p = draw(SIZE, 3, 13, COUNT);
    struct lim_eval_pair *pairs = malloc(COUNT * sizeof *pairs);
    struct lim_eval_result result;

    (void)state;
    assert_non_null(pairs);
    memcpy(picture(&p, 77), picture(&reals, 5), bytes_of(&p));
    assert_true(lim_eval_measure(ev, p.pixels, &result, pairs));
    assert_int_equal(pairs[0].painted, 77);
    assert_ptr_equal(pairs[0].real, reals.list[5]);
    assert_true(pairs[0].memorized && pairs[0].distance < 0.01);
    for (int i = 1; i < COUNT; i++)
        assert_true(pairs[i].distance >= pairs[i - 1].distance);
    free(pairs);
    finish(&p);
}

/* The rows that stand beside painted pictures are what they should be: spoiled. */
static void spoiled(void **state)
{
    struct pictures p = draw(SIZE, 3, 13, COUNT);
    struct lim_eval_result r;

    (void)state;
    assert_true(lim_eval_spoil(ev, LIM_EVAL_BLURRED, p.pixels));
    assert_true(lim_eval_measure(ev, p.pixels, &r, NULL));
    in_range("detail of blurred pictures", r.detail[0], 0, 0.7);
    assert_true(lim_eval_spoil(ev, LIM_EVAL_SHUFFLED, p.pixels));
    assert_true(lim_eval_measure(ev, p.pixels, &r, NULL));
    in_range("detail of shuffled pictures", r.detail[0], 0.8, 1.5);
    in_range("precision of shuffled pictures", r.value[LIM_EVAL_PRECISION], 0, 0.5);
    finish(&p);
}

/* The same bits with any number of threads, on every run. */
static void threads_do_not_matter(void **state)
{
    struct lim_eval_config config = lim_eval_defaults();
    struct lim_eval_result results[2];

    (void)state;
    config.size = SIZE;
    config.count = 64;
    config.nets = 2;
    for (int i = 0; i < 2; i++) {
        struct lim_device_choice choice = {.device = "cpu", .threads = i ? 3 : 1};
        struct lim_backend *own = lim_backend_create(&choice, NULL);
        struct lim_eval *again;

        config.threads = choice.threads;
        assert_non_null(own);
        again = lim_eval_create(own, &config, reals.list, COUNT, others.list, COUNT, NULL);
        assert_non_null(again);
        memset(&results[i], 0, sizeof results[i]);
        assert_true(lim_eval_measure(again, fresh.pixels, &results[i], NULL));
        lim_eval_destroy(again);
        lim_backend_destroy(own);
    }
    assert_memory_equal(&results[0], &results[1], sizeof results[0]);
}

static void log_line(void *user, enum lim_log_level level, const char *message)
{
    (void)level;
    (void)message;
    ++*(int *)user;
}

static void too_few_pictures(void **state)
{
    struct lim_eval_config config = lim_eval_defaults();
    enum lim_status why = LIM_OK;
    int lines = 0;

    (void)state;
    lim_log_set(log_line, &lines, LIM_LOG_ERROR);
    config.size = SIZE;
    assert_null(lim_eval_create(be, &config, reals.list, 31, others.list, COUNT, &why));
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_int_equal(lines, 1);
    config.nets = LIM_EVAL_MAX_NETS + 1;
    assert_null(lim_eval_create(be, &config, reals.list, COUNT, others.list, COUNT, &why));
    assert_int_equal(why, LIM_USAGE);
    assert_int_equal(lines, 2);
    lim_log_set(NULL, NULL, LIM_LOG_ERROR);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numpy_agrees),      cmocka_unit_test(nothing_is_wrong),
        cmocka_unit_test(copies_of_few),     cmocka_unit_test(memorized),
        cmocka_unit_test(blurred),           cmocka_unit_test(grainy),
        cmocka_unit_test(mode_is_missing),   cmocka_unit_test(colors_are_shifted),
        cmocka_unit_test(half_are_mirrored), cmocka_unit_test(pairs_are_sorted),
        cmocka_unit_test(spoiled),           cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(too_few_pictures),
    };
    struct lim_device_choice choice = {.device = "cpu"};
    int failed;

    if (argc < 2)
        return 2;
    golden = argv[1];
    be = lim_backend_create(&choice, NULL);
    failed = be ? cmocka_run_group_tests(tests, prepare, end) : 1;
    lim_backend_destroy(be);
    return failed;
}
