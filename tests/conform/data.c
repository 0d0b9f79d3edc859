/* Numbers and memory for the cases. */
#include "conform.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void *conform_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p) {
        fprintf(stderr, "limner-conform: no memory for %zu elements\n", count);
        exit(1);
    }
    return p;
}

/* FNV-1a, 64 bits. */
uint64_t conform_hash(uint64_t seed, const char *text)
{
    uint64_t h = 0xcbf29ce484222325u ^ seed;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

/* SplitMix64 (Steele, Lea, Flood 2014): any state is a good one. */
uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int rng_below(struct rng *rng, int below)
{
    return (int)(((rng_next(rng) >> 32) * (uint64_t)below) >> 32);
}

double rng_uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *rng)
{
    double u = 1.0 - rng_uniform(rng), v = rng_uniform(rng);

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

struct operand *operand_add(struct problem *pb, const char *name, enum role role, int n, int h,
                            int w, int c)
{
    struct operand *o = &pb->o[pb->count++];

    *o = (struct operand){.name = name, .role = role, .n = n, .h = h, .w = w, .c = c};
    o->count = (size_t)n * (size_t)h * (size_t)w * (size_t)c;
    o->init = conform_alloc(o->count, sizeof *o->init);
    for (size_t i = 0; i < o->count; i++)
        o->init[i] = NAN;
    if (role != ROLE_IN)
        o->got = conform_alloc(o->count, sizeof *o->got);
    return o;
}

void operand_fill(struct problem *pb, struct operand *o, int most, double scale)
{
    for (size_t i = 0; i < o->count; i++) {
        if (pb->pass == PASS_INTEGERS)
            o->init[i] = (float)(rng_below(&pb->rng, 2 * most + 1) - most);
        else
            o->init[i] = (float)(scale * rng_normal(&pb->rng));
    }
}

void operand_plant(struct operand *o, const float *values, int count)
{
    for (int j = 0; j < count && (size_t)j < o->count; j++)
        o->init[j] = values[j];
}

void operand_want(struct operand *o)
{
    o->want = conform_alloc(o->count, sizeof *o->want);
    o->bound = conform_alloc(o->count, sizeof *o->bound);
}

void problem_finish(struct problem *pb)
{
    for (int i = 0; i < pb->count; i++) {
        free(pb->o[i].init);
        free(pb->o[i].want);
        free(pb->o[i].bound);
        free(pb->o[i].got);
        free(pb->o[i].cpu);
    }
}

const int conform_lengths[LENGTHS] = {1, 2, 63, 64, 65, 255, 256, 257, 1009, 65537, 4194304};

unsigned conform_length_flags(int length)
{
    if (length == LENGTHS - 1)
        return CASE_BENCH;
    if (conform_lengths[length] > 65536)
        return CASE_LONG;
    return conform_lengths[length] < 1000 ? CASE_SMALL : 0;
}

struct operand *operand_add_line(struct problem *pb, const char *name, enum role role, int length)
{
    return operand_add(pb, name, role, 1, 1, 1, conform_lengths[length]);
}
