/* Exact copies by sorting digests. Near ones by multi-index hashing (Norouzi, Punjani and Fleet
 * 2012): looks within 7 bits of each other agree in one of four parts of 16 bits to one bit, so a
 * picture meets only those that share such a part with it, and not all. */
#include "data/copies.h"

#include "data/look.h"

#include <stdlib.h>
#include <string.h>

#define PARTS 4
#define PART_BITS 16
_Static_assert(LOOK_BITS < 2 * PARTS, "one part must be within one bit");

/* Pictures that are met at one place, at most: where thousands share a part (all on white, or all
 * of one colour) the search must not become one of all with all. The latest come first. */
#define MOST_MET 1000

struct original {
    uint32_t file;
    uint32_t next[PARTS]; /* number of another at the same place, plus 1 */
};

struct search {
    const struct lim_dataset *ds;
    struct original *originals;
    uint32_t count;
    uint32_t *heads[PARTS]; /* [1 << PART_BITS] */
};

static const struct data_facts *facts_of(const struct search *s, uint32_t file)
{
    return &s->ds->results[file].facts;
}

static uint32_t part_of(uint64_t look, int part)
{
    return (uint32_t)(look >> part * PART_BITS) & ((1u << PART_BITS) - 1);
}

static bool is_near(const struct search *s, uint32_t a, uint32_t b)
{
    const struct lim_dataset *ds = s->ds;

    return look_distance(facts_of(s, a)->look, facts_of(s, b)->look) <= LOOK_BITS &&
           look_same(cache_slot(&ds->cache, ds->results[a].slot),
                     cache_slot(&ds->cache, ds->results[b].slot), ds->size, ds->channels);
}

/* The first original, by name, among those at one place that is near; `best` if none is earlier. */
static uint32_t meet(const struct search *s, uint32_t file, int part, uint32_t key, uint32_t best)
{
    uint32_t at = s->heads[part][key];

    for (int met = 0; at && met < MOST_MET; met++) {
        const struct original *other = &s->originals[at - 1];

        if (other->file < best && is_near(s, file, other->file))
            best = other->file;
        at = other->next[part];
    }
    return best;
}

static uint32_t find_near(const struct search *s, uint32_t file)
{
    uint64_t look = facts_of(s, file)->look;
    uint32_t best = UINT32_MAX;

    for (int part = 0; part < PARTS; part++) {
        uint32_t key = part_of(look, part);

        best = meet(s, file, part, key, best);
        for (int bit = 0; bit < PART_BITS; bit++)
            best = meet(s, file, part, key ^ 1u << bit, best);
    }
    return best;
}

static void add_original(struct search *s, uint32_t file)
{
    uint64_t look = facts_of(s, file)->look;
    struct original *o = &s->originals[s->count++];

    o->file = file;
    for (int part = 0; part < PARTS; part++) {
        uint32_t *head = &s->heads[part][part_of(look, part)];

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

static void find_exact(const struct lim_dataset *ds, struct listed *list, struct copy *copies)
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
            copies[list[i].file] = (struct copy){list[first].file, LIM_COPY_EXACT};
        else
            first = i;
    }
}

/* Copies of a near copy are copies of what that is a copy of. */
static void find_all_near(struct search *s, struct copy *copies)
{
    for (size_t i = 0; i < s->ds->files.count; i++) {
        uint32_t near_one;

        if (s->ds->results[i].what != PREPARED || copies[i].kind == LIM_COPY_EXACT)
            continue;
        near_one = find_near(s, (uint32_t)i);
        if (near_one != UINT32_MAX)
            copies[i] = (struct copy){near_one, LIM_COPY_NEAR};
        else
            add_original(s, (uint32_t)i);
    }
    for (size_t i = 0; i < s->ds->files.count; i++)
        if (copies[i].kind == LIM_COPY_EXACT && copies[copies[i].of].kind == LIM_COPY_NEAR)
            copies[i].of = copies[copies[i].of].of;
}

struct copy *copies_find(const struct lim_dataset *ds)
{
    size_t count = ds->files.count + 1;
    struct search s = {.ds = ds, .originals = malloc(count * sizeof *s.originals)};
    struct copy *copies = calloc(count, sizeof *copies);
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
