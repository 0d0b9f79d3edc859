/* Exact copies by sorting digests. Near ones by multi-index hashing (Norouzi, Punjani and Fleet
 * 2012): hashes within 7 bits of each other agree, to one bit, in at least one of four parts of 16
 * bits, so a picture is compared only with those that share such a part, not with all. */
#include "data/duplicates.h"

#include "data/phash.h"

#include <stdlib.h>
#include <string.h>

#define PARTS 4
#define PART_BITS 16
_Static_assert(PHASH_BITS < 2 * PARTS, "one part must be within one bit");

/* The most pictures compared per bucket: where thousands share a part (all on white, or all of one
 * color), not all pairs must be compared. The latest come first. */
#define MOST_MET 1000

struct original {
    uint32_t file, met_by; /* the last file that was compared with it, plus 1 */
    uint32_t next[PARTS];  /* number of another in the same bucket, plus 1 */
    uint64_t phash;
    struct phash_sketch sketch;
};

struct search {
    const struct lim_dataset *ds;
    struct original *originals;
    uint32_t count;
    uint32_t *heads[PARTS]; /* [1 << PART_BITS] */
};

/* A picture whose copies are searched for. */
struct wanted {
    uint32_t file;
    uint64_t phash;
    struct phash_sketch sketch;
};

static uint32_t part_of(uint64_t phash, int part)
{
    return (uint32_t)(phash >> part * PART_BITS) & ((1u << PART_BITS) - 1);
}

static const uint8_t *pixels_of(const struct search *s, uint32_t file)
{
    return data_cache_slot(&s->ds->cache, s->ds->results[file].slot);
}

/* The cheapest test comes first. */
static bool is_near(const struct search *s, const struct wanted *w, const struct original *other)
{
    return data_phash_distance(w->phash, other->phash) <= PHASH_BITS &&
           data_sketches_agree(&w->sketch, &other->sketch) &&
           data_phash_same(pixels_of(s, w->file), pixels_of(s, other->file), s->ds->size,
                           s->ds->channels);
}

/* The first near original, by name, in one bucket; `best` if none is earlier. */
static uint32_t meet(struct search *s, const struct wanted *w, int part, uint32_t key,
                     uint32_t best)
{
    uint32_t at = s->heads[part][key];

    for (int met = 0; at && met < MOST_MET; met++) {
        struct original *other = &s->originals[at - 1];

        at = other->next[part];
        if (other->met_by == w->file + 1) /* in another bucket */
            continue;
        other->met_by = w->file + 1;
        if (other->file < best && is_near(s, w, other))
            best = other->file;
    }
    return best;
}

static uint32_t find_near(struct search *s, const struct wanted *w)
{
    uint32_t best = UINT32_MAX;

    for (int part = 0; part < PARTS; part++) {
        uint32_t key = part_of(w->phash, part);

        best = meet(s, w, part, key, best);
        for (int bit = 0; bit < PART_BITS; bit++)
            best = meet(s, w, part, key ^ 1u << bit, best);
    }
    return best;
}

static void add_original(struct search *s, const struct wanted *w)
{
    struct original *o = &s->originals[s->count++];

    *o = (struct original){.file = w->file, .phash = w->phash, .sketch = w->sketch};
    for (int part = 0; part < PARTS; part++) {
        uint32_t *head = &s->heads[part][part_of(w->phash, part)];

        o->next[part] = *head;
        *head = s->count;
    }
}

struct listed {
    uint64_t pixels;
    uint32_t width, height, file;
};

static int compare_pictures(const struct listed *a, const struct listed *b)
{
    if (a->pixels != b->pixels)
        return a->pixels < b->pixels ? -1 : 1;
    if (a->width != b->width)
        return a->width < b->width ? -1 : 1;
    return a->height < b->height ? -1 : a->height > b->height;
}

static int compare_listed(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    int order = compare_pictures(left, right);

    return order ? order : left->file < right->file ? -1 : left->file > right->file;
}

static void find_exact(const struct lim_dataset *ds, struct listed *list, struct duplicate *copies)
{
    size_t count = 0, first = 0;

    for (size_t i = 0; i < ds->files.count; i++) {
        const struct data_facts *facts = &ds->results[i].facts;

        if (ds->results[i].what == PREPARED)
            list[count++] =
                (struct listed){facts->pixels, facts->width, facts->height, (uint32_t)i};
    }
    if (count)
        qsort(list, count, sizeof *list, compare_listed);
    for (size_t i = 1; i < count; i++) {
        if (compare_pictures(&list[first], &list[i]) == 0)
            copies[list[i].file] = (struct duplicate){list[first].file, LIM_COPY_EXACT};
        else
            first = i;
    }
}

/* Copies of a near copy count as copies of its original. */
static void find_all_near(struct search *s, struct duplicate *copies)
{
    for (size_t i = 0; i < s->ds->files.count; i++) {
        const struct data_result *result = &s->ds->results[i];
        struct wanted w = {.file = (uint32_t)i, .phash = result->facts.phash};
        uint32_t near_one;

        if (result->what != PREPARED || copies[i].kind == LIM_COPY_EXACT)
            continue;
        w.sketch = data_sketch_of(pixels_of(s, w.file), s->ds->size, s->ds->channels);
        near_one = find_near(s, &w);
        if (near_one != UINT32_MAX)
            copies[i] = (struct duplicate){near_one, LIM_COPY_NEAR};
        else
            add_original(s, &w);
    }
    for (size_t i = 0; i < s->ds->files.count; i++)
        if (copies[i].kind == LIM_COPY_EXACT && copies[copies[i].of].kind == LIM_COPY_NEAR)
            copies[i].of = copies[copies[i].of].of;
}

struct duplicate *data_duplicates_find(const struct lim_dataset *ds)
{
    size_t count = ds->files.count + 1;
    struct search s = {.ds = ds, .originals = malloc(count * sizeof *s.originals)};
    struct duplicate *copies = calloc(count, sizeof *copies);
    struct listed *list = malloc(count * sizeof *list);
    bool good = copies && list && s.originals;

    for (int part = 0; part < PARTS; part++) {
        s.heads[part] = calloc((size_t)1 << PART_BITS, sizeof *s.heads[part]);
        good = good && s.heads[part];
    }
    if (good) {
        find_exact(ds, list, copies);
        find_all_near(&s, copies);
    } else {
        free(copies);
        copies = NULL;
    }
    for (int part = 0; part < PARTS; part++)
        free(s.heads[part]);
    free(s.originals);
    free(list);
    return copies;
}
